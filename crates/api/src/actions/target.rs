//! Who is dialled, and what holds for one of several alone.

use std::{fmt, ops::RangeInclusive};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    ActionError, MAX_URL_CHARS,
    attributes::{Attributes, kind},
    described::Described,
    dial::MAX_TARGETS,
    send_digits::{KEYS, keys, masked_keys},
    told,
};
use crate::telephone::{Written, is_separator};

/// Longest client identity, in characters; the SIP user part that carries it has room for it.
const MAX_IDENTITY_CHARS: usize = 128;

/// Digits of a telephone number as dialled: E.164 allows 15, local notations a few less.
const NUMBER_DIGITS: RangeInclusive<usize> = 3..=15;

/// Longest name and password of somebody else's SIP server, in characters.
const MAX_CREDENTIAL_CHARS: usize = 128;

/// Who is dialled. `Debug` masks the address, which is somebody's number.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DialTarget {
    /// A telephone number as the customer wrote it, E.164 or local to the workspace's country; separators removed.
    Number(String),
    /// A `sip:` or `sips:` URI.
    Sip(String),
    /// The identity of a browser or app of the workspace.
    Client(String),
}

impl fmt::Debug for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number(_)",
            Self::Sip(_) => "Sip(_)",
            Self::Client(_) => "Client(_)",
        })
    }
}

/// A target with what holds for it alone. Its `Debug` shows the kind of the target.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Callee {
    /// Who.
    #[serde(flatten)]
    pub target: DialTarget,
    /// As the dial's own, which holds where this is unset.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "masked_keys")]
    pub send_digits: Option<String>,
    /// As the dial's own, which holds where this is unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whisper_url: Option<String>,
    /// Who is told how calling it goes; unset = nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_callback: Option<String>,
    /// Of what: some of [`Callee::EVENTS`]. Its end unless given.
    #[serde(skip_serializing_if = "is_default")]
    pub status_callback_event: Vec<&'static str>,
    /// What the SIP server of a URI outside is told where it asks who calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The same; never shown.
    #[serde(skip)]
    pub password: Option<String>,
}

impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl From<DialTarget> for Callee {
    fn from(target: DialTarget) -> Self {
        Self {
            target,
            send_digits: None,
            whisper_url: None,
            status_callback: None,
            status_callback_event: Self::ENDED.to_vec(),
            username: None,
            password: None,
        }
    }
}

impl Callee {
    /// What can be told of calling a target, in the order in which it happens.
    pub const EVENTS: &'static [&'static str] = &["initiated", "ringing", "answered", "completed"];
    /// What is told unless something else is asked for.
    const ENDED: &'static [&'static str] = &["completed"];
}

fn is_default(events: &[&'static str]) -> bool {
    events == Callee::ENDED
}

/// One or several.
pub(super) fn read(value: &Value, path: &str) -> Result<Vec<Callee>, ActionError> {
    let Value::Array(items) = value else { return Ok(vec![callee(value, path)?]) };
    if items.is_empty() || items.len() > MAX_TARGETS {
        return Err(ActionError::new(path, format!("expected 1 to {MAX_TARGETS} targets")));
    }
    items.iter().enumerate().map(|(at, item)| callee(item, &format!("{path}[{at}]"))).collect()
}

/// One.
pub(super) fn callee(value: &Value, path: &str) -> Result<Callee, ActionError> {
    match value {
        Value::String(text) => spelled(text).map(Callee::from).ok_or_else(|| {
            ActionError::new(
                path,
                "expected a telephone number such as +254722000042, sip:user@host or client:identity",
            )
        }),
        Value::Object(_) => object(value, path),
        other => Err(ActionError::new(path, format!("expected a string or an object, found {}", kind(other)))),
    }
}

/// `{number}`, `{sip}` or `{client}`: exactly one of them, and what holds for it.
fn object(value: &Value, path: &str) -> Result<Callee, ActionError> {
    let mut attributes = Attributes::open(value, path)?;
    let mut found = Vec::new();
    if let Some(text) = attributes.text("number", MAX_URL_CHARS)? {
        let read = number(&text)
            .ok_or_else(|| attributes.error("number", "expected a telephone number such as +254722000042"));
        found.push(DialTarget::Number(read?));
    }
    if let Some(text) = attributes.text("sip", MAX_URL_CHARS)? {
        let read = sip_uri(&text).ok_or_else(|| attributes.error("sip", "expected sip:user@host"));
        found.push(DialTarget::Sip(read?));
    }
    if let Some(text) = attributes.text("client", MAX_IDENTITY_CHARS)? {
        let read = identity(&text).ok_or_else(|| attributes.error("client", "expected an identity without spaces"));
        found.push(DialTarget::Client(read?));
    }
    let (send_digits, whisper_url) = (keys(&mut attributes, "sendDigits")?, attributes.url("whisperUrl")?);
    let status_callback = attributes.url("statusCallback")?;
    let events = told::events(&mut attributes, "statusCallbackEvent", Callee::EVENTS)?;
    let (username, password) = (credential(&mut attributes, "username")?, credential(&mut attributes, "password")?);
    let is_sip = matches!(found.as_slice(), [DialTarget::Sip(_)]);
    for (name, given) in [("username", &username), ("password", &password)] {
        if given.is_some() && !is_sip {
            return Err(attributes.error(name, "only a SIP server asks for one"));
        }
    }
    if username.is_some() != password.is_some() {
        let missing = if username.is_some() { "password" } else { "username" };
        return Err(attributes.error(missing, "is required: a SIP server asks for both"));
    }
    attributes.finish()?;
    let target = match (found.pop(), found.is_empty()) {
        (Some(target), true) => target,
        _ => return Err(ActionError::new(path, "expected exactly one of number, sip, client")),
    };
    let status_callback_event = events.unwrap_or_else(|| Callee::ENDED.to_vec());
    Ok(Callee { target, send_digits, whisper_url, status_callback, status_callback_event, username, password })
}

fn credential(attributes: &mut Attributes<'_>, name: &'static str) -> Result<Option<String>, ActionError> {
    match attributes.text(name, MAX_CREDENTIAL_CHARS)? {
        Some(text) if text.is_empty() || text.chars().any(|letter| letter.is_control() || letter == '"') => {
            Err(attributes.error(name, "expected a text without quotes and control characters"))
        }
        text => Ok(text),
    }
}

fn spelled(text: &str) -> Option<DialTarget> {
    if let Some(name) = text.strip_prefix("client:") {
        return identity(name).map(DialTarget::Client);
    }
    if text.starts_with("sip:") || text.starts_with("sips:") {
        return sip_uri(text).map(DialTarget::Sip);
    }
    number(text).map(DialTarget::Number)
}

/// Removes the separators people type; whether the number exists is the gateway's question.
fn number(text: &str) -> Option<String> {
    // Parameters would be a menu's or a department's, which nobody dials for the customer.
    // As long as any target may be, whatever stands between its digits.
    let compact: String = text.trim().chars().filter(|letter| !is_separator(*letter)).collect();
    let Written { keys, .. } = Written::parse(&compact).filter(|_| !text.contains(';'))?;
    let digits = keys.strip_prefix('+').unwrap_or(&keys);
    (digits.bytes().all(|byte| byte.is_ascii_digit()) && NUMBER_DIGITS.contains(&digits.len())).then_some(keys)
}

/// Only the shape; the gateway's SIP parser has the last word.
fn sip_uri(text: &str) -> Option<String> {
    let address = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"))?;
    let clean = address.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"'));
    (!address.is_empty() && clean).then(|| text.to_owned())
}

fn identity(text: &str) -> Option<String> {
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    (!text.is_empty() && clean && text.chars().count() <= MAX_IDENTITY_CHARS).then(|| text.to_owned())
}

/// A target as JSON Schema: one string, or an object that says which kind it is and what holds for it.
pub(super) fn schema() -> Value {
    let (low, high) = (NUMBER_DIGITS.start(), NUMBER_DIGITS.end());
    // As `number`, `sip_uri` and `identity` read them above.
    let between = r"[ ./()\u00a0\u2009\u202f\u2010-\u2013-]*";
    let number = format!(r"\s*([tT][eE][lL]:)?{between}\+?({between}[0-9]){{{low},{high}}}{between}\s*");
    let sip = r"sips?:[!#-;=?-~]+";
    let identity = format!(r"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_IDENTITY_CHARS}}}");
    let only = |kind: &str, what: &str, pattern: &str| {
        let text = json!({
            "type": "string", "description": what, "pattern": format!("^{pattern}$"), "maxLength": MAX_URL_CHARS,
        });
        let own = own_attributes().into_iter().map(|(name, one)| (name.to_owned(), one.finish()));
        let mut properties: Map<String, Value> = own.collect();
        properties.insert(kind.to_owned(), text);
        let mut schema = json!({
            "title": kind, "type": "object", "required": [kind], "additionalProperties": false,
        });
        if kind == "sip" {
            let both = |of: &str, with: &str| json!({ of: [with] });
            let mut dependent = both("username", "password");
            dependent["password"] = json!(["username"]);
            let pattern = r#"^[^"\x00-\x1f\x7f-\x9f]*$"#;
            for (name, what) in
                [("username", "Who is told to be calling where the server asks."), ("password", "Never shown again.")]
            {
                properties.insert(
                    name.to_owned(),
                    json!({ "type": "string", "description": what, "pattern": pattern, "minLength": 1,
                        "maxLength": MAX_CREDENTIAL_CHARS }),
                );
            }
            schema["dependentRequired"] = dependent;
        }
        schema["properties"] = Value::Object(properties);
        schema
    };
    json!({
        "description": "Who is dialled.",
        "oneOf": [
            {
                "type": "string",
                "description": "A telephone number, E.164 or local to the workspace's country, `sip:user@host` or \
                    `client:identity`.",
                "pattern": format!("^({number}|{sip}|client:{identity})$"),
            },
            only("number", "A telephone number, E.164 or local to the workspace's country.", &number),
            only("sip", "A `sip:` or `sips:` URI.", sip),
            only("client", "The identity of a browser or app of the workspace.", &identity),
        ],
    })
}

/// What every kind of target may have.
fn own_attributes() -> [(&'static str, Described); 4] {
    let digits = "As the dial's own, which holds where this is absent.";
    let told = "Who is told how calling it goes (`StatusCallbackEvent`); the answer counts for nothing.";
    let events = "Of what is told; its end when absent.";
    [
        ("sendDigits", Described::keys(KEYS, digits)),
        ("whisperUrl", Described::url(digits)),
        ("statusCallback", Described::url(told)),
        ("statusCallbackEvent", Described::some_of(Callee::EVENTS, events)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: Value) -> Result<Callee, String> {
        callee(&value, "to").map_err(|error| error.to_string())
    }

    #[test]
    fn a_target_has_what_holds_for_it_alone() {
        let said = json!({ "number": "+254 722 000042", "sendDigits": "ww12", "whisperUrl": "/who",
            "statusCallback": "/status", "statusCallbackEvent": ["initiated", "answered", "answered"] });
        let callee = one(said).unwrap();
        assert_eq!(callee.target, DialTarget::Number("+254722000042".to_owned()));
        assert_eq!(callee.status_callback_event, ["initiated", "answered"]);
        let shown = json!({ "number": "+254722000042", "sendDigits": "••••", "whisperUrl": "/who",
            "statusCallback": "/status", "statusCallbackEvent": ["initiated", "answered"] });
        assert_eq!(serde_json::to_value(&callee).unwrap(), shown);
        let plain = one(json!("+254722000042")).unwrap();
        assert_eq!(plain.status_callback_event, ["completed"]);
        assert_eq!(serde_json::to_value(&plain).unwrap(), json!({ "number": "+254722000042" }));
    }

    #[test]
    fn a_password_is_taken_for_a_sip_server_only_and_shown_nowhere() {
        let callee = one(json!({ "sip": "sip:a@pbx.example", "username": "us", "password": "hunter2" })).unwrap();
        assert_eq!(callee.password.as_deref(), Some("hunter2"));
        let shown = format!("{callee:?} {}", serde_json::to_value(&callee).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        let refused = [
            (json!({ "sip": "sip:a@pbx.example", "username": "us" }), "to.password"),
            (json!({ "sip": "sip:a@pbx.example", "password": "hunter2" }), "to.username"),
            (json!({ "number": "+254722000042", "username": "us", "password": "p" }), "to.username"),
            (json!({ "sip": "sip:a@pbx.example", "username": "u\"s", "password": "p" }), "to.username"),
            (json!({ "client": "a", "statusCallbackEvent": ["hung"] }), "to.statusCallbackEvent[0]"),
            (json!({ "client": "a", "statusCallbackEvent": [] }), "to.statusCallbackEvent"),
            (json!({ "client": "a", "statusCallbackEvent": "completed" }), "to.statusCallbackEvent"),
        ];
        for (value, place) in refused {
            let error = one(value).unwrap_err();
            assert!(error.starts_with(&format!("{place}:")), "{error}");
        }
    }
}
