//! Headers and bodies of a request as the log shows them: without secrets, and cut. Pure.
//!
//! Which headers it may know is chosen where requests are read (`http/request_log.rs`). Of bodies the values of members whose
//! names say that they are secret are left out, whoever added them: a list of names would lack the next one.

use std::borrow::Cow;

use bytes::Bytes;
use sautikit_api::requests::LoggedExchange;
use serde_json::Value;

/// Longest body that is kept, in bytes.
const KEPT_BYTES: usize = 4_096;
/// Longest body that is read as JSON to find its secrets; of a longer one nothing is kept.
const READ_BYTES: usize = 64 * 1_024;
/// What stands where a secret stood.
pub const REMOVED: &str = "[removed]";
/// Parts of names whose values are secrets.
const SECRET_PARTS: [&str; 6] = ["secret", "password", "passphrase", "token", "authorization", "credential"];
/// What in an address comes before a secret.
const SECRET_QUERY: &str = "token=";
/// What was sent and what came back, as it waits to be written.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// A line each, without credentials.
    pub request_headers: String,
    /// A line each.
    pub answer_headers: String,
    /// The body as it came.
    pub request: Bytes,
    /// The body as it went out; empty where it is not kept.
    pub answer: Bytes,
}

impl Exchange {
    /// Bytes that it holds while it waits.
    pub(super) fn size(&self) -> usize {
        self.request_headers.len() + self.answer_headers.len() + self.request.len() + self.answer.len()
    }

    /// As the log keeps it.
    pub(super) fn kept(&self) -> LoggedExchange {
        let request = kept(&self.request);
        LoggedExchange {
            request_headers: self.request_headers.clone(),
            request_is_whole: request.is_whole,
            request_body: request.text,
            answer_headers: self.answer_headers.clone(),
            answer_body: kept(&self.answer).text,
        }
    }
}

/// A body as it is kept.
struct Kept {
    text: Option<String>,
    /// Nothing was cut off or left out.
    is_whole: bool,
}

fn kept(body: &[u8]) -> Kept {
    if body.is_empty() {
        return Kept { text: None, is_whole: true };
    }
    if body.len() > READ_BYTES {
        return Kept { text: None, is_whole: false };
    }
    let sent = String::from_utf8_lossy(body);
    let shown: Cow<'_, str> = match serde_json::from_slice::<Value>(body) {
        // As it was sent, with its spaces and the order of its members, where nothing has to go.
        Ok(mut value) => {
            if remove_secrets(&mut value) {
                value.to_string().into()
            } else {
                sent.clone()
            }
        }
        // What is no JSON can't be searched member by member.
        Err(_) if names_a_secret(&sent) => REMOVED.into(),
        Err(_) => sent.clone(),
    };
    let end = shown.floor_char_boundary(KEPT_BYTES);
    let text = if end < shown.len() { format!("{}…", &shown[..end]) } else { shown.into_owned() };
    Kept { is_whole: text.as_bytes() == body, text: Some(text) }
}

/// Leaves out what is secret; whether there was any.
fn remove_secrets(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => members.iter_mut().fold(false, |found, (name, member)| {
            let removed = match member {
                Value::Null | Value::Bool(_) => false,
                member if is_secret(name) => {
                    *member = Value::String(REMOVED.to_owned());
                    true
                }
                member => remove_secrets(member),
            };
            found | removed
        }),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| remove_secrets(item) | found),
        Value::String(text) => match text.find(SECRET_QUERY) {
            Some(at) => {
                text.truncate(at + SECRET_QUERY.len());
                text.push('…');
                true
            }
            None => false,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "key" || name.ends_with("_key") || names_a_secret(&name)
}

fn names_a_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| text.contains(part)) || text.contains("\"key\"") || text.contains("_key\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(request: impl Into<Bytes>) -> LoggedExchange {
        Exchange { request: request.into(), ..Exchange::default() }.kept()
    }

    #[test]
    fn a_body_without_secrets_is_kept_as_it_was_sent() {
        let sent = r#"{ "to": "+254722000042",  "actions": [{"say": {"text": "Habari"}}], "from": "+254700000001" }"#;
        let kept = of(sent);
        assert_eq!((kept.request_body.as_deref(), kept.request_is_whole), (Some(sent), true));
    }

    #[test]
    fn what_a_name_calls_secret_is_left_out_at_any_depth() {
        let kept =
            of(r#"{"key":"sk_live_1","bucket":{"secret_access_key":"x","access_key_id":"y"},"list":[{"password":"z"}],
            "stream_url":"https://v.example/v1/calls/a/stream?token=abc","signing_secret":null,"name":"till"}"#);
        let body: Value = serde_json::from_str(&kept.request_body.unwrap()).unwrap();
        assert_eq!(body["key"], REMOVED);
        assert_eq!(body["bucket"]["secret_access_key"], REMOVED);
        assert_eq!(body["list"][0]["password"], REMOVED);
        assert_eq!(body["stream_url"], "https://v.example/v1/calls/a/stream?token=…");
        assert_eq!((&body["signing_secret"], &body["name"]), (&Value::Null, &Value::from("till")));
        assert!(!kept.request_is_whole);
    }

    #[test]
    fn what_is_no_json_is_kept_unless_it_names_a_secret() {
        assert_eq!(of("{\"to\": +254}").request_body.as_deref(), Some("{\"to\": +254}"));
        assert_eq!(of("{\"password\": 1,}").request_body.as_deref(), Some(REMOVED));
    }

    #[test]
    fn a_long_body_is_cut_between_letters() {
        let long = Bytes::from(format!("{{\"text\":\"{}\"}}", "é".repeat(5_000)));
        let kept = of(long);
        let body = kept.request_body.unwrap();
        assert!(body.len() <= KEPT_BYTES + 3 && body.ends_with("é…"), "{} bytes", body.len());
        assert!(!kept.request_is_whole);
        let longer = Bytes::from(vec![b' '; READ_BYTES + 1]);
        assert_eq!(of(longer).request_body, None);
    }
}
