//! The attributes of a verb in JSON Schema: one constructor for each getter of [`Attributes`](super::attributes::Attributes).

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::MAX_URL_CHARS;
use super::schema::reference;

/// An attribute. Until [`Described::required`] it may be absent or null, which is the same.
pub(super) struct Described {
    schema: Value,
    is_required: bool,
}

/// A verb's value: these attributes and no others.
pub(super) fn object<const N: usize>(what: &str, example: &Value, attributes: [(&str, Described); N]) -> Value {
    let required: Vec<&str> = attributes.iter().filter(|(_, one)| one.is_required).map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        attributes.into_iter().map(|(name, one)| (name.to_owned(), one.finish())).collect();
    json!({
        "description": what,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "example": example,
    })
}

impl Described {
    /// A string of so many characters, none of them NUL; not blank where there must be some.
    pub(super) fn text(chars: RangeInclusive<usize>, what: &str) -> Self {
        let mut schema = json!({ "type": "string", "maxLength": chars.end(), "description": what });
        if *chars.start() > 0 {
            schema["minLength"] = json!(chars.start());
            schema["pattern"] = json!(r"^[^\x00]*[^\s\x00][^\x00]*$");
        } else {
            schema["pattern"] = json!(r"^[^\x00]*$");
        }
        Self::new(schema)
    }

    /// A string of at most so many characters that matches.
    pub(super) fn matching(pattern: &str, max_chars: usize, what: &str) -> Self {
        Self::new(json!({ "type": "string", "pattern": pattern, "maxLength": max_chars, "description": what }))
    }

    /// One of these values.
    pub(super) fn any_of(values: &[Value], what: &str) -> Self {
        Self::new(json!({ "enum": values, "description": what }))
    }

    /// False, true or `"dual"`: whether it is recorded, and in how many channels.
    pub(super) fn channels(what: &str) -> Self {
        Self::new(json!({ "enum": [false, true, "dual"], "description": what }))
    }

    /// So many telephone keys and pauses.
    pub(super) fn keys(count: RangeInclusive<usize>, what: &str) -> Self {
        Self::new(json!({
            "type": "string", "minLength": count.start(), "maxLength": count.end(), "pattern": "^[0-9A-Da-d*#wW]+$",
            "description": what,
        }))
    }

    /// An object of so many texts of so many characters.
    pub(super) fn texts(most: usize, chars: usize, what: &str) -> Self {
        let text = json!({ "type": "string", "maxLength": chars, "pattern": r"^[^\x00]*$" });
        Self::new(json!({
            "type": "object", "additionalProperties": text, "maxProperties": most,
            "propertyNames": { "maxLength": chars, "pattern": r"^[^\x00]*$" }, "description": what,
        }))
    }

    /// A URL, absolute or relative to the one that answered.
    pub(super) fn url(what: &str) -> Self {
        Self::text(1..=MAX_URL_CHARS, what)
    }

    /// A whole number of this range.
    pub(super) fn integer(range: &RangeInclusive<u32>, what: &str) -> Self {
        let (low, high) = (range.start(), range.end());
        Self::new(json!({ "type": "integer", "minimum": low, "maximum": high, "description": what }))
    }

    /// A factor of this range in percent.
    pub(super) fn percent(range: &RangeInclusive<u16>, what: &str) -> Self {
        let (low, high) = (f64::from(*range.start()) / 100.0, f64::from(*range.end()) / 100.0);
        Self::new(json!({ "type": "number", "minimum": low, "maximum": high, "description": what }))
    }

    /// True or false.
    pub(super) fn boolean(what: &str) -> Self {
        Self::new(json!({ "type": "boolean", "description": what }))
    }

    /// One of these strings.
    pub(super) fn one_of(names: &[&str], what: &str) -> Self {
        Self::new(json!({ "type": "string", "enum": names, "description": what }))
    }

    /// Some of these strings, each at most once.
    pub(super) fn some_of(names: &[&str], what: &str) -> Self {
        let name = json!({ "type": "string", "enum": names });
        Self::new(
            json!({ "type": "array", "items": name, "minItems": 1, "maxItems": names.len(), "description": what }),
        )
    }

    /// One of the named schema, or a list of them.
    pub(super) fn one_or_several(schema: &str, several: &RangeInclusive<usize>, what: &str) -> Self {
        let list = json!({
            "type": "array", "items": reference(schema), "minItems": several.start(), "maxItems": several.end(),
        });
        Self::new(json!({ "oneOf": [reference(schema), list], "description": what }))
    }

    /// It must be given.
    pub(super) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// What applies when it is not given. It stands in the description: generators of clients take the keyword `default`
    /// for a promise that the attribute is always there, and then ask for it in every request.
    pub(super) fn or(mut self, default: impl Into<Value>) -> Self {
        let what = self.schema["description"].as_str().unwrap_or_default();
        self.schema["description"] = json!(format!("{what} Default: `{}`.", default.into()));
        self
    }

    fn new(schema: Value) -> Self {
        Self { schema, is_required: false }
    }

    /// Its schema.
    pub(super) fn finish(mut self) -> Value {
        if self.is_required {
            return self.schema;
        }
        if let Some(kind) = self.schema.get("type").cloned() {
            self.schema["type"] = json!([kind, "null"]);
        }
        for choices in ["enum", "oneOf"] {
            let null = if choices == "enum" { Value::Null } else { json!({ "type": "null" }) };
            if let Some(choices) = self.schema.get_mut(choices).and_then(Value::as_array_mut) {
                choices.push(null);
            }
        }
        self.schema
    }
}
