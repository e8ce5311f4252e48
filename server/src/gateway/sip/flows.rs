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
use super::{OpenDialog, UDP, UDP_FLOW, WEB};
use crate::sip_tokens::identity::Identity;
use crate::tls::Proven;

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
    /// What it has shown, by which it may be a trunk's.
    certificate: Option<Proven>,
    /// The revision of the screening by which `party` was found.
    judged_by: Option<u64>,
    strikes: u32,
    proof: Arc<Proof>,
    outgoing: mpsc::Sender<Bytes>,
    /// Of a connection that is another node's: says what is to be ended there.
    notes: Option<mpsc::Sender<Option<OpenDialog>>>,
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
        let mut of_other_node = None;
        let (local, peer, party, certificate, hop) = match opened {
            Connection::Web(identity) => {
                let user = identity.as_ref().map(|identity| identity.user());
                let party = user.map_or(Party::Stranger, |user| self.party_of_user(&user));
                (WEB, Peer::Web(identity), party, None, None)
            }
            Connection::Stream { transport, party, certificate, hop } => {
                (transport.local(), Peer::Stream(remote, party), party, certificate, hop)
            }
            Connection::Borrowed { local, user, notes, known } => {
                // Who asked may have stopped waiting.
                let _ = known.send(());
                of_other_node = Some(notes);
                let party = self.party_of_user(&user);
                let peer = if local == WEB { Peer::Web(None) } else { Peer::Stream(remote, party) };
                (local, peer, party, None, None)
            }
        };
        if party != Party::Stranger {
            proof.give();
        }
        let (judged_by, strikes) = (None, 0);
        let notes = of_other_node;
        let opened = Flow { local, remote, peer, hop, party, certificate, judged_by, strikes, proof, outgoing, notes };
        self.open.insert(flow, opened);
    }

    pub(super) fn closed(&mut self, flow: FlowId) -> bool {
        self.open.remove(&flow).is_some()
    }

    /// Where a connection of ours leads.
    pub(super) fn hop_of(&self, flow: FlowId) -> Option<&Hop> {
        self.open.get(&flow)?.hop.as_ref()
    }

    /// Whether it is another node's.
    pub(super) fn is_borrowed(&self, flow: FlowId) -> bool {
        self.open.get(&flow).is_some_and(|open| open.notes.is_some())
    }

    /// Says by a connection of another node what is to be ended there if this one dies.
    pub(super) fn note(&self, flow: FlowId, left: Option<OpenDialog>) {
        if let Some(notes) = self.open.get(&flow).and_then(|open| open.notes.as_ref()) {
            // Who reads so slowly is cut off by the messages that follow.
            let _ = notes.try_send(left);
        }
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

    /// Looks again whose a TCP or TLS connection is that nobody has proven an identity on, where that may be another's than at
    /// `revision` before: a trunk's addresses and certificate change under it. True: it was a trunk's and is nobody's now.
    pub(super) fn judge_again(
        &mut self,
        flow: FlowId,
        revision: u64,
        party_of: impl FnOnce(SocketAddr, Option<&Proven>) -> Party,
    ) -> bool {
        let Some(open) = self.open.get_mut(&flow) else { return false };
        if open.local == WEB || matches!(open.party, Party::User(_)) || open.judged_by == Some(revision) {
            return false;
        }
        let before = std::mem::replace(&mut open.party, party_of(open.remote, open.certificate.as_ref()));
        open.judged_by = Some(revision);
        open.peer = Peer::Stream(open.remote, open.party);
        if open.party != Party::Stranger {
            open.proof.give();
        }
        matches!(before, Party::Trunk(_)) && open.party == Party::Stranger
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::sip::StreamTransport;

    const FLOW: FlowId = FlowId(7);

    fn opened(party: Party) -> Flows {
        let mut flows = Flows::default();
        let (outgoing, _) = mpsc::channel(1);
        let opened = Connection::Stream { transport: StreamTransport::Tcp, party, certificate: None, hop: None };
        flows.opened(FLOW, ([192, 0, 2, 1], 40_000).into(), opened, Arc::default(), outgoing);
        flows
    }

    #[test]
    fn trust_in_a_connection_is_taken_back_with_the_address_that_it_rests_on() {
        let mut flows = opened(Party::Trunk(3));
        assert!(!flows.judge_again(FLOW, 1, |_, _| Party::Trunk(3)));
        assert!(!flows.judge_again(FLOW, 1, |_, _| unreachable!("nothing has changed")));
        assert!(flows.judge_again(FLOW, 2, |_, _| Party::Stranger));
        assert_eq!(flows.sender(FLOW).map(|(_, party)| party), Some(Party::Stranger));
        let peer = flows.peer(Path { flow: FLOW, local: super::super::TCP, remote: ([192, 0, 2, 1], 40_000).into() });
        assert!(matches!(peer, Peer::Stream(_, Party::Stranger)));
        // And given where a trunk is set up meanwhile.
        assert!(!flows.judge_again(FLOW, 3, |_, _| Party::Trunk(4)));
        assert_eq!(flows.sender(FLOW).map(|(_, party)| party), Some(Party::Trunk(4)));
    }

    #[test]
    fn an_identity_that_was_proven_does_not_rest_on_trunks() {
        let mut flows = opened(Party::Stranger);
        let user = flows.proven(FLOW, "asha").expect("a user");
        assert!(!flows.judge_again(FLOW, 1, |_, _| unreachable!("it is asha's")));
        assert_eq!(flows.sender(FLOW).map(|(_, party)| party), Some(user));
    }
}
