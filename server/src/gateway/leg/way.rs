//! Where a leg goes: the addresses of one attempt to reach a target.

use std::sync::Arc;

use sip::message::{Headers, Uri};
use sip::ua::{Body, Credentials, Invite, Path};

use super::transfer::TransferRights;
use crate::config::SrtpPolicy;
use crate::gateway::edge::borrowed::Borrowing;
use crate::gateway::sip::{Hop, StreamTransport, UDP_FLOW};

/// A request longer than this goes by a connection where the way to its peer is not known to carry more in one piece
/// (RFC 3261 §18.1.1).
const LONGEST_DATAGRAM: usize = 1_300;

/// One attempt.
#[derive(Debug, Clone)]
pub struct Way {
    /// The trunk's name, for the timeline; none for browsers and devices.
    pub trunk: Option<String>,
    /// Where the INVITE goes by datagrams, or by the connection that is there.
    pub path: Path,
    /// The connection by which it goes instead, opened if there is none.
    pub hop: Option<Box<Hop>>,
    /// The connection of another node by which it goes instead, opened for it.
    pub borrowing: Option<Box<Borrowing>>,
    /// Request-URI.
    pub target: Uri,
    /// From, without tag.
    pub from: String,
    /// To.
    pub to: String,
    /// Further headers.
    pub headers: Headers,
    /// For a trunk that challenges.
    pub auth: Option<Credentials>,
    /// How what is said is secured.
    pub srtp: SrtpPolicy,
    /// Whom the browser or device at its end may have others connected with.
    pub rights: Option<Arc<TransferRights>>,
}

impl Way {
    /// The connection by which an INVITE goes, and whether it could do without: one that is too long for a datagram goes to a
    /// carrier by TCP, if that takes it.
    pub(super) fn connection_for(&self, invite: &Invite) -> Option<(Hop, bool)> {
        if let Some(hop) = &self.hop {
            return Some((Hop::clone(hop), false));
        }
        let is_too_long =
            self.trunk.is_some() && self.path.flow == UDP_FLOW && invite.longest_bytes() > LONGEST_DATAGRAM;
        let hop = || Hop { transport: StreamTransport::Tcp, remote: self.path.remote, name: None };
        is_too_long.then(|| (hop(), true))
    }

    /// The INVITE with this offer.
    pub(in crate::gateway) fn invite(&self, offer: Body) -> Invite {
        let mut invite = Invite::new(self.path, self.target.clone(), self.from.clone(), self.to.clone(), Some(offer));
        invite.headers = self.headers.clone();
        invite.auth = self.auth.clone();
        invite.contact = self.borrowing.as_ref().map(|borrowing| borrowing.contact().to_owned());
        invite
    }
}
