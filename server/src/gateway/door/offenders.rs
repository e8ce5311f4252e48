//! Addresses that misbehave, and for how long they get silence. Pure and bounded.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::address::counted;

/// Strikes within [`WINDOW`] that block an address: a phone with a wrong password tries a few times a minute, a scanner
/// hundreds of times.
pub(super) const TOLERANCE: u32 = 20;
/// Strikes are forgotten after this long.
const WINDOW: Duration = Duration::from_secs(60);
/// How long a blocked address gets silence.
const BLOCKED_FOR: Duration = Duration::from_secs(600);
/// Addresses remembered per generation; two generations are kept, about 2 MB. A flood from more (forged) addresses pushes
/// out the oldest, never the memory of the process.
const GENERATION: usize = 8_192;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Offenders {
    young: HashMap<IpAddr, Record>,
    old: HashMap<IpAddr, Record>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Record {
    strikes: u32,
    since: Duration,
    blocked_until: Option<Duration>,
}

impl Offenders {
    /// Counts `strikes` against an address. True when that has just blocked it.
    pub(super) fn strike(&mut self, now: Duration, address: IpAddr, strikes: u32) -> bool {
        let record = self.record(now, address);
        if now.saturating_sub(record.since) >= WINDOW {
            (record.strikes, record.since) = (0, now);
        }
        record.strikes = record.strikes.saturating_add(strikes);
        let was_blocked = record.blocked_until.is_some_and(|until| now < until);
        if record.strikes >= TOLERANCE {
            record.blocked_until = Some(now + BLOCKED_FOR);
        }
        record.strikes >= TOLERANCE && !was_blocked
    }

    /// The address has proven who it is: what came before were slips.
    pub(super) fn forgive(&mut self, address: IpAddr) {
        let address = counted(address);
        self.young.remove(&address);
        self.old.remove(&address);
    }

    /// Whether the address gets silence now.
    pub(super) fn is_blocked(&self, now: Duration, address: IpAddr) -> bool {
        let address = counted(address);
        let record = self.young.get(&address).or_else(|| self.old.get(&address));
        record.is_some_and(|record| record.blocked_until.is_some_and(|until| now < until))
    }

    /// How many addresses are blocked now.
    pub(super) fn blocked(&self, now: Duration) -> usize {
        let records = self.young.values().chain(self.old.values());
        records.filter(|record| record.blocked_until.is_some_and(|until| now < until)).count()
    }

    fn record(&mut self, now: Duration, address: IpAddr) -> &mut Record {
        let address = counted(address);
        let known = self.old.remove(&address);
        if self.young.len() >= GENERATION && !self.young.contains_key(&address) {
            self.old = mem::take(&mut self.young);
        }
        self.young.entry(address).or_insert_with(|| known.unwrap_or(Record { since: now, ..Record::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn strikes_in_a_minute_block_for_ten_and_then_it_is_over() {
        let mut offenders = Offenders::default();
        let blocked: Vec<bool> = (0..TOLERANCE).map(|_| offenders.strike(SECOND, address(1), 1)).collect();
        assert_eq!(blocked.iter().filter(|blocked| **blocked).count(), 1);
        assert!(blocked.last().is_some_and(|blocked| *blocked));
        assert!(offenders.is_blocked(SECOND * 600, address(1)));
        assert!(!offenders.is_blocked(SECOND, address(2)));
        assert_eq!(offenders.blocked(SECOND * 600), 1);
        assert!(!offenders.is_blocked(SECOND * 602, address(1)));
        assert_eq!(offenders.blocked(SECOND * 602), 0);
    }

    #[test]
    fn slow_failures_never_add_up() {
        let mut offenders = Offenders::default();
        for second in 0..1_000 {
            assert!(!offenders.strike(SECOND * 4 * second, address(1), 1));
        }
    }

    #[test]
    fn a_proof_forgives() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, address(1), TOLERANCE - 1);
        offenders.forgive(address(1));
        assert!(!offenders.strike(SECOND, address(1), TOLERANCE - 1));
    }

    #[test]
    fn neighbours_in_a_64_are_one_offender() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, "2001:db8::1".parse().unwrap(), TOLERANCE);
        assert!(offenders.is_blocked(SECOND, "2001:db8::ffff:2".parse().unwrap()));
        assert!(!offenders.is_blocked(SECOND, "2001:db8:0:1::1".parse().unwrap()));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_forgets_the_oldest_first() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, address(1), TOLERANCE);
        for number in 2..10_000 {
            offenders.strike(SECOND, address(number), 1);
        }
        assert!(offenders.is_blocked(SECOND, address(1)));
        for number in 10_000..100_000 {
            offenders.strike(SECOND, address(number), 1);
        }
        assert!(offenders.young.len() + offenders.old.len() <= 2 * GENERATION);
    }
}
