//! What happens, as it happens, for those who follow a workspace's events or one call's timeline.
//!
//! ```text
//! dispatcher, record writer ── rings ──► room ── one look at the database ──► ring ──► readers
//!     └── notice (PostgreSQL) ──► rooms of other nodes; without one they look every quarter of a second, or every second
//! ```
//! A room is there while somebody follows. Its readers share one look at the database and one copy of each event, so that a
//! thousand of them cost little more than one; who falls behind by more than the ring holds is told so and let go.

pub mod answer;
pub mod events;
pub mod follower;
pub mod http;
pub mod notices;
mod places;
mod rooms;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, WorkspaceId};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::places::Places;
use self::rooms::Room;
use crate::clock;
use crate::state::Part;

pub use self::places::{Full, Place};
pub use self::rooms::{Followed, Looked, Said, Source};

/// For so long another node's word that somebody follows there holds: it says so every second.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// How long a reader follows on one credential: clients of server-sent events come back by themselves, and are looked at again.
const LASTS: Duration = Duration::from_secs(300);

/// The rooms of this node.
pub struct Live {
    rooms: Mutex<HashMap<Followed, Room>>,
    places: Places,
    lasts: Duration,
    /// Between looks of every room; none for what is usual.
    poll: Option<Duration>,
    /// When another node last said that somebody follows events there.
    elsewhere: Mutex<Option<Instant>>,
    calls: Calls,
}

/// What is told to other nodes of calls.
#[derive(Default)]
struct Calls {
    /// When another node last said that somebody follows a call there.
    elsewhere: Mutex<Option<Instant>>,
    /// Those that have changed and were not told yet.
    changed: Mutex<BTreeSet<CallId>>,
    /// Somebody has begun to follow here, which was not told yet.
    begun: AtomicBool,
    bell: Notify,
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
        Self {
            rooms: Mutex::default(),
            places: Places::default(),
            lasts,
            poll: None,
            elsewhere: Mutex::default(),
            calls: Calls::default(),
        }
    }

    /// The same, and their rooms look so often where nothing rings.
    #[must_use]
    pub fn looking_every(mut self, poll: Duration) -> Self {
        self.poll = Some(poll);
        self
    }

    /// How long one follows on one credential.
    pub const fn lasts(&self) -> Duration {
        self.lasts
    }

    /// A place for a stream of the workspace, of one call where it is one's.
    ///
    /// # Errors
    /// There are too many.
    pub fn place(&self, workspace: WorkspaceId, call: Option<CallId>) -> Result<Place, Full> {
        self.places.take(workspace, call)
    }

    /// Somebody follows events on another node.
    pub(super) fn follows_elsewhere(&self) {
        *self.elsewhere.lock() = Some(clock::timer_now());
    }

    /// Whether somebody does, as far as was heard lately.
    pub fn is_followed_elsewhere(&self) -> bool {
        is_recent(&self.elsewhere)
    }

    /// Whether anybody on this node follows events.
    pub(super) fn is_followed(&self) -> bool {
        self.rooms.lock().keys().any(|followed| matches!(followed, Followed::Events(..)))
    }

    /// Events of these workspaces have places now.
    pub(super) fn placed(&self, workspaces: impl Iterator<Item = WorkspaceId>) {
        let rooms = self.rooms.lock();
        if rooms.is_empty() {
            return;
        }
        let workspaces: HashSet<_> = workspaces.collect();
        for (followed, room) in rooms.iter() {
            if matches!(followed, Followed::Events(of, _) if workspaces.contains(of)) {
                room.wake.send_replace(());
            }
        }
    }

    /// The call's row or timeline has changed, on this node; after the commit.
    pub fn call_changed(&self, call: CallId) {
        self.wake_call(call);
        if self.is_call_followed_elsewhere() {
            self.calls.changed.lock().insert(call);
            self.calls.bell.notify_one();
        }
    }

    /// The same, on whichever node.
    fn wake_call(&self, call: CallId) {
        if let Some(room) = self.rooms.lock().get(&Followed::Call(call)) {
            room.wake.send_replace(());
        }
    }

    /// Whether somebody follows a call on another node, as far as was heard lately.
    pub fn is_call_followed_elsewhere(&self) -> bool {
        is_recent(&self.calls.elsewhere)
    }

    fn is_call_followed(&self) -> bool {
        self.rooms.lock().keys().any(|followed| matches!(followed, Followed::Call(_)))
    }
}

impl Calls {
    /// Somebody begins to follow a call here.
    fn follows(&self) {
        self.begun.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    fn take_begun(&self) -> bool {
        self.begun.swap(false, Ordering::Relaxed)
    }

    fn take_changed(&self) -> BTreeSet<CallId> {
        mem::take(&mut *self.changed.lock())
    }
}

fn is_recent(heard: &Mutex<Option<Instant>>) -> bool {
    heard.lock().is_some_and(|heard| heard.elapsed() < ELSEWHERE)
}
