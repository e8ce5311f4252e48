//! Via (RFC 3261 §20.42, `rport` by RFC 3581).

use core::fmt;
use core::net::IpAddr;

use crate::message::uri::parse_hostport;
use crate::message::{Host, Params};
use crate::parse::cursor::Cursor;

/// Start of a branch that is unique across transactions (RFC 3261 §8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// One Via value: the hop that a response goes back through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, `TLS`, `WS`, `WSS`, …, in the case it came in.
    pub transport: String,
    pub host: Host,
    pub port: Option<u16>,
    /// Everything after the sent-by: `branch`, `received`, `rport`, `maddr`, `ttl`, extensions.
    pub params: Params,
}

impl Via {
    /// A Via of our own with a branch that starts with the cookie.
    pub fn new(transport: &str, host: Host, port: Option<u16>, branch: &str) -> Via {
        let mut params = Params::new();
        params.set("branch", branch);
        Via { transport: transport.to_owned(), host, port, params }
    }

    /// Reads one Via value.
    pub fn parse(value: &[u8]) -> Option<Via> {
        super::single(value, Via::read)
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Via> {
        let name = cursor.token()?;
        if !name.eq_ignore_ascii_case("SIP") || !cursor.eat_separator(b'/') {
            return None;
        }
        if cursor.token()? != "2.0" || !cursor.eat_separator(b'/') {
            return None;
        }
        let transport = cursor.token()?.to_owned();
        if !matches!(cursor.peek(), Some(b' ' | b'\t')) {
            return None;
        }
        cursor.skip_space();
        let sent_by = cursor.take_while(|byte| !matches!(byte, b' ' | b'\t' | b';' | b','));
        let (host, mut port) = parse_hostport(core::str::from_utf8(sent_by).ok()?).ok()?;
        // `host : port` with spaces is legal (COLON takes white space).
        if port.is_none() && cursor.eat_separator(b':') {
            port = Some(crate::parse::cursor::number(cursor.take_while(|byte| byte.is_ascii_digit()))?);
        }
        let params = Params::parse(cursor)?;
        Some(Via { transport, host, port, params })
    }

    /// The transaction identifier of this hop.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// True when the branch is one of RFC 3261, which alone identifies the transaction (§17.2.3).
    pub fn has_rfc3261_branch(&self) -> bool {
        self.branch().is_some_and(|branch| branch.len() > BRANCH_COOKIE.len() && branch.starts_with(BRANCH_COOKIE))
    }

    /// The source address that the receiver saw, when it differs from the sent-by.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        text.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// The source port that the receiver saw.
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// True when the sender asked for a response to its source port (RFC 3581 §3).
    pub fn wants_rport(&self) -> bool {
        self.params.contains("rport")
    }

    /// Notes where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn set_source(&mut self, address: IpAddr, port: u16) {
        if self.wants_rport() {
            self.params.set("rport", port.to_string());
        }
        if self.wants_rport() || self.host.ip() != Some(address) {
            self.params.set("received", address.to_string());
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_allowed_where_the_grammar_allows_it() {
        let via = Via::parse(b"SIP  / 2.0  / TCP     spindle.example.com : 5061  ;  branch  =   z9hG4bK9ikj8").unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5061;branch=z9hG4bK9ikj8");
    }

    #[test]
    fn ipv6_sent_by_and_received() {
        let via =
            Via::parse(b"SIP/2.0/UDP [2001:db8::9:1]:6050;received=2001:db8::9:255;branch=z9hG4bKas3;rport=7").unwrap();
        assert_eq!((via.port, via.rport()), (Some(6050), Some(7)));
        assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
    }

    #[test]
    fn source_is_noted_when_it_differs_or_rport_was_asked() {
        let mut via = Via::parse(b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa").unwrap();
        via.set_source("192.0.2.1".parse().unwrap(), 5060);
        assert_eq!(via.received(), None);
        let mut via = Via::parse(b"SIP/2.0/WS abc.invalid;branch=z9hG4bKa;rport").unwrap();
        via.set_source("192.0.2.9".parse().unwrap(), 40000);
        assert_eq!(via.to_string(), "SIP/2.0/WS abc.invalid;branch=z9hG4bKa;rport=40000;received=192.0.2.9");
    }

    #[test]
    fn empty_parameters_are_refused() {
        assert_eq!(Via::parse(b"SIP/2.0/UDP 192.0.2.15;;,;,,"), None);
        assert_eq!(Via::parse(b"SIP/2.0/UDP h;branch=a;branch=b"), None);
    }
}
