//! Answers as the document shows them: the headers that follow from the kind of endpoint, and the refusals.
//!
//! A refusal is described once for each set of codes that goes with a status, under a name that lists them, and each code's
//! example once.

use std::collections::{BTreeMap, BTreeSet};

use sautikit_api::ErrorCode;
use serde_json::{Map, Value, json};

use super::components::Components;
use super::errors::Kind;
use super::examples;

/// Headers that several answers carry, and what they say.
const HEADERS: [(&str, &str); 8] = [
    ("Idempotent-Replayed", "`true` on a stored answer."),
    ("Link", "The next page, `rel=\"next\"`; absent on the last page."),
    ("RateLimit", "What is left and when it is full again; a structured field, absent where nothing is limited."),
    ("RateLimit-Policy", "The limits that apply; absent where nothing is limited."),
    ("Retry-After", "Seconds after which another try makes sense."),
    ("WWW-Authenticate", "How to authenticate: `Bearer`."),
    ("X-Next-Cursor", "The next page's `cursor`; absent on the last page."),
    ("X-Request-Id", "The id under which the server's log knows the request."),
];
/// On every answer.
const ALWAYS: &str = "X-Request-Id";
/// What is left of the caller's rates stands on every answer to a counted request.
const RATES: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// Adds the headers of answers that are no refusals.
pub(super) fn describe_successes(kind: &Kind, operation: &mut Map<String, Value>, components: &mut Components) {
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let mut names = vec![ALWAYS];
    names.extend(RATES.iter().filter(|_| kind.limited));
    names.extend(["X-Next-Cursor", "Link"].iter().filter(|_| kind.paged));
    names.extend(["Idempotent-Replayed"].iter().filter(|_| kind.idempotent));
    for (_, response) in responses.iter_mut() {
        add_headers(&names, response, components);
    }
}

/// Adds a refusal for each status that the codes have.
pub(super) fn add_errors(codes: Vec<ErrorCode>, operation: &mut Map<String, Value>, components: &mut Components) {
    let mut by_status: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status()).or_default().insert(code.as_str());
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    for (status, codes) in by_status {
        let name = codes.iter().copied().collect::<Vec<_>>().join("-");
        let response = refusal(status, &codes, components);
        responses[status.to_string()] = components.refer("responses", &name, || response);
    }
}

fn refusal(status: u16, codes: &BTreeSet<&'static str>, components: &mut Components) -> Value {
    let known = || codes.iter().filter_map(|code| ErrorCode::parse(code));
    let lines: Vec<String> =
        known().map(|code| format!("- [`{code}`](/docs/errors/{code}): {}", code.happened())).collect();
    let mut shown = Map::new();
    for code in known() {
        let example = || json!({ "summary": code.title(), "value": examples::of_error(code) });
        shown.insert(code.as_str().to_owned(), components.refer("examples", code.as_str(), example));
    }
    let mut response = json!({
        "description": lines.join("\n"),
        "content": { "application/json": {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/ErrorBody" },
                object_with("error", &object_with("code", &json!({ "type": "string", "enum": codes }))),
            ] },
            "examples": shown,
        } },
    });
    let mut names = vec![ALWAYS];
    names.extend(RATES);
    match status {
        401 => names.push("WWW-Authenticate"),
        409 | 429 | 503 => names.push("Retry-After"),
        _ => {}
    }
    add_headers(&names, &mut response, components);
    response
}

fn object_with(name: &str, schema: &Value) -> Value {
    json!({ "type": "object", "properties": { name: schema }, "required": [name] })
}

fn add_headers(names: &[&str], response: &mut Value, components: &mut Components) {
    for (name, what) in HEADERS.iter().filter(|(name, _)| names.contains(name)) {
        let kind = if *name == "Retry-After" { "integer" } else { "string" };
        let make = || json!({ "description": what, "schema": { "type": kind } });
        response["headers"][*name] = components.refer("headers", name, make);
    }
}
