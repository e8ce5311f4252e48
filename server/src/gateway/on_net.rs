//! Calls to numbers of this server: they come back to us instead of going to a carrier (gateway.md, "On-net").
//!
//! The call leaves as any other and arrives at our own socket, so that the callee gets a record, a price and a routing of
//! its own. A secret of this process says that it is ours and how many such calls led to it; nobody else ever sees it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Host, Request, Uri};

use super::leg::way::Way;
use super::sip::datagram_path;
use crate::config::SrtpPolicy;

/// The name of this way on calls and in logs.
pub const ON_NET: &str = "on-net";
/// Carries the secret and the number of hops; only between our own two ends.
const HEADER: &str = "X-Sautikit-On-Net";
/// A call that has led to so many others goes round in a circle.
pub const MAX_HOPS: u32 = 5;

/// The way to ourselves.
pub struct OnNet {
    address: SocketAddr,
    secret: String,
}

impl OnNet {
    /// `listening`: the bound SIP address. `secret`: random bytes of this process.
    pub fn new(listening: SocketAddr, secret: [u8; 16]) -> Self {
        let ip = match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let secret = format!("{:032x}", u128::from_le_bytes(secret));
        Self { address: SocketAddr::new(ip, listening.port()), secret }
    }

    /// Where it leads: our own socket.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether a datagram of this address is our own: nobody else can have our socket's port on our address.
    pub fn is_from_us(&self, source: SocketAddr) -> bool {
        source.port() == self.address.port() && source.ip().to_canonical() == self.address.ip()
    }

    /// The way to a number of ours, one hop further; none when the hops are used up.
    pub fn way(&self, e164: &str, caller_id: &str, domain: &str, hops: u32) -> Option<Way> {
        let hops = hops.checked_add(1).filter(|hops| *hops <= MAX_HOPS)?;
        let host = match self.address.ip() {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        };
        let target = Uri::sip(Some(e164), host, Some(self.address.port()));
        let mut headers = Headers::new();
        headers.push(HeaderName::from_token(HEADER), Bytes::from(format!("{} {hops}", self.secret)));
        Some(Way {
            trunk: Some(ON_NET.to_owned()),
            path: datagram_path(self.address),
            hop: None,
            borrowing: None,
            to: format!("<{target}>"),
            target,
            from: format!("<sip:{caller_id}@{domain}>"),
            headers,
            auth: None,
            srtp: SrtpPolicy::Off,
            rights: None,
        })
    }

    /// How many on-net calls led to this INVITE; none when it is not from ourselves.
    pub fn hops_of(&self, invite: &Request) -> Option<u32> {
        let value = invite.headers.text(&HeaderName::from_token(HEADER)).ok()??;
        let (secret, hops) = value.split_once(' ')?;
        let is_ours = bool::from(subtle::ConstantTimeEq::ct_eq(secret.as_bytes(), self.secret.as_bytes()));
        is_ours.then(|| hops.parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(headers: Headers) -> Request {
        let mut request =
            Request::new(sip::message::Method::Invite, Uri::parse("sip:+254700000001@127.0.0.1").unwrap());
        request.headers = headers;
        request
    }

    #[test]
    fn each_hop_counts_and_the_sixth_has_no_way() {
        let on_net = OnNet::new("0.0.0.0:5060".parse().unwrap(), [7; 16]);
        let mut hops = 0;
        while let Some(next) = on_net.way("+254700000001", "+254700000002", "example.org", hops) {
            assert_eq!(next.path.remote, SocketAddr::from(([127, 0, 0, 1], 5060)));
            assert_eq!(on_net.hops_of(&invite(next.headers)), Some(hops + 1));
            hops += 1;
        }
        assert_eq!(hops, MAX_HOPS);
    }

    #[test]
    fn a_stranger_cannot_claim_to_be_us() {
        let [ours, theirs] = [[7; 16], [8; 16]].map(|secret| OnNet::new("127.0.0.1:5060".parse().unwrap(), secret));
        let forged = theirs.way("+254700000001", "+254700000002", "example.org", 0).unwrap();
        assert_eq!(ours.hops_of(&invite(forged.headers)), None);
        assert_eq!(ours.hops_of(&invite(Headers::new())), None);
    }
}
