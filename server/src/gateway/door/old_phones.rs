//! Which addresses have phones that take MD5 and nothing beside it. Pure and bounded.
//!
//! RFC 8760 has the best algorithm first and the others after it, and phones of before that stumble: they read the first
//! challenge only, or give up where one of several is not theirs. Such a phone does not answer and asks again; then it is offered
//! MD5 alone, and remembered when that has proven it.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::address::counted;

/// Whoever asks again so soon without an answer has not understood the offer. Phones try again within minutes.
const UNANSWERED_FOR: Duration = Duration::from_secs(600);
/// Addresses remembered per generation; two are kept, about 1 MB.
const GENERATION: usize = 8_192;

/// What an address is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Both were offered then, and nobody has proven anything since.
    Offered(Duration),
    /// MD5 has proven somebody there.
    Old,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct OldPhones {
    young: HashMap<IpAddr, Known>,
    old: HashMap<IpAddr, Known>,
}

impl OldPhones {
    /// Whether the next challenge to this address offers MD5 alone.
    pub(crate) fn offer(&mut self, now: Duration, address: IpAddr) -> bool {
        let address = counted(address);
        match self.known(address) {
            Some(Known::Old) => true,
            Some(Known::Offered(at)) if now.saturating_sub(at) < UNANSWERED_FOR => true,
            _ => {
                self.keep(address, Known::Offered(now));
                false
            }
        }
    }

    /// Somebody at this address has proven who it is, by MD5 or by something better.
    pub(crate) fn proven(&mut self, address: IpAddr, by_md5: bool) {
        let address = counted(address);
        if by_md5 {
            self.keep(address, Known::Old);
        } else {
            self.young.remove(&address);
            self.old.remove(&address);
        }
    }

    fn known(&self, address: IpAddr) -> Option<Known> {
        self.young.get(&address).or_else(|| self.old.get(&address)).copied()
    }

    fn keep(&mut self, address: IpAddr, known: Known) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&address) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(address, known);
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
    fn who_does_not_answer_is_offered_md5_alone_and_remembered_by_it() {
        let mut phones = OldPhones::default();
        assert!(!phones.offer(SECOND, address(1)));
        assert!(phones.offer(SECOND * 30, address(1)));
        assert!(!phones.offer(SECOND * 30, address(2)));
        phones.proven(address(1), true);
        assert!(phones.offer(SECOND * 100_000, address(1)));
    }

    #[test]
    fn who_answers_with_the_better_one_is_offered_both_again() {
        let mut phones = OldPhones::default();
        phones.offer(SECOND, address(1));
        phones.proven(address(1), false);
        assert!(!phones.offer(SECOND * 2, address(1)));
        // One that was silent for long begins anew.
        assert!(!phones.offer(SECOND * 700, address(1)));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let mut phones = OldPhones::default();
        for number in 0..100_000 {
            phones.offer(SECOND, address(number));
        }
        assert!(phones.young.len() + phones.old.len() <= 2 * GENERATION);
    }
}
