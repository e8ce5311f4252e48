//! Voice callbacks as data: what the customer's server is asked, and what comes back.

use std::fmt;

use sautikit_api::{
    actions::{Action, ActionError, Warning},
    calls::CallStatus,
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    compat::{Told, params},
    event::EventName,
    facts::Facts,
    output::FetchId,
};

/// A question to the customer's server. Its `Debug` leaves out the parameters, which hold numbers and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// What [`crate::Input::Fetched`] answers to.
    pub fetch: FetchId,
    /// Absolute.
    pub url: String,
    /// The form, in order.
    pub params: Vec<(&'static str, String)>,
    /// What it is for.
    pub purpose: Purpose,
}

impl Callback {
    /// Whether it says where a recording is.
    pub fn names_recording(&self) -> bool {
        self.params.iter().any(|(name, _)| RECORDING_PARAMS.contains(name))
    }

    /// Leaves out the recording that it names, of which nothing was kept.
    pub fn forget_recording(&mut self) {
        self.params.retain(|(name, _)| !RECORDING_PARAMS.contains(name));
    }
}

/// What callbacks say of a recording, ours and those of other platforms.
const RECORDING_PARAMS: [&str; 5] =
    ["RecordingUrl", "RecordingDuration", "RecordingId", "RecordingSid", "recordingUrl"];

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({:?}, {:?}, {} params)", self.fetch, self.purpose, self.params.len())
    }
}

/// What a callback is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Its answer steers the call.
    Steer,
    /// The same, at the number's fallback URL after the first failed.
    Fallback,
    /// It tells that the call is over; the answer is ignored, and the call does not wait for it.
    Final,
    /// It tells of something beside the call's steps; the answer is ignored.
    Status,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The URL that answered, after redirects; relative URLs in the actions begin here.
    pub url: String,
    /// Parsed and within its bounds.
    pub actions: Vec<Action>,
    /// What was skipped in the document.
    pub warnings: Vec<Warning>,
}

/// What came over the network for a callback, good or not, as its timeline entry keeps it. Its `Debug` leaves out the
/// body.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The HTTP status; `None` when nothing came.
    pub status: Option<u16>,
    /// How long the body was, in bytes.
    pub body_bytes: usize,
    /// The beginning of the body: all of it up to a bound of the callback client's.
    pub body: String,
    /// Why a first try came to nothing, where this is what the second one brought.
    pub first_failure: Option<String>,
    /// Headers of both ways, where it was asked over the network. They are rare beside the rest: a box.
    pub headers: Option<Box<ReplyHeaders>>,
}

/// Headers of a callback as its timeline entry keeps them: names in lower case and values without secrets, a bounded number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplyHeaders {
    /// Which secret signed what was sent last, by its name in the log of attempts; none where it is no tenant's.
    pub secret: Option<&'static str>,
    /// What was sent with the question.
    pub asked: Vec<(String, String)>,
    /// What came with the answer; empty where none came.
    pub answered: Vec<(String, String)>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({:?}, {} bytes)", self.status, self.body_bytes)
    }
}

/// How a callback ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The actions, or why there are none.
    pub outcome: Result<Answer, FetchFailure>,
    /// What came, for the timeline.
    pub reply: Reply,
}

/// The timeline's entry for a callback that is over after `ms` milliseconds.
pub fn callback_entry(result: Result<&Answer, &FetchFailure>, reply: &Reply, ms: u64) -> (EventName, Value) {
    let body = result.map_or_else(|_| reply.body.clone(), |answer| shown_body(&reply.body, answer));
    let mut data = json!({"ms": ms, "status": reply.status, "body_bytes": reply.body_bytes, "body": body});
    let (name, outcome) = match result {
        Ok(answer) => {
            (EventName::CallbackAnswered, json!({"url": shown_url(&answer.url), "actions": answer.actions.len()}))
        }
        Err(failure) => (EventName::CallbackUnanswered, json!({"code": failure.code(), "reason": failure.to_string()})),
    };
    if let (Value::Object(data), Value::Object(outcome)) = (&mut data, outcome) {
        data.extend(outcome);
        if let Some(headers) = &reply.headers {
            // A name may come more than once, in an order that says something: pairs.
            data.insert("request_headers".to_owned(), json!(headers.asked));
            if let Some(secret) = headers.secret {
                data.insert("secret".to_owned(), json!(secret));
            }
            data.insert("headers".to_owned(), json!(headers.answered));
        }
    }
    (name, data)
}

/// The body without what nobody is shown: keys that are pressed, and what a stream's server is told.
pub fn shown_body(body: &str, answer: &Answer) -> String {
    let mut shown = body.to_owned();
    for action in &answer.actions {
        let hidden: Vec<&str> = match action {
            Action::SendDigits(keys) => vec![keys.digits.as_str()],
            Action::Dial(dial) => {
                let own = dial.to.iter().flat_map(|callee| [&callee.send_digits, &callee.password]);
                own.chain([&dial.send_digits]).filter_map(|text| text.as_deref()).collect()
            }
            Action::Stream(stream) => stream.parameters.values().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        for text in hidden.into_iter().filter(|text| !text.is_empty()) {
            let dots = "•".repeat(text.chars().count());
            // As JSON and XML write it.
            for quote in ['"', '\''] {
                shown = shown.replace(&format!("{quote}{text}{quote}"), &format!("{quote}{dots}{quote}"));
            }
        }
    }
    shown
}

/// The timeline's entry for what was skipped in a document; none where nothing was.
pub fn warnings_entry(warnings: &[Warning]) -> Option<Value> {
    let first = warnings.first()?;
    Some(json!({"message": first.message, "line": first.line, "column": first.column, "count": warnings.len(),
        "warnings": warnings}))
}

/// A customer's URL as the timeline shows it: without the values of parameters that are named like secrets.
pub fn shown_url(url: &str) -> String {
    /// Parts of names that customers give to what lets their server in.
    const SECRET_NAMES: [&str; 6] = ["token", "secret", "key", "password", "signature", "auth"];
    // Most have no parameters, and parsing one is a fiftieth of what a callback costs.
    if !url.contains('?') {
        return url.to_owned();
    }
    let Ok(mut url) = Url::parse(url) else { return url.to_owned() };
    let is_secret = |name: &str| SECRET_NAMES.iter().any(|part| name.to_ascii_lowercase().contains(part));
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let shown = pairs.iter().map(|(name, value)| (name, if is_secret(name) { "***" } else { value.as_str() }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// Not within 10 s.
    #[error("no answer within the time allowed")]
    Timeout,
    /// The server answered with something else than 2xx.
    #[error("answered with status {0}")]
    Status(u16),
    /// The answer is not a valid action document.
    #[error("{0}")]
    Invalid(#[from] ActionError),
    /// It could not be reached, or may not be: name resolution, connection, blocked address, too large an answer.
    #[error("{0}")]
    Unreachable(String),
}

impl FetchFailure {
    /// The code of the error catalogue.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Timeout => "call.callback_timeout",
            Self::Invalid(_) => "actions.invalid",
            Self::Status(_) | Self::Unreachable(_) => "call.callback_failed",
        }
    }
}

/// The parameters that every callback of a call carries, in the words of its number's `compat`.
pub fn call_params(facts: &Facts, status: CallStatus) -> Vec<(&'static str, String)> {
    params(Told { facts, status, results: Vec::new(), end: None })
}

/// What tells of something beside a call's steps, in the words of its number's `compat`: `told` by our names.
pub fn status_params(
    facts: &Facts,
    status: CallStatus,
    told: Vec<(&'static str, String)>,
) -> Vec<(&'static str, String)> {
    params(Told { facts, status, results: told, end: None })
}

/// Makes `url` absolute, from the URL that named it.
pub(crate) fn resolve(base: Option<&str>, url: &str) -> Result<String, FetchFailure> {
    let resolved = match base.map(Url::parse) {
        Some(Ok(base)) => base.join(url),
        Some(Err(error)) => Err(error),
        None => Url::parse(url),
    };
    resolved.map(String::from).map_err(|error| FetchFailure::Unreachable(format!("not a URL to ask: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        let plain = "https://shop.example/voice?menu=2";
        assert_eq!(shown_url(plain), plain);
        let shown = shown_url("https://shop.example/voice?menu=2&api_key=hunter2");
        assert_eq!(shown, "https://shop.example/voice?menu=2&api_key=***");
    }

    #[test]
    fn keys_and_passwords_of_targets_are_not_shown() {
        let body = r#"[{"dial": {"to": {"sip": "sip:a@b.example", "username": "us", "password": "hunter2", "sendDigits": "12"}}}]"#;
        let list = serde_json::from_str(body).unwrap_or_default();
        let actions = sautikit_api::actions::parse_list(&list).unwrap_or_default();
        let answer = Answer { url: String::new(), actions, warnings: Vec::new() };
        let shown = shown_body(body, &answer);
        assert!(shown.contains(r#""password": "•••••••", "sendDigits": "••""#), "{shown}");
    }

    #[test]
    fn relative_urls_begin_at_the_url_that_answered() {
        let base = Some("https://shop.example/voice/menu?x=1");
        assert_eq!(resolve(base, "/sales"), Ok("https://shop.example/sales".into()));
        assert_eq!(resolve(base, "sales"), Ok("https://shop.example/voice/sales".into()));
        assert_eq!(resolve(base, "https://other.example/a"), Ok("https://other.example/a".into()));
        assert!(resolve(None, "/sales").is_err());
    }
}
