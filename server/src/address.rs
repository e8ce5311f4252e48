//! Which address a host counts as, wherever addresses are counted.

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
}
