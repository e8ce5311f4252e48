//! Addresses that misbehave, and for how long they get silence. Pure and bounded.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::address::counted;

/// Strikes within [`WINDOW`] that block an address: a phone with a wrong password tries a few times a minute, a scanner
/// hundreds of times. An office whose power comes back has a first challenge for each of its phones.
pub(super) const TOLERANCE: u32 = 60;
/// The same for an address from which somebody has proven who it is: behind it may be an office, whose phones ask and ping
/// without credentials all day.
const PROVEN_TOLERANCE: u32 = 1_000;
/// How long a proof speaks for its address: a device registers anew within it.
const PROVEN_FOR: Duration = Duration::from_secs(3_600);
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
    proven_at: Option<Duration>,
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
        let is_proven = record.proven_at.is_some_and(|at| now.saturating_sub(at) < PROVEN_FOR);
        let is_too_much = record.strikes >= if is_proven { PROVEN_TOLERANCE } else { TOLERANCE };
        if is_too_much {
            record.blocked_until = Some(now + BLOCKED_FOR);
        }
        is_too_much && !was_blocked
    }

    /// The address has proven who it is: what came before were slips.
    pub(super) fn forgive(&mut self, now: Duration, address: IpAddr) {
        *self.record(now, address) = Record { since: now, proven_at: Some(now), ..Record::default() };
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
        offenders.forgive(SECOND, address(1));
        assert!(!offenders.strike(SECOND, address(1), TOLERANCE - 1));
    }

    #[test]
    fn an_address_behind_which_somebody_is_known_may_ask_more_for_an_hour() {
        let mut offenders = Offenders::default();
        offenders.forgive(SECOND, address(1));
        assert!(!offenders.strike(SECOND * 2, address(1), PROVEN_TOLERANCE - 1));
        assert!(offenders.strike(SECOND * 3, address(1), 1));
        offenders.forgive(SECOND, address(2));
        assert!(offenders.strike(SECOND * 3_602, address(2), TOLERANCE));
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
