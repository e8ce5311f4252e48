//! Whether another node is dead: pure, on the monotonic clock of who looks.
//!
//! A lease that has lapsed is not enough. After an outage of the database nobody has renewed one, and who is back first would
//! close the running calls of all others; and a clock that runs a minute ahead sees every lease as lapsed. So a lapsed
//! lease is watched for as long as a living node takes to renew it several times.

use std::collections::HashMap;
use std::time::Duration;

use super::TICK_EVERY;

/// A living node renews its lease every five seconds; one that has not in fifteen, while the database takes writes, is dead.
const WATCHED_FOR: Duration = TICK_EVERY.saturating_mul(3);

/// What a node has seen of the leases of others.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// When each lapsed lease was seen first, with its end in microseconds UTC.
    seen: HashMap<String, (i64, Duration)>,
}

impl Witness {
    /// Of the nodes whose lease is lapsed as these say (node, end of its lease in microseconds UTC), those that are dead.
    pub(super) fn dead(&mut self, lapsed: Vec<(String, i64)>, now: Duration) -> Vec<String> {
        let before = std::mem::take(&mut self.seen);
        let mut dead = Vec::new();
        for (node, lease_until) in lapsed {
            let first = before.get(&node).filter(|(until, _)| *until == lease_until).map_or(now, |(_, first)| *first);
            if now.saturating_sub(first) >= WATCHED_FOR {
                dead.push(node.clone());
            }
            self.seen.insert(node, (lease_until, first));
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lapsed(lease_until: i64) -> Vec<(String, i64)> {
        vec![("a".to_owned(), lease_until)]
    }

    #[test]
    fn a_lease_that_nobody_renews_for_three_ticks_is_a_dead_nodes() {
        let mut witness = Witness::default();
        for second in [100, 105, 110] {
            assert!(witness.dead(lapsed(7), seconds(second)).is_empty());
        }
        assert_eq!(witness.dead(lapsed(7), seconds(115)), ["a"]);
    }

    #[test]
    fn a_node_that_renews_lives_though_its_lease_looks_lapsed_to_a_clock_that_runs_ahead() {
        let mut witness = Witness::default();
        assert!((0..100).all(|tick| witness.dead(lapsed(tick), seconds(5 * tick.unsigned_abs())).is_empty()));
    }

    #[test]
    fn after_an_outage_everybody_has_the_time_to_come_back() {
        let mut witness = Witness::default();
        // Nobody was lapsed before it.
        assert!(witness.dead(Vec::new(), seconds(100)).is_empty());
        // Ten minutes later the database is back, and this node is the first to say so.
        assert!(witness.dead(lapsed(7), seconds(700)).is_empty());
        assert!(witness.dead(Vec::new(), seconds(705)).is_empty());
        assert!(witness.dead(lapsed(7), seconds(720)).is_empty(), "what was seen before it came back does not count");
    }
}
