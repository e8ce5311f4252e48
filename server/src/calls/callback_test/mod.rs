//! A number's voice callback, run once as a call would run it: same form, same signature, same reading of the answer. No
//! call is made, nothing runs and nothing costs. The form says `Test=true`, so that a customer's server can tell.

mod error;
pub mod http;

use std::collections::BTreeMap;

use sautikit_api::actions::{ActionError, Asked, Document, Warning, parse_answer};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, NumberId};
use sautikit_api::numbers as wire;
use sautikit_api::numbers::Compat;
use serde_json::json;
use voice::{Facts, FetchFailure, call_params};

use super::admission::{DEFAULT_MAX_DURATION_SECONDS, DEFAULT_RING_TIMEOUT_SECONDS};
use super::{CallError, Direction, directory};
use crate::numbers::{self, NumberError, TenantNumber};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::webhooks::client::Customers;
use crate::webhooks::fetch::{Answer, FORM, FetchError, Fetched};
use crate::webhooks::listener;
use crate::{audit, telephone};

/// Bytes of an answer's body that are shown: what a call's timeline keeps of it.
const SHOWN_BODY_BYTES: usize = 16 * 1024;
/// Marks the request; no call's form has it.
const MARK: (&str, &str) = ("Test", "true");

/// Why there is nothing to test.
#[derive(Debug, thiserror::Error)]
pub enum Untested {
    /// Not one of the workspace's numbers.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A secret can't be read, or the database failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The number is not routed.
    #[error("The number has no `voice_callback_url`. Route it first.")]
    NoCallback,
    /// Who would call is no number.
    #[error("`from` is the telephone number that would call, for instance +254722000001.")]
    From,
}

impl From<sqlx::Error> for Untested {
    fn from(error: sqlx::Error) -> Self {
        CallError::Database(error).into()
    }
}

/// Asks the number's voice callback for the actions of a call from `from`, and tells everything that came of it.
///
/// # Errors
/// Not the workspace's number, no callback, no number that calls, or the database failed. What the customer's server does is
/// no error.
pub async fn test_callback(
    app: &AppState,
    caller: &Caller,
    id: NumberId,
    from: Option<&str>,
) -> Result<wire::TestedRouting, Untested> {
    let mut conn = app.db.acquire().await?;
    let number = numbers::get_number(&mut conn, caller.workspace.id, id).await?;
    let secrets = directory::signing_secret(app, &mut conn, &number).await?;
    // Nobody's connection is kept for as long as a customer's server takes.
    drop(conn);
    let url = number.voice_callback_url.clone().ok_or(Untested::NoCallback)?;
    let from = match from {
        Some(from) => telephone::e164_of_carrier(from, Some(&number.country)).ok_or(Untested::From)?,
        None => number.e164.clone(),
    };
    let mut params = call_params(&facts(app, &number, from, url.clone()), CallStatus::Ringing);
    params.push((MARK.0, MARK.1.to_owned()));
    let began = app.clock.monotonic();
    let http = &app.part::<Customers>().0;
    let signer = secrets.signer(number.compat);
    let of = (number.workspace_id, &*number.e164);
    let fetched = listener::fetch(app, http, of, &url, &params, signer).await;
    let duration_ms = u64::try_from(app.clock.monotonic().saturating_sub(began).as_millis()).unwrap_or(u64::MAX);
    let tested = shown(url, fetched, duration_ms, (&number.e164, number.compat));
    let host = url::Url::parse(&tested.request.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let details = json!({ "voice_callback_host": host, "status": tested.response.as_ref().map(|answer| answer.status),
        "error": tested.error.as_ref().map(|error| error.code.clone()) });
    let mut tx = app.db.begin_write().await?;
    audit::record(app, &mut tx, &audit::Entry::by(caller, "number.routing_tested", id, details)).await?;
    tx.commit().await?;
    Ok(tested)
}

/// Of a call that `from` would make now.
fn facts(app: &AppState, number: &TenantNumber, from: String, url: String) -> Facts {
    let seconds = |seconds: i64| u32::try_from(seconds).unwrap_or(u32::MAX);
    Facts {
        call_id: CallId(app.new_uuid()),
        workspace_id: number.workspace_id,
        direction: Direction::Inbound,
        from,
        to: number.e164.clone(),
        number: number.e164.clone(),
        own_numbers: [].into(),
        voice_callback_url: Some(url),
        fallback_url: number.fallback_url.clone(),
        compat: number.compat,
        began_at_us: app.now_us(),
        ring_timeout_s: seconds(DEFAULT_RING_TIMEOUT_SECONDS),
        max_duration_s: seconds(DEFAULT_MAX_DURATION_SECONDS),
        record: None,
        machine_detection: None,
        recordings_url: "".into(),
    }
}

/// What is told of a fetch. Pure.
fn shown(url: String, fetched: Fetched, duration_ms: u64, number: (&str, Compat)) -> wire::TestedRouting {
    let Fetched { outcome, first_failure, body, signatures, .. } = fetched;
    let signatures = signatures.into_iter().map(|(header, signature)| (header.to_owned(), signature));
    let headers: BTreeMap<_, _> = signatures.chain([("content-type".to_owned(), FORM.to_owned())]).collect();
    let request = wire::TestedRequest { method: "POST".to_owned(), url, headers, body };
    let response = match &outcome {
        Ok(answer) => Some(wire::TestedResponse {
            url: Some(answer.url.to_string()),
            content_type: Some(answer.content_type.clone()),
            ..response(answer.status, &answer.body)
        }),
        Err(FetchError::Status { status, body }) => Some(response(*status, body)),
        Err(_) => None,
    };
    let (actions, warnings, error) = match read(outcome, number) {
        Ok(Document { actions, warnings }) => {
            let actions = actions.iter().map(|action| serde_json::to_value(action).unwrap_or_default()).collect();
            (Some(actions), warnings, None)
        }
        Err(error) => (None, Vec::new(), Some(error)),
    };
    let warnings =
        warnings.into_iter().map(|Warning { line, column, message }| wire::ReadingWarning { line, column, message });
    let warnings = warnings.collect();
    let first_failure = first_failure.map(|failure| failure.to_string());
    wire::TestedRouting { request, response, duration_ms, first_failure, actions, warnings, error }
}

fn response(status: u16, body: &[u8]) -> wire::TestedResponse {
    let kept = body.get(..SHOWN_BODY_BYTES).unwrap_or(body);
    let text = String::from_utf8_lossy(kept).into_owned();
    wire::TestedResponse { status, url: None, content_type: None, body: text, body_bytes: body.len() }
}

/// The actions as a call would read them that comes to this number.
fn read(outcome: Result<Answer, FetchError>, (room, compat): (&str, Compat)) -> Result<Document, wire::TestedError> {
    let answer = outcome.map_err(|error| {
        let message = error.to_string();
        let failure = FetchFailure::from(error);
        wire::TestedError { code: failure.code().to_owned(), path: None, message }
    })?;
    parse_answer(&answer.content_type, &answer.body, &Asked { url: answer.url.as_str(), room, compat }).map_err(
        |ActionError { path, message }| {
            let path = (!path.is_empty()).then_some(path);
            wire::TestedError { code: sautikit_api::ErrorCode::ActionsInvalid.as_str().to_owned(), path, message }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::signature;

    fn tested(outcome: Result<&str, FetchError>) -> wire::TestedRouting {
        let url = "https://simba.example/voice".to_owned();
        let outcome = outcome.map(|body| Answer {
            status: 200,
            url: url.parse().unwrap(),
            content_type: "application/json".to_owned(),
            body: body.as_bytes().to_vec(),
        });
        let (body, signatures) = ("CallStatus=ringing".to_owned(), vec![(signature::HEADER, "t=1,v1=00".to_owned())]);
        shown(
            url,
            Fetched {
                outcome,
                first_failure: None,
                body,
                signatures,
                signed_by: None,
                asked: Vec::new(),
                answered: Vec::new(),
            },
            12,
            ("+254700000001", Compat::Sautikit),
        )
    }

    #[test]
    fn good_actions_are_shown_as_they_were_read() {
        let tested = tested(Ok(r#"{"actions":[{"say":{"text":"Karibu"}},{"hangup":{}}]}"#));
        let actions = tested.actions.unwrap();
        assert_eq!(actions[0]["say"]["text"], "Karibu");
        assert_eq!(actions.len(), 2);
        assert!(tested.error.is_none());
        assert_eq!(tested.request.headers[signature::HEADER], "t=1,v1=00");
    }

    #[test]
    fn a_mistake_is_shown_at_its_place() {
        let error = tested(Ok(r#"{"actions":[{"say":{"text":"Karibu"}},{"dial":{"to":"abc"}}]}"#)).error.unwrap();
        assert_eq!((error.code.as_str(), error.path.as_deref()), ("actions.invalid", Some("actions[1].dial.to")));
        let error = tested(Ok("<html>")).error.unwrap();
        assert_eq!((error.code.as_str(), error.path), ("actions.invalid", None));
    }

    #[test]
    fn what_did_not_come_is_said_as_on_a_timeline() {
        let refused = tested(Err(FetchError::Status { status: 500, body: b"oops".to_vec() }));
        assert_eq!(refused.response.unwrap().body, "oops");
        assert_eq!(refused.error.unwrap().code, "call.callback_failed");
        let late = tested(Err(FetchError::Timeout));
        assert!(late.response.is_none());
        assert_eq!(late.error.unwrap().code, "call.callback_timeout");
    }
}
