//! The way into one media thread, and how loaded that thread is.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
        mpsc as thread_mpsc,
    },
    time::Instant,
};

use bytes::Bytes;
use media::PortId;

use super::{command::Order, engine, ids::PortIds, poller::Waker};
use crate::entropy::Entropy;
use crate::gateway::figures::{SecurityFigures, SoundFigures};

/// Orders waiting for one thread. It empties the queue on every turn, so a sender that finds
/// it full waits for one turn, about a millisecond at most.
const ORDERS: usize = 1_024;
/// WebRTC packets waiting for one thread: 20 ms of 1,000 legs.
const PACKETS: usize = 1_024;
/// A thread that is busy for more than this share of its time, in thousandths, gets no more calls while another is less
/// busy: what is left keeps the 20 ms pace when many calls begin to transcode.
const LOADED: u32 = 500;
/// What a leg is expected to take, in thousandths of a thread: twice that of a relayed one, until it is measured.
const LEG_TAKES: f32 = 0.8;

/// Shared by handles and threads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) entropy: Arc<Entropy>,
    pub(super) ids: PortIds,
    /// Packets dropped because a queue or socket was full.
    pub(super) dropped: AtomicU64,
    /// Packets of encrypted legs that did not prove true.
    pub(super) unproven: AtomicU64,
    /// How the legs of all threads sound.
    pub(super) sound: SoundFigures,
    /// How they are secured.
    pub(super) security: SecurityFigures,
    /// Where the time of all threads begins.
    pub(super) origin: Instant,
}

impl Shared {
    pub(super) fn new(entropy: Arc<Entropy>, origin: Instant) -> Self {
        Self {
            entropy,
            ids: PortIds::default(),
            dropped: AtomicU64::new(0),
            unproven: AtomicU64::new(0),
            sound: SoundFigures::default(),
            security: SecurityFigures::default(),
            origin,
        }
    }
}

/// How loaded a thread is.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Share of the last second that it was not waiting, in thousandths.
    busy: AtomicU32,
    legs: AtomicUsize,
}

/// What comes into the thread.
#[derive(Debug)]
pub(super) struct Queues {
    pub(super) orders: thread_mpsc::Receiver<Order>,
    pub(super) packets: thread_mpsc::Receiver<(PortId, Bytes)>,
    pub(super) woken: Arc<AtomicBool>,
}

/// The sending ends.
#[derive(Debug)]
pub(super) struct Link {
    orders: thread_mpsc::SyncSender<Order>,
    packets: thread_mpsc::SyncSender<(PortId, Bytes)>,
    pub(super) waker: Waker,
    /// A wake is under way: packets that come before the thread looked need no other.
    woken: Arc<AtomicBool>,
    pub(super) load: Arc<Load>,
    shared: Arc<Shared>,
}

impl Load {
    pub(super) fn measured(&self, thousandths: u32) {
        self.busy.store(thousandths, Ordering::Relaxed);
    }

    /// Legs came to the thread.
    pub(super) fn add(&self, legs: usize) {
        self.legs.fetch_add(legs, Ordering::AcqRel);
    }

    /// Legs left it.
    pub(super) fn remove(&self, legs: usize) {
        self.legs.fetch_sub(legs, Ordering::AcqRel);
    }

    /// In thousandths: what was measured or, for legs that are new, what can be expected.
    fn now(&self) -> u32 {
        let expected = self.legs.load(Ordering::Acquire) as f32 * LEG_TAKES;
        self.busy.load(Ordering::Relaxed).max(expected as u32)
    }
}

impl Link {
    /// Starts thread `index`; `origin` is where the time of all threads begins.
    pub(super) fn start(index: usize, origin: Instant, shared: Arc<Shared>) -> io::Result<Arc<Self>> {
        let (orders, order_queue) = thread_mpsc::sync_channel(ORDERS);
        let (packets, packet_queue) = thread_mpsc::sync_channel(PACKETS);
        let woken = Arc::new(AtomicBool::new(false));
        let load = Arc::new(Load::default());
        let queues = Queues { orders: order_queue, packets: packet_queue, woken: woken.clone() };
        let waker = engine::spawn(index, origin, queues, load.clone(), shared.clone())?;
        Ok(Arc::new(Self { orders, packets, waker, woken, load, shared }))
    }

    /// The thread for a new call: the first that is not loaded, so that few calls wake one thread only, else the one that
    /// is least.
    pub(super) fn choose(links: &[Arc<Self>]) -> Option<&Arc<Self>> {
        let loads = links.iter().map(|link| link.load.now());
        links.get(first_free(loads)?)
    }

    pub(super) fn send(&self, order: Order) {
        // A thread that is gone has closed everything; there is nothing left to order.
        if self.orders.send(order).is_ok() {
            self.wake();
        }
    }

    pub(super) fn packet(&self, port: PortId, packet: Bytes) {
        if self.packets.try_send((port, packet)).is_ok() {
            self.wake();
        } else {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) && self.waker.wake().is_err() {
            // The next tick, at most 20 ms away, finds the queues anyway.
            self.woken.store(false, Ordering::Release);
        }
    }
}

/// The first thread below [`LOADED`], else the least loaded.
fn first_free(loads: impl Iterator<Item = u32> + Clone) -> Option<usize> {
    let free = loads.clone().position(|load| load < LOADED);
    free.or_else(|| loads.enumerate().min_by_key(|(_, load)| *load).map(|(index, _)| index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_to_one_thread_until_it_is_loaded_and_back_when_it_is_not() {
        for (loads, chosen) in [
            (vec![0, 0], Some(0)),
            (vec![LOADED - 1, 0], Some(0)),
            (vec![LOADED, 100], Some(1)),
            (vec![LOADED + 90, LOADED + 10, LOADED + 50], Some(1)),
            (vec![], None),
        ] {
            assert_eq!(first_free(loads.iter().copied()), chosen, "{loads:?}");
        }
    }

    #[test]
    fn legs_count_before_they_are_measured() {
        let load = Load::default();
        load.add(1_000);
        assert!(load.now() > LOADED);
        load.remove(1_000);
        load.measured(20);
        assert_eq!(load.now(), 20);
    }
}
