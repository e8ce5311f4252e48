//! Whether the node that delivers still does: pure, on the timer of who looks, because the nodes' clocks differ.
//!
//! A living one renews its lease every two seconds. One whose lease stands unchanged for as long as it may believe in it
//! itself, counted from when that was seen first, makes no attempt any more: another takes over.

use std::time::Duration;

use tokio::time::Instant;

/// How long a node that delivers believes in its lease, from when it began to renew it.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// What stands in the lease's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who delivers.
    pub node_id: String,
    /// Raised by each taking.
    pub epoch: i64,
    /// Another number after each renewal; 0 where nobody delivers.
    pub until: i64,
}

/// What a node has seen of the lease.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Option<(Lease, Instant)>,
}

impl Watch {
    /// Whether the lease, as it stands now, may be taken by `node_id`.
    pub fn is_free(&mut self, lease: &Lease, node_id: &str, now: Instant) -> bool {
        if !matches!(&self.seen, Some((seen, _)) if seen == lease) {
            self.seen = Some((lease.clone(), now));
        }
        lease.until == 0 || lease.node_id == node_id || !self.is_alive(lease, now).unwrap_or(true)
    }

    /// Whether who has the lease delivers still, as far as this node can tell; none where it never looked.
    pub fn is_alive(&self, lease: &Lease, now: Instant) -> Option<bool> {
        let (seen, since) = self.seen.as_ref()?;
        Some(lease.until != 0 && (seen != lease || now.saturating_duration_since(*since) < LEASE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(until: i64) -> Lease {
        Lease { node_id: "a".to_owned(), epoch: 1, until }
    }

    #[test]
    fn one_that_is_renewed_is_alive_whatever_its_clock_says() {
        let (mut watch, mut now) = (Watch::default(), crate::clock::timer_now());
        assert_eq!(watch.is_alive(&lease(1), now), None);
        for until in [7, 5, i64::MAX, 1] {
            assert!(!watch.is_free(&lease(until), "b", now));
            now += LEASE - Duration::from_secs(1);
            assert!(!watch.is_free(&lease(until), "b", now));
            assert_eq!(watch.is_alive(&lease(until), now), Some(true));
        }
    }

    #[test]
    fn one_that_nobody_renews_is_free_after_its_time() {
        let (mut watch, now) = (Watch::default(), crate::clock::timer_now());
        // Its clock was a century ahead.
        assert!(!watch.is_free(&lease(i64::MAX), "b", now));
        assert!(watch.is_free(&lease(i64::MAX), "b", now + LEASE));
        assert_eq!(watch.is_alive(&lease(i64::MAX), now + LEASE), Some(false));
    }

    #[test]
    fn one_that_was_given_back_or_is_ones_own_is_free_at_once() {
        let (mut watch, now) = (Watch::default(), crate::clock::timer_now());
        assert!(watch.is_free(&lease(0), "b", now));
        assert!(watch.is_free(&lease(7), "a", now), "a process that was killed was this node");
        assert_eq!(watch.is_alive(&lease(0), now), Some(false));
    }
}
