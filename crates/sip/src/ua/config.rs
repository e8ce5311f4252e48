//! What a user agent is told once: who it is on the wire and what it supports.

use crate::message::{Method, Uri};
use crate::transaction::Timers;

/// How many requests of peers are remembered at a time, outside dialogs, by who sent them. Beyond it new ones are dropped
/// without an answer, because a flood must not take the memory of the calls that are up; and no party can take what
/// another is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of all strangers over datagrams: little, for the shell answers nearly all of theirs without state.
    pub strangers: usize,
    /// Of all connections on which nobody has proven anything yet.
    pub connections: usize,
    /// Of all users.
    pub users: usize,
    /// Of one user: calls and registrations of a phone, not of a flood.
    pub each_user: usize,
    /// Of all trunks: INVITEs of 3,000 calls a second stay for 32 s each, twice the target of the gateway.
    pub trunks: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { strangers: 4_096, connections: 8_192, users: 65_536, each_user: 256, trunks: 200_000 }
    }
}

/// Session descriptions: what calls offer and answer with.
pub(crate) const SDP: &str = "application/sdp";

/// A transport as it is written in a Via (RFC 3261 §20.42, RFC 7118 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams: the only one that retransmits.
    Udp,
    /// A TCP connection.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket in clear.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// The token in Via.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// Lost messages are the transport's business, not ours.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }
}

/// One local end: the names that peers on it see. A socket reachable under two addresses (LAN and public) is two
/// of these, and the shell picks by peer.
#[derive(Debug, Clone)]
pub struct Local {
    /// Transport in Via.
    pub transport: Transport,
    /// `host[:port]` in Via; a browser gives a random `….invalid` name (RFC 7118 §5.2).
    pub sent_by: String,
    /// Contact of dialogs on this end, unless the call gives its own.
    pub contact: Uri,
}

/// Settings of a [`super::Ua`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Local ends; [`super::LocalId`] is the index.
    pub locals: Vec<Local>,
    /// Source of tags, branches and Call-IDs. 32 fresh random bytes in production; a fixed value in a simulation.
    pub seed: [u8; 32],
    /// Base values of the timer table.
    pub timers: Timers,
    /// Methods answered; other known ones get 405, unknown ones 501. Stands in Allow, so only what the owner does
    /// belongs here: OPTIONS inside a dialog and PRACK are answered by the user agent, all others reach its owner.
    pub allow: Vec<Method>,
    /// Option tags written in Supported and accepted in Require; any other gets 420.
    pub supported: Vec<&'static str>,
    /// Media types of bodies that are read; any other gets 415.
    pub bodies: Vec<&'static str>,
    /// How many requests of peers are remembered.
    pub room: Room,
    /// User-Agent and Server; none when empty.
    pub product: String,
}

impl Config {
    /// The usual settings of a phone on these local ends.
    pub fn new(locals: Vec<Local>, seed: [u8; 32]) -> Self {
        Self {
            locals,
            seed,
            timers: Timers::default(),
            allow: vec![
                Method::Invite,
                Method::Ack,
                Method::Cancel,
                Method::Bye,
                Method::Options,
                Method::Info,
                Method::Update,
                Method::Prack,
            ],
            supported: vec!["timer", super::reliable::OPTION],
            bodies: vec![
                SDP,
                // Keys by INFO, in both spellings of the field.
                "application/dtmf-relay",
                "application/dtmf",
            ],
            room: Room::default(),
            product: String::new(),
        }
    }
}
