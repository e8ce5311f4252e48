//! Clients and their buckets, bounded: two generations, of which the older is dropped whole.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::time::Duration;

use super::quota::{Quota, Standing};

/// Clients remembered per generation, so at most twice as many: about 5 MB. More at once push out the oldest, who then
/// get a full bucket: forgiving a few is better than growing without end.
const GENERATION: usize = 32_768;

/// The buckets of one quota's clients.
#[derive(Debug)]
pub(super) struct Table<K> {
    quota: Quota,
    young: HashMap<K, Duration>,
    old: HashMap<K, Duration>,
    turned_at: Duration,
}

impl<K: Hash + Eq> Table<K> {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, young: HashMap::new(), old: HashMap::new(), turned_at: Duration::ZERO }
    }

    /// Takes one request of `client` at `now`.
    pub(super) fn take(&mut self, now: Duration, client: K) -> Standing {
        // Who was not seen for a whole window has a full bucket, which is what a stranger has: nothing to remember.
        if now.saturating_sub(self.turned_at) >= self.quota.window() {
            self.turn(now);
        }
        let known = self.old.remove(&client);
        if self.young.len() >= GENERATION && !self.young.contains_key(&client) {
            self.turn(now);
        }
        let full_at = self.young.entry(client).or_insert_with(|| known.unwrap_or_default());
        self.quota.take(now, full_at)
    }

    fn turn(&mut self, now: Duration) {
        self.old = mem::take(&mut self.young);
        self.turned_at = now;
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn table() -> Table<u32> {
        Table::new(Quota::new(100, 400).unwrap())
    }

    #[test]
    fn clients_have_buckets_of_their_own() {
        let mut table = table();
        assert!((0..400).all(|_| !table.take(SECOND, 1).refused));
        assert!(table.take(SECOND, 1).refused);
        assert!(!table.take(SECOND, 2).refused);
    }

    #[test]
    fn a_debt_outlives_the_generations_until_it_is_paid() {
        let mut table = table();
        let mut admitted = 0;
        // Hammering for 100 s from a client at 1,000 requests a second, across 25 turns.
        for tick in 0..100_000_u32 {
            admitted += u32::from(!table.take(SECOND + Duration::from_millis(1) * tick, 1).refused);
        }
        assert!(admitted <= 400 + 100 * 100, "{admitted}");
    }

    #[test]
    fn the_idle_are_forgotten() {
        let mut table = table();
        for client in 0..1_000 {
            table.take(SECOND, client);
        }
        table.take(SECOND * 10, 0);
        table.take(SECOND * 20, 0);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_flood_of_clients_is_bounded() {
        let mut table = table();
        for client in 0..200_000 {
            table.take(SECOND, client);
        }
        assert!(table.len() <= 2 * GENERATION);
    }
}
