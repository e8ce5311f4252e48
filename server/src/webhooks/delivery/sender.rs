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
/// Names the delivery, which stays the same over its attempts.
pub(in crate::webhooks) const DELIVERY_HEADER: &str = "x-sautikit-delivery";
/// From the first byte sent until the answer's status is there (webhooks.md).
const DEADLINE: Duration = Duration::from_secs(10);
/// Of an answer so much is kept (webhooks.md).
const KEPT_ANSWER_BYTES: usize = 1_024;
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
    /// What signed.
    pub(super) secret: &'static str,
}

/// What came of it: one request, or two where the first was refused and a former secret may sign still.
pub(super) struct Sent {
    pub(super) attempts: Vec<Attempt>,
    pub(super) outcome: Outcome,
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
        let started_at = self.clock.now_us();
        let attempt =
            Attempt { started_at, duration_ms: 0, status: None, failure: Some(failure), answer: None, secret };
        Sent { attempts: vec![attempt], outcome: Outcome::failed(failure, None) }
    }

    async fn attempt(&self, url: &url::Url, due: &Due, secret: &str, whose: &'static str) -> (Attempt, Option<i64>) {
        let (began, deadline) = (self.clock.monotonic(), clock::timer_now() + DEADLINE);
        let started_at = self.clock.now_us();
        let request = self
            .http
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(EVENT_HEADER, &due.event.kind)
            .header(DELIVERY_HEADER, due.id.to_string())
            .header(signature::HEADER, signature::sign(secret, &due.event.body, started_at / 1_000_000))
            .body(due.event.body.clone());
        let answered = timeout_at(deadline, request.send()).await;
        let duration_ms = millis(self.clock.monotonic().saturating_sub(began));
        let attempt =
            |status, failure, answer| Attempt { started_at, duration_ms, status, failure, answer, secret: whose };
        match answered {
            Err(_) => (attempt(None, Some(Failure::Timeout), None), None),
            Ok(Err(error)) => (attempt(None, Some(failure_of(&error)), None), None),
            Ok(Ok(response)) => {
                let (status, retry_after) = (response.status(), retry_after_seconds(&response));
                let answer = read(response, deadline).await;
                let failure = (!status.is_success()).then_some(Failure::Status);
                (attempt(Some(status.as_u16()), failure, Some(answer)), retry_after)
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
fn retry_after_seconds(response: &Response) -> Option<i64> {
    let text = |name| response.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let asked = text(header::RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse::<i64>() {
        return Some(seconds);
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp().as_second());
    Some(moment(asked)? - moment(text(header::DATE)?)?)
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
