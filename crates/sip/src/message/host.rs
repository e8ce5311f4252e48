//! The host of a URI or Via (RFC 3261 §25.1 `host`).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host name or address literal.
#[derive(Debug, Clone)]
pub enum Host {
    /// A domain name in the case it came in.
    Name(String),
    V4(Ipv4Addr),
    /// Printed in square brackets.
    V6(Ipv6Addr),
    /// `tel:` and opaque URIs have none.
    None,
}

impl Host {
    /// Reads a name, an IPv4 literal or a bracketed IPv6 literal.
    pub fn parse(text: &str) -> Option<Host> {
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse().ok().map(Host::V6);
        }
        if text.is_empty() || !text.bytes().all(is_host_byte) {
            return None;
        }
        // A name cannot start with a digit in its last label, so the literal wins when it parses.
        Some(text.parse().map_or_else(|_| Host::Name(text.to_owned()), Host::V4))
    }

    /// The address, when the host is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::V4(address) => Some(IpAddr::V4(*address)),
            Host::V6(address) => Some(IpAddr::V6(*address)),
            Host::Name(_) | Host::None => None,
        }
    }
}

/// Letters, digits, hyphen and dot; the underscore is no host name byte but deployed names have it.
pub(crate) const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        match address {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
            (Host::V4(a), Host::V4(b)) => a == b,
            (Host::V6(a), Host::V6(b)) => a == b,
            (Host::None, Host::None) => true,
            _ => false,
        }
    }
}

impl Eq for Host {}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => write!(f, "{address}"),
            Host::V6(address) => write!(f, "[{address}]"),
            Host::None => Ok(()),
        }
    }
}
