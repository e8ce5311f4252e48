//! `pause`: wait in silence.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
};

/// Longest pause, in seconds; a longer one would look like a hung call.
const MAX_LENGTH_S: u32 = 600;

/// Waits `length_s` seconds; does not answer an unanswered call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// 1 to 600 seconds. 1 unless given.
    #[serde(rename = "length")]
    pub length_s: u32,
}

impl Pause {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let length_s = attributes.integer("length", 1..=MAX_LENGTH_S)?.unwrap_or(1);
        attributes.finish()?;
        Ok(Self { length_s })
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let length = Described::integer(&(1..=MAX_LENGTH_S), "How long, in seconds.").or(1);
        object("Waits; does not answer an unanswered call.", &json!({ "length": 2 }), [("length", length)])
    }
}
