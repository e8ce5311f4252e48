//! `redirect`: another URL takes over.

use serde::Serialize;
use serde_json::Value;

use super::{ActionError, attributes::Attributes};

/// Asks `url` for the actions to go on with; what is left of the list is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// Absolute, or relative to the URL that answered.
    pub url: String,
}

impl Redirect {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let url = attributes.url("url")?.ok_or_else(|| attributes.error("url", "is required"))?;
        attributes.finish()?;
        Ok(Self { url })
    }
}
