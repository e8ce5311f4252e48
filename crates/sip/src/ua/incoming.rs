//! Calls that come in: INVITE, our answers and their ACK, CANCEL; and every request inside a dialog.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::message::{HeaderName, Headers, Method, Request, StatusCode};
use crate::negotiation::Negotiation;
use crate::transaction::key::ServerKey;

use super::Ua;
use super::config::SDP;
use super::io::{EndCause, Event, Party, Path, SessionId, TransactionId};
use super::room::MAX_OF_DIALOG;
use super::server::{Role, ServerTx};
use super::session::{Phase, Session, Unacknowledged};

/// Seconds that a peer is told to wait when its offer comes before we have answered the last one; RFC 3261 §14.2
/// wants a random value from 0 to 10.
const MAX_RETRY_AFTER_S: u64 = 10;

impl Ua {
    pub(crate) fn on_invite(&mut self, now: Duration, path: Path, party: Party, key: ServerKey, request: Request) {
        let local_tag = self.tokens.tag();
        let Ok(dialog) = Dialog::from_request(&request, &local_tag) else {
            return self.answer_once(path, &request, StatusCode::BAD_REQUEST, Headers::new());
        };
        let request = Arc::new(request);
        let transaction = self.start_server(now, key, (party, path), Arc::clone(&request), local_tag.clone(), None);
        let id = SessionId(self.fresh_id());
        let mut negotiation = Negotiation::default();
        if !request.body.is_empty() {
            // A fresh negotiation cannot refuse its first offer.
            let _ = negotiation.remote_offer();
        }
        let fresh = Session::new(
            id,
            Phase::Offered { transaction },
            (path, party),
            self.contact_of(path),
            local_tag.clone(),
            dialog.call_id().to_owned(),
        );
        let session = Session { is_caller: false, dialog: Some(dialog), negotiation, ..fresh };
        self.tags.insert(local_tag, id);
        self.sessions.insert(id, session);
        if let Some(tx) = self.servers.get_mut(&transaction) {
            tx.role = Role::Invite(id);
        }
        self.ask_for_next_hop(now, id);
        self.emit(Event::IncomingInvite { session: id, transaction, path, request });
    }

    /// What our answer to a request means for its session; called by [`Ua::respond`] after it was sent.
    #[expect(clippy::too_many_arguments, reason = "the facts of one answer, called from one place")]
    pub(crate) fn answered(
        &mut self,
        now: Duration,
        request: &Request,
        role: Role,
        status: StatusCode,
        has_body: bool,
        path: Path,
        bytes: Bytes,
    ) {
        if status.is_provisional() {
            if let Role::Invite(session) = role {
                self.provisional_sent(now, request, session, has_body, path, bytes);
            }
            return;
        }
        let (session, initial) = match role {
            Role::Invite(session) => (session, true),
            Role::Reinvite(session) | Role::Update(session) => (session, false),
            Role::InDialog(_) | Role::Outside => return,
        };
        let Some(state) = self.sessions.get_mut(&session) else { return };
        if !initial {
            state.peer_reoffer = None;
        }
        if !status.is_success() {
            state.negotiation.rollback();
            if initial {
                self.end_session(now, session, EndCause::Refused(status));
            }
            return;
        }
        let offered_by_us = request.body.is_empty() && has_body;
        // Without offer and answer (a bare UPDATE that refreshes the session) there is nothing to count.
        let _ = match (request.body.is_empty(), has_body) {
            // Answered in a provisional response, and only repeated here (RFC 3261 §13.2.1).
            (false, true) if initial && state.negotiation.is_agreed() => Ok(()),
            (false, true) => state.negotiation.local_answer(),
            (true, true) => state.negotiation.local_offer(),
            _ => Ok(()),
        };
        if initial {
            state.phase = Phase::Confirmed;
        }
        if matches!(role, Role::Update(_)) {
            return;
        }
        let timers = self.config.timers;
        state.unacknowledged.push(Unacknowledged {
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            path,
            bytes,
            again_at: now + timers.t1,
            interval: timers.t1,
            give_up: now + timers.patience(),
            owes_answer: offered_by_us,
        });
        self.arm_session(session);
    }

    /// The ACK of a 2xx of ours (§13.3.1.4). Any other ACK is dropped, as an ACK is never answered.
    pub(crate) fn on_ack(&mut self, now: Duration, path: Path, party: Party, request: Request) {
        let Some(session) = self.session_of(path, party, &request) else { return };
        let Ok(cseq) = request.cseq() else { return };
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let Some(index) = state.unacknowledged.iter().position(|wait| wait.cseq == cseq.number) else { return };
        let waited = state.unacknowledged.remove(index);
        state.path = path;
        if waited.owes_answer {
            // An ACK without the answer leaves the session without media; the owner sees the empty body.
            let _ = state.negotiation.remote_answer();
        }
        let bye = if state.unacknowledged.is_empty() { state.bye_after_ack.take() } else { None };
        self.emit(Event::AckReceived { session, request: Box::new(request) });
        if let Some(headers) = bye {
            self.send_bye(now, session, headers);
        }
    }

    /// The caller gave up before our final answer.
    pub(crate) fn cancelled_by_peer(&mut self, now: Duration, invite: TransactionId, request: &Request) {
        let Some(tx) = self.servers.get(&invite) else { return };
        if !tx.is_pending() {
            return;
        }
        match tx.role {
            Role::Invite(session) => self.end_offered(now, session, invite, request),
            Role::Reinvite(session) => {
                if let Some(state) = self.sessions.get_mut(&session) {
                    state.peer_reoffer = None;
                    state.negotiation.rollback();
                }
                self.refuse(now, invite, StatusCode::REQUEST_TERMINATED, Headers::new());
            }
            Role::Update(_) | Role::InDialog(_) | Role::Outside => {}
        }
    }

    fn end_offered(&mut self, now: Duration, session: SessionId, invite: TransactionId, request: &Request) {
        // The session goes first, so that the 487 is not reported as our refusal.
        self.end_session(now, session, EndCause::CancelledRemotely(Box::new(request.clone())));
        self.refuse(now, invite, StatusCode::REQUEST_TERMINATED, Headers::new());
        // A peer may call again at once with the same identity.
        self.release_merge(invite);
    }

    /// A request with a To tag: it belongs to a session of ours with this party, or is a stray.
    pub(crate) fn on_request_in_dialog(
        &mut self,
        now: Duration,
        path: Path,
        party: Party,
        key: ServerKey,
        request: Request,
        to_tag: String,
    ) {
        let Some(session) = self.session_of(path, party, &request) else {
            return self.answer_stray(path, party, &request);
        };
        if self.sessions.get(&session).is_some_and(|state| state.peer_requests >= MAX_OF_DIALOG) {
            return;
        }
        if let Some((status, headers)) = self.refusal(&request) {
            return self.answer_once(path, &request, status, headers);
        }
        if !self.in_order(session, &request) {
            return self.answer_once(path, &request, StatusCode::SERVER_INTERNAL_ERROR, Headers::new());
        }
        let request = Arc::new(request);
        let transaction = self.start_server(now, key, (party, path), Arc::clone(&request), to_tag, Some(session));
        if let Some(tx) = self.servers.get_mut(&transaction) {
            tx.role = Role::InDialog(session);
        }
        let moves = self.is_reliable(path) && request.method != Method::Bye;
        if let Some(state) = self.sessions.get_mut(&session) {
            // The peer is where it last spoke from: a NAT binding or a WebSocket may have changed under the call.
            let before = core::mem::replace(&mut state.path, path);
            if moves && before.flow != path.flow {
                self.emit(Event::SessionRebound { session });
            }
        }
        match request.method {
            Method::Bye => self.on_bye(now, session, transaction, &request),
            Method::Invite => self.on_reinvite(now, session, transaction, request),
            Method::Update => self.on_update(now, session, transaction, request),
            Method::Prack => self.on_prack(now, session, transaction, request),
            // §11.2: in a dialog always 200, with what could be had.
            Method::Options => {
                let mut headers = Headers::new();
                headers.push(HeaderName::Accept, SDP);
                self.refuse(now, transaction, StatusCode::OK, headers);
            }
            Method::Info => self.emit(Event::InfoReceived { session, transaction, request }),
            _ => {
                let method = request.method.clone();
                self.emit(Event::RequestReceived { session, transaction, method, request });
            }
        }
    }

    /// The session whose dialog this request is in (§12.2.2), if it comes from the party that the dialog is with.
    pub(crate) fn session_of(&self, path: Path, party: Party, request: &Request) -> Option<SessionId> {
        let (to, from) = (request.to().ok()?, request.from().ok()?);
        let session = self.sessions.get(self.tags.get(to.tag()?)?)?;
        if !self.is_same_party((session.party, session.path), (party, path)) {
            return None;
        }
        let remote_tag = from.tag().unwrap_or_default();
        let known = session.dialog.iter().chain(&session.early).any(|dialog| dialog.remote_tag() == remote_tag);
        (known && request.call_id().ok()? == session.call_id).then_some(session.id)
    }

    fn in_order(&mut self, session: SessionId, request: &Request) -> bool {
        let Some(state) = self.sessions.get_mut(&session) else { return false };
        let (Ok(cseq), Ok(from)) = (request.cseq(), request.from()) else { return false };
        state
            .dialog
            .iter_mut()
            .chain(&mut state.early)
            .find(|dialog| from.tag().unwrap_or_default() == dialog.remote_tag())
            .is_some_and(|dialog| dialog.accept_cseq(cseq.number).is_ok())
    }

    /// 500 with a random Retry-After (§14.2).
    pub(crate) fn refuse_for_now(&mut self, now: Duration, transaction: TransactionId) {
        let mut headers = Headers::new();
        headers.push(HeaderName::RetryAfter, self.tokens.below(MAX_RETRY_AFTER_S + 1).to_string());
        self.refuse(now, transaction, StatusCode::SERVER_INTERNAL_ERROR, headers);
    }

    /// The owner never answered a non-INVITE request; the peer has given up on it.
    pub(crate) fn peer_request_expired(&mut self, role: Role, transaction: TransactionId) {
        if let Role::Update(session) = role
            && let Some(state) = self.sessions.get_mut(&session)
            && state.peer_reoffer == Some(transaction)
        {
            state.peer_reoffer = None;
            state.negotiation.rollback();
        }
    }

    /// Who sent a request that is remembered, and on which way.
    pub fn sender_of(&self, transaction: TransactionId) -> Option<(Party, Path)> {
        self.servers.get(&transaction).map(ServerTx::sender)
    }

    /// True while the transaction can still be answered.
    pub fn is_answerable(&self, transaction: TransactionId) -> bool {
        self.servers.get(&transaction).is_some_and(ServerTx::is_pending)
    }
}
