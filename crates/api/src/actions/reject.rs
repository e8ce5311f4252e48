//! `reject`: turn an inbound call away before it is answered.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
};

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

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let reason = "What the caller's side is told: 603 Decline, or 486 Busy Here.";
        let reason = Described::one_of(&["rejected", "busy"], reason).or("rejected");
        let what = "Turns an unanswered inbound call away, free of charge; an answered one ends.";
        object(what, &json!({ "reason": "busy" }), [("reason", reason)])
    }
}
