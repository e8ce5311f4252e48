//! Which addresses customers' URLs may lead to: public ones only, so that nobody reaches our inside through us.
//!
//! Pure: names are resolved elsewhere (`client.rs`), and what is checked is the address that is connected to,
//! so that a name that resolves differently the second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether customers' URLs may lead to this address. `allow_loopback` is for development mode only.
pub fn may_be_called(address: IpAddr, allow_loopback: bool) -> bool {
    match address {
        IpAddr::V4(address) => (allow_loopback && address.is_loopback()) || is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => may_be_called(IpAddr::V4(inner), allow_loopback),
            None => (allow_loopback && address.is_loopback()) || is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local() // holds the clouds' metadata service, 169.254.169.254
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 224 // multicast and 240/4
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))) // benchmarking, RFC 2544
}

/// What is given out to networks, 2000::/3, and nothing else, whatever it may come to mean; of that not what has a meaning of
/// its own.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global_unicast = (segments[0] & 0xe000) == 0x2000;
    let is_protocols = segments[0] == 0x2001 && segments[1] < 0x0200; // Teredo among them, RFC 2928
    let is_documentation =
        (segments[0] == 0x2001 && segments[1] == 0x0db8) || (segments[0] == 0x3fff && segments[1] < 0x1000); // RFC 9637
    let is_isatap = (segments[4] & !0x0200) == 0 && segments[5] == 0x5efe; // carries an IPv4 address, RFC 5214
    is_global_unicast && !is_protocols && !is_documentation && !is_isatap
}

/// The IPv4 address inside a mapped, compatible, NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        may_be_called(address.parse().unwrap(), false)
    }

    #[test]
    fn the_inside_is_never_called() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "240.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "::1",
            "::",
            "fc00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "::ffff:0:8.8.8.8",
            "2a00:1450::5efe:10.0.0.1",
            "2a00:1450::200:5efe:10.0.0.1",
            "2001:20::1",
            "2001:1ff::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "100::1",
            "fec0::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn the_outside_is() {
        for address in [
            "8.8.8.8",
            "196.201.214.200",
            "2a00:1450:4001:81b::200e",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn development_allows_loopback_and_nothing_else() {
        assert!(may_be_called("127.0.0.1".parse().unwrap(), true));
        assert!(may_be_called("::1".parse().unwrap(), true));
        assert!(!may_be_called("10.0.0.1".parse().unwrap(), true));
    }
}
