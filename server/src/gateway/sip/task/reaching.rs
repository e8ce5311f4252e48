//! The connections by which requests of ours reach their peers: opened when one is wanted, and again when one closes under
//! a call.

use std::collections::HashMap;

use sip::message::Message;
use sip::parse::ParseError;
use sip::ua::{FlowId, Input, Party, Path, SessionId};

use super::Task;
use crate::gateway::sip::stream::{Hop, StreamTransport, Wanted};
use crate::gateway::sip::{TCP, UDP_FLOW, WEB};

use tokio::sync::oneshot;

/// The port of SIP in a Via without one.
const USUAL_PORT: u16 = 5060;

/// Who waits for a connection.
pub(super) enum Waiting {
    /// Somebody who asked for it.
    Asked(oneshot::Sender<Path>),
    /// A call whose connection has closed.
    Call(SessionId),
}

/// Calls whose connection closed this moment, and where they are reached by another.
pub(super) type Moving = HashMap<SessionId, Hop>;

impl Task {
    /// Gets a connection to where `hop` leads.
    pub(super) fn connect(&mut self, hop: &Hop, waiting: Waiting) {
        let Some(streams) = self.streams.clone() else { return self.lost(waiting) };
        match self.pool.want(hop, waiting) {
            Wanted::Open(flow, waiting) => self.reached(flow, waiting),
            Wanted::Dial => streams.dial(hop.clone()),
            Wanted::Wait => {}
        }
    }

    /// A connection stands.
    pub(super) fn opened(&mut self, flow: FlowId) {
        let Some(hop) = self.flows.hop_of(flow).cloned() else { return };
        for waiting in self.pool.opened(self.now(), &hop, flow) {
            self.reached(flow, waiting);
        }
    }

    /// A connection could not be opened.
    pub(super) fn not_opened(&mut self, hop: &Hop) {
        for waiting in self.pool.failed(self.now(), hop) {
            self.lost(waiting);
        }
    }

    fn reached(&mut self, flow: FlowId, waiting: Waiting) {
        let Some((path, _)) = self.sender(flow) else { return self.lost(waiting) };
        match waiting {
            // Who asked may have stopped waiting.
            Waiting::Asked(reply) => drop(reply.send(path)),
            // A call that has ended meanwhile needs none.
            Waiting::Call(session) => drop(self.ua.rebind(session, path)),
        }
    }

    /// There is none: who asked hears it by the end of its question, and a call as when a browser's is lost.
    fn lost(&mut self, waiting: Waiting) {
        if let Waiting::Call(session) = waiting {
            self.signal(sip::ua::Event::SessionFlowClosed { session });
        }
    }

    /// Closes a connection, or learns that it has closed.
    pub(super) fn close(&mut self, flow: FlowId) {
        let moving = self.moving_from(flow);
        if self.flows.closed(flow) {
            if self.pool.closed(self.now(), flow) {
                self.moving.extend(moving);
            }
            self.ua.handle(self.now(), Input::FlowClosed(flow));
            self.lending.closed(self.now(), flow);
        }
    }

    /// Whether another connection is opened for a call that has lost its own.
    pub(super) fn is_opened_again(&mut self, session: SessionId) -> bool {
        let Some(hop) = self.moving.remove(&session) else { return false };
        self.connect(&hop, Waiting::Call(session));
        true
    }

    /// Where a connection leads by which a call's peer is reached, if that can be opened.
    pub(super) fn hop_of(&self, session: SessionId) -> Option<Hop> {
        let path = self.ua.session(session)?.path;
        // Who is reached by another node's connection is not reached by one of ours.
        if path.flow == UDP_FLOW || path.local == WEB || self.flows.is_borrowed(path.flow) {
            return None;
        }
        if let Some(hop) = self.flows.hop_of(path.flow) {
            return Some(hop.clone());
        }
        let (remote, is_tls) = self.ua.stream_target(session)?;
        // Only a carrier may send us elsewhere than to where it is itself.
        let is_trunk = matches!(self.sender(path.flow)?.1, Party::Trunk(_));
        let transport = if is_tls { StreamTransport::Tls } else { StreamTransport::Tcp };
        (is_trunk || remote.ip() == path.remote.ip()).then_some(Hop { transport, remote, name: None })
    }

    fn moving_from(&self, flow: FlowId) -> Moving {
        let is_on_it = |session: &SessionId| self.ua.session(*session).is_some_and(|info| info.path.flow == flow);
        let on_it = self.sessions.keys().copied().filter(is_on_it);
        on_it.filter_map(|session| Some((session, self.hop_of(session)?))).collect()
    }

    /// A carrier that offers its connection for what we send it (RFC 5923 §5). Under TLS it would have to show that it may.
    pub(super) fn take_offer(&mut self, path: Path, party: Party, message: &Result<Message, ParseError>) {
        let Ok(Message::Request(request)) = message else { return };
        if path.local != TCP || !matches!(party, Party::Trunk(_)) || self.flows.hop_of(path.flow).is_some() {
            return;
        }
        let Ok(via) = request.headers.via_top() else { return };
        if via.params.contains("alias") {
            let mut remote = path.remote;
            remote.set_port(via.port.unwrap_or(USUAL_PORT));
            self.pool.offered(Hop { transport: StreamTransport::Tcp, remote, name: None }, path.flow);
        }
    }
}
