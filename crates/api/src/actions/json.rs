//! The JSON notation: `{"actions": [{"say": {…}}, …]}`.

use serde_json::Value;

use super::{
    Action, ActionError, Conference, Dequeue, Dial, Enqueue, GetDigits, Hangup, Leave, MAX_ACTIONS, Pause, Play,
    Record, Redirect, Reject, Say, SendDigits, StopStream, Stream,
    attributes::{Attributes, kind},
    strict::Strict,
};

/// Reads an answer to a voice callback. A blank body is an empty list: it ends the call.
///
/// # Errors
/// The first violation, with its JSON path; nothing of a refused document runs.
pub fn parse_json(body: &[u8]) -> Result<Vec<Action>, ActionError> {
    // Parsers may ignore a byte order mark (RFC 8259 §8.1), and some frameworks write one.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    if let Some(what) = markup(body.trim_ascii()) {
        return Err(ActionError::new("", format!("this is {what}; answer with JSON: {{\"actions\": […]}}")));
    }
    let Strict(document) =
        serde_json::from_slice(body).map_err(|error| ActionError::new("", format!("not usable JSON: {error}")))?;
    let mut root = Attributes::open(&document, "")
        .map_err(|error| ActionError::new("", format!("expected {{\"actions\": […]}}: {}", error.message)))?;
    let Some(list) = root.value("actions") else { return Err(ActionError::new("actions", "is required")) };
    if let Some(name) = document.as_object().and_then(|object| object.keys().find(|name| *name != "actions")) {
        return Err(ActionError::new(name, "unknown attribute; the document has only actions"));
    }
    parse_list(list)
}

/// What a text is that begins like a page or an XML document; none for anything else.
pub(super) fn markup(text: &[u8]) -> Option<&'static str> {
    let begins_with = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    if begins_with("<html") || begins_with("<!doctype html") {
        Some("an HTML page, such as a framework shows for an error")
    } else {
        text.starts_with(b"<").then_some("XML")
    }
}

/// Reads a bare list of actions, as the body of `POST /v1/calls` holds it.
///
/// # Errors
/// As [`parse_json`]; paths begin at `actions`.
pub fn parse_list(list: &Value) -> Result<Vec<Action>, ActionError> {
    let Value::Array(items) = list else {
        let what = list.as_str().and_then(|text| markup(text.trim().as_bytes())).unwrap_or_else(|| kind(list));
        return Err(ActionError::new("actions", format!("expected a list, found {what}")));
    };
    if items.len() > MAX_ACTIONS {
        return Err(ActionError::new(
            "actions",
            format!("expected at most {MAX_ACTIONS} actions, found {}", items.len()),
        ));
    }
    items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let path = format!("actions[{at}]");
            let action = action(item, &path)?;
            if at > 0 && Action::is_first_only(action.verb()) {
                let message =
                    "a call is turned away by the first action or not at all; what comes before would answer it";
                return Err(ActionError::new(format!("{path}.{}", action.verb()), message));
            }
            Ok(action)
        })
        .collect()
}

pub(super) fn action(item: &Value, path: &str) -> Result<Action, ActionError> {
    let (verb, attributes) = single_key(item, path, "an action")?;
    let canonical = lower_first(verb);
    let path = format!("{path}.{canonical}");
    match canonical.as_str() {
        "say" => Say::read(attributes, &path).map(Action::Say),
        "play" => Play::read(attributes, &path).map(Action::Play),
        "getDigits" => GetDigits::read(attributes, &path).map(Action::GetDigits),
        "dial" => Dial::read(attributes, &path).map(Action::Dial),
        "conference" => Conference::read(attributes, &path).map(Action::Conference),
        "enqueue" => Enqueue::read(attributes, &path).map(Action::Enqueue),
        "dequeue" => Dequeue::read(attributes, &path).map(Action::Dequeue),
        "leave" => Leave::read(attributes, &path).map(Action::Leave),
        "record" => Record::read(attributes, &path).map(Action::Record),
        "stream" => Stream::read(attributes, &path).map(Action::Stream),
        "stopStream" => StopStream::read(attributes, &path).map(Action::StopStream),
        "sendDigits" => SendDigits::read(attributes, &path).map(Action::SendDigits),
        "pause" => Pause::read(attributes, &path).map(Action::Pause),
        "redirect" => Redirect::read(attributes, &path).map(Action::Redirect),
        "reject" => Reject::read(attributes, &path).map(Action::Reject),
        "hangup" => Hangup::read(attributes, &path).map(Action::Hangup),
        _ => Err(ActionError::new(path, format!("unknown verb; known are {}", Action::VERBS.join(", ")))),
    }
}

/// The only key of an object and its value.
pub(super) fn single_key<'a>(item: &'a Value, path: &str, what: &str) -> Result<(&'a str, &'a Value), ActionError> {
    let Value::Object(object) = item else {
        return Err(ActionError::new(path, format!("expected an object, found {}", kind(item))));
    };
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((verb, attributes)), None) => Ok((verb, attributes)),
        _ => Err(ActionError::new(path, format!("{what} has exactly one key, its verb; found {}", object.len()))),
    }
}

/// Documentation pages title verbs in upper camel case, so `Say` is `say`.
fn lower_first(verb: &str) -> String {
    let mut letters = verb.chars();
    match letters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
