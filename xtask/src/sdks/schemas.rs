//! Schemas of the document as types: references, choices, members.

use super::{
    naming::described,
    overrides,
    types::{Member, Schema, Shape, Type},
};
use crate::Outcome;
use serde_json::Value;

const NAMED: &str = "#/components/schemas/";

/// The named schemas of a document.
pub(crate) struct Schemas<'a>(pub(crate) &'a Value);

impl Schemas<'_> {
    fn named(&self, name: &str) -> Outcome<&Value> {
        self.0.get(name).ok_or_else(|| format!("the document has no schema {name}").into())
    }

    /// The schema of that name as the SDKs have it.
    pub(crate) fn schema(&self, name: &str) -> Outcome<Schema> {
        let schema = self.named(name)?;
        let doc = described(schema["description"].as_str().unwrap_or_default());
        Ok(Schema { name: name.to_owned(), doc, shape: self.shape(name, schema)?, sent: false })
    }

    fn shape(&self, name: &str, schema: &Value) -> Outcome<Shape> {
        if let Some(words) = schema["enum"].as_array() {
            return Ok(Shape::Words(words.iter().filter_map(Value::as_str).map(str::to_owned).collect()));
        }
        if schema.get("allOf").is_some() || schema.get("properties").is_some() {
            return Ok(Shape::Object(self.members(schema)?));
        }
        if let Some((_, item)) = overrides::ITEMS.iter().find(|(list, _)| *list == name) {
            return Ok(Shape::Alias(Type::List(Box::new(Type::Named((*item).to_owned())))));
        }
        Ok(Shape::Alias(self.kind(schema)?.0))
    }

    /// Members of an object, those of all its parts included.
    pub(crate) fn members(&self, schema: &Value) -> Outcome<Vec<Member>> {
        let mut members = Vec::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let part = match part["$ref"].as_str() {
                Some(reference) => self.named(reference.trim_start_matches(NAMED))?,
                None => part,
            };
            members.extend(self.members(part)?);
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (wire, member) in schema["properties"].as_object().into_iter().flatten() {
            let (kind, nullable) = self.kind(member)?;
            let required = required.contains(&wire.as_str());
            members.push(Member { wire: wire.clone(), kind, required, nullable, doc: doc_of(member) });
        }
        members.sort_by_key(|member| !member.required);
        Ok(members)
    }

    /// What a schema is, and whether it may be null instead.
    pub(crate) fn kind(&self, schema: &Value) -> Outcome<(Type, bool)> {
        if let Some(reference) = schema["$ref"].as_str() {
            return Ok((self.reference(reference.trim_start_matches(NAMED))?, false));
        }
        let (name, nullable) = match &schema["type"] {
            Value::Array(names) => (
                names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
                names.iter().any(|name| name == "null"),
            ),
            name => (name.as_str(), false),
        };
        if let Some(values) = schema["enum"].as_array() {
            return Ok((one_of(values)?, nullable || values.contains(&Value::Null)));
        }
        let kind = match name {
            Some("string") if schema["format"] == "date-time" => Type::Time,
            Some("string") if schema["format"] == "binary" => Type::Any,
            Some("string") => Type::Text,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("array") => Type::List(Box::new(self.kind(&schema["items"])?.0)),
            Some("object") => self.object(schema)?,
            _ => return self.choice(schema),
        };
        Ok((kind, nullable))
    }

    fn reference(&self, name: &str) -> Outcome<Type> {
        let schema = self.named(name)?;
        // Ids, names and labels are strings to who holds them.
        let plain = schema["type"] == "string" && schema.get("enum").is_none();
        Ok(if plain { self.kind(schema)?.0 } else { Type::Named(name.to_owned()) })
    }

    fn object(&self, schema: &Value) -> Outcome<Type> {
        if schema.get("properties").is_some() {
            return Ok(Type::Object(self.members(schema)?));
        }
        Ok(match &schema["additionalProperties"] {
            Value::Object(_) => Type::Map(Box::new(self.kind(&schema["additionalProperties"])?.0)),
            _ => Type::Map(Box::new(Type::Any)),
        })
    }

    fn choice(&self, schema: &Value) -> Outcome<(Type, bool)> {
        let Some(parts) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) else {
            return Ok((Type::Any, false));
        };
        let mut nullable = false;
        let mut kinds = Vec::new();
        for part in parts {
            if part["type"] == "null" {
                nullable = true;
                continue;
            }
            // The server takes verbs in both cases; we write the one.
            if part["title"].as_str().is_some_and(|title| title.starts_with(char::is_uppercase)) {
                continue;
            }
            let (kind, also) = self.kind(part)?;
            nullable |= also;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.contains(&Type::Text) {
            kinds.retain(|kind| *kind != Type::Time);
        }
        let kind = if kinds.len() == 1 { kinds.remove(0) } else { Type::Choice(kinds) };
        Ok((kind, nullable))
    }
}

/// The kind of a value that is one of these: words, true and false.
fn one_of(values: &[Value]) -> Outcome<Type> {
    let words: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let truths = values.iter().filter(|value| value.is_boolean()).count();
    let nulls = values.iter().filter(|value| value.is_null()).count();
    match (words.len(), truths) {
        (words, truths) if words + truths + nulls < values.len() => {
            Err("an enum has more than words, true and false".into())
        }
        (0, 2) => Ok(Type::Boolean),
        (_, 0) => Ok(Type::Words(words)),
        (_, 2) => Ok(Type::Choice(vec![Type::Boolean, Type::Words(words)])),
        _ => Err("an enum has one of true and false".into()),
    }
}

/// A member's description, which a nullable reference keeps one step below.
pub(crate) fn doc_of(schema: &Value) -> String {
    let inner = || schema["oneOf"].as_array()?.iter().find_map(|part| part["description"].as_str());
    described(schema["description"].as_str().or_else(inner).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_stay_words() {
        let kind = |schema: Value| Schemas(&Value::Null).kind(&schema).expect("a kind");
        let words = |words: &[&str]| Type::Words(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(kind(json!({ "type": ["string", "null"], "enum": ["a", "b", null] })), (words(&["a", "b"]), true));
        assert_eq!(kind(json!({ "type": "string", "enum": ["a"] })), (words(&["a"]), false));
        let mixed = json!({ "enum": [true, false, "dual", null] });
        assert_eq!(kind(mixed), (Type::Choice(vec![Type::Boolean, words(&["dual"])]), true));
        assert!(Schemas(&Value::Null).kind(&json!({ "enum": [1, "a"] })).is_err());
    }
}
