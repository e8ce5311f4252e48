//! Where a call's media are: on one of the media threads, and able to move to another.
//!
//! All legs of a call are on one thread. To let legs of two calls meet, one call moves to the other's thread:
//!
//! ```text
//! old thread   … orders before ─ Depart ─▶ takes the legs out ─┐
//!                                                               │ hand-over
//! new thread   … ─ Expect ─▶ keeps orders that come after ─────▶ puts the legs in, then obeys what was kept
//! ```
//! Orders of one call are obeyed in the order in which they were given, across the move.

use std::sync::{Arc, mpsc as thread_mpsc};

use media::PortId;
use parking_lot::Mutex;

use super::{
    command::{CallKey, Command, Order},
    link::Link,
};

/// The place of one call.
#[derive(Debug)]
pub(super) struct Place {
    call: CallKey,
    link: Mutex<Arc<Link>>,
}

impl Place {
    pub(super) fn new(call: CallKey, link: Arc<Link>) -> Self {
        Self { call, link: Mutex::new(link) }
    }

    /// Gives an order to the thread that has the call.
    pub(super) fn send(&self, command: Command) {
        // Under the lock, so that no order overtakes a move.
        self.link.lock().send(Order { call: self.call, also: None, command });
    }

    /// Gives the order that adds a leg; the thread's load counts it from now on.
    pub(super) fn add(&self, command: Command) {
        let link = self.link.lock();
        link.load.add(1);
        link.send(Order { call: self.call, also: None, command });
    }

    /// The thread that has the call now.
    pub(super) fn link(&self) -> Arc<Link> {
        self.link.lock().clone()
    }

    /// Moves the call to another thread.
    pub(super) fn move_to(&self, link: &Arc<Link>) {
        let mut current = self.link.lock();
        self.hand_over(&mut current, link);
    }

    /// Joins a leg of this call with one of another, which comes to this call's thread.
    pub(super) fn meet(&self, own: PortId, other: &Self, theirs: PortId) {
        if self.call == other.call {
            return self.send(Command::Join(own, theirs));
        }
        // Always in the same order, so that two calls that fetch each other do not wait for ever.
        let (here, mut there) = if self.call < other.call {
            let here = self.link.lock();
            (here, other.link.lock())
        } else {
            let there = other.link.lock();
            (self.link.lock(), there)
        };
        other.hand_over(&mut there, &here);
        here.send(Order { call: self.call, also: Some(other.call), command: Command::Join(own, theirs) });
    }

    fn hand_over(&self, current: &mut Arc<Link>, link: &Arc<Link>) {
        if Arc::ptr_eq(current, link) {
            return;
        }
        let (hand_over, arrival) = thread_mpsc::sync_channel(1);
        link.send(Order { call: self.call, also: None, command: Command::Expect(arrival) });
        let command = Command::Depart(hand_over, link.waker.clone());
        current.send(Order { call: self.call, also: None, command });
        *current = link.clone();
    }
}
