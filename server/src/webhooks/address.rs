//! Which addresses customers' URLs may lead to: public ones only, so that nobody reaches our inside through us.
//!
//! Names are resolved elsewhere (`resolver.rs`), and what is checked is the address that is connected to,
//! so that a name that resolves differently the second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use crate::config::Customers;

/// What the operator says of it: one process has one policy, whoever asks.
static SETTINGS: OnceLock<Customers> = OnceLock::new();

/// Goes by these settings from now on. The first of a process stay.
pub fn set(settings: &Customers) {
    SETTINGS.get_or_init(|| settings.clone());
}

/// Whether customers' URLs may lead to this address. `allow_loopback` is for development mode only.
pub fn may_be_called(address: IpAddr, allow_loopback: bool) -> bool {
    static DEFAULTS: Customers = Customers { blocked_networks: Vec::new(), nat64: false };
    may_be_called_by(SETTINGS.get().unwrap_or(&DEFAULTS), address, allow_loopback)
}

fn may_be_called_by(settings: &Customers, address: IpAddr, allow_loopback: bool) -> bool {
    let inner = match address {
        IpAddr::V6(address) => written_as_v6(address).or_else(|| translated(address).filter(|_| settings.nat64)),
        IpAddr::V4(_) => None,
    };
    if settings.blocked_networks.iter().any(|network| network.contains(&address)) {
        return false;
    }
    match (inner, address) {
        (Some(inner), _) => may_be_called_by(settings, IpAddr::V4(inner), allow_loopback),
        _ if address.is_loopback() => allow_loopback,
        (None, IpAddr::V4(address)) => is_public_v4(address),
        (None, IpAddr::V6(address)) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // Where clouds' host agents answer on public addresses: Azure's gives out what its machines are set up with.
    const HOST_AGENTS: [Ipv4Addr; 1] = [Ipv4Addr::new(168, 63, 129, 16)];
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local() // holds the clouds' metadata service, 169.254.169.254
        || address.is_broadcast()
        || address.is_documentation()
        || HOST_AGENTS.contains(&address)
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
    let is_6to4 = segments[0] == 0x2002; // carries one too, RFC 3056; what it leads to depends on who relays it
    is_global_unicast && !is_protocols && !is_documentation && !is_isatap && !is_6to4
}

/// The IPv4 address that a mapped or compatible one is another spelling of (RFC 4291 §2.5.5): no translator stands between.
fn written_as_v6(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

/// The IPv4 address that a translator of the network's makes of it (RFC 6052 §2.1).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_blocks_networks_and_lets_a_translator_through() {
        let networks = ["8.8.8.0/24", "2a00:1450::/32"].map(|network| network.parse().unwrap());
        let settings = Customers { blocked_networks: networks.to_vec(), nat64: true };
        let may = |address: &str| may_be_called_by(&settings, address.parse().unwrap(), false);
        assert!(may("8.8.4.4") && may("2001:4860:4860::8888") && may("64:ff9b::808:404"));
        for address in
            ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450::1", "64:ff9b::7f00:1", "64:ff9b::a00:1"]
        {
            assert!(!may(address), "{address}");
        }
    }

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
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:808:808::1",
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
        for address in
            ["8.8.8.8", "196.201.214.200", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
        {
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
