//! `stopStream`: end a stream that goes one way.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
    stream::MAX_NAME_CHARS,
};

/// Ends a stream that an earlier `stream` began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StopStream {
    /// The name that it was given; unset = every stream of the call that goes one way.
    pub name: Option<String>,
}

impl StopStream {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let stop = Self { name: attributes.text("name", MAX_NAME_CHARS)? };
        attributes.finish()?;
        Ok(stop)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let name = "The `name` that the stream was given; every stream that goes one way when absent.";
        object(
            "Ends a stream that an earlier `stream` with `bidirectional` false began.",
            &json!({ "name": "transcript" }),
            [("name", Described::text(0..=MAX_NAME_CHARS, name))],
        )
    }
}
