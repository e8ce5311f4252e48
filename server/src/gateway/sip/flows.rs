//! The connections of the endpoint and what is known about who is at their other end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use sip::ua::{FlowId, Path};
use tokio::sync::mpsc;

use super::{UDP, UDP_FLOW, WEB};
use crate::sip_tokens::identity::Identity;

/// Who is at the other end, as far as the connection itself tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A datagram from this address; nothing is proven beyond it.
    Datagram(SocketAddr),
    /// A WebSocket; its identity when the upgrade carried a good token.
    Web(Option<Arc<Identity>>),
}

/// One open WebSocket.
struct Flow {
    remote: SocketAddr,
    peer: Peer,
    outgoing: mpsc::Sender<Bytes>,
}

/// All open connections.
#[derive(Default)]
pub(super) struct Flows {
    open: HashMap<FlowId, Flow>,
}

impl Flows {
    pub(super) fn opened(&mut self, flow: FlowId, remote: SocketAddr, peer: Peer, outgoing: mpsc::Sender<Bytes>) {
        self.open.insert(flow, Flow { remote, peer, outgoing });
    }

    pub(super) fn closed(&mut self, flow: FlowId) -> bool {
        self.open.remove(&flow).is_some()
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// The path of a message that came over `flow`; none when it has closed meanwhile.
    pub(super) fn path(&self, flow: FlowId) -> Option<Path> {
        self.open.get(&flow).map(|open| Path { flow, local: WEB, remote: open.remote })
    }

    /// Who is at the other end of `path`.
    pub(super) fn peer(&self, path: Path) -> Peer {
        self.open.get(&path.flow).map_or(Peer::Datagram(path.remote), |open| open.peer.clone())
    }

    /// Sends over a WebSocket. False when the flow is closed or its peer does not read: then it counts as closed.
    pub(super) fn send(&self, flow: FlowId, bytes: Bytes) -> bool {
        self.open.get(&flow).is_some_and(|open| open.outgoing.try_send(bytes).is_ok())
    }
}

/// The path to a datagram peer.
pub fn datagram_path(remote: SocketAddr) -> Path {
    Path { flow: UDP_FLOW, local: UDP, remote }
}
