//! `redirect`: another URL takes over.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
};

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

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let url = Described::url("Absolute, or relative to the URL that answered.").required();
        let what = "Asks another URL for the actions to go on with; what is left of the list is dropped.";
        object(what, &json!({ "url": "/menu" }), [("url", url)])
    }
}
