//! `reject`: turn an inbound call away before it is answered.

use serde::Serialize;
use serde_json::Value;

use super::{ActionError, attributes::Attributes};

/// What the caller's side is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RejectReason {
    /// 603 Decline.
    #[default]
    Rejected,
    /// 486 Busy Here.
    Busy,
}

/// Ends an unanswered inbound call without answering it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// "rejected" unless given.
    pub reason: RejectReason,
}

impl Reject {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let reason = match attributes.text("reason", 16)?.as_deref() {
            None | Some("rejected") => RejectReason::Rejected,
            Some("busy") => RejectReason::Busy,
            Some(_) => return Err(attributes.error("reason", "expected \"rejected\" or \"busy\"")),
        };
        attributes.finish()?;
        Ok(Self { reason })
    }
}
