//! Schemas as fields: what a member takes, in words, and what is in it.

use app::reference::Field;
use serde_json::Value;

use super::text_of;
use crate::http::docs::{errors, events, roles, verbs};

/// Members of members are told so deep.
const DEEPEST: usize = 4;
/// A choice of more words than this is told by the first of them.
const MOST_WORDS: usize = 12;
/// Ends of names that say in what a number is counted.
const UNITS: [(&str, &str); 8] = [
    ("seconds", "seconds"),
    ("_ms", "milliseconds"),
    ("_minor", "minor units of the currency"),
    ("_e4", "ten thousandths of a minor unit"),
    ("_percent", "percent"),
    ("_bytes", "bytes"),
    ("_dbov", "dBov"),
    ("_us", "microseconds"),
];

/// A schema without its wrapping.
pub(super) struct Bare<'a> {
    pub(super) schema: &'a Value,
    /// Under `components/schemas`.
    pub(super) name: Option<&'a str>,
    nullable: bool,
    /// What was said of it on the way.
    about: Option<&'a str>,
}

/// Behind references, and behind a choice that is only between a thing and null.
pub(super) fn bare<'a>(document: &'a Value, schema: &'a Value) -> Bare<'a> {
    let mut bare = Bare { schema, name: None, nullable: false, about: None };
    loop {
        bare.about = bare.about.or(bare.schema["description"].as_str());
        if let Some(target) = bare.schema["$ref"].as_str() {
            let Some(next) = document.pointer(target.trim_start_matches('#')) else { return bare };
            bare.name = target.rsplit('/').next();
            bare.schema = next;
            continue;
        }
        let choices = choices(bare.schema);
        let real: Vec<&Value> = choices.iter().filter(|one| one["type"] != "null").collect();
        match real.as_slice() {
            [only] => {
                bare.nullable |= choices.len() > 1;
                bare.schema = *only;
            }
            _ => {
                bare.nullable |= choices.len() > real.len();
                bare.nullable |= bare.schema["type"].as_array().is_some_and(|all| all.iter().any(|one| one == "null"));
                return bare;
            }
        }
    }
}

fn choices(schema: &Value) -> &[Value] {
    schema["oneOf"].as_array().or(schema["anyOf"].as_array()).map(Vec::as_slice).unwrap_or_default()
}

/// A parameter of the document.
pub(super) fn parameter(document: &Value, said: &Value) -> Field {
    let place = match text_of(said, "in") {
        "path" => "path",
        "header" => "header",
        _ => "query",
    };
    let mut field = field(document, text_of(said, "name"), &said["schema"], said["required"] == true, &mut Vec::new());
    if let Some(about) = said["description"].as_str() {
        field.about = plain(about);
    }
    Field { place, nullable: false, ..field }
}

/// Members of an object, those of its parts included, the required ones first.
pub(super) fn members<'a>(document: &'a Value, schema: &'a Value, within: &mut Vec<&'a str>) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(members(document, bare(document, part).schema, within));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        found.push(field(document, name, member, required, within));
    }
    found.sort_by_key(|field| !field.required);
    found
}

/// Whether it is an object with members that are known.
pub(super) fn is_object(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("allOf").is_some()
}

/// `within` are the objects that it stands in, so that none is told within itself.
fn field<'a>(document: &'a Value, name: &str, schema: &'a Value, required: bool, within: &mut Vec<&'a str>) -> Field {
    let outer = bare(document, schema);
    let row = if outer.schema["type"] == "array" || outer.schema.get("items").is_some() {
        bare(document, &outer.schema["items"])
    } else {
        bare(document, outer.schema)
    };
    let see = outer.name.and_then(told_at).or(row.name.and_then(told_at));
    let inner_name = row.name.or(outer.name).unwrap_or_default();
    let mut own = Vec::new();
    if see.is_none() && is_object(row.schema) && within.len() < DEEPEST && !within.contains(&inner_name) {
        within.push(inner_name);
        own = members(document, row.schema, within);
        within.pop();
    }
    Field {
        name: name.to_owned(),
        place: "",
        takes: takes(document, schema, name),
        required,
        nullable: outer.nullable,
        about: plain(outer.about.unwrap_or_default()),
        members: own,
        see: see.map(str::to_owned),
    }
}

/// Where what is of this schema is told in full.
fn told_at(name: &str) -> Option<&'static str> {
    Some(match name {
        "VoiceActions" | "VoiceAction" | "LaterVoiceAction" | "Prompt" => verbs::LIST,
        "ErrorCode" => errors::LIST,
        "EventKind" | "EventKindShown" => events::LIST,
        "Scope" => roles::PATH,
        _ => return None,
    })
}

/// Doc comments name our own types in links that lead nowhere outside.
pub(super) fn plain(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").trim().to_owned()
}

/// What a value is, in words, as Markdown: its type, its choices or its bounds, and its unit.
pub(super) fn takes(document: &Value, schema: &Value, name: &str) -> String {
    let bare = bare(document, schema);
    let schema = bare.schema;
    if bare.name.is_some_and(|name| name.starts_with("Voice")) {
        return "list of voice actions".to_owned();
    }
    let choices = choices(schema);
    if !choices.is_empty() {
        let mut kinds: Vec<String> = Vec::new();
        for kind in choices.iter().map(|one| takes(document, one, name)) {
            if !kind.is_empty() && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let words: Vec<String> = values.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        let more = if words.len() > MOST_WORDS { ", …" } else { "" };
        return format!("{}{more}", words.get(..MOST_WORDS).unwrap_or(&words).join(", "));
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    let unit =
        UNITS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, unit)| format!(", {unit}")).unwrap_or_default();
    match (kind, text_of(schema, "format")) {
        ("array", _) => {
            let rows = takes(document, &schema["items"], name);
            format!("list of {rows}{}", bounds(schema, "minItems", "maxItems", " rows"))
        }
        ("string", "uuid") => "UUID".to_owned(),
        ("string", "date-time") => "moment, RFC 3339".to_owned(),
        ("string", "binary") => "bytes".to_owned(),
        ("string", _) => format!("text{}", bounds(schema, "minLength", "maxLength", " characters")),
        ("integer", _) => format!("whole number{}{unit}", bounds(schema, "minimum", "maximum", "")),
        ("number", _) => format!("number{}{unit}", bounds(schema, "minimum", "maximum", "")),
        ("boolean", _) => "`true` or `false`".to_owned(),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {}", takes(document, &schema["additionalProperties"], ""))
        }
        ("object", _) => "object".to_owned(),
        _ if is_object(schema) => "object".to_owned(),
        _ => "any JSON".to_owned(),
    }
}

/// `, 1 to 80 characters`, of which either end may be open.
fn bounds(schema: &Value, least: &str, most: &str, of: &str) -> String {
    let bound = |name: &str| schema.get(name).filter(|bound| bound.is_number()).map(ToString::to_string);
    match (bound(least), bound(most)) {
        (Some(least), Some(most)) => format!(", {least} to {most}{of}"),
        (Some(least), None) if least != "0" => format!(", {least}{of} or more"),
        (None, Some(most)) => format!(", up to {most}{of}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_told_with_its_bounds_and_its_unit() {
        let document =
            json!({ "components": { "schemas": { "Status": { "type": "string", "enum": ["open", "shut"] } } } });
        for (schema, name, words) in [
            (
                json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 60 }),
                "ttl_seconds",
                "whole number, 1 to 60, seconds",
            ),
            (json!({ "type": "integer", "minimum": 0 }), "cost_minor", "whole number, minor units of the currency"),
            (json!({ "type": "string", "maxLength": 80 }), "label", "text, up to 80 characters"),
            (json!({ "type": "string", "format": "date-time" }), "at", "moment, RFC 3339"),
            (json!({ "$ref": "#/components/schemas/Status" }), "status", "`open`, `shut`"),
            (
                json!({ "oneOf": [{ "$ref": "#/components/schemas/Status" }, { "type": "null" }] }),
                "status",
                "`open`, `shut`",
            ),
            (
                json!({ "type": "array", "items": { "type": "string" }, "maxItems": 3 }),
                "to",
                "list of text, up to 3 rows",
            ),
            (json!({ "oneOf": [{ "type": "string" }, { "type": "boolean" }] }), "record", "text or `true` or `false`"),
            (json!({}), "metadata", "any JSON"),
        ] {
            assert_eq!(takes(&document, &schema, name), words);
        }
    }

    #[test]
    fn nothing_is_told_within_itself() {
        let document = json!({ "components": { "schemas": {
            "Tree": { "type": "object", "properties": { "left": { "$ref": "#/components/schemas/Tree" } } },
        } } });
        let tree = json!({ "$ref": "#/components/schemas/Tree" });
        let field = field(&document, "tree", &tree, true, &mut Vec::new());
        assert_eq!(field.members.len(), 1);
        assert!(field.members[0].members.is_empty());
    }
}
