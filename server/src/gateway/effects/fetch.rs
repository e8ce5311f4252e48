//! `Output::Fetch`: the customer's server is asked, its answer read, and what came kept for the timeline.

use std::sync::Arc;

use sautikit_api::actions::{Asked, Document, parse_answer};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::numbers::Compat;
use serde_json::json;
use voice::{
    Answer, Callback, EventName, FetchFailure, FetchId, Fetched, Input, Purpose, Reply, ReplyHeaders, callback_entry,
    status_params,
};

use super::record::Recorder;
use crate::calls::signing::CallSecrets;
use crate::calls::{TellConference, Untold};
use crate::db::Causes;
use crate::gateway::Gateway;
use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::conferences::Teller;
use crate::gateway::shadow::{self, Shadow};
use crate::webhooks::fetch::{self, FetchError};
use crate::webhooks::listener;
use crate::webhooks::signer::Signer;

/// Bytes of an answer's body that its timeline entry keeps: whole menus, while the 200 callbacks that a call may make
/// stay below 4 MiB.
const KEPT_BODY_BYTES: usize = 16 * 1024;

impl Running {
    pub(in crate::gateway) fn fetch(&self, callback: Callback) {
        let (inbox, gateway) = (self.inbox.clone(), self.gateway.clone());
        let (secrets, compat) = (self.signing_secret.clone(), self.facts.compat);
        let (workspace, room) = (self.facts.workspace_id, self.facts.number.clone());
        let shadow = self.shadow.clone();
        tokio::spawn(async move {
            let secret = secrets.now(&gateway.app).await;
            let copied = shadow::send(&gateway, shadow.as_ref(), &callback, &secret);
            let (fetched, tries) = ask(&gateway, (workspace, &room), &callback, secret.signer(compat)).await;
            let reply = Reply { first_failure: tries.first_failure, headers: tries.headers, ..reply_of(&fetched) };
            let outcome = fetched.map_err(FetchFailure::from).and_then(|answer| read(answer, &room, compat));
            if let Some(copied) = copied {
                copied.live_is(&gateway, outcome.clone().map(Some), reply.status);
            }
            let fetched = Box::new(Fetched { outcome, reply });
            let _ = inbox.send(Arrival::Voice(Input::Fetched(callback.fetch, fetched))).await;
        });
    }
}

/// Tells the customer's server of something beside the call's steps; neither the answer nor a failure concerns the call.
pub(in crate::gateway) fn notify(running: &Running, callback: Callback) {
    let gateway = running.gateway.clone();
    let (secrets, compat) = (running.signing_secret.clone(), running.facts.compat);
    let (call_id, workspace, number) =
        (running.facts.call_id, running.facts.workspace_id, running.facts.number.clone());
    let shadow = running.shadow.clone();
    gateway.app.tasks.clone().spawn(async move {
        let secret = secrets.now(&gateway.app).await;
        let copied = shadow::send(&gateway, shadow.as_ref(), &callback, &secret);
        let (fetched, _) = ask(&gateway, (workspace, &number), &callback, secret.signer(compat)).await;
        if let Some(copied) = copied {
            let status = reply_of(&fetched).status;
            copied.live_is(&gateway, unread(&fetched), status);
        }
        if let Err(error) = fetched {
            tracing::debug!(call = %call_id, %error, "a status callback was not answered");
        }
    });
}

/// Tells whoever `url` names of something that outlives the call, in the words of its number, until its server takes it; nobody
/// waits for it, and a shadow has no part in it.
pub(in crate::gateway) fn teller(running: &Running, url: String) -> Teller {
    let (gateway, facts) = (running.gateway.clone(), running.facts.clone());
    let secrets = running.signing_secret.clone();
    Arc::new(move |told| {
        let params = status_params(&facts, CallStatus::Answered, told.clone());
        let callback = Callback { fetch: FetchId(0), url: url.clone(), params, purpose: Purpose::Status };
        let (gateway, secrets, compat) = (gateway.clone(), secrets.clone(), facts.compat);
        let (call_id, workspace, number) = (facts.call_id, facts.workspace_id, facts.number.clone());
        gateway.app.tasks.clone().spawn(async move {
            let secret = secrets.now(&gateway.app).await;
            let (fetched, _) = ask(&gateway, (workspace, &number), &callback, secret.signer(compat)).await;
            let Err(error) = fetched.map_err(Untold::from) else { return };
            tracing::debug!(call = %call_id, %error, "a status callback of a conference was not answered");
            if let Untold::Fetch(_) = error {
                let later = TellConference::new((workspace, call_id), callback.url, &told);
                if let Err(error) = later.later(&gateway.app).await {
                    tracing::warn!(call = %call_id, error = %Causes(&error), "a conference's status callback is lost");
                }
            }
        });
    })
}

/// Tells the customer's server that the call is over. The answer steers nothing; it is kept on the timeline.
pub(in crate::gateway) async fn tell_end(
    gateway: &Arc<Gateway>,
    mut recorder: Recorder,
    of: (WorkspaceId, &str),
    mut callback: Callback,
    (secrets, compat): (&CallSecrets, Compat),
    shadow: Option<&Arc<Shadow>>,
) {
    let clock = gateway.app.clock.as_ref();
    let sent = clock.monotonic();
    // The call itself knows no money.
    if let (Compat::AfricasTalking, Some((cost_minor, currency))) = (compat, recorder.cost()) {
        callback.params.push(("currencyCode", currency.code().to_owned()));
        callback.params.push(("amount", currency.format_e4(cost_minor.saturating_mul(10_000))));
    }
    let secret = secrets.now(&gateway.app).await;
    let copied = shadow::send(gateway, shadow, &callback, &secret);
    let (fetched, tries) = ask(gateway, of, &callback, secret.signer(compat)).await;
    if let Some(reason) = tries.first_failure {
        let data = json!({ "reason": reason });
        recorder.late_event(EventName::CallbackRetried.as_str(), gateway.app.now_us(), data);
    }
    let reply = Reply { headers: tries.headers, ..reply_of(&fetched) };
    if let Some(copied) = copied {
        copied.live_is(gateway, unread(&fetched), reply.status);
    }
    let outcome = fetched
        .map(|answer| Answer { url: answer.url.into(), actions: Vec::new(), warnings: Vec::new() })
        .map_err(FetchFailure::from);
    let ms = u64::try_from(clock.monotonic().saturating_sub(sent).as_millis()).unwrap_or(u64::MAX);
    let (name, data) = callback_entry(outcome.as_ref(), &reply, ms);
    recorder.late_event(name.as_str(), gateway.app.now_us(), data);
}

/// What is told of a callback beside what came.
struct Tries {
    /// Why a first try came to nothing, where there were two.
    first_failure: Option<String>,
    headers: Option<Box<ReplyHeaders>>,
}

/// What came, and how.
async fn ask(
    gateway: &Gateway,
    of: (WorkspaceId, &str),
    callback: &Callback,
    signer: Signer<'_>,
) -> (Result<fetch::Answer, FetchError>, Tries) {
    let fetched = listener::fetch(&gateway.app, &gateway.http, of, &callback.url, &callback.params, signer).await;
    let headers = ReplyHeaders { secret: fetched.signed_by, asked: fetched.asked, answered: fetched.answered };
    let headers = (!headers.asked.is_empty()).then(|| Box::new(headers));
    (fetched.outcome, Tries { first_failure: fetched.first_failure.map(|failure| failure.to_string()), headers })
}

/// Of a request whose answer steers nothing.
fn unread(fetched: &Result<fetch::Answer, FetchError>) -> Result<Option<Answer>, FetchFailure> {
    fetched.as_ref().map(|_| None).map_err(|error| error.clone().into())
}

pub(in crate::gateway) fn reply_of(fetched: &Result<fetch::Answer, FetchError>) -> Reply {
    match fetched {
        Ok(answer) => reply(answer.status, &answer.body),
        Err(FetchError::Status { status, body }) => reply(*status, body),
        Err(_) => Reply::default(),
    }
}

fn reply(status: u16, body: &[u8]) -> Reply {
    let kept = body.get(..KEPT_BODY_BYTES).unwrap_or(body);
    // A NUL is no text to PostgreSQL.
    let text = String::from_utf8_lossy(kept).replace('\0', "\u{fffd}");
    Reply { status: Some(status), body_bytes: body.len(), body: text, first_failure: None, headers: None }
}

/// `room` is the conference of an element that names none: one for each number.
pub(in crate::gateway) fn read(answer: fetch::Answer, room: &str, compat: Compat) -> Result<Answer, FetchFailure> {
    let url = String::from(answer.url);
    let asked = Asked { url: &url, room, compat };
    let Document { actions, warnings } = parse_answer(&answer.content_type, &answer.body, &asked)?;
    Ok(Answer { url, actions, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_is_cut_and_its_length_told() {
        let kept = reply(200, &[b'a'; KEPT_BODY_BYTES + 1]);
        assert_eq!((kept.body.len(), kept.body_bytes), (KEPT_BODY_BYTES, KEPT_BODY_BYTES + 1));
        assert_eq!(reply(500, b"a\0\xff").body, "a\u{fffd}\u{fffd}");
    }
}
