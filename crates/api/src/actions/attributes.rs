//! Typed reading of one verb's attributes: each getter names the path it fails at, and [`Attributes::finish`]
//! refuses whatever no getter asked for. Absent and `null` mean the same: the default.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{ActionError, MAX_URL_CHARS};

pub(crate) struct Attributes<'a> {
    path: String,
    values: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn open(value: &'a Value, path: impl Into<String>) -> Result<Self, ActionError> {
        let path = path.into();
        match value.as_object() {
            Some(values) => Ok(Self { path, values, known: Vec::new() }),
            None => Err(ActionError::new(path, format!("expected an object, found {}", kind(value)))),
        }
    }

    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(crate) fn error(&self, name: &str, message: impl Into<String>) -> ActionError {
        ActionError::new(self.path_of(name), message)
    }

    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn required(&mut self, name: &'static str) -> Result<&'a Value, ActionError> {
        self.value(name).ok_or_else(|| self.error(name, "is required"))
    }

    /// A string of at most `max_chars` characters, none of them NUL; empty is allowed.
    pub(crate) fn text(&mut self, name: &'static str, max_chars: usize) -> Result<Option<String>, ActionError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let Some(text) = value.as_str() else {
            return Err(self.error(name, format!("expected a string, found {}", kind(value))));
        };
        if text.chars().count() > max_chars {
            return Err(self.error(name, format!("expected at most {max_chars} characters")));
        }
        // Nobody means it, speech makes silence of it, and the database takes none.
        if text.contains('\0') {
            return Err(self.error(name, "expected a text without NUL characters"));
        }
        Ok(Some(text.to_owned()))
    }

    pub(crate) fn required_text(&mut self, name: &'static str, max_chars: usize) -> Result<String, ActionError> {
        self.text(name, max_chars)?.ok_or_else(|| self.error(name, "is required"))
    }

    /// An absolute URL or one relative to the URL that answered; resolved when it is used.
    pub(crate) fn url(&mut self, name: &'static str) -> Result<Option<String>, ActionError> {
        let url = self.text(name, MAX_URL_CHARS)?;
        match url {
            Some(url) if url.trim().is_empty() => Err(self.error(name, "expected a URL, found an empty string")),
            other => Ok(other),
        }
    }

    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ActionError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match whole(value).filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(name, out_of(&range))),
        }
    }

    /// A decimal factor, kept in hundredths so that what it belongs to stays comparable.
    pub(crate) fn percent(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u16>,
    ) -> Result<Option<u16>, ActionError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let (low, high) = (f64::from(*range.start()), f64::from(*range.end()));
        match value.as_f64().map(|factor| (factor * 100.0).round()).filter(|percent| (low..=high).contains(percent)) {
            // In range of u16 by the filter above, so the cast keeps the value.
            Some(percent) => Ok(Some(percent as u16)),
            None => Err(self.error(name, format!("expected {} to {}", low / 100.0, high / 100.0))),
        }
    }

    pub(crate) fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, ActionError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.error(name, format!("expected true or false, found {}", kind(value)))),
        }
    }

    /// Refuses attributes that no getter asked for.
    pub(crate) fn finish(self) -> Result<(), ActionError> {
        match self.values.keys().find(|name| !self.known.contains(&name.as_str())) {
            Some(name) => Err(self.error(name, format!("unknown attribute; known are {}", self.known.join(", ")))),
            None => Ok(()),
        }
    }
}

/// What is said of a whole number outside of its range; [`nearest`] reads it back.
fn out_of(range: &RangeInclusive<u32>) -> String {
    format!("expected {} to {}", range.start(), range.end())
}

/// The number nearest to a refused one that its range has; none where something else was refused.
pub(crate) fn nearest(refused: u64, message: &str) -> Option<u32> {
    let (low, high) = message.strip_prefix("expected ")?.split_once(" to ")?;
    let (low, high) = (low.parse().ok()?, high.parse().ok()?);
    (low <= high).then(|| u32::try_from(refused).unwrap_or(u32::MAX).clamp(low, high))
}

/// The JSON type in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
/// A whole number: 18.0 is one too, in JSON Schema and to writers that know only one kind of number.
fn whole(value: &Value) -> Option<u32> {
    let float =
        || value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number));
    let number = value.as_u64().or_else(|| float().map(|number| number as u64))?;
    u32::try_from(number).ok()
}
