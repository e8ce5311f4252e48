//! The socket of one listener: what happens goes out, answers come in, until either end closes it or it has to show its
//! credential again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use parking_lot::Mutex;
use sautikit_api::ids::{EventId, WorkspaceId};
use sautikit_api::listener::{FromListener, ToListener};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{Listener, Listeners, MOST_OF_WORKSPACE, QUEUE, forwarded, secret, trigger_everywhere};
use crate::db::Causes;
use crate::state::AppState;
use crate::web::caller::Right;
use crate::webhooks::body::shown_id;
use crate::webhooks::examples;
use crate::webhooks::kinds::{self, EventKind};
use crate::webhooks::live::follower::{Follower, Next};
use crate::webhooks::live::{Said, events};

/// How often it is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Pings in a row without anything from the other end, after which nobody is there.
const MAX_UNANSWERED: u32 = 2;
/// How long one message may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);
/// All kinds are followed; each listener takes what it has asked for.
const ALL_KINDS: &str = "";

/// What a listener asks for.
pub(super) struct Asked {
    pub(super) events: Vec<String>,
    pub(super) numbers: Vec<String>,
    pub(super) origin: Option<Url>,
    pub(super) id: Uuid,
    pub(super) after: Option<i64>,
}

/// A listener that has a socket now.
struct Begun {
    listener: Arc<Listener>,
    inbox: mpsc::Receiver<ToListener>,
    after: Option<i64>,
}

/// Takes it up, or the one of its id and workspace again that has no socket. None where the workspace has as many as it may.
fn begin(app: &AppState, workspace: WorkspaceId, asked: Asked) -> Option<Begun> {
    let Asked { events, numbers, origin, id, after } = asked;
    let listeners = app.part::<Listeners>();
    let mut all = listeners.here.lock();
    let known = all.iter().find(|one| one.id == id && one.workspace == workspace).cloned();
    if let Some(listener) = known
        && (&listener.numbers, &listener.events) == (&numbers, &events)
        && let Some(inbox) = listener.idle.lock().take()
    {
        return Some(Begun { listener: listener.clone(), inbox, after });
    }
    // Who takes nothing, and only has test events told, is counted apart: it takes no listener's place.
    let takes_something = !events.is_empty() || !numbers.is_empty();
    let like = all.iter().filter(|one| one.workspace == workspace && one.takes_something() == takes_something);
    if like.count() >= MOST_OF_WORKSPACE {
        return None;
    }
    let (outbox, inbox) = mpsc::channel(QUEUE);
    let (idle, waiting) = (Mutex::default(), Mutex::default());
    // Another's id is nobody else's to take.
    let id = if all.iter().any(|one| one.id == id) { app.new_uuid() } else { id };
    let listener = Arc::new(Listener {
        id,
        workspace,
        events,
        numbers,
        origin,
        outbox,
        idle,
        waiting,
        gone: CancellationToken::new(),
    });
    all.push(listener.clone());
    if !listener.numbers.is_empty() {
        listeners.others.look();
    }
    Some(Begun { listener, inbox, after })
}

/// Serves it.
pub(super) async fn serve(app: AppState, workspace: WorkspaceId, asked: Asked, right: Right, mut socket: WebSocket) {
    let Some(Begun { listener, mut inbox, after }) = begin(&app, workspace, asked) else {
        let message = format!("a workspace has at most {MOST_OF_WORKSPACE} listeners on a node; end one first");
        let _ = say(&mut socket, &ToListener::Refused { message }).await;
        return;
    };
    let secret = secret(&app, listener.workspace);
    let mut ended = Ended::Left;
    match events::follow(app.clone(), listener.workspace, ALL_KINDS, after).await {
        Ok(follower) => {
            let ready = ToListener::Ready {
                listener_id: listener.id.to_string(),
                workspace_id: listener.workspace,
                secret: secret.clone(),
                after: follower.after(),
            };
            if say(&mut socket, &ready).await.is_continue() {
                let mut session = Session { app: &app, listener: &listener, secret, follower };
                ended = tokio::select! {
                    () = session.run(&mut socket, &mut inbox) => Ended::Left,
                    () = right.lost() => Ended::Refused,
                };
            }
        }
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "a listener could not be taken up");
        }
    }
    match ended {
        // Before it is sent home: it comes back at once.
        Ended::Left if listener.takes_something() => Listener::left(&app, listener, inbox),
        // Nobody waits for who has nothing to come back for, or may not.
        Ended::Left | Ended::Refused => Listener::gives_up(&app, &listener),
    }
    let _ = timeout(WRITTEN_WITHIN, socket.send(Message::Close(None))).await;
}

/// Why a socket is closed.
enum Ended {
    /// Either end had enough.
    Left,
    /// Its credential opens no socket any more.
    Refused,
}

struct Session<'a> {
    app: &'a AppState,
    listener: &'a Listener,
    secret: String,
    follower: Follower,
}

impl Session<'_> {
    async fn run(&mut self, socket: &mut WebSocket, inbox: &mut mpsc::Receiver<ToListener>) {
        let mut pings = interval(PING_EVERY);
        pings.reset();
        let mut unanswered = 0;
        loop {
            let went = tokio::select! {
                heard = socket.recv() => {
                    unanswered = 0;
                    match heard {
                        Some(Ok(Message::Text(text))) => self.hear(socket, &text).await,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => ControlFlow::Break(()),
                        Some(Ok(_)) => ControlFlow::Continue(()),
                    }
                }
                Some(message) = inbox.recv() => say(socket, &message).await,
                next = self.follower.next() => match next {
                    Next::Said(said) => self.tell(socket, &said).await,
                    Next::Dropped(_) => {
                        let _ = say(socket, &ToListener::Dropped).await;
                        ControlFlow::Break(())
                    }
                    Next::End => ControlFlow::Break(()),
                },
                () = self.listener.gone.cancelled() => ControlFlow::Break(()),
                _ = pings.tick() => {
                    unanswered += 1;
                    if unanswered > MAX_UNANSWERED {
                        ControlFlow::Break(())
                    } else {
                        send(socket, Message::Ping(bytes::Bytes::new())).await
                    }
                }
            };
            if went.is_break() {
                return;
            }
        }
    }

    async fn tell(&self, socket: &mut WebSocket, said: &Said) -> ControlFlow<()> {
        if !self.listener.takes(&said.kind) {
            return ControlFlow::Continue(());
        }
        let request = forwarded(self.app, &self.secret, (&said.kind, said.version), &said.id, &said.body);
        let event = ToListener::Event { place: Some(said.position), kind: said.kind.clone(), request };
        say(socket, &event).await
    }

    /// What is no message of ours is left aside: a newer client may say more.
    async fn hear(&self, socket: &mut WebSocket, text: &str) -> ControlFlow<()> {
        match serde_json::from_str(text) {
            Ok(FromListener::Trigger { event }) => match self.triggered(&event).await {
                Ok(told) => say(socket, &told).await,
                Err(error) => {
                    tracing::warn!(error = %Causes(&error), "a test event could not be told");
                    ControlFlow::Break(())
                }
            },
            Ok(answer) => {
                self.listener.answered(answer);
                ControlFlow::Continue(())
            }
            Err(_) => ControlFlow::Continue(()),
        }
    }

    async fn triggered(&self, pattern: &str) -> Result<ToListener, sqlx::Error> {
        if !kinds::is_pattern(pattern) {
            let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let message = format!("there is no event `{pattern}`; there are {}", known.join(", "));
            return Ok(ToListener::Refused { message });
        }
        let (mut events, mut listeners) = (Vec::new(), 0);
        for kind in EventKind::ALL.iter().filter(|kind| kinds::matches(pattern, kind.as_str())) {
            let id = EventId(self.app.new_uuid());
            let event = examples::event(id, self.listener.workspace, *kind, self.app.now_us());
            // Whoever asks, and takes no events, is no listener that is told.
            listeners = listeners.max(trigger_everywhere(self.app, self.listener.workspace, &event).await?);
            events.push(format!("{} {}", event.kind, shown_id(event.id)));
        }
        Ok(ToListener::Triggered { events, listeners })
    }
}

async fn say(socket: &mut WebSocket, message: &ToListener) -> ControlFlow<()> {
    match serde_json::to_string(message) {
        Ok(text) => send(socket, Message::Text(text.into())).await,
        Err(_) => ControlFlow::Break(()),
    }
}

/// Breaks where it is not written in time.
async fn send(socket: &mut WebSocket, message: Message) -> ControlFlow<()> {
    match timeout(WRITTEN_WITHIN, socket.send(message)).await {
        Ok(Ok(())) => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}
