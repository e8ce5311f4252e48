//! Which address a host counts as, wherever addresses are counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};

/// An IPv6 host has a whole /64 to come from, so all of it counts as one; an IPv4 address counts as itself.
pub fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        },
        v4 => v4,
    }
}

/// [`counted`] of an address that was written down; anything else counts as it stands.
pub fn counted_text(address: &str) -> String {
    address.parse().map_or_else(|_| address.to_owned(), |address| counted(address).to_string())
}

/// How many of something there are, in all and by the address that each counts for ([`counted`]).
#[derive(Debug, Default)]
pub struct Count {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Count {
    /// In all.
    pub fn all(&self) -> usize {
        self.all
    }

    /// Of that address.
    pub fn of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or_default()
    }

    /// Counts one more of that address.
    pub fn add(&mut self, address: IpAddr) {
        self.all += 1;
        *self.by_address.entry(address).or_default() += 1;
    }

    /// Counts one less of that address; nothing is kept of an address without any.
    pub fn remove(&mut self, address: IpAddr) {
        let Entry::Occupied(mut own) = self.by_address.entry(address) else { return };
        self.all = self.all.saturating_sub(1);
        *own.get_mut() -= 1;
        if *own.get() == 0 {
            own.remove();
        }
    }

    /// Whether nothing is counted, and nothing kept.
    pub fn is_empty(&self) -> bool {
        self.all == 0 && self.by_address.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> IpAddr {
        counted(text.parse().unwrap())
    }

    #[test]
    fn a_64_is_one_and_mapped_addresses_are_ipv4() {
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("::ffff:192.0.2.1"), of("::ffff:192.0.2.2"));
        assert_eq!(counted_text("2001:db8::1"), counted_text("2001:db8::2"));
        assert_eq!(counted_text("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn what_is_counted_goes_without_a_trace() {
        let mut count = Count::default();
        [of("192.0.2.1"), of("192.0.2.1"), of("192.0.2.2")].into_iter().for_each(|address| count.add(address));
        assert_eq!((count.all(), count.of(of("192.0.2.1")), count.of(of("192.0.2.9"))), (3, 2, 0));
        count.remove(of("192.0.2.9"));
        [of("192.0.2.1"), of("192.0.2.2"), of("192.0.2.1")].into_iter().for_each(|address| count.remove(address));
        assert!(count.is_empty());
    }
}
