//! Conferences: legs of several calls that hear each other. One actor for each ([`room`]); it exists while somebody is in it.
//!
//! ```text
//!  Waiting ── somebody enters who begins it ──► Talking ── the last one leaves, or one who ends it ──► gone
//! ```
//! Calls keep their media: they come to the media thread of the conference, where all are in one mix. Here are the ways in and
//! the list; what a conference needs of the server around it (recordings, events) stands behind [`House`]. Deliberately
//! absent: what its members hear while they wait or are held (the voice crate's).

mod announcements;
mod house;
pub mod http;
mod room;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::media::{MixId, PortId};
use parking_lot::Mutex;
use sautikit_api::conferences as wire;
use sautikit_api::ids::{CallId, ConferenceId, WorkspaceId};
use tokio::sync::{mpsc, oneshot};
use voice::{ConferenceTerms, StayId};

pub use self::house::{Happened, House, Orders, ServerHouse};
use self::room::{Order, Room};
use super::call_task::Arrival;
use super::media::{CallMedia, MediaHandle};
use super::put::put;

/// Orders that may wait for one conference: each of its 32 members enters and leaves, as many again are turned away, and the
/// API mutes some.
const ORDERS: usize = 128;

/// A conference's name in its workspace.
type Key = (WorkspaceId, String);

/// All conferences of this node. Cheap to clone.
#[derive(Clone)]
pub struct Conferences {
    media: MediaHandle,
    house: Arc<dyn House>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    by_name: HashMap<Key, Entry>,
    /// Members that have entered so far, in all conferences.
    entered: u64,
}

#[derive(Clone)]
struct Entry {
    id: ConferenceId,
    orders: mpsc::Sender<Order>,
    mix: MixId,
}

/// Tells whoever a party's `statusCallback` names of the conference as a whole, by our names; nobody waits for it.
pub type Teller = Arc<dyn Fn(Vec<(&'static str, String)>) + Send + Sync>;

/// A leg that wants to enter.
pub struct Member {
    /// Its call.
    pub call_id: CallId,
    /// Whose number or identity it is.
    pub party: String,
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
    /// Whoever it wants told of the conference.
    pub teller: Option<Teller>,
    /// Its call has given the place up.
    pub has_gone: Arc<AtomicBool>,
}

/// A leg's place in a conference, which it leaves when this is dropped.
pub struct Stay {
    orders: mpsc::Sender<Order>,
    member: u64,
    has_gone: Arc<AtomicBool>,
    media: CallMedia,
    port: PortId,
    mix: MixId,
}

impl Stay {
    /// Lets the recording that this leg's call asked for wait, or go on, as of that moment of the monotonic clock.
    pub fn pause_recording(&self, at: Duration, mode: Option<sautikit_api::recordings::PauseMode>) {
        put(&self.orders, Order::PauseRecording(self.member, at, mode));
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        // At once, before the call connects the leg with somebody else; the conference hears of it later.
        self.has_gone.store(true, Ordering::Release);
        self.media.unmix(self.port, self.mix);
        put(&self.orders, Order::Leave(self.member));
    }
}

/// The way to a conference that is live.
pub struct Found(Entry);

impl Found {
    /// Its id.
    pub fn id(&self) -> ConferenceId {
        self.0.id
    }

    /// How it stands; none when it is over meanwhile.
    pub async fn look(&self) -> Option<wire::LiveConference> {
        self.ask(Order::Look).await
    }

    /// Changes how a call's party is in; none when it is not.
    pub async fn change(&self, call: CallId, change: wire::UpdateConferenceMember) -> Option<wire::ConferenceMember> {
        self.ask(|reply| Order::Change(call, change, reply)).await?
    }

    /// Takes a call's party out; whether it was in.
    pub async fn remove(&self, call: CallId) -> bool {
        self.ask(|reply| Order::Remove(call, reply)).await.unwrap_or(false)
    }

    /// Lets all hear an announcement, or one call's party, after those that are heard and wait; none when the conference is
    /// over meanwhile, false when too many wait.
    pub async fn announce(&self, audio: Vec<Arc<::media::Asset>>, only: Option<CallId>) -> Option<bool> {
        self.ask(|reply| Order::Announce(audio, only, reply)).await
    }

    /// Ends it for all.
    pub async fn end(&self) {
        let _ = self.0.orders.send(Order::End).await;
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.orders.send(order(reply)).await.ok()?;
        answer.await.ok()
    }
}

impl Conferences {
    /// None yet.
    pub fn new(media: MediaHandle, house: Arc<dyn House>) -> Self {
        Self { media, house, open: Arc::default() }
    }

    /// Lets a leg in, or tells its call that there is no place. None: so many come and go that it could not even ask.
    pub fn enter(&self, workspace: WorkspaceId, member: Member) -> Option<Stay> {
        let key = (workspace, member.terms.name.clone());
        // Under the lock, so that a conference that is about to go does not miss who enters.
        let mut open = self.open.lock();
        open.entered += 1;
        let number = open.entered;
        let (orders, mix) = match open.by_name.get(&key) {
            Some(entry) => (entry.orders.clone(), entry.mix),
            None => {
                let (orders, waiting) = mpsc::channel(ORDERS);
                let id = ConferenceId(self.house.new_id());
                let room = Room::new(id, key.clone(), &self.media, self.house.clone());
                let mix = room.mix();
                self.house.run(Box::pin(room.run(self.clone(), waiting)));
                open.by_name.insert(key, Entry { id, orders: orders.clone(), mix });
                (orders, mix)
            }
        };
        let (has_gone, media, port) = (member.has_gone.clone(), member.media.clone(), member.port);
        orders.try_send(Order::Enter(number, Box::new(member))).ok()?;
        Some(Stay { orders, member: number, has_gone, media, port, mix })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open.lock().by_name.len()
    }

    /// A workspace's, in no order.
    pub async fn list(&self, workspace: WorkspaceId) -> Vec<wire::LiveConference> {
        let of = |(key, entry): (&Key, &Entry)| (key.0 == workspace).then(|| Found(entry.clone()));
        let found: Vec<_> = self.open.lock().by_name.iter().filter_map(of).collect();
        let mut shown = Vec::with_capacity(found.len());
        for one in found {
            shown.extend(one.look().await);
        }
        shown
    }

    /// The one of a workspace that has this id or name.
    pub fn find(&self, workspace: WorkspaceId, text: &str) -> Option<Found> {
        let open = self.open.lock();
        let mut own = open.by_name.iter().filter(|(key, _)| key.0 == workspace);
        let found = own.find(|((_, name), entry)| name == text || entry.id.to_string() == text);
        found.map(|(_, entry)| Found(entry.clone()))
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
