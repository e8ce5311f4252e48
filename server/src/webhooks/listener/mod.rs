//! Listeners: developers' machines that are connected from inside, told of a workspace's events and asked for the voice actions
//! of some of its numbers, so that nobody needs a tunnel.
//!
//! ```text
//! sautikit listen ── WebSocket ──► Listener ── number ──► asked in place of its URL (ask)
//!                                     └── events as they are placed (live), and test events
//! ```
//! A listener that is gone is waited for for a moment, because it comes back every few minutes to show its credential. Whoever
//! has waited for it asks the number's URL after all.

pub mod http;
mod socket;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use reqwest::Client;
use sautikit_api::ids::{EventId, WorkspaceId};
use sautikit_api::listener::{FailureReason, Forwarded, FromListener, ToListener};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::body::{self, StoredEvent};
use super::client::MAX_ANSWER_BYTES;
use super::delivery::{DELIVERY_HEADER, EVENT_HEADER};
use super::fetch::{self, Answer, DEADLINE, FORM, FetchError, Fetched};
use super::kinds;
use super::live::notices;
use super::signature;
use super::signer::Signer;
use super::store::events as sql;
use crate::clock;
use crate::secrets::Purpose;
use crate::state::{AppState, Part};

/// Listeners of a workspace on one node, and as many sockets of those who take nothing: each is a person at work.
const MOST_OF_WORKSPACE: usize = 20;
/// What may wait for one listener beside its events: callbacks of as many calls.
const QUEUE: usize = 256;
/// How long one that is gone is waited for.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(3);

/// A listener.
struct Listener {
    id: Uuid,
    workspace: WorkspaceId,
    /// Kinds that it takes, or beginnings of kinds.
    events: Vec<String>,
    /// Numbers whose voice callbacks it takes, in E.164.
    numbers: Vec<String>,
    /// Where it forwards voice callbacks to: what is signed with the URL is signed for that.
    origin: Option<Url>,
    /// To its socket.
    outbox: mpsc::Sender<ToListener>,
    /// The other end while no socket has it.
    idle: Mutex<Option<mpsc::Receiver<ToListener>>>,
    /// Callbacks that await an answer.
    waiting: Mutex<HashMap<String, oneshot::Sender<Result<Given, FetchError>>>>,
    /// It did not answer in time: its socket is closed.
    gone: CancellationToken,
}

/// What a developer's server answered.
struct Given {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

/// The listeners of this node.
#[derive(Default)]
pub struct Listeners(Mutex<Vec<Arc<Listener>>>);

impl Part for Listeners {}

impl Listeners {
    /// Whoever takes the number's callbacks: the one that came last.
    fn of_number(&self, workspace: WorkspaceId, number: &str) -> Option<Arc<Listener>> {
        let all = self.0.lock();
        all.iter().rev().find(|one| one.workspace == workspace && one.numbers.iter().any(|own| own == number)).cloned()
    }

    fn of_workspace(&self, workspace: WorkspaceId) -> Vec<Arc<Listener>> {
        self.0.lock().iter().filter(|one| one.workspace == workspace).cloned().collect()
    }

    fn remove(&self, id: Uuid) {
        let mut all = self.0.lock();
        all.retain(|one| one.id != id);
    }
}

impl Listener {
    /// Whether it takes events of the kind.
    fn takes(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| kinds::matches(pattern, kind))
    }

    /// Whether it is told or asked anything by itself.
    fn takes_something(&self) -> bool {
        !self.events.is_empty() || !self.numbers.is_empty()
    }

    /// The end of its socket comes back, and the listener with it for a moment.
    fn left(app: &AppState, listener: Arc<Self>, inbox: mpsc::Receiver<ToListener>) {
        *listener.idle.lock() = Some(inbox);
        let app = app.clone();
        tokio::spawn(async move {
            tokio::time::sleep(COMES_BACK_WITHIN).await;
            // Taken again, it is another's to give up.
            if listener.idle.lock().take().is_some() {
                Self::gives_up(&app, &listener);
            }
        });
    }

    /// It is no listener any more.
    fn gives_up(app: &AppState, listener: &Self) {
        app.part::<Listeners>().remove(listener.id);
        // Whoever waits for an answer hears that there will be none.
        listener.waiting.lock().clear();
    }

    /// An answer came; of a callback that nobody waits for it is left aside.
    fn answered(&self, message: FromListener) {
        let (callback, answer) = match message {
            FromListener::Answer { callback_id, status, content_type, body } => {
                (callback_id, given(status, &content_type, &body))
            }
            FromListener::Failed { callback_id, reason } => (callback_id, Err(failure(reason))),
            FromListener::Trigger { .. } => return,
        };
        if let Some(waiting) = self.waiting.lock().remove(&callback) {
            let _ = waiting.send(answer);
        }
    }
}

fn given(status: u16, content_type: &str, body: &str) -> Result<Given, FetchError> {
    let body = STANDARD.decode(body).map_err(|_| FetchError::Body)?;
    if body.len() > MAX_ANSWER_BYTES {
        return Err(FetchError::Body);
    }
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(Given { status, content_type, body })
}

fn failure(reason: FailureReason) -> FetchError {
    match reason {
        FailureReason::Timeout => FetchError::Timeout,
        FailureReason::Connection => FetchError::Connection,
        FailureReason::TooLarge => FetchError::Body,
    }
}

/// What is signed for listeners: one secret of the workspace, which no endpoint and no number has.
fn secret(app: &AppState, workspace: WorkspaceId) -> String {
    format!("whsec_{}", app.secrets.hash(Purpose::VoiceSecret, &format!("listeners of workspace {workspace}")))
}

/// Asks for voice actions: whoever listens in place of the number, else the server at `url`.
pub async fn fetch(
    app: &AppState,
    http: &Client,
    of: (WorkspaceId, &str),
    url: &str,
    params: &[(&'static str, String)],
    signer: Signer<'_>,
) -> Fetched {
    // One for both: a call waits no longer because somebody listened.
    let deadline = clock::timer_now() + DEADLINE;
    if let Some(listener) = app.part::<Listeners>().of_number(of.0, of.1)
        && let Some(fetched) = ask(app, &listener, url, params, signer, deadline).await
    {
        return fetched;
    }
    fetch::fetch_until(deadline, http, app.clock.as_ref(), app.config.is_development(), url, params, signer).await
}

/// None where the listener went away, or takes no more.
async fn ask(
    app: &AppState,
    listener: &Listener,
    url: &str,
    params: &[(&'static str, String)],
    signer: Signer<'_>,
    deadline: Instant,
) -> Option<Fetched> {
    let url = Url::parse(url).ok()?;
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let path = path_of(&url);
    let secret = secret(app, listener.workspace);
    let forwarded_to = listener.origin.as_ref().and_then(|origin| origin.join(&path).ok());
    let signer = Signer { secret: &secret, ..signer };
    let now = app.clock.now().as_second();
    let signatures = signer.sign(forwarded_to.as_ref().unwrap_or(&url), params, &body, now);
    let mut headers: BTreeMap<_, _> =
        signatures.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    headers.insert("content-type".to_owned(), FORM.to_owned());
    let callback_id = app.new_uuid().to_string();
    let (answer, answered) = oneshot::channel();
    listener.waiting.lock().insert(callback_id.clone(), answer);
    let request = Forwarded { headers, body: body.clone() };
    let message = ToListener::Callback { callback_id: callback_id.clone(), path, request };
    let outcome = match listener.outbox.try_send(message) {
        Ok(()) => timeout_at(deadline, answered).await,
        Err(_) => return listener.waiting.lock().remove(&callback_id).and(None),
    };
    listener.waiting.lock().remove(&callback_id);
    let outcome = match outcome {
        Ok(Ok(given)) => given.and_then(|given| read(url, given)),
        // It left.
        Ok(Err(_)) => return None,
        // One that is there says in time that nothing came.
        Err(_) => {
            app.part::<Listeners>().remove(listener.id);
            // It comes back, where it can be asked again.
            listener.gone.cancel();
            Err(FetchError::Timeout)
        }
    };
    Some(Fetched { outcome, first_failure: None, body, signatures })
}

fn read(url: Url, Given { status, content_type, body }: Given) -> Result<Answer, FetchError> {
    match status {
        200..=299 => Ok(Answer { status, url, content_type, body }),
        300..=399 => Err(FetchError::Redirect),
        _ => Err(FetchError::Status { status, body }),
    }
}

fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// An event as it is forwarded, signed now. What names its delivery is its own id: a listener has no other.
fn forwarded(app: &AppState, secret: &str, kind: &str, id: &str, body: &str) -> Forwarded {
    let signed = signature::sign(secret, body.as_bytes(), app.clock.now().as_second());
    let headers = [
        ("content-type", "application/json".to_owned()),
        (EVENT_HEADER, kind.to_owned()),
        (DELIVERY_HEADER, id.to_owned()),
        (signature::HEADER, signed),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Forwarded { headers, body: body.to_owned() }
}

/// A test event, told to every listener of the workspace; how many there are.
fn trigger(app: &AppState, workspace: WorkspaceId, event: &StoredEvent) -> usize {
    let request = forwarded(app, &secret(app, workspace), &event.kind, &event.id.to_string(), &body::body(event));
    let message = ToListener::Event { place: None, kind: event.kind.clone(), request };
    let all = app.part::<Listeners>().of_workspace(workspace);
    let wants = all.iter().filter(|listener| listener.takes(&event.kind));
    wants.filter(|listener| listener.outbox.try_send(message.clone()).is_ok()).count()
}

/// A test event, told on other nodes too: it is kept, so that they can read it.
async fn trigger_everywhere(app: &AppState, workspace: WorkspaceId, event: &StoredEvent) -> Result<usize, sqlx::Error> {
    if app.db.has_other_nodes() {
        let mut tx = app.db.begin_write().await?;
        sql::insert_test(&mut tx, event).await?;
        notices::tell_triggered(app, &mut tx, workspace, event.id).await?;
        tx.commit().await?;
    }
    Ok(trigger(app, workspace, event))
}

/// A test event that another node has told of: forwarded to the workspace's listeners that are here.
pub(super) fn forward_of_other(app: &AppState, workspace: WorkspaceId, event: EventId) {
    if app.part::<Listeners>().of_workspace(workspace).is_empty() {
        return;
    }
    let task_app = app.clone();
    app.tasks.spawn(async move {
        let found = async { sql::find(&mut *task_app.db.acquire().await?, workspace, event).await };
        match found.await {
            Ok(Some(placed)) => drop(trigger(&task_app, workspace, &placed.event)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%workspace, error = ?error, "a test event of another node is not forwarded"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_one_of_the_numbers_own_server() {
        let url = || Url::parse("https://simba.example/voice?a=1").unwrap();
        let encoded = STANDARD.encode("{}");
        let answer = read(url(), given(200, "Application/JSON; charset=utf-8", &encoded).unwrap()).unwrap();
        assert_eq!(
            (answer.content_type.as_str(), answer.body.as_slice(), answer.url),
            ("application/json", &b"{}"[..], url())
        );
        let refused = read(url(), given(500, "", &encoded).unwrap());
        assert_eq!(refused, Err(FetchError::Status { status: 500, body: b"{}".to_vec() }));
        assert_eq!(read(url(), given(307, "", "").unwrap()), Err(FetchError::Redirect));
        assert!(matches!(given(200, "", "no base64!"), Err(FetchError::Body)));
        assert!(matches!(given(200, "", &STANDARD.encode(vec![0; MAX_ANSWER_BYTES + 1])), Err(FetchError::Body)));
        assert_eq!(path_of(&url()), "/voice?a=1");
    }
}
