//! Events as they happen, for those who follow a workspace.
//!
//! ```text
//! dispatcher ── placed ──► room of the workspace ── one look at the database ──► ring ──► readers
//!                           (other nodes: a look every quarter of a second)
//! ```
//! A room is there while somebody follows. Its readers share one look at the database and one copy of each event, so that a
//! thousand of them cost little more than one; who falls behind by more than the ring holds is told so and let go.

pub mod http;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use tokio::sync::{broadcast, watch};

use super::WebhookError;
use super::body;
use super::store::events::{self as sql, Placed};
use crate::state::{AppState, Part};

/// Which events are followed.
const KINDS: &str = "call.";
/// Events that a reader may fall behind: half a minute of a busy workspace.
const RING: usize = 256;
/// Events of one look.
const BATCH: i64 = 200;
/// Between looks where nothing rings: other nodes place events too.
const POLL: Duration = Duration::from_millis(250);
/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// An event that is followed.
pub(super) struct Said {
    /// Its place.
    pub(super) position: i64,
    /// The name of its kind.
    pub(super) kind: String,
    /// What webhooks are sent.
    pub(super) body: String,
}

impl Said {
    fn of(placed: &Placed) -> Self {
        let body = body::body(&placed.event);
        Self { position: placed.position.unwrap_or(0), kind: placed.event.kind.clone(), body }
    }
}

struct Room {
    ring: broadcast::Sender<Arc<Said>>,
    wake: watch::Sender<()>,
}

/// The rooms of this node.
#[derive(Default)]
pub struct Live(Mutex<HashMap<WorkspaceId, Room>>);

impl Part for Live {}

impl Live {
    /// Events of these workspaces have places now.
    pub(super) fn placed(&self, workspaces: impl Iterator<Item = WorkspaceId>) {
        let rooms = self.0.lock();
        for room in workspaces.filter_map(|workspace| rooms.get(&workspace)) {
            room.wake.send_replace(());
        }
    }
}

/// Follows a workspace: what is placed after `from` comes, perhaps again what came before.
fn follow(app: &AppState, workspace: WorkspaceId, from: i64) -> broadcast::Receiver<Arc<Said>> {
    let mut rooms = app.part::<Live>().0.lock();
    if let Some(room) = rooms.get(&workspace) {
        return room.ring.subscribe();
    }
    let (ring, reader) = broadcast::channel(RING);
    let (wake, woken) = watch::channel(());
    rooms.insert(workspace, Room { ring: ring.clone(), wake });
    app.tasks.spawn(serve(app.clone(), workspace, from, ring, woken));
    reader
}

/// Reads for a room until nobody follows any more.
async fn serve(
    app: AppState,
    workspace: WorkspaceId,
    mut after: i64,
    ring: broadcast::Sender<Arc<Said>>,
    mut woken: watch::Receiver<()>,
) {
    loop {
        let wait = match look(&app, workspace, after, BATCH).await {
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
                tracing::warn!(%workspace, error = ?error, "events can't be followed just now");
                FAILURE_WAIT
            }
        };
        {
            // Under the lock under which readers come.
            let mut rooms = app.part::<Live>().0.lock();
            if ring.receiver_count() == 0 || app.stopping.is_cancelled() {
                rooms.remove(&workspace);
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
async fn look(app: &AppState, workspace: WorkspaceId, after: i64, limit: i64) -> Result<Vec<Said>, WebhookError> {
    let mut conn = app.db.acquire().await?;
    let placed = sql::list_after(&mut conn, workspace, after, (KINDS, ""), limit).await?;
    Ok(placed.iter().map(Said::of).collect())
}
