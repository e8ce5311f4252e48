//! A room: those who follow the same share one look at the database and one copy of what is told.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sautikit_api::ids::{CallId, WorkspaceId};
use tokio::sync::{broadcast, watch};

use super::Live;
use crate::clock;
use crate::db::Causes;
use crate::state::AppState;
use crate::webhooks::delivery;

/// What a reader may fall behind: half a minute of a busy workspace.
pub(super) const RING: usize = 256;
/// Of one look of a room.
const BATCH: usize = 64;
/// Between looks at a workspace's events where nothing rings: other nodes place events too.
const POLL_EVENTS: Duration = Duration::from_millis(250);
/// The same for one call, whose changes are told at once by whichever node runs it.
const POLL_CALL: Duration = Duration::from_secs(1);
/// The same for which lists change, of which nobody rings.
const POLL_CHANGES: Duration = Duration::from_secs(1);
/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);
/// How long a room waits for readers who have fallen behind before it goes on.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at how far they are.
const PACE: Duration = Duration::from_millis(5);

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Followed {
    /// A workspace's events of the kinds that begin so.
    Events(WorkspaceId, &'static str),
    /// One call's timeline.
    Call(CallId),
    /// Which of a workspace's lists change.
    Changes(WorkspaceId),
    /// Whether anything changes that operators see of the installation.
    Installation,
}

impl Followed {
    fn poll(self) -> Duration {
        match self {
            Self::Events(..) => POLL_EVENTS,
            Self::Call(_) => POLL_CALL,
            Self::Changes(_) | Self::Installation => POLL_CHANGES,
        }
    }
}

/// What a reader is told.
pub struct Said {
    /// Its place among those that are followed, by which a reader goes on.
    pub position: i64,
    /// Its id, as a receiver of events knows it.
    pub id: String,
    /// The name of its kind.
    pub kind: String,
    /// Which form of its kind it has.
    pub version: u32,
    /// JSON, on one line.
    pub body: String,
}

/// What a look found.
pub struct Looked {
    /// In the order of their places.
    pub said: Vec<Said>,
    /// These were the last that there will ever be.
    pub is_over: bool,
    /// That of the token which opens it now; none where none does.
    pub revision: Option<i64>,
}

/// Where what is followed is read.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// What it is; whoever follows the same shares a room.
    fn followed(&self) -> Followed;

    /// What stands after that place, at most so many.
    ///
    /// # Errors
    /// The database failed.
    async fn look(&self, app: &AppState, after: i64, most: usize) -> Result<Looked, Box<dyn Error + Send + Sync>>;
}

/// A room as others see it.
pub(super) struct Room {
    ring: broadcast::Sender<Arc<Said>>,
    pub(super) wake: watch::Sender<()>,
    revision: watch::Receiver<Option<i64>>,
}

/// A reader's seat in a room.
pub(super) struct Seat {
    /// Closed once all was told.
    pub(super) ring: broadcast::Receiver<Arc<Said>>,
    /// As of the room's last look.
    pub(super) revision: watch::Receiver<Option<i64>>,
}

/// Takes a seat: what stands after `from` comes, perhaps again what stood before.
pub(super) fn enter(app: &AppState, source: &Arc<dyn Source>, from: i64) -> Seat {
    let live = app.part::<Live>();
    let followed = source.followed();
    let mut rooms = live.rooms.lock();
    if let Some(room) = rooms.get(&followed) {
        return Seat { ring: room.ring.subscribe(), revision: room.revision.clone() };
    }
    let (ring, reader) = broadcast::channel(RING);
    let (wake, woken) = watch::channel(());
    let (told, revision) = watch::channel(None);
    rooms.insert(followed, Room { ring: ring.clone(), wake, revision: revision.clone() });
    app.tasks.spawn(serve(app.clone(), source.clone(), from, (ring, told), woken));
    match followed {
        // Who delivers, here or elsewhere, is told that somebody listens.
        Followed::Events(..) => delivery::ring(app),
        Followed::Call(_) => live.calls.follows(),
        Followed::Changes(_) | Followed::Installation => {}
    }
    Seat { ring: reader, revision }
}

/// Reads for a room until nobody follows any more, or all was told.
async fn serve(
    app: AppState,
    source: Arc<dyn Source>,
    mut after: i64,
    (ring, revision): (broadcast::Sender<Arc<Said>>, watch::Sender<Option<i64>>),
    mut woken: watch::Receiver<()>,
) {
    let followed = source.followed();
    let poll = app.part::<Live>().poll.unwrap_or(followed.poll());
    let mut is_patient = true;
    loop {
        let (wait, is_over) = match source.look(&app, after, BATCH).await {
            Ok(looked) => {
                let is_all = looked.said.len() < BATCH;
                revision.send_replace(looked.revision);
                for said in looked.said {
                    after = said.position;
                    // Whoever has gone is found out below.
                    let _ = ring.send(Arc::new(said));
                }
                (if is_all { poll } else { Duration::ZERO }, looked.is_over)
            }
            Err(error) => {
                tracing::warn!(?followed, error = %Causes(error.as_ref()), "what is live can't be followed just now");
                (FAILURE_WAIT, false)
            }
        };
        {
            // Under the lock under which readers come.
            let mut rooms = app.part::<Live>().rooms.lock();
            if is_over || ring.receiver_count() == 0 || app.stopping.is_cancelled() {
                rooms.remove(&followed);
                return;
            }
        }
        tokio::select! {
            _ = woken.changed() => {}
            () = tokio::time::sleep(wait) => {}
            () = app.stopping.cancelled() => {}
        }
        pace(&ring, &mut is_patient, PATIENCE).await;
    }
}

/// Until readers have taken so much that another batch pushes out nothing that they still want. One who has stopped reading is
/// waited for once, and not again before the ring had room.
async fn pace(ring: &broadcast::Sender<Arc<Said>>, is_patient: &mut bool, patience: Duration) {
    let until = clock::timer_now() + patience;
    while ring.len() > RING - BATCH {
        if !*is_patient || clock::timer_now() >= until {
            *is_patient = false;
            return;
        }
        tokio::time::sleep(PACE).await;
    }
    *is_patient = true;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(position: i64) -> Arc<Said> {
        Arc::new(Said { position, id: String::new(), kind: String::new(), version: 1, body: String::new() })
    }

    #[tokio::test]
    async fn a_burst_waits_for_readers_who_read_and_once_for_who_has_stopped() {
        let (ring, mut reads) = broadcast::channel(RING);
        let mut is_patient = true;
        for position in 0..RING as i64 {
            let _ = ring.send(said(position));
        }
        {
            let patience = Duration::from_secs(3_600);
            let mut waits = std::pin::pin!(pace(&ring, &mut is_patient, patience));
            assert!(futures::poll!(&mut waits).is_pending(), "another batch would push out what is not read yet");
            for position in 0..BATCH as i64 {
                assert_eq!(reads.recv().await.map(|said| said.position), Ok(position));
            }
            waits.await;
        }
        assert!(is_patient);
        // It stops: the wait ends, and there is none the next time.
        let _ = ring.send(said(0));
        pace(&ring, &mut is_patient, Duration::ZERO).await;
        assert!(!is_patient);
        let mut next = std::pin::pin!(pace(&ring, &mut is_patient, Duration::from_secs(3_600)));
        assert!(futures::poll!(&mut next).is_ready());
    }
}
