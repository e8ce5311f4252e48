//! Where a request in a dialog goes, and from whom one is taken.

use std::net::{IpAddr, SocketAddr};

use crate::dialog::Dialog;
use crate::message::{Scheme, Uri};

use super::Ua;
use super::fields;
use super::io::{Party, Path};
use super::names::name_of;
use super::session::Session;

impl Ua {
    /// The next hop of the session's requests.
    pub(crate) fn next_hop(&self, session: &Session) -> Path {
        session.dialog.as_ref().map_or(session.path, |dialog| self.route(session.path, dialog))
    }

    /// The next hop of a dialog's requests: the first Route or else the Contact (RFC 3261 §12.2.1.1, §8.1.2). `heard`
    /// is where the peer last spoke from; it stands when there is a connection, when the next hop is another transport or a
    /// name without an address ([`super::names`]), and when the peer is behind a NAT.
    pub(crate) fn route(&self, heard: Path, dialog: &Dialog) -> Path {
        if self.is_reliable(heard) {
            return heard;
        }
        let (next, is_route) = dialog.next_hop();
        let Some(address) = self.address_of(next) else { return heard };
        if !is_route && is_behind_nat(address.ip(), heard.remote.ip()) {
            return heard;
        }
        Path { remote: address, ..heard }
    }

    /// The datagram address that a URI names, by number or by a name that was looked up.
    fn address_of(&self, uri: &Uri) -> Option<SocketAddr> {
        let is_udp = uri.scheme == Scheme::Sip && uri.transport().is_none_or(|name| name.eq_ignore_ascii_case("udp"));
        let ip = uri.host.ip().or_else(|| self.names.address_of(name_of(uri)?));
        let ip = ip.filter(|ip| is_udp && !ip.is_unspecified() && !ip.is_multicast())?;
        Some(SocketAddr::new(ip, uri.port.filter(|port| *port != 0).unwrap_or(fields::DEFAULT_PORT)))
    }

    /// Where a connection leads by which the session's requests reach its peer, when the one that they went over has closed
    /// (RFC 3261 §18.1.1): the address in the first Route or else in the Contact, and whether it is TLS. None where that is a name or another transport, and where the peer is
    /// behind a NAT and has to come back by itself.
    pub fn stream_target(&self, session: super::SessionId) -> Option<(SocketAddr, bool)> {
        let state = self.sessions.get(&session)?;
        let (next, is_route) = state.dialog.as_ref()?.next_hop();
        let transport = next.transport();
        let is_named = |name: &str| transport.is_some_and(|named| named.eq_ignore_ascii_case(name));
        let is_tls = next.scheme == Scheme::Sips || is_named("tls");
        if !is_tls && !is_named("tcp") {
            return None;
        }
        let ip = next.host.ip().filter(|ip| !ip.is_unspecified() && !ip.is_multicast())?;
        if !is_route && is_behind_nat(ip, state.path.remote.ip()) {
            return None;
        }
        let usual = if is_tls { fields::DEFAULT_TLS_PORT } else { fields::DEFAULT_PORT };
        Some((SocketAddr::new(ip, next.port.filter(|port| *port != 0).unwrap_or(usual)), is_tls))
    }

    /// Whether a request by `path` comes from the party that is known by `known_path`.
    pub(crate) fn is_same_party(&self, (known, known_path): (Party, Path), (party, path): (Party, Path)) -> bool {
        match (self.is_reliable(known_path), self.is_reliable(path)) {
            // Whoever holds a connection is who began it, whatever was proven over it meanwhile.
            (true, true) if known_path.flow == path.flow => true,
            // Without a connection it is the host, whoever that counts as by now; the port may change under a NAT's hands.
            (false, false) if known_path.remote.ip() == path.remote.ip() => true,
            _ => known == party && party != Party::Stranger,
        }
    }

    /// Whether a call goes over this connection.
    pub fn has_session_on(&self, flow: super::FlowId) -> bool {
        self.sessions.values().any(|session| session.path.flow == flow)
    }

    /// Says who is at the other end of a connection, which was nobody in particular until now: its calls are this
    /// party's from now on, wherever it connects from.
    pub fn proven(&mut self, flow: super::FlowId, party: Party) {
        for session in self.sessions.values_mut() {
            if session.path.flow == flow && session.party == Party::Stranger {
                session.party = party;
            }
        }
    }
}

/// An address that means something in one network only, seen from another one, is of no use here: a NAT stands between.
/// And who speaks from this very machine is reached here, whatever address others know it by.
fn is_behind_nat(contact: IpAddr, source: IpAddr) -> bool {
    let (contact, source) = (Scope::of(contact.to_canonical()), Scope::of(source.to_canonical()));
    contact != source && (contact != Scope::Global || source == Scope::Host)
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Host,
    Link,
    /// RFC 1918, RFC 6598 (a provider's own NAT), RFC 4193.
    Site,
    Global,
}

impl Scope {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) if v4.is_loopback() => Self::Host,
            IpAddr::V4(v4) if v4.is_link_local() => Self::Link,
            IpAddr::V4(v4) if v4.is_private() || matches!(v4.octets(), [100, 64..=127, ..]) => Self::Site,
            IpAddr::V6(v6) if v6.is_loopback() => Self::Host,
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Self::Link,
            IpAddr::V6(v6) if v6.is_unique_local() => Self::Site,
            IpAddr::V4(_) | IpAddr::V6(_) => Self::Global,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ua::Config;

    #[test]
    fn a_number_is_an_address_and_a_name_is_none() {
        let agent = Ua::new(Config::new(Vec::new(), [1; 32]));
        for (uri, address) in [
            ("sip:a@192.0.2.1", Some("192.0.2.1:5060")),
            ("sip:192.0.2.1:5070;lr", Some("192.0.2.1:5070")),
            ("sip:a@192.0.2.1;transport=UDP", Some("192.0.2.1:5060")),
            ("sip:a@[2001:db8::1]:5062", Some("[2001:db8::1]:5062")),
            ("sip:a@192.0.2.1;transport=tcp", None),
            ("sips:a@192.0.2.1", None),
            ("sip:a@carrier.example", None),
            ("sip:a@0.0.0.0", None),
            ("sip:a@224.0.1.75", None),
            ("tel:+254700000001", None),
        ] {
            assert_eq!(agent.address_of(&Uri::parse(uri).unwrap()), address.map(|text| text.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn private_addresses_from_outside_are_behind_a_nat() {
        let behind = |contact: &str, source: &str| is_behind_nat(contact.parse().unwrap(), source.parse().unwrap());
        assert!(behind("10.9.9.9", "203.0.113.5"));
        assert!(behind("100.64.1.1", "203.0.113.5"));
        assert!(behind("192.168.1.5", "127.0.0.1"));
        assert!(behind("169.254.1.5", "10.0.0.1"));
        assert!(behind("fd00::1", "2001:db8::1"));
        assert!(behind("203.0.113.9", "127.0.0.1"));
        assert!(!behind("203.0.113.9", "203.0.113.5"));
        assert!(!behind("10.0.0.7", "10.0.0.5"));
        assert!(!behind("127.0.0.3", "127.0.0.2"));
        assert!(!behind("::ffff:10.0.0.5", "10.0.0.5"));
    }
}
