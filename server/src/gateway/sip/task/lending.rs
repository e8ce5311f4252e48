//! Connections that are lent to calls of other nodes: what of a callee's belongs to such a call is passed on to its node before
//! anything here looks at it, and what that node sends goes out as it is.
//!
//! Messages are known by their Call-ID, which a call of another node has shown with its first. A response is passed on, and a
//! request within a dialog; one that would begin something new is for this node.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{HeaderName, Message};
use sip::parse::{ParseError, Raw};
use sip::ua::{FlowId, Path};
use tokio::sync::{mpsc, oneshot};

use super::Task;
use crate::gateway::sip::tracer::call_id_of;
use crate::gateway::sip::{OpenDialog, UDP_FLOW};

/// A leg has one Call-ID.
const MOST_CALL_IDS: usize = 4;
/// How long an answered call waits for a callee whose connection was lost to come back by another: as one of our own.
const WAITS_FOR: Duration = Duration::from_secs(30);
/// What begins the message that says that a call was answered.
const ACK: &[u8] = b"ACK ";

/// All that are lent.
#[derive(Default)]
pub(super) struct Lending {
    leases: HashMap<FlowId, Lease>,
    call_ids: HashMap<Bytes, FlowId>,
}

struct Lease {
    /// Where the callee is.
    path: Path,
    /// None: it has read so slowly that it counts as gone.
    to_node: Option<mpsc::Sender<Bytes>>,
    call_ids: Vec<Bytes>,
    is_answered: bool,
    lost_at: Option<Duration>,
}

impl Lending {
    /// Whether a call of another node goes over this connection.
    pub(super) fn is_on(&self, flow: FlowId) -> bool {
        self.leases.values().any(|lease| lease.path.flow == flow)
    }

    fn end(&mut self, lease: FlowId) -> Option<Lease> {
        let ended = self.leases.remove(&lease)?;
        for call_id in &ended.call_ids {
            self.call_ids.remove(call_id);
        }
        Some(ended)
    }

    /// A connection has closed: who is rung over it is rung no more, and who talks may come back.
    pub(super) fn closed(&mut self, now: Duration, flow: FlowId) {
        let on_it = self.leases.iter_mut().filter(|(_, lease)| lease.path.flow == flow);
        let mut over = Vec::new();
        for (id, lease) in on_it {
            match lease.is_answered {
                true => lease.lost_at = Some(now),
                false => over.push(*id),
            }
        }
        for id in over {
            self.end(id);
        }
    }

    /// A callee has come back over another connection.
    pub(super) fn moved(&mut self, from: FlowId, to: Path) {
        for lease in self.leases.values_mut().filter(|lease| lease.path.flow == from) {
            lease.path = to;
            lease.lost_at = None;
        }
    }

    /// Where the callee is of a call whose node sends this.
    fn sends(&mut self, id: FlowId, bytes: &Bytes) -> Option<Path> {
        let lease = self.leases.get_mut(&id)?;
        let call_id = call_id_of(bytes)?;
        lease.is_answered |= bytes.starts_with(ACK);
        if !lease.call_ids.iter().any(|known| known == call_id) {
            // Nobody takes what is another's.
            if lease.call_ids.len() >= MOST_CALL_IDS || self.call_ids.contains_key(call_id) {
                return None;
            }
            let call_id = Bytes::copy_from_slice(call_id);
            lease.call_ids.push(call_id.clone());
            self.call_ids.insert(call_id, id);
        }
        Some(lease.path)
    }

    /// Whether that was for another node, which has it now.
    fn passes_on(&mut self, path: Path, message: &Result<Message, ParseError>, raw: &Raw) -> bool {
        let Ok(message) = message else { return false };
        let Some(id) = message.headers().get(&HeaderName::CallId).and_then(|call_id| self.call_ids.get(call_id)) else {
            return false;
        };
        let id = *id;
        let is_within = match message {
            Message::Request(request) => request.headers.to().is_ok_and(|to| to.tag().is_some()),
            Message::Response(_) => true,
        };
        let Some(lease) = self.leases.get_mut(&id).filter(|lease| is_within && is_of(lease.path, path)) else {
            return false;
        };
        // A NAT may have given it another port.
        lease.path.remote = path.remote;
        let bytes =
            if raw.body.is_empty() { raw.head.clone() } else { [raw.head.as_ref(), raw.body.as_ref()].concat().into() };
        let is_taken = lease.to_node.as_ref().is_some_and(|to_node| to_node.try_send(bytes).is_ok());
        if !is_taken {
            // Its end of the connection hears it by this, and then has ended what goes on ([`Task::lent_over`]).
            lease.to_node = None;
        }
        true
    }
}

/// Whether a message by `path` may be of a callee at `known`: by its connection, or from its host where it has none.
fn is_of(known: Path, path: Path) -> bool {
    known.flow == path.flow && (known.flow != UDP_FLOW || known.remote.ip() == path.remote.ip())
}

impl Task {
    pub(super) fn lend(&mut self, lease: FlowId, path: Path, to_node: mpsc::Sender<Bytes>) {
        // It may have closed since it was looked up.
        if path.flow == UDP_FLOW || self.flows.sender(path.flow).is_some() {
            let to_node = Some(to_node);
            let lent = Lease { path, to_node, call_ids: Vec::new(), is_answered: false, lost_at: None };
            self.lending.leases.insert(lease, lent);
        }
    }

    pub(super) fn lent_sends(&mut self, lease: FlowId, bytes: Bytes) {
        if let Some(path) = self.lending.sends(lease, &bytes) {
            self.transmit(path, bytes);
        }
    }

    /// Gives up a callee that has not come back.
    pub(super) fn lent_looks(&mut self, lease: FlowId) {
        let now = self.now();
        let lost_at = self.lending.leases.get(&lease).and_then(|lease| lease.lost_at);
        if lost_at.is_some_and(|lost_at| lost_at + WAITS_FOR <= now) {
            self.lending.end(lease);
        }
    }

    /// The other node needs it no more; or is gone, and left this to be ended.
    pub(super) fn lent_over(&mut self, lease: FlowId, open: Option<Box<OpenDialog>>) {
        let Some(Lease { path, .. }) = self.lending.end(lease) else { return };
        if let Some(open) = open {
            tracing::info!("the node of a call is gone whose callee is registered here, who is told that it is over");
            let (reply, _) = oneshot::channel();
            self.end_recovered(&open, path, None, reply);
        }
    }

    /// Whether that was for a call of another node, which has it now.
    pub(super) fn is_of_another_node(&mut self, path: Path, message: &Result<Message, ParseError>, raw: &Raw) -> bool {
        !self.lending.call_ids.is_empty() && self.lending.passes_on(path, message, raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::sip::{WEB, datagram_path};

    const LEASE: FlowId = FlowId(9);

    fn web(flow: u64) -> Path {
        Path { flow: FlowId(flow), local: WEB, remote: ([192, 0, 2, 1], 40_000).into() }
    }

    fn invite() -> Bytes {
        Bytes::from_static(b"INVITE sip:a@b SIP/2.0\r\nCall-ID: one\r\n\r\n")
    }

    /// One that is lent at `path`, whose call has begun.
    fn lent(path: Path) -> (Lending, mpsc::Receiver<Bytes>) {
        let (to_node, of_node) = mpsc::channel(2);
        let to_node = Some(to_node);
        let lease = Lease { path, to_node, call_ids: Vec::new(), is_answered: false, lost_at: None };
        let mut lending = Lending::default();
        lending.leases.insert(LEASE, lease);
        assert_eq!(lending.sends(LEASE, &invite()), Some(path));
        (lending, of_node)
    }

    fn passes(lending: &mut Lending, path: Path, start: &str, call_id: &str, to: &str) -> bool {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
        );
        let bytes = Bytes::from(text);
        lending.passes_on(path, &sip::parse::message(bytes.clone()), &bytes.into())
    }

    #[test]
    fn what_belongs_to_a_lent_call_is_passed_on_and_nothing_else() {
        let (mut lending, mut of_node) = lent(web(1));
        assert!(passes(&mut lending, web(1), "SIP/2.0 180 Ringing", "one", "<sip:b@c>;tag=2"));
        assert!(passes(&mut lending, web(1), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"));
        assert!(of_node.try_recv().is_ok_and(|first| first.starts_with(b"SIP/2.0 180")) && of_node.try_recv().is_ok());
        for (path, start, call_id, to) in [
            (web(2), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"),
            (web(1), "BYE sip:gw@b SIP/2.0", "two", "<sip:b@c>;tag=2"),
            (web(1), "INVITE sip:gw@b SIP/2.0", "one", "<sip:b@c>"),
        ] {
            assert!(!passes(&mut lending, path, start, call_id, to), "{path:?} {start} {call_id} {to}");
        }
        lending.end(LEASE);
        assert!(!passes(&mut lending, web(1), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"));
        assert!(lending.call_ids.is_empty());
    }

    #[test]
    fn a_callee_without_a_connection_speaks_from_its_host_and_another_lease_takes_none_of_its_calls() {
        let at = |last: u8, port: u16| datagram_path(([192, 0, 2, last], port).into());
        let (mut lending, _of_node) = lent(at(1, 5_060));
        assert!(!passes(&mut lending, at(2, 5_060), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"));
        assert!(passes(&mut lending, at(1, 5_099), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"));
        assert_eq!(lending.sends(LEASE, &invite()), Some(at(1, 5_099)), "where it spoke from");
        let (to_node, _) = mpsc::channel(1);
        let to_node = Some(to_node);
        let other = Lease { path: web(3), to_node, call_ids: Vec::new(), is_answered: false, lost_at: None };
        lending.leases.insert(FlowId(10), other);
        assert_eq!(lending.sends(FlowId(10), &invite()), None);
    }

    #[test]
    fn a_node_that_does_not_read_hears_no_more_and_its_callee_is_kept_until_that_is_ended() {
        let (mut lending, mut of_node) = lent(web(1));
        for _ in 0..4 {
            assert!(passes(&mut lending, web(1), "SIP/2.0 180 Ringing", "one", "<sip:b@c>;tag=2"));
        }
        assert!(of_node.try_recv().is_ok() && of_node.try_recv().is_ok());
        assert_eq!(of_node.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
        assert_eq!(lending.end(LEASE).map(|lease| lease.path), Some(web(1)));
        assert!(lending.call_ids.is_empty());
    }

    #[test]
    fn who_rings_over_a_connection_that_closes_is_let_go_and_who_talks_may_come_back() {
        let (mut lending, _of_node) = lent(web(1));
        lending.closed(Duration::ZERO, FlowId(1));
        assert!(lending.leases.is_empty());
        let (mut lending, _of_node) = lent(web(1));
        lending.sends(LEASE, &Bytes::from_static(b"ACK sip:a@b SIP/2.0\r\nCall-ID: one\r\n\r\n"));
        lending.closed(Duration::ZERO, FlowId(1));
        assert!(lending.leases.values().all(|lease| lease.lost_at.is_some()));
        lending.moved(FlowId(1), web(2));
        assert!(lending.is_on(FlowId(2)) && lending.leases.values().all(|lease| lease.lost_at.is_none()));
        assert!(passes(&mut lending, web(2), "BYE sip:gw@b SIP/2.0", "one", "<sip:b@c>;tag=2"));
    }
}
