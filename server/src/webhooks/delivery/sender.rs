//! One attempt: signed, posted, and its answer read as far as the log keeps it.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::directory::Endpoint;
use super::lane::Due;
use super::schedule::{Failure, Outcome};
use crate::clock::{self, Clock};
use crate::webhooks::{client, signature};

/// Names the kind, for receivers that route before they parse.
pub(in crate::webhooks) const EVENT_HEADER: &str = "x-sautikit-event";
/// Names the version of the kind.
pub(in crate::webhooks) const VERSION_HEADER: &str = "x-sautikit-event-version";
/// Names the delivery, which stays the same over its attempts.
pub(in crate::webhooks) const DELIVERY_HEADER: &str = "x-sautikit-delivery";
/// From the first byte sent until the answer's status is there (webhooks.md).
const DEADLINE: Duration = Duration::from_secs(10);
/// Of an answer so much is kept (webhooks.md).
const KEPT_ANSWER_BYTES: usize = 1_024;
/// Of its headers so much is kept.
const KEPT_HEADERS_BYTES: usize = 2_048;
/// So much of an answer is read, so that its connection can be used again; of a longer one it is closed.
const READ_ANSWER_BYTES: usize = 64 * 1_024;

/// A request that was made, or that could not be.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Microseconds UTC.
    pub(super) started_at: i64,
    pub(super) duration_ms: i64,
    pub(super) status: Option<u16>,
    pub(super) failure: Option<Failure>,
    /// The first of the answer's body.
    pub(super) answer: Option<String>,
    /// The answer's headers, a line each.
    pub(super) answer_headers: Option<String>,
    /// What was sent as the signature; none where nothing was.
    pub(super) signature: Option<String>,
    /// What signed.
    pub(super) secret: &'static str,
}

/// What came of it: one request, or two where the first was refused and a former secret may sign still.
pub(super) struct Sent {
    pub(super) attempts: Vec<Attempt>,
    pub(super) outcome: Outcome,
}

impl Sent {
    /// An attempt of which nothing came about, with what was to sign.
    pub(super) fn none(clock: &dyn Clock, failure: Failure, secret: &'static str) -> Self {
        let attempt = Attempt {
            started_at: clock.now_us(),
            duration_ms: 0,
            status: None,
            failure: Some(failure),
            answer: None,
            answer_headers: None,
            signature: None,
            secret,
        };
        Self { attempts: vec![attempt], outcome: Outcome::failed(failure, None) }
    }
}

/// What sends.
pub(super) struct Sender<'a> {
    pub(super) http: &'a Client,
    pub(super) clock: &'a dyn Clock,
    pub(super) development: bool,
}

impl Sender<'_> {
    /// Sends the delivery to its endpoint.
    pub(super) async fn send(&self, endpoint: &Endpoint, due: &Due) -> Sent {
        let Some(signing) = &endpoint.signing else {
            return self.unsent(Failure::SecretUnset, "none");
        };
        let url = due.url.as_deref().unwrap_or(&endpoint.url);
        let Ok(url) = client::check_url(url, self.development) else {
            return self.unsent(Failure::Address, signing.whose.as_str());
        };
        let began = self.clock.monotonic();
        let took = || self.clock.monotonic().saturating_sub(began);
        let (first, retry_after_seconds) = self.attempt(&url, due, &signing.secret, signing.whose.as_str()).await;
        let former = signing.former.as_ref().filter(|(_, until)| self.clock.now_us() < *until);
        let (Some((former, _)), Some(400 | 401 | 403)) = (former, first.status) else {
            let outcome = outcome(&first, retry_after_seconds, took());
            return Sent { attempts: vec![first], outcome };
        };
        let (second, retry_after_seconds) = self.attempt(&url, due, former, signing.whose.former_as_str()).await;
        let outcome = outcome(&second, retry_after_seconds, took());
        Sent { attempts: vec![first, second], outcome }
    }

    fn unsent(&self, failure: Failure, secret: &'static str) -> Sent {
        Sent::none(self.clock, failure, secret)
    }

    async fn attempt(&self, url: &url::Url, due: &Due, secret: &str, whose: &'static str) -> (Attempt, Option<i64>) {
        let (began, deadline) = (self.clock.monotonic(), clock::timer_now() + DEADLINE);
        let started_at = self.clock.now_us();
        let signature = signature::sign(secret, &due.event.body, started_at / 1_000_000);
        let request = self
            .http
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(EVENT_HEADER, &due.event.kind)
            .header(VERSION_HEADER, due.event.version)
            .header(DELIVERY_HEADER, due.id.to_string())
            .header(signature::HEADER, &signature)
            .body(due.event.body.clone());
        let answered = timeout_at(deadline, request.send()).await;
        let duration_ms = millis(self.clock.monotonic().saturating_sub(began));
        let attempt = |status, failure, (answer, answer_headers)| Attempt {
            started_at,
            duration_ms,
            status,
            failure,
            answer,
            answer_headers,
            signature: Some(signature),
            secret: whose,
        };
        match answered {
            Err(_) => (attempt(None, Some(Failure::Timeout), (None, None)), None),
            Ok(Err(error)) => (attempt(None, Some(failure_of(&error)), (None, None)), None),
            Ok(Ok(response)) => {
                let (status, retry_after) = (response.status(), retry_after_seconds(response.headers()));
                let headers = kept_headers(response.headers());
                let answer = read(response, deadline).await;
                let failure = (!status.is_success()).then_some(Failure::Status);
                (attempt(Some(status.as_u16()), failure, (Some(answer), Some(headers))), retry_after)
            }
        }
    }
}

/// `took` is until the answer's body was read too: so long it holds one of our requests.
fn outcome(attempt: &Attempt, retry_after_seconds: Option<i64>, took: Duration) -> Outcome {
    let took_us = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
    Outcome { failure: attempt.failure, status: attempt.status, retry_after_seconds, took_us }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The client's resolver refuses names that lead to the inside only.
fn failure_of(error: &reqwest::Error) -> Failure {
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<client::NoPublicAddress>() {
            return Failure::Address;
        }
        source = cause.source();
    }
    Failure::Connection
}

/// Seconds, or the moment of an HTTP date (RFC 9110 §10.2.3) against the answer's own date.
fn retry_after_seconds(headers: &header::HeaderMap) -> Option<i64> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let asked = text(header::RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse::<i64>() {
        return Some(seconds);
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp().as_second());
    Some(moment(asked)? - moment(text(header::DATE)?)?)
}

/// A line each, as many as there is room for. Cookies are the receiver's own.
fn kept_headers(headers: &header::HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in headers.iter().filter(|(name, _)| **name != header::SET_COOKIE) {
        let line = format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
        if lines.len() + line.len() > KEPT_HEADERS_BYTES {
            break;
        }
        lines.push_str(&line);
    }
    lines
}

/// The beginning of the answer as text. What is left is read too, within bounds.
async fn read(mut response: Response, deadline: Instant) -> String {
    let mut kept = Vec::new();
    let mut seen = 0;
    // Without a body there is nothing to wait for.
    if response.status() != StatusCode::NO_CONTENT {
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
            seen += chunk.len();
            keep(&mut kept, &chunk);
            if seen > READ_ANSWER_BYTES {
                break;
            }
        }
    }
    // A NUL is no text to PostgreSQL.
    String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}")
}

fn keep(kept: &mut Vec<u8>, chunk: &Bytes) {
    let room = KEPT_ANSWER_BYTES.saturating_sub(kept.len()).min(chunk.len());
    kept.extend_from_slice(&chunk[..room]);
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn to_wait_is_asked_for_in_seconds_or_until_a_date_of_the_answers_own_clock() {
        let asked = |lines: &[(header::HeaderName, &'static str)]| {
            let lines = lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            retry_after_seconds(&lines.collect())
        };
        let (until, now) = ((header::RETRY_AFTER, "Tue, 01 Dec 2026 10:01:30 GMT"), "Tue, 01 Dec 2026 10:00:00 GMT");
        assert_eq!(asked(&[(header::RETRY_AFTER, " 120 ")]), Some(120));
        assert_eq!(asked(&[until.clone(), (header::DATE, now)]), Some(90));
        assert_eq!(asked(&[until.clone(), (header::DATE, "Tue, 01 Dec 2026 11:00:00 GMT")]), Some(-3_510));
        assert_eq!((asked(&[until]), asked(&[])), (None, None), "against which clock?");
        assert_eq!(asked(&[(header::RETRY_AFTER, "soon"), (header::DATE, now)]), None);
    }

    #[test]
    fn headers_are_kept_as_lines_without_cookies_and_up_to_a_bound() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("7"));
        headers.insert("set-cookie", HeaderValue::from_static("session=secret"));
        assert_eq!(kept_headers(&headers), "x-request-id: 7\n");
        for number in 0..200 {
            let name: header::HeaderName = format!("x-{number}").parse().unwrap();
            headers.insert(name, HeaderValue::from_str(&"x".repeat(100)).unwrap());
        }
        let kept = kept_headers(&headers);
        assert!(kept.len() <= KEPT_HEADERS_BYTES && kept.ends_with('\n'), "{}", kept.len());
    }
}
