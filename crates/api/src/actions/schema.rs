//! The JSON notation as JSON Schema 2020-12, for the API's description. Each verb describes its attributes beside the
//! reader that enforces them, by the same constants; a test tries every bound, default and name on the reader.
//!
//! Deliberately absent: checking. The readers do that, and say better what is wrong.

use serde_json::{Map, Value, json};

use super::{
    Action, Conference, Dequeue, Dial, Enqueue, GetDigits, Hangup, Leave, MAX_ACTIONS, Pause, Play, Record, Redirect,
    Reject, Say, SendDigits, StopStream, Stream, prompt, target,
};

/// The list of actions, as `POST /v1/calls` takes it.
pub const ACTIONS: &str = "VoiceActions";
/// A whole answer to a voice callback.
pub const ANSWER: &str = "VoiceAnswer";

/// Every schema of the notation by its name. They refer to each other under `#/components/schemas/`.
pub fn schemas() -> Map<String, Value> {
    let whole = [
        (ACTIONS, list()),
        (ANSWER, answer()),
        (
            "VoiceAction",
            step("One step of a call: an object whose one key is the verb.", &Action::VERBS, str::to_owned),
        ),
        (
            "TitledVoiceAction",
            step("A step with its verb's first letter in upper case, which is the same.", &Action::VERBS, titled),
        ),
        ("LaterVoiceAction", step("A step after the first, which can not be `reject`.", &later(), str::to_owned)),
        (
            "TitledLaterVoiceAction",
            step("A step after the first with its verb's first letter in upper case.", &later(), titled),
        ),
        ("DialTarget", target::schema()),
        ("Prompt", prompt::schema()),
    ];
    let verbs = verbs().map(|(verb, schema)| (titled(verb), schema));
    whole.into_iter().map(|(name, schema)| (name.to_owned(), schema)).chain(verbs).collect()
}

/// Each verb and what its value holds.
pub(super) fn verbs() -> [(&'static str, Value); Action::VERBS.len()] {
    [
        ("say", Say::schema()),
        ("play", Play::schema()),
        ("getDigits", GetDigits::schema()),
        ("dial", Dial::schema()),
        ("conference", Conference::schema()),
        ("enqueue", Enqueue::schema()),
        ("dequeue", Dequeue::schema()),
        ("leave", Leave::schema()),
        ("record", Record::schema()),
        ("stream", Stream::schema()),
        ("stopStream", StopStream::schema()),
        ("sendDigits", SendDigits::schema()),
        ("pause", Pause::schema()),
        ("redirect", Redirect::schema()),
        ("reject", Reject::schema()),
        ("hangup", Hangup::schema()),
    ]
}

fn list() -> Value {
    json!({
        "description": "Voice actions, run one after the other. `reject` stands first or not at all: what comes before it would answer the call.",
        "type": "array",
        "maxItems": MAX_ACTIONS,
        "prefixItems": [{ "oneOf": [reference("VoiceAction"), reference("TitledVoiceAction")] }],
        "items": { "oneOf": [reference("LaterVoiceAction"), reference("TitledLaterVoiceAction")] },
        "example": [{ "say": Say::schema()["example"] }, { "hangup": {} }],
    })
}

fn answer() -> Value {
    json!({
        "description": "What a voice callback is answered with. An empty body is an empty list, which ends the call.",
        "type": "object",
        "properties": { "actions": reference(ACTIONS) },
        "required": ["actions"],
        "additionalProperties": false,
        "example": { "actions": [{ "getDigits": GetDigits::schema()["example"] }] },
    })
}

fn step(what: &str, verbs: &[&str], spell: fn(&str) -> String) -> Value {
    let steps: Vec<Value> = verbs.iter().map(|verb| with_key(&spell(verb), &titled(verb))).collect();
    json!({ "description": what, "oneOf": steps })
}

/// The verbs that may come after others.
fn later() -> Vec<&'static str> {
    Action::VERBS.into_iter().filter(|verb| !Action::is_first_only(verb)).collect()
}

/// An object with exactly this key.
pub(super) fn with_key(key: &str, schema: &str) -> Value {
    json!({
        "title": key,
        "type": "object",
        "properties": { key: reference(schema) },
        "required": [key],
        "additionalProperties": false,
    })
}

pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// `getDigits` is `GetDigits`.
fn titled(verb: &str) -> String {
    let (first, rest) = verb.split_at(verb.len().min(1));
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
