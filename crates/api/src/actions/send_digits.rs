//! `sendDigits`: press keys towards the party of the call.

use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
};

/// How many keys and pauses: an extension, a card number and a PIN with pauses between them.
pub(super) const KEYS: RangeInclusive<usize> = 1..=64;

/// Presses keys, which a menu or an exchange at the other end hears.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendDigits {
    /// Keys 0 to 9, `*`, `#` and A to D, with pauses: `w` half a second, `W` a second. May be a PIN: shown is how long it is.
    #[serde(serialize_with = "masked")]
    pub digits: String,
}

impl std::fmt::Debug for SendDigits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SendDigits({} characters)", self.digits.len())
    }
}

fn masked<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&"•".repeat(digits.len()))
}

/// The same where there may be none.
pub(super) fn masked_keys<S: Serializer>(keys: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match keys {
        Some(keys) => masked(keys, serializer),
        None => serializer.serialize_none(),
    }
}

/// Keys and pauses; none where the attribute is absent.
pub(super) fn keys(attributes: &mut Attributes<'_>, name: &'static str) -> Result<Option<String>, ActionError> {
    let Some(keys) = attributes.text(name, *KEYS.end())? else { return Ok(None) };
    let is_key = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D' | 'a'..='d' | 'w' | 'W');
    if keys.is_empty() || !keys.chars().all(is_key) {
        return Err(attributes.error(name, "expected keys (0 to 9, *, #, A to D) and pauses (w, W)"));
    }
    Ok(Some(keys))
}

impl SendDigits {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let digits = keys(&mut attributes, "digits")?.ok_or_else(|| attributes.error("digits", "is required"))?;
        attributes.finish()?;
        Ok(Self { digits })
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let digits = "Keys 0 to 9, `*`, `#` and A to D, with pauses: `w` half a second, `W` a second.";
        object(
            "Presses keys towards the party of the call.",
            &json!({ "digits": "ww12#" }),
            [("digits", Described::keys(KEYS, digits).required())],
        )
    }
}
