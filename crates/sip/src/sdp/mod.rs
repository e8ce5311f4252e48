//! Session descriptions (RFC 8866): model, parser and printer.
//!
//! The model knows the lines that a phone call needs and keeps every other line. ICE, DTLS and RTP
//! attributes stay attributes in their order; `codec` and `transport` read them as typed values.
//! Deliberately absent: codec choice (the gateway's policy) and offer/answer state
//! (`sip::negotiation`).

mod attributes;
mod codec;
mod crypto;
mod parse;
mod print;
mod transport;

pub use attributes::{Attribute, Attributes};
pub use codec::RtpMap;
pub use crypto::{Crypto, InlineKey, Mki};
pub use parse::{MAX_MEDIA, SdpError, parse};
pub use transport::{Candidate, Fingerprint, Setup};

use core::net::IpAddr;

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub origin: Origin,
    /// `s=`; `-` when there is none to say.
    pub name: String,
    /// `c=` for every media description that has none of its own.
    pub connection: Option<Address>,
    /// `t=` lines; `0 0` is a session without bounds.
    pub times: Vec<String>,
    pub attributes: Attributes,
    pub media: Vec<Media>,
    /// Lines that the model has no field for.
    pub other: Vec<Line>,
}

/// `o=`: who made this description, and which version of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub username: String,
    /// Digits, usually of 64 bits; compared as text.
    pub session_id: String,
    /// Grows by one whenever the description changes (RFC 3264 §8).
    pub version: u64,
    pub address: Address,
}

/// `IN IP4 …` or `IN IP6 …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub family: Family,
    /// An address literal or host name, with `/ttl` for multicast.
    pub address: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Ip4,
    Ip6,
}

/// One `m=` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `application`, …
    pub kind: String,
    /// 0 refuses or ends the stream, except in a bundle.
    pub port: u16,
    /// The `/2` of a port range, which RTP does not use.
    pub port_count: Option<u16>,
    /// `RTP/AVP`, `RTP/SAVP`, `UDP/TLS/RTP/SAVPF`, …
    pub protocol: String,
    /// Payload types of RTP in the order of preference.
    pub formats: Vec<String>,
    pub connection: Option<Address>,
    pub attributes: Attributes,
    pub other: Vec<Line>,
}

/// A line as it came: `kind=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: char,
    pub value: String,
}

/// Who sends, seen from the side that wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Session {
    /// A description without media; `session_id` is drawn by the caller.
    pub fn new(session_id: u64, address: IpAddr) -> Session {
        Session {
            origin: Origin {
                username: "-".to_owned(),
                session_id: session_id.to_string(),
                version: 1,
                address: address.into(),
            },
            name: "-".to_owned(),
            connection: Some(address.into()),
            times: vec!["0 0".to_owned()],
            attributes: Attributes::default(),
            media: Vec::new(),
            other: Vec::new(),
        }
    }

    /// The first audio section.
    pub fn audio(&self) -> Option<&Media> {
        self.media.iter().find(|media| media.kind == "audio")
    }

    /// The first audio section.
    pub fn audio_mut(&mut self) -> Option<&mut Media> {
        self.media.iter_mut().find(|media| media.kind == "audio")
    }

    /// Where this section's media go, from its own or the session's `c=`.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Address> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// The section's direction, else the session's, else sendrecv (RFC 8866 §6.7).
    pub fn direction_of(&self, media: &Media) -> Direction {
        media.attributes.direction().or_else(|| self.attributes.direction()).unwrap_or(Direction::SendRecv)
    }

    /// The value of an attribute that a section inherits from the session, such as `ice-ufrag`.
    pub fn inherited<'a>(&'a self, media: &'a Media, name: &str) -> Option<&'a str> {
        media.attributes.get(name).or_else(|| self.attributes.get(name))
    }
}

impl Media {
    /// An audio section without attributes.
    pub fn audio(port: u16, protocol: &str) -> Media {
        Media {
            kind: "audio".to_owned(),
            port,
            port_count: None,
            protocol: protocol.to_owned(),
            formats: Vec::new(),
            connection: None,
            attributes: Attributes::default(),
            other: Vec::new(),
        }
    }

    /// Port 0 outside a bundle: the stream is refused or ended (RFC 3264 §6, RFC 9143 §6).
    pub fn is_refused(&self) -> bool {
        self.port == 0 && !self.attributes.contains("bundle-only")
    }
}

impl Direction {
    /// The attribute's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The same streams seen from the other side.
    pub fn reversed(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            same => same,
        }
    }

    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

impl Address {
    /// The address, when it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.split('/').next()?.parse().ok()
    }

    /// `0.0.0.0`, with which RFC 2543 agents put a call on hold.
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Address {
        let family = if address.is_ipv4() { Family::Ip4 } else { Family::Ip6 };
        Address { family, address: address.to_string() }
    }
}
