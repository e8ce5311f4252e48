//! Conferences: legs of several calls that hear each other. One actor for each; it exists while somebody is in it.
//!
//! ```text
//!  Waiting ── somebody enters who begins it ──► Talking ── the last one leaves, or one who ends it ──► gone
//! ```
//! Calls keep their media: they come to the media thread of the conference's first member, where all are in one mix.
//! Deliberately absent: what its members are told by their own calls (the voice crate's), recording, and music.

use std::collections::HashMap;
use std::sync::Arc;

use media::{MixId, PortId, ToneSpec};
use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use tokio::sync::mpsc;
use voice::{ConferenceEvent, ConferenceTerms, Input, StayId};

use super::call_task::Arrival;
use super::media::{CallMedia, MediaHandle};

/// Orders that may wait for one conference: each of its 32 members enters and leaves, and as many again are turned away.
const ORDERS: usize = 128;

/// A conference's name in its workspace.
type Key = (WorkspaceId, String);

/// All conferences of this node. Cheap to clone.
#[derive(Clone)]
pub struct Conferences {
    media: MediaHandle,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    by_name: HashMap<Key, mpsc::Sender<Order>>,
    /// Members that have entered so far, in all conferences.
    entered: u64,
}

/// A leg that wants to enter.
pub struct Member {
    /// Which stay of its call this is.
    pub stay: StayId,
    /// Its call's media.
    pub media: CallMedia,
    /// Its own.
    pub port: PortId,
    /// Where its call is told.
    pub inbox: mpsc::Sender<Arrival>,
    /// How it is in.
    pub terms: ConferenceTerms,
}

enum Order {
    Enter(u64, Box<Member>),
    Leave(u64),
}

/// A leg's place in a conference, which it leaves when this is dropped.
pub struct Stay {
    orders: mpsc::Sender<Order>,
    member: u64,
}

impl Drop for Stay {
    fn drop(&mut self) {
        let (orders, leave) = (self.orders.clone(), Order::Leave(self.member));
        if let Err(mpsc::error::TrySendError::Full(leave)) = orders.try_send(leave) {
            tokio::spawn(async move {
                // A conference that is over has nobody to let out.
                let _ = orders.send(leave).await;
            });
        }
    }
}

impl Conferences {
    /// None yet.
    pub fn new(media: MediaHandle) -> Self {
        Self { media, open: Arc::default() }
    }

    /// Lets a leg in, or tells its call that there is no place. None: so many come and go that it could not even ask.
    pub fn enter(&self, workspace: WorkspaceId, member: Member) -> Option<Stay> {
        let key = (workspace, member.terms.name.clone());
        // Under the lock, so that a conference that is about to go does not miss who enters.
        let mut open = self.open.lock();
        open.entered += 1;
        let id = open.entered;
        let orders = open.by_name.entry(key.clone()).or_insert_with(|| {
            let (orders, waiting) = mpsc::channel(ORDERS);
            tokio::spawn(Conference::new(self.media.open_mix()).run(self.clone(), key, waiting));
            orders
        });
        orders.try_send(Order::Enter(id, Box::new(member))).ok()?;
        Some(Stay { orders: orders.clone(), member: id })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open.lock().by_name.len()
    }

    /// Forgets a conference that nobody is in; false when somebody is about to enter.
    fn close(&self, key: &Key, orders: &mpsc::Receiver<Order>) -> bool {
        let mut open = self.open.lock();
        let idle = orders.is_empty();
        if idle {
            open.by_name.remove(key);
        }
        idle
    }
}

/// The actor.
struct Conference {
    mix: MixId,
    members: Vec<(u64, Box<Member>)>,
    /// They hear each other.
    begun: bool,
}

impl Conference {
    fn new(mix: MixId) -> Self {
        Self { mix, members: Vec::new(), begun: false }
    }

    async fn run(mut self, conferences: Conferences, key: Key, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Enter(id, member) => self.enter(id, member).await,
                Order::Leave(id) => self.leave(id).await,
            }
            if self.members.is_empty() && conferences.close(&key, &orders) {
                return;
            }
        }
    }

    async fn enter(&mut self, id: u64, member: Box<Member>) {
        // Who is in may have allowed fewer, or more: each one's own word counts when it enters.
        if self.members.len() >= member.terms.max_participants as usize {
            return member.tell(ConferenceEvent::Full).await;
        }
        if let Some((_, first)) = self.members.first() {
            member.media.come_to(&first.media);
        }
        if self.begun && member.terms.beep {
            for (_, other) in &self.members {
                other.media.beep(other.port, ToneSpec::beep());
            }
        }
        let begins = !self.begun && member.terms.start_on_enter;
        self.members.push((id, member));
        if begins {
            self.begun = true;
            for (_, member) in &self.members {
                member.join(self.mix).await;
            }
        } else if let Some((_, member)) = self.members.last() {
            if self.begun { member.join(self.mix).await } else { member.tell(ConferenceEvent::Waiting).await }
        }
    }

    async fn leave(&mut self, id: u64) {
        let Some(index) = self.members.iter().position(|(member, _)| *member == id) else { return };
        let (_, member) = self.members.remove(index);
        member.media.split(member.port);
        if member.terms.end_on_exit {
            for (_, member) in self.members.drain(..) {
                member.media.split(member.port);
                member.tell(ConferenceEvent::Ended).await;
            }
        }
        // Whoever enters an empty one in this moment finds it as new.
        self.begun &= !self.members.is_empty();
    }
}

impl Member {
    async fn join(&self, mix: MixId) {
        self.media.mix(self.port, mix, self.terms.muted);
        self.tell(ConferenceEvent::Joined).await;
    }

    async fn tell(&self, event: ConferenceEvent) {
        // A call that is over needs no telling; its leaving is on the way.
        let _ = self.inbox.send(Arrival::Voice(Input::Conference(self.stay, event))).await;
    }
}
