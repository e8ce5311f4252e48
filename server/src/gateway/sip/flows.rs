//! The connections of the endpoint and what is known about who is at their other end.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use sip::ua::{FlowId, LocalId, Party, Path};
use tokio::sync::mpsc;

use super::command::Connection;
use super::stream::Hop;
use super::{UDP, UDP_FLOW, WEB};
use crate::sip_tokens::identity::Identity;

/// Refusals in a row that end a connection on which nobody has proven anything: a browser needs one.
const TOLERANCE: u32 = 20;

/// Who is at the other end, as far as the connection itself tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A datagram from this address; nothing is proven beyond it.
    Datagram(SocketAddr),
    /// A WebSocket; its identity when the upgrade carried a good token.
    Web(Option<Arc<Identity>>),
    /// A TCP or TLS connection from this address, and whose it is by that or by its certificate.
    Stream(SocketAddr, Party),
}

impl Peer {
    /// The address that answers for what it does; none for a WebSocket: behind a proxy many browsers share one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Datagram(source) | Self::Stream(source, _) => Some(*source),
            Self::Web(_) => None,
        }
    }
}

/// Whether anybody has proven an identity on a connection: its WebSocket waits for that only so long.
#[derive(Debug, Default)]
pub(crate) struct Proof(AtomicBool);

impl Proof {
    pub(crate) fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn give(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One open connection.
struct Flow {
    local: LocalId,
    remote: SocketAddr,
    peer: Peer,
    /// Where it leads, if we opened it.
    hop: Option<Hop>,
    party: Party,
    strikes: u32,
    proof: Arc<Proof>,
    outgoing: mpsc::Sender<Bytes>,
}

/// All open connections.
#[derive(Default)]
pub(super) struct Flows {
    open: HashMap<FlowId, Flow>,
    /// Makes numbers of users that nobody outside can choose.
    numbers: RandomState,
}

impl Flows {
    pub(super) fn opened(
        &mut self,
        flow: FlowId,
        remote: SocketAddr,
        opened: Connection,
        proof: Arc<Proof>,
        outgoing: mpsc::Sender<Bytes>,
    ) {
        let (local, peer, party, hop) = match opened {
            Connection::Web(identity) => {
                let user = identity.as_ref().map(|identity| identity.user());
                let party = user.map_or(Party::Stranger, |user| self.party_of_user(&user));
                (WEB, Peer::Web(identity), party, None)
            }
            Connection::Stream { transport, party, hop } => {
                (transport.local(), Peer::Stream(remote, party), party, hop)
            }
        };
        if party != Party::Stranger {
            proof.give();
        }
        self.open.insert(flow, Flow { local, remote, peer, hop, party, strikes: 0, proof, outgoing });
    }

    pub(super) fn closed(&mut self, flow: FlowId) -> bool {
        self.open.remove(&flow).is_some()
    }

    /// Where a connection of ours leads.
    pub(super) fn hop_of(&self, flow: FlowId) -> Option<&Hop> {
        self.open.get(&flow)?.hop.as_ref()
    }

    /// Somebody has proven to be this user. Gives the party when that is new.
    pub(super) fn proven(&mut self, flow: FlowId, user: &str) -> Option<Party> {
        let party = self.party_of_user(user);
        let open = self.open.get_mut(&flow)?;
        open.strikes = 0;
        open.proof.give();
        (open.party != party).then(|| {
            open.party = party;
            party
        })
    }

    /// Counts a refusal against a connection on which nobody has proven anything. True: that was the last one.
    pub(super) fn strike(&mut self, flow: FlowId, strikes: u32) -> bool {
        let Some(open) = self.open.get_mut(&flow).filter(|open| open.party == Party::Stranger) else { return false };
        open.strikes = open.strikes.saturating_add(strikes);
        open.strikes >= TOLERANCE
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// The path of a message that came over `flow`, and whose it is; none when it has closed meanwhile.
    pub(super) fn sender(&self, flow: FlowId) -> Option<(Path, Party)> {
        self.open.get(&flow).map(|open| (Path { flow, local: open.local, remote: open.remote }, open.party))
    }

    /// Who is at the other end of `path`.
    pub(super) fn peer(&self, path: Path) -> Peer {
        self.open.get(&path.flow).map_or(Peer::Datagram(path.remote), |open| open.peer.clone())
    }

    /// Sends over a connection. False when the flow is closed or its peer does not read: then it counts as closed.
    pub(super) fn send(&self, flow: FlowId, bytes: Bytes) -> bool {
        self.open.get(&flow).is_some_and(|open| open.outgoing.try_send(bytes).is_ok())
    }

    fn party_of_user(&self, user: &str) -> Party {
        Party::User(self.numbers.hash_one(user))
    }
}

/// The path to a datagram peer.
pub fn datagram_path(remote: SocketAddr) -> Path {
    Path { flow: UDP_FLOW, local: UDP, remote }
}
