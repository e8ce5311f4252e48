//! `hangup`: end the call.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ActionError, attributes::Attributes, described::object};

/// Ends the call; takes no attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hangup {}

impl Hangup {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        Attributes::open(value, path)?.finish()?;
        Ok(Self {})
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        object("Ends the call; takes no attributes.", &json!({}), [])
    }
}
