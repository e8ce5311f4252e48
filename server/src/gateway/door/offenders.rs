//! Addresses that misbehave, and for how long they get silence. Pure and bounded.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::address::counted;
use crate::gateway::sip::{Offence, Reason};

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
    /// How much of the strikes is for what, in the order of [`Reason::ALL`].
    reasons: [u16; Reason::ALL.len()],
}

/// An address that something is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Of IPv6 the network of 64 bits that it is in.
    pub address: IpAddr,
    /// Strikes within the last minute, or before it was blocked.
    pub score: u32,
    /// What they were for, with how many each.
    pub reasons: Vec<(Reason, u16)>,
    /// How long it gets silence from now on; none where it gets answers.
    pub blocked_for: Option<Duration>,
}

impl Record {
    fn is_blocked(&self, now: Duration) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// Strikes that count still.
    fn score(&self, now: Duration) -> u32 {
        let counts = self.is_blocked(now) || now.saturating_sub(self.since) < WINDOW;
        if counts { self.strikes } else { 0 }
    }
}

impl Offenders {
    /// Counts `strikes` against an address. True when that has just blocked it.
    pub(super) fn strike(&mut self, now: Duration, address: IpAddr, Offence { reason, strikes }: Offence) -> bool {
        let record = self.record(now, address);
        if now.saturating_sub(record.since) >= WINDOW {
            (record.strikes, record.since, record.reasons) = (0, now, Default::default());
        }
        let of_reason = &mut record.reasons[reason as usize];
        *of_reason = of_reason.saturating_add(u16::try_from(strikes).unwrap_or(u16::MAX));
        record.strikes = record.strikes.saturating_add(strikes);
        let was_blocked = record.is_blocked(now);
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
        record.is_some_and(|record| record.is_blocked(now))
    }

    /// How many addresses are blocked now.
    pub(super) fn blocked(&self, now: Duration) -> usize {
        self.young.values().chain(self.old.values()).filter(|record| record.is_blocked(now)).count()
    }

    /// Those that something is held against: who is blocked first, then by how much, `most` at most.
    pub(super) fn list(&self, now: Duration, most: usize) -> Vec<Stranger> {
        let held = self.young.iter().chain(&self.old).filter(|(_, record)| record.score(now) > 0);
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|(address, record)| (!record.is_blocked(now), Reverse(record.score(now)), **address));
        let stranger = |(address, record): (&IpAddr, &Record)| Stranger {
            address: *address,
            score: record.score(now),
            reasons: Reason::ALL.into_iter().zip(record.reasons).filter(|(_, strikes)| *strikes > 0).collect(),
            blocked_for: record.blocked_until.map(|until| until.saturating_sub(now)).filter(|left| !left.is_zero()),
        };
        held.into_iter().take(most).map(stranger).collect()
    }

    /// Forgets an address, a proof of it too. False: nothing was held against it.
    pub(super) fn forget(&mut self, now: Duration, address: IpAddr) -> bool {
        let address = counted(address);
        let known = [self.young.remove(&address), self.old.remove(&address)];
        known.into_iter().flatten().any(|record| record.score(now) > 0)
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

    fn of(strikes: u32) -> Offence {
        Offence { reason: Reason::Other, strikes }
    }

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn strikes_in_a_minute_block_for_ten_and_then_it_is_over() {
        let mut offenders = Offenders::default();
        let blocked: Vec<bool> = (0..TOLERANCE).map(|_| offenders.strike(SECOND, address(1), of(1))).collect();
        assert_eq!(blocked.iter().filter(|blocked| **blocked).count(), 1);
        assert!(blocked.last().is_some_and(|blocked| *blocked));
        assert!(offenders.is_blocked(SECOND * 600, address(1)));
        assert!(!offenders.is_blocked(SECOND, address(2)));
        assert_eq!(offenders.blocked(SECOND * 600), 1);
        assert!(!offenders.is_blocked(SECOND * 602, address(1)));
        assert_eq!(offenders.blocked(SECOND * 602), 0);
    }

    #[test]
    fn what_is_held_against_whom_is_listed_the_worst_first_and_can_be_forgotten() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, address(1), of(2));
        offenders.strike(SECOND, address(2), Offence { reason: Reason::Scanner, strikes: TOLERANCE });
        offenders.strike(SECOND, address(3), Offence { reason: Reason::FailedProof, strikes: 3 });
        offenders.strike(SECOND, address(3), of(1));
        offenders.forgive(SECOND, address(4));
        let list = offenders.list(SECOND * 2, 10);
        assert_eq!(list.iter().map(|stranger| stranger.address).collect::<Vec<_>>(), [2, 3, 1].map(address));
        assert_eq!((list[0].blocked_for, list[1].blocked_for), (Some(SECOND * 599), None));
        assert_eq!((list[1].score, &*list[1].reasons), (4, &[(Reason::FailedProof, 3), (Reason::Other, 1)][..]));
        assert_eq!(offenders.list(SECOND * 2, 1).len(), 1);
        // After its minute only what is blocked counts.
        assert_eq!(offenders.list(SECOND * 62, 10).len(), 1);
        assert!(offenders.forget(SECOND * 62, address(2)) && !offenders.is_blocked(SECOND * 62, address(2)));
        assert!(!offenders.forget(SECOND * 62, address(2)) && !offenders.forget(SECOND * 62, address(4)));
    }

    #[test]
    fn slow_failures_never_add_up() {
        let mut offenders = Offenders::default();
        for second in 0..1_000 {
            assert!(!offenders.strike(SECOND * 4 * second, address(1), of(1)));
        }
    }

    #[test]
    fn a_proof_forgives() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, address(1), of(TOLERANCE - 1));
        offenders.forgive(SECOND, address(1));
        assert!(!offenders.strike(SECOND, address(1), of(TOLERANCE - 1)));
    }

    #[test]
    fn an_address_behind_which_somebody_is_known_may_ask_more_for_an_hour() {
        let mut offenders = Offenders::default();
        offenders.forgive(SECOND, address(1));
        assert!(!offenders.strike(SECOND * 2, address(1), of(PROVEN_TOLERANCE - 1)));
        assert!(offenders.strike(SECOND * 3, address(1), of(1)));
        offenders.forgive(SECOND, address(2));
        assert!(offenders.strike(SECOND * 3_602, address(2), of(TOLERANCE)));
    }

    #[test]
    fn neighbours_in_a_64_are_one_offender() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, "2001:db8::1".parse().unwrap(), of(TOLERANCE));
        assert!(offenders.is_blocked(SECOND, "2001:db8::ffff:2".parse().unwrap()));
        assert!(!offenders.is_blocked(SECOND, "2001:db8:0:1::1".parse().unwrap()));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_forgets_the_oldest_first() {
        let mut offenders = Offenders::default();
        offenders.strike(SECOND, address(1), of(TOLERANCE));
        for number in 2..10_000 {
            offenders.strike(SECOND, address(number), of(1));
        }
        assert!(offenders.is_blocked(SECOND, address(1)));
        for number in 10_000..100_000 {
            offenders.strike(SECOND, address(number), of(1));
        }
        assert!(offenders.young.len() + offenders.old.len() <= 2 * GENERATION);
    }
}
