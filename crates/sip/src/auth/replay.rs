//! Which uses of a nonce have been seen (RFC 7616 §3.4.6, nonce count).
//!
//! Counts may come out of order over UDP, so a window behind the highest is remembered bit by bit.

use std::collections::{HashMap, VecDeque};

use super::nonce::NonceId;

/// Nonce counts behind the highest that may still come, once each.
pub const NC_WINDOW: u32 = 64;

/// Nonces remembered at a time, about 5 MB; reached only by that many authenticated clients within
/// one nonce lifetime. Beyond it the oldest are forgotten and count as stale.
pub const MAX_NONCES: usize = 65_536;

/// Only nonces with a correct response get in, so strangers cannot fill the table.
#[derive(Default)]
pub(super) struct ReplayTable {
    windows: HashMap<NonceId, Window>,
    /// In the order of their first use.
    order: VecDeque<NonceId>,
    /// Nonces made at or before this moment may have been forgotten: they are not taken any more.
    floor_ms: Option<u64>,
}

struct Window {
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

/// What the table says about one use of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Fresh,
    /// Seen before, or too far behind to know.
    Replayed,
    /// The table has forgotten; the client needs another nonce.
    Forgotten,
}

impl ReplayTable {
    pub(super) fn record(&mut self, id: NonceId, nc: u32) -> Use {
        if let Some(window) = self.windows.get_mut(&id) {
            return window.record(nc);
        }
        if self.floor_ms.is_some_and(|floor| id.made_ms <= floor) {
            return Use::Forgotten;
        }
        if self.order.len() >= MAX_NONCES {
            self.forget_oldest();
        }
        self.windows.insert(id, Window { highest: nc, seen: 1 });
        self.order.push_back(id);
        Use::Fresh
    }

    /// Drops nonces made before this moment, which are expired anyway.
    pub(super) fn expire(&mut self, before_ms: u64) {
        while self.order.front().is_some_and(|id| id.made_ms < before_ms) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(id) = self.order.pop_front() {
            self.windows.remove(&id);
            self.floor_ms = Some(self.floor_ms.map_or(id.made_ms, |floor| floor.max(id.made_ms)));
        }
    }
}

impl Window {
    fn record(&mut self, nc: u32) -> Use {
        if nc > self.highest {
            let shift = nc - self.highest;
            self.seen = if shift >= NC_WINDOW { 0 } else { self.seen << shift };
            self.seen |= 1;
            self.highest = nc;
            return Use::Fresh;
        }
        let behind = self.highest - nc;
        if behind >= NC_WINDOW || self.seen & (1 << behind) != 0 {
            return Use::Replayed;
        }
        self.seen |= 1 << behind;
        Use::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::super::NonceKey;
    use super::*;
    use core::time::Duration;

    fn id(made_ms: u64, salt: u64) -> NonceId {
        let key = NonceKey::new([7; 32]);
        key.open(&key.make(Duration::from_millis(made_ms), salt, "r"), "r").unwrap()
    }

    #[test]
    fn counts_are_taken_once_in_any_order_within_the_window() {
        let mut table = ReplayTable::default();
        let id = id(1, 1);
        for (nc, expected) in [
            (1, Use::Fresh),
            (10, Use::Fresh),
            (9, Use::Fresh),
            (9, Use::Replayed),
            (10, Use::Replayed),
            (11, Use::Fresh),
            (100, Use::Fresh),
            (36, Use::Replayed),
            (37, Use::Fresh),
            (11, Use::Replayed),
        ] {
            assert_eq!(table.record(id, nc), expected, "nc {nc}");
        }
    }

    #[test]
    fn a_forgotten_nonce_cannot_be_replayed() {
        let mut table = ReplayTable::default();
        let old = id(5, 0);
        assert_eq!(table.record(old, 1), Use::Fresh);
        for salt in 0..MAX_NONCES as u64 {
            table.record(id(6, salt), 1);
        }
        assert_eq!(table.windows.len(), MAX_NONCES);
        assert_eq!(table.record(old, 1), Use::Forgotten);
    }
}
