//! Events as they happen, for those who follow a workspace.
//!
//! ```text
//! dispatcher ── placed ──► room of the workspace ── one look at the database ──► ring ──► readers
//!     └── notice (PostgreSQL) ──► rooms of other nodes; without one they look every quarter of a second
//! ```
//! A room is there while somebody follows. Its readers share one look at the database and one copy of each event, so that a
//! thousand of them cost little more than one; who falls behind by more than the ring holds is told so and let go.

pub mod follower;
pub mod http;
pub mod notices;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{EventId, WorkspaceId};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::WebhookError;
use super::body;
use super::delivery;
use super::store::events::{self as sql, Placed};
use crate::clock;
use crate::state::{AppState, Part};

/// Events that a reader may fall behind: half a minute of a busy workspace.
const RING: usize = 256;
/// Workspaces that who follows something else may fall behind; they look anyway, so a loss only delays them.
const PLACED: usize = 1_024;
/// Events of one look.
const BATCH: i64 = 200;
/// Between looks where nothing rings: other nodes place events too.
const POLL: Duration = Duration::from_millis(250);
/// For so long another node's word that somebody follows there holds: it says so every second.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);
/// How long a reader follows on one credential: clients of server-sent events come back by themselves, and are looked at again.
const LASTS: Duration = Duration::from_secs(300);

/// An event that is followed.
pub(super) struct Said {
    /// Its place.
    pub(super) position: i64,
    /// Its id.
    pub(super) id: EventId,
    /// The name of its kind.
    pub(super) kind: String,
    /// What webhooks are sent.
    pub(super) body: String,
}

impl Said {
    fn of(placed: &Placed) -> Self {
        let body = body::body(&placed.event);
        let position = placed.position.unwrap_or(0);
        Self { position, id: placed.event.id, kind: placed.event.kind.clone(), body }
    }
}

/// What is followed: the kinds that begin so, of a workspace.
type Followed = (WorkspaceId, &'static str);

struct Room {
    ring: broadcast::Sender<Arc<Said>>,
    wake: watch::Sender<()>,
}

/// The rooms of this node.
pub struct Live {
    rooms: Mutex<HashMap<Followed, Room>>,
    /// Whose events have places now, for who follows something else of them.
    placed: broadcast::Sender<WorkspaceId>,
    lasts: Duration,
    /// When another node last said that somebody follows there.
    elsewhere: Mutex<Option<Instant>>,
}

impl Part for Live {}

impl Default for Live {
    fn default() -> Self {
        Self::lasting(LASTS)
    }
}

impl Live {
    /// Rooms whose readers come back after so long.
    pub fn lasting(lasts: Duration) -> Self {
        Self { rooms: Mutex::default(), placed: broadcast::channel(PLACED).0, lasts, elsewhere: Mutex::default() }
    }

    /// Workspaces as their events get places, on whichever node.
    pub fn subscribe(&self) -> broadcast::Receiver<WorkspaceId> {
        self.placed.subscribe()
    }

    /// How long one follows on one credential.
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// Somebody follows on another node.
    pub(super) fn follows_elsewhere(&self) {
        *self.elsewhere.lock() = Some(clock::timer_now());
    }

    /// Whether somebody does, as far as was heard lately.
    pub fn is_followed_elsewhere(&self) -> bool {
        self.elsewhere.lock().is_some_and(|heard| heard.elapsed() < ELSEWHERE)
    }

    /// Whether anybody on this node follows.
    pub(super) fn is_followed(&self) -> bool {
        self.placed.receiver_count() > 0 || !self.rooms.lock().is_empty()
    }

    /// Events of these workspaces have places now.
    pub(super) fn placed(&self, workspaces: impl Iterator<Item = WorkspaceId>) {
        if !self.is_followed() {
            return;
        }
        let rooms = self.rooms.lock();
        let workspaces: HashSet<_> = workspaces.collect();
        for workspace in workspaces {
            // No listener is fine.
            let _ = self.placed.send(workspace);
            for (_, room) in rooms.iter().filter(|((of, _), _)| *of == workspace) {
                room.wake.send_replace(());
            }
        }
    }
}

/// Follows a workspace's events of kinds that begin so: what is placed after `from` comes, perhaps again what came before.
fn follow(app: &AppState, followed: Followed, from: i64) -> broadcast::Receiver<Arc<Said>> {
    let mut rooms = app.part::<Live>().rooms.lock();
    if let Some(room) = rooms.get(&followed) {
        return room.ring.subscribe();
    }
    let (ring, reader) = broadcast::channel(RING);
    let (wake, woken) = watch::channel(());
    rooms.insert(followed, Room { ring: ring.clone(), wake });
    app.tasks.spawn(serve(app.clone(), followed, from, ring, woken));
    // Who delivers, here or elsewhere, is told that somebody listens.
    delivery::ring(app);
    reader
}

/// Reads for a room until nobody follows any more.
async fn serve(
    app: AppState,
    followed: Followed,
    mut after: i64,
    ring: broadcast::Sender<Arc<Said>>,
    mut woken: watch::Receiver<()>,
) {
    loop {
        let wait = match look(&app, followed, after, BATCH).await {
            Ok(some) => {
                let is_all = (some.len() as i64) < BATCH;
                for said in some {
                    after = said.position;
                    // Whoever has gone is found out below.
                    let _ = ring.send(Arc::new(said));
                }
                if is_all { POLL } else { Duration::ZERO }
            }
            Err(error) => {
                tracing::warn!(workspace = %followed.0, error = ?error, "events can't be followed just now");
                FAILURE_WAIT
            }
        };
        {
            // Under the lock under which readers come.
            let mut rooms = app.part::<Live>().rooms.lock();
            if ring.receiver_count() == 0 || app.stopping.is_cancelled() {
                rooms.remove(&followed);
                return;
            }
        }
        tokio::select! {
            _ = woken.changed() => {}
            () = tokio::time::sleep(wait) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

/// What was placed after that place, at most so many.
async fn look(app: &AppState, (workspace, kinds): Followed, after: i64, limit: i64) -> Result<Vec<Said>, WebhookError> {
    let mut conn = app.db.acquire().await?;
    let placed = sql::list_after(&mut conn, workspace, after, (kinds, ""), limit).await?;
    Ok(placed.iter().map(Said::of).collect())
}
