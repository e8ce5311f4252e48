//! One heap of deadlines for everything that waits: transactions, sessions, registrations.
//!
//! An object has at most one live entry. A deadline that moves later keeps its old entry, which is then found too
//! early and put back: cheaper than deleting from a heap, because most SIP timers are cancelled by the answer that
//! they guard against. Entries of objects that are gone are dropped when they come up.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use super::client::ClientKey;
use super::io::{RegistrationId, SessionId, TransactionId};

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waiter {
    Client(ClientKey),
    Server(TransactionId),
    Session(SessionId),
    Registration(RegistrationId),
}

/// What an object remembers about its heap entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Armed(Option<Duration>);

/// The heap.
#[derive(Default)]
pub(crate) struct Schedule {
    heap: BinaryHeap<Reverse<(Duration, Waiter)>>,
}

impl Schedule {
    /// Makes sure that `waiter` is woken at `deadline` or earlier.
    pub(crate) fn arm(&mut self, waiter: Waiter, armed: &mut Armed, deadline: Option<Duration>) {
        let Some(deadline) = deadline else { return };
        if armed.0.is_some_and(|earlier| earlier <= deadline) {
            return;
        }
        armed.0 = Some(deadline);
        self.heap.push(Reverse((deadline, waiter)));
    }

    /// The next entry that is due.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<(Duration, Waiter)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// When the shell should call again.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Gives back the room that a burst needed.
    pub(crate) fn give_back(&mut self) {
        if let Some(places) = super::shrunk(self.heap.len(), self.heap.capacity()) {
            self.heap.shrink_to(places);
        }
    }

    /// Entries, live and stale.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl Armed {
    /// The entry for `at` came up. False: a later `arm` replaced it, so it is stale.
    pub(crate) fn take(&mut self, at: Duration) -> bool {
        let live = self.0 == Some(at);
        if live {
            self.0 = None;
        }
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITER: Waiter = Waiter::Session(SessionId(1));

    #[test]
    fn earlier_deadline_replaces_the_later_one() {
        let (mut schedule, mut armed) = (Schedule::default(), Armed::default());
        schedule.arm(WAITER, &mut armed, Some(Duration::from_secs(5)));
        schedule.arm(WAITER, &mut armed, Some(Duration::from_secs(2)));
        let (at, _) = schedule.pop_due(Duration::from_secs(9)).unwrap();
        assert_eq!(at, Duration::from_secs(2));
        assert!(armed.take(at));
        let (stale, _) = schedule.pop_due(Duration::from_secs(9)).unwrap();
        assert!(!armed.take(stale));
        assert_eq!(schedule.len(), 0);
    }

    #[test]
    fn later_deadline_costs_no_entry() {
        let (mut schedule, mut armed) = (Schedule::default(), Armed::default());
        schedule.arm(WAITER, &mut armed, Some(Duration::from_secs(1)));
        schedule.arm(WAITER, &mut armed, Some(Duration::from_secs(30)));
        assert_eq!(schedule.len(), 1);
    }
}
