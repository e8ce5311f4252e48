//! The seam at which messages are looked at before the user agent keeps anything of them.

use std::net::SocketAddr;
use std::time::Duration;

use sip::message::{Request, StatusCode};
use sip::ua::{Party, Reply};

/// What becomes of a stranger's request.
#[derive(Debug)]
pub enum Verdict {
    /// The user agent takes it.
    Enter,
    /// It gets no answer.
    Silence,
    /// It is answered and forgotten.
    Answer(Box<Reply>),
    /// It is answered with this status and what could be had instead, and forgotten.
    Capabilities(StatusCode),
}

/// What speaks against a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No SIP, or a response to nothing.
    Noise,
    /// It says of itself that it looks for servers.
    Scanner,
    /// It asks for another domain.
    ForeignDomain,
    /// It speaks in a dialog that there is not.
    NoDialog,
    /// It registers or calls without a proof of who it is.
    Unproven,
    /// Its proof failed.
    FailedProof,
    /// It asks for what leads to nothing here.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Noise,
        Self::Scanner,
        Self::ForeignDomain,
        Self::NoDialog,
        Self::Unproven,
        Self::FailedProof,
        Self::Other,
    ];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Scanner => "scanner",
            Self::ForeignDomain => "foreign_domain",
            Self::NoDialog => "no_dialog",
            Self::Unproven => "unproven",
            Self::FailedProof => "failed_proof",
            Self::Other => "other",
        }
    }
}

/// How much of what speaks against a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offence {
    /// What.
    pub reason: Reason,
    /// How much, 0 for nothing.
    pub strikes: u32,
}

impl Offence {
    /// Nothing.
    pub const NONE: Self = Self { reason: Reason::Other, strikes: 0 };
}

/// A verdict, and how much it speaks against the sender.
#[derive(Debug)]
pub struct Judgement {
    /// What becomes of the request.
    pub verdict: Verdict,
    /// Counted against the sender: see [`Screening::strike`].
    pub offence: Offence,
}

/// How a stranger's request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// As a datagram from this address, whose sender is not proven to hear us.
    Datagram(SocketAddr),
    /// Over a TCP or TLS connection from this address.
    Stream(SocketAddr),
    /// Over a WebSocket.
    Web,
}

/// Decides who is talked to. Called on the endpoint's task: it must not wait.
pub trait Screening: Send + Sync {
    /// Who speaks from this address: a trunk, ourselves, or nobody who is known.
    fn party_of(&self, source: SocketAddr) -> Party;

    /// The trunk whose certificate a connection has shown; `is_of` says whether that is for a name.
    fn party_of_certificate(&self, is_of: &dyn Fn(&str) -> bool) -> Option<Party>;

    /// Another number whenever either may answer otherwise than before.
    fn revision(&self) -> u64;

    /// Whether datagrams of this stranger are read at all, and connections taken.
    fn is_open_to(&self, now: Duration, source: SocketAddr) -> bool;

    /// What becomes of a stranger's request that belongs to nothing of ours.
    fn judge(&self, request: &Request, sender: Sender) -> Judgement;

    /// Counts this against an address; too much of it and the address gets silence for a while.
    fn strike(&self, now: Duration, source: SocketAddr, offence: Offence);

    /// A datagram got no answer.
    fn silenced(&self);
}
