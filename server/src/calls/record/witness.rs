//! Whether another node is dead: pure, on the monotonic clock of who looks.
//!
//! What a lease says is not enough. After an outage of the database nobody has renewed one, and who is back first would close
//! the running calls of all others; a clock that runs a minute ahead sees every lease as lapsed, and a lease that was made by
//! one would look alive for as long as that clock was ahead. So each lease is watched: one that looks lapsed for as long as a
//! living node takes to renew it several times, any other one for as long as a lease lasts beside that. What nobody saw, as
//! during an outage, does not count.

use std::collections::HashMap;
use std::time::Duration;

use super::{LEASE_US, TICK_EVERY};

/// A living node renews its lease every five seconds; one that has not in fifteen, while the database takes writes, is dead.
const WATCHED_FOR: Duration = TICK_EVERY.saturating_mul(3);
/// The same where the lease does not look lapsed.
const WATCHED_AT_MOST: Duration = Duration::from_micros(LEASE_US.unsigned_abs()).saturating_add(WATCHED_FOR);

/// What a node has seen of the leases of others.
#[derive(Debug, Default)]
pub(super) struct Witness {
    seen: HashMap<String, Seen>,
    looked_at: Duration,
}

/// A lease that was not renewed.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Its end in microseconds UTC.
    lease_until: i64,
    /// For how long it was seen so.
    watched: Duration,
    /// And looked lapsed.
    lapsed: Duration,
    /// It did so at the last look.
    was_lapsed: bool,
}

impl Witness {
    /// Of the nodes with these leases (node, end of its lease in microseconds UTC), those that are dead. `now` is the
    /// monotonic clock, `now_us` the wall clock in microseconds UTC.
    pub(super) fn dead(&mut self, leases: Vec<(String, i64)>, now: Duration, now_us: i64) -> Vec<String> {
        // A pause between two looks tells no more than that one tick was missed.
        let passed = now.saturating_sub(self.looked_at).min(TICK_EVERY);
        self.looked_at = now;
        let before = std::mem::take(&mut self.seen);
        let mut dead = Vec::new();
        for (node, lease_until) in leases {
            let is_lapsed = lease_until < now_us;
            let seen = match before.get(&node).filter(|seen| seen.lease_until == lease_until) {
                Some(seen) => Seen {
                    lease_until,
                    watched: seen.watched + passed,
                    lapsed: seen.lapsed + if is_lapsed && seen.was_lapsed { passed } else { Duration::ZERO },
                    was_lapsed: is_lapsed,
                },
                None => Seen { lease_until, watched: Duration::ZERO, lapsed: Duration::ZERO, was_lapsed: is_lapsed },
            };
            if seen.lapsed >= WATCHED_FOR || seen.watched >= WATCHED_AT_MOST {
                dead.push(node.clone());
            }
            self.seen.insert(node, seen);
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_000_000_000_000;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lease(lease_until: i64) -> Vec<(String, i64)> {
        vec![("a".to_owned(), lease_until)]
    }

    #[test]
    fn a_lease_that_nobody_renews_for_three_ticks_is_a_dead_nodes() {
        let mut witness = Witness::default();
        for second in [100, 105, 110] {
            assert!(witness.dead(lease(7), seconds(second), NOW_US).is_empty());
        }
        assert_eq!(witness.dead(lease(7), seconds(115), NOW_US), ["a"]);
    }

    #[test]
    fn a_node_that_renews_lives_though_its_lease_looks_lapsed_to_a_clock_that_runs_ahead() {
        let mut witness = Witness::default();
        assert!((0..100).all(|tick| witness.dead(lease(tick), seconds(5 * tick.unsigned_abs()), NOW_US).is_empty()));
    }

    #[test]
    fn a_lease_ahead_of_time_keeps_a_dead_node_alive_for_no_longer_than_a_lease_lasts() {
        let mut witness = Witness::default();
        let hours_ahead = NOW_US + 3 * 3_600 * 1_000_000;
        let mut looks = (0..).map(|tick| witness.dead(lease(hours_ahead), seconds(5 * tick), NOW_US));
        assert!(looks.by_ref().take(15).all(|dead| dead.is_empty()), "it may be renewed within 75 seconds");
        assert_eq!(looks.next(), Some(vec!["a".to_owned()]));
    }

    #[test]
    fn a_lease_that_lapses_while_it_is_watched_has_three_ticks_from_then_on() {
        let mut witness = Witness::default();
        let until = NOW_US + 30_000_000;
        let dead_at = (0..).map(|tick| 5 * tick).find(|second| {
            let now_us = NOW_US + 1_000_000 * i64::from(*second);
            !witness.dead(lease(until), seconds(u64::from(*second)), now_us).is_empty()
        });
        assert_eq!(dead_at, Some(50_u32), "seen lapsed at 35 for the first time");
    }

    #[test]
    fn after_an_outage_everybody_has_the_time_to_come_back() {
        let mut witness = Witness::default();
        // Nobody was lapsed before it.
        assert!(witness.dead(lease(NOW_US + 60_000_000), seconds(100), NOW_US).is_empty());
        // Ten minutes later the database is back, and this node is the first to say so.
        let now_us = NOW_US + 600_000_000;
        assert!(witness.dead(lease(NOW_US + 60_000_000), seconds(700), now_us).is_empty());
        assert!(witness.dead(lease(now_us + 60_000_000), seconds(705), now_us).is_empty());
        assert!(witness.dead(lease(now_us + 60_000_000), seconds(720), now_us).is_empty());
        assert!(witness.dead(Vec::new(), seconds(725), now_us).is_empty());
        assert!(
            witness.dead(lease(7), seconds(740), now_us).is_empty(),
            "what was seen before it came back does not count"
        );
    }
}
