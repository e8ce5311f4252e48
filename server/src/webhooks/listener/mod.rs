//! Listeners: developers' machines that are connected from inside, told of a workspace's events and asked for the voice actions
//! of some of its numbers, so that nobody needs a tunnel.
//!
//! ```text
//! sautikit listen ── WebSocket ──► Listener ── number ──► asked in place of its URL (ask)
//!                                     └── events as they are placed (live), and test events
//! ```
//! A listener that is gone is waited for for a moment, because it comes back every few minutes to show its credential. Whoever
//! has waited for it asks the number's URL after all. A call that runs on another node asks by way of the database ([`nodes`]).

pub mod http;
pub(super) mod nodes;
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

use self::nodes::Others;
use super::body::{self, StoredEvent};
use super::client::MAX_ANSWER_BYTES;
use super::delivery::{DELIVERY_HEADER, EVENT_HEADER, VERSION_HEADER};
use super::fetch::{self, Answer, DEADLINE, FORM, FetchError, Fetched};
use super::heads;
use super::kinds;
use super::live::notices;
use super::signature;
use super::signer::{Signatures, Signer};
use super::store::events as sql;
use crate::clock;
use crate::db::Causes;
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
    waiting: Mutex<HashMap<String, oneshot::Sender<FromListener>>>,
    /// It did not answer in time: its socket is closed.
    gone: CancellationToken,
}

/// What a developer's server answered.
struct Given {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

/// The listeners of this node, and what it knows of those of others.
#[derive(Default)]
pub struct Listeners {
    here: Mutex<Vec<Arc<Listener>>>,
    others: Others,
}

impl Part for Listeners {}

impl Listeners {
    /// Whoever takes the number's callbacks: the one that came last.
    fn of_number(&self, workspace: WorkspaceId, number: &str) -> Option<Arc<Listener>> {
        let all = self.here.lock();
        all.iter().rev().find(|one| one.workspace == workspace && one.numbers.iter().any(|own| own == number)).cloned()
    }

    fn of_workspace(&self, workspace: WorkspaceId) -> Vec<Arc<Listener>> {
        self.here.lock().iter().filter(|one| one.workspace == workspace).cloned().collect()
    }

    fn find(&self, id: Uuid) -> Option<Arc<Listener>> {
        self.here.lock().iter().find(|one| one.id == id).cloned()
    }

    /// Those that other nodes may ask.
    fn with_numbers(&self) -> Vec<Arc<Listener>> {
        self.here.lock().iter().filter(|one| !one.numbers.is_empty()).cloned().collect()
    }

    fn remove(&self, id: Uuid) {
        self.here.lock().retain(|one| one.id != id);
        self.others.look();
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
        let (FromListener::Answer { callback_id, .. } | FromListener::Failed { callback_id, .. }) = &message else {
            return;
        };
        let waiting = self.waiting.lock().remove(callback_id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(message);
        }
    }

    /// Asks it, and gives what it says; none where it went away, or takes no more.
    async fn ask(
        &self,
        app: &AppState,
        (callback_id, message): (&str, ToListener),
        deadline: Instant,
    ) -> Option<FromListener> {
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().insert(callback_id.to_owned(), answer);
        let outcome = match self.outbox.try_send(message) {
            Ok(()) => timeout_at(deadline, answered).await,
            Err(_) => return self.waiting.lock().remove(callback_id).and(None),
        };
        self.waiting.lock().remove(callback_id);
        match outcome {
            Ok(said) => said.ok(),
            // One that is there says in time that nothing came.
            Err(_) => {
                app.part::<Listeners>().remove(self.id);
                // It comes back, where it can be asked again.
                self.gone.cancel();
                Some(FromListener::Failed { callback_id: callback_id.to_owned(), reason: FailureReason::Timeout })
            }
        }
    }
}

/// What a developer's server answered, as a listener said.
fn heard(said: &FromListener) -> Result<Given, FetchError> {
    match said {
        FromListener::Answer { status, content_type, body, .. } => given(*status, content_type, body),
        FromListener::Failed { reason, .. } => Err(failure(*reason)),
        FromListener::Trigger { .. } => Err(FetchError::Connection),
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

/// Asks for voice actions: whoever listens in place of the number, here or on another node, else the server at `url`.
pub async fn fetch(
    app: &AppState,
    http: &Client,
    of: (WorkspaceId, &str),
    url: &str,
    params: &[(&'static str, String)],
    signer: Signer<'_>,
) -> Fetched {
    // One for all: a call waits no longer because somebody listened.
    let deadline = clock::timer_now() + DEADLINE;
    let listeners = app.part::<Listeners>();
    if let Some(listener) = listeners.of_number(of.0, of.1)
        && let Some(callback) = Callback::new(app, (of.0, listener.origin.as_ref()), url, params, signer)
        && let Some(said) = listener.ask(app, callback.message(), deadline).await
    {
        return callback.fetched(&said);
    }
    for listener in listeners.others.of_number(of.0, of.1) {
        if let Some(callback) = Callback::new(app, (of.0, listener.origin.as_ref()), url, params, signer)
            && let Some(said) = Box::pin(nodes::ask(app, &listener, callback.message(), deadline)).await
        {
            return callback.fetched(&said);
        }
    }
    fetch::fetch_until(deadline, http, app.clock.as_ref(), app.config.is_development(), url, params, signer).await
}

/// A callback as a listener is asked it.
struct Callback {
    id: String,
    url: Url,
    path: String,
    request: Forwarded,
    signatures: Signatures,
}

impl Callback {
    /// Signed for a workspace's listener that forwards to there; none where the URL is none.
    fn new(
        app: &AppState,
        (workspace, origin): (WorkspaceId, Option<&Url>),
        url: &str,
        params: &[(&'static str, String)],
        signer: Signer<'_>,
    ) -> Option<Self> {
        let mut url = Url::parse(url).ok()?;
        let by_get = fetch::take_method(&mut url);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let path = path_of(&if by_get { fetch::with_query(&url, params) } else { url.clone() });
        let secret = secret(app, workspace);
        let forwarded_to = origin.and_then(|origin| origin.join(&path).ok());
        let signer = Signer { secret: &secret, whose: None, ..signer };
        let now = app.clock.now().as_second();
        let asked = forwarded_to.as_ref().unwrap_or(&url);
        // Without a body it is forwarded by GET.
        let (params, body) = if by_get { (&[][..], String::new()) } else { (params, body) };
        let signed = if by_get { asked.query().unwrap_or_default() } else { &body };
        let signatures = signer.sign(asked, params, signed, now);
        let mut headers: BTreeMap<_, _> =
            signatures.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if !by_get {
            headers.insert("content-type".to_owned(), FORM.to_owned());
        }
        Some(Self { id: app.new_uuid().to_string(), url, path, request: Forwarded { headers, body }, signatures })
    }

    /// Its id and what is said.
    fn message(&self) -> (&str, ToListener) {
        let Self { id, path, request, .. } = self;
        let message = ToListener::Callback { callback_id: id.clone(), path: path.clone(), request: request.clone() };
        (id, message)
    }

    /// What it came to.
    fn fetched(self, said: &FromListener) -> Fetched {
        let outcome = heard(said).and_then(|given| read(self.url, given));
        let Forwarded { headers, body } = self.request;
        let form = headers.get("content-type").map(String::as_str);
        let asked = heads::asked(form, &self.signatures);
        // Of what its own server said the listener tells no headers.
        Fetched {
            outcome,
            first_failure: None,
            body,
            signatures: self.signatures,
            signed_by: None,
            asked,
            answered: Vec::new(),
        }
    }
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
fn forwarded(app: &AppState, secret: &str, (kind, version): (&str, u32), id: &str, body: &str) -> Forwarded {
    let signed = signature::sign(secret, body.as_bytes(), app.clock.now().as_second());
    let headers = [
        ("content-type", "application/json".to_owned()),
        (EVENT_HEADER, kind.to_owned()),
        (VERSION_HEADER, version.to_string()),
        (DELIVERY_HEADER, id.to_owned()),
        (signature::HEADER, signed),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Forwarded { headers, body: body.to_owned() }
}

/// A test event, told to every listener of the workspace; how many there are.
fn trigger(app: &AppState, workspace: WorkspaceId, event: &StoredEvent) -> usize {
    let of = (event.kind.as_str(), event.version);
    let request = forwarded(app, &secret(app, workspace), of, &event.id.to_string(), &body::body(event));
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
            Err(error) => {
                tracing::warn!(%workspace, error = %Causes(&error), "a test event of another node is not forwarded")
            }
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
