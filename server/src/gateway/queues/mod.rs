//! Queues: callers wait, first come, first served, until legs of other calls take them out.
//!
//! ```text
//!  wait ──► waiting ──┐
//!                     ├── both there ──► talking ── one is gone ──► the other is told
//!  take ──► looking ──┘
//! ```
//! A queue exists while somebody is in it. All is decided under one lock and nothing in it waits: who is told is told through
//! its call's inbox. Deliberately absent: what is heard while one waits (the voice crate's).

pub mod http;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use media::PortId;
use parking_lot::Mutex;
use sautikit_api::ids::{CallId, QueueId, WorkspaceId};
use sautikit_api::queues as wire;
use tokio::sync::mpsc;
use voice::{Input, PlaceId, QueueEvent, Standing};

use super::call_task::Arrival;
use super::media::CallMedia;
use super::put::put;
use crate::clock::rfc3339;
use crate::state::AppState;

/// A queue's name in its workspace.
type Key = (WorkspaceId, String);

/// A leg that comes to a queue.
pub struct Comer {
    /// Its call.
    pub call_id: CallId,
    /// Whose number or identity it is.
    pub party: String,
    /// Which place of its call this is.
    pub place: PlaceId,
    /// Its call's media.
    pub media: CallMedia,
    /// Its own.
    pub port: PortId,
    /// Where its call is told.
    pub inbox: mpsc::Sender<Arrival>,
}

/// All queues of this node. Cheap to clone.
#[derive(Clone)]
pub struct Queues {
    app: AppState,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    by_name: HashMap<Key, Queue>,
    /// Places given out so far.
    places: u64,
}

struct Queue {
    id: QueueId,
    opened_at: i64,
    waiting: VecDeque<Waiting>,
    looking: VecDeque<(u64, Comer)>,
    talking: Vec<Talking>,
    /// How many were taken out, and how long they waited together, in microseconds.
    taken: i64,
    waited_us: i64,
}

struct Waiting {
    number: u64,
    comer: Comer,
    since_us: i64,
    told: Option<Standing>,
}

struct Talking {
    caller: (u64, Comer),
    agent: (u64, Comer),
}

/// A leg's place in a queue, which it gives up when this is dropped.
pub struct Place {
    queues: Queues,
    key: Key,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queues.leave(&self.key, self.number);
    }
}

impl Queues {
    /// None yet.
    pub fn new(app: &AppState) -> Self {
        Self { app: app.clone(), open: Arc::default() }
    }

    /// Lets a leg wait; it is told at once that it does, that it is full, or whom it talks with.
    pub fn wait(&self, workspace: WorkspaceId, name: String, max_size: u32, comer: Comer) -> Place {
        self.enter((workspace, name), |queue, number, now_us| {
            if queue.waiting.len() >= max_size as usize {
                comer.tell(QueueEvent::Full);
            } else {
                queue.waiting.push_back(Waiting { number, comer, since_us: now_us, told: None });
            }
        })
    }

    /// Lets a leg take whoever has waited longest, or, where it `waits`, the next who comes.
    pub fn take(&self, workspace: WorkspaceId, name: String, waits: bool, comer: Comer) -> Place {
        self.enter((workspace, name), |queue, number, _| {
            if queue.waiting.is_empty() {
                comer.tell(QueueEvent::Waiting(queue.standing(0)));
                if !waits {
                    return;
                }
            }
            queue.looking.push_back((number, comer));
        })
    }

    fn enter(&self, key: Key, come: impl FnOnce(&mut Queue, u64, i64)) -> Place {
        let now_us = self.app.now_us();
        let mut open = self.open.lock();
        open.places += 1;
        let number = open.places;
        let queue = open.by_name.entry(key.clone()).or_insert_with(|| Queue {
            id: QueueId(self.app.new_uuid()),
            opened_at: now_us,
            waiting: VecDeque::new(),
            looking: VecDeque::new(),
            talking: Vec::new(),
            taken: 0,
            waited_us: 0,
        });
        come(queue, number, now_us);
        queue.match_up(now_us);
        open.forget_if_empty(&key);
        Place { queues: self.clone(), key, number }
    }

    fn leave(&self, key: &Key, number: u64) {
        let mut open = self.open.lock();
        if let Some(queue) = open.by_name.get_mut(key) {
            queue.leave(number);
        }
        open.forget_if_empty(key);
    }

    /// A workspace's, in no order.
    pub fn list(&self, workspace: WorkspaceId) -> Vec<wire::Queue> {
        let now_us = self.app.now_us();
        let open = self.open.lock();
        let own = open.by_name.iter().filter(|((of, _), _)| *of == workspace);
        own.map(|((_, name), queue)| queue.shown(name, now_us)).collect()
    }

    /// The one of a workspace that has this id or name.
    pub fn find(&self, workspace: WorkspaceId, text: &str) -> Option<wire::Queue> {
        let now_us = self.app.now_us();
        let open = self.open.lock();
        let mut own = open.by_name.iter().filter(|((of, _), _)| *of == workspace);
        let found = own.find(|((_, name), queue)| name == text || queue.id.to_string() == text);
        found.map(|((_, name), queue)| queue.shown(name, now_us))
    }

    /// Takes a caller out who waits, without anybody to talk with; whether it waited.
    pub fn remove(&self, workspace: WorkspaceId, id: QueueId, call: CallId) -> bool {
        let mut open = self.open.lock();
        let found = open.by_name.iter_mut().find(|((of, _), queue)| *of == workspace && queue.id == id);
        let Some((key, queue)) = found else { return false };
        let key = key.clone();
        let Some(index) = queue.waiting.iter().position(|waiting| waiting.comer.call_id == call) else { return false };
        if let Some(removed) = queue.waiting.remove(index) {
            removed.comer.tell(QueueEvent::Removed);
        }
        queue.tell_standings();
        open.forget_if_empty(&key);
        true
    }
}

impl Open {
    fn forget_if_empty(&mut self, key: &Key) {
        let is_empty = |queue: &Queue| queue.waiting.is_empty() && queue.looking.is_empty() && queue.talking.is_empty();
        if self.by_name.get(key).is_some_and(is_empty) {
            self.by_name.remove(key);
        }
    }
}

impl Queue {
    /// Connects as many as there are on both sides, and tells the others where they stand.
    fn match_up(&mut self, now_us: i64) {
        while !self.waiting.is_empty()
            && let Some((agent_number, agent)) = self.looking.pop_front()
        {
            let Some(Waiting { number, comer, since_us, .. }) = self.waiting.pop_front() else { return };
            self.taken += 1;
            self.waited_us += now_us.saturating_sub(since_us);
            agent.media.join_other(agent.port, &comer.media, comer.port);
            comer.tell(QueueEvent::Connected(agent.call_id));
            agent.tell(QueueEvent::Connected(comer.call_id));
            self.talking.push(Talking { caller: (number, comer), agent: (agent_number, agent) });
        }
        self.tell_standings();
    }

    fn leave(&mut self, number: u64) {
        self.looking.retain(|(looking, _)| *looking != number);
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.number != number);
        if self.waiting.len() < before {
            self.tell_standings();
        }
        let both = |talking: &Talking| talking.caller.0 == number || talking.agent.0 == number;
        if let Some(index) = self.talking.iter().position(both) {
            let Talking { caller, agent } = self.talking.swap_remove(index);
            let (gone, left) = if caller.0 == number { (caller.1, agent.1) } else { (agent.1, caller.1) };
            // Of a leg that is gone already its own end has ended the join.
            gone.media.split(gone.port);
            left.media.split(left.port);
            left.tell(QueueEvent::Over);
        }
    }

    /// Tells everybody whose place is another than they were told.
    fn tell_standings(&mut self) {
        for index in 0..self.waiting.len() {
            let standing = self.standing(index);
            if let Some(waiting) = self.waiting.get_mut(index)
                && waiting.told != Some(standing)
            {
                waiting.told = Some(standing);
                waiting.comer.tell(QueueEvent::Waiting(standing));
            }
        }
    }

    fn standing(&self, index: usize) -> Standing {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Standing { position: count(index + 1), size: count(self.waiting.len()), average_wait_s: self.average_wait_s() }
    }

    fn average_wait_s(&self) -> u64 {
        self.waited_us.checked_div(self.taken).map_or(0, |average| average.unsigned_abs() / 1_000_000)
    }

    fn shown(&self, name: &str, now_us: i64) -> wire::Queue {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let member = |(index, waiting): (usize, &Waiting)| wire::QueueMember {
            call_id: waiting.comer.call_id,
            party: waiting.comer.party.clone(),
            position: count(index + 1),
            entered_at: rfc3339(waiting.since_us),
            waited_seconds: now_us.saturating_sub(waiting.since_us).unsigned_abs() / 1_000_000,
        };
        wire::Queue {
            id: self.id,
            name: name.to_owned(),
            opened_at: rfc3339(self.opened_at),
            members: self.waiting.iter().enumerate().map(member).collect(),
            talking: count(self.talking.len()),
            waiting_agents: count(self.looking.len()),
            average_wait_seconds: self.average_wait_s(),
        }
    }
}

impl Comer {
    /// Never waits: this is under the lock.
    fn tell(&self, event: QueueEvent) {
        put(&self.inbox, Arrival::Voice(Input::Queue(self.place, event)));
    }
}
