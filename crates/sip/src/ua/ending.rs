//! How sessions end: BYE in both directions, the 2xx that is never acknowledged, timers, closed flows.

use core::time::Duration;
use std::sync::Arc;

use crate::message::{Headers, Method, Request, Response, StatusCode};

use super::Ua;
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::fields;
use super::io::{EndCause, Event, Failure, FlowId, Output, Path, Reply, SessionId, TransactionId};
use super::lasting::Lasting;
use super::order::in_order;
use super::schedule::Waiter;
use super::session::Phase;

impl Ua {
    /// Hangs up an answered call. `headers` may hold a Reason. A BYE of ours never overtakes the ACK that we wait
    /// for (RFC 3261 §15): it follows that ACK, or the time-out.
    pub fn bye(&mut self, now: Duration, session: SessionId, headers: Headers) -> Result<(), CommandError> {
        let state = self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?;
        match state.phase {
            Phase::Ending => return Ok(()),
            Phase::Confirmed => {}
            Phase::Inviting | Phase::Cancelling { .. } | Phase::Offered { .. } => return Err(CommandError::WrongState),
        }
        if !state.unacknowledged.is_empty() {
            state.bye_after_ack = Some(headers);
            return Ok(());
        }
        self.acknowledge_if_owed(session);
        self.send_bye(now, session, headers);
        Ok(())
    }

    /// Ends a call in whatever way its state allows: CANCEL, a refusal with `status`, or BYE.
    pub fn hang_up(
        &mut self,
        now: Duration,
        session: SessionId,
        status: StatusCode,
        headers: Headers,
    ) -> Result<(), CommandError> {
        let state = self.sessions.get(&session).ok_or(CommandError::UnknownSession)?;
        match state.phase {
            Phase::Inviting | Phase::Cancelling { .. } => self.cancel(now, session, headers),
            Phase::Offered { transaction } => self.respond(now, transaction, Reply { status, headers, body: None }),
            Phase::Confirmed | Phase::Ending => self.bye(now, session, headers),
        }
    }

    /// Has the peer told in the 200 to its BYE how long the call has lasted.
    pub fn tell_length(&mut self, session: SessionId, lasting: Lasting) -> Result<(), CommandError> {
        self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?.lasting = Some(lasting);
        Ok(())
    }

    pub(crate) fn send_bye(&mut self, now: Duration, session: SessionId, headers: Headers) {
        let path = self.sessions.get(&session).map(|state| self.next_hop(state));
        let (Some(state), Some(path)) = (self.sessions.get_mut(&session), path) else { return };
        let Some(dialog) = &mut state.dialog else { return };
        let mut bye = dialog.request(Method::Bye);
        fields::append(&mut bye.headers, &headers);
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut bye, &mut self.tokens);
        }
        state.phase = Phase::Ending;
        state.offer_due = None;
        self.send_request(now, path, bye, Purpose::Bye(session), None);
    }

    pub(crate) fn bye_response(&mut self, now: Duration, key: ClientKey, session: SessionId, response: Response) {
        if response.status.is_provisional() {
            return;
        }
        if fields::is_challenge(&response) && self.retry_session(now, key, session, &response) {
            return;
        }
        self.bye_failed(now, session);
    }

    /// The BYE is through, one way or another: RFC 3261 §15.1.1 ends the session even when nobody answers.
    pub(crate) fn bye_failed(&mut self, now: Duration, session: SessionId) {
        let cause = self.sessions.get_mut(&session).and_then(|state| state.ending.take()).unwrap_or(EndCause::LocalBye);
        self.end_session(now, session, cause);
    }

    pub(crate) fn on_bye(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        request: &Arc<Request>,
    ) {
        let lasting = self.sessions.get(&session).and_then(|state| state.lasting.as_ref());
        let headers = lasting.map(|lasting| lasting.headers(now)).unwrap_or_default();
        self.refuse(now, transaction, StatusCode::OK, headers);
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let cause = EndCause::RemoteBye(Box::new(Request::clone(request)));
        match state.phase {
            // A caller may end an early dialog with BYE instead of CANCEL (§15).
            Phase::Offered { transaction: invite } => {
                self.end_session(now, session, EndCause::CancelledRemotely(Box::new(Request::clone(request))));
                self.refuse(now, invite, StatusCode::REQUEST_TERMINATED, Headers::new());
            }
            // The callee answered, its 2xx was lost and it has given up on our ACK: the INVITE is dead too.
            Phase::Inviting | Phase::Cancelling { .. } => {
                if let Some(invite) = state.invite {
                    self.clients.remove(&invite);
                }
                self.end_session(now, session, cause);
            }
            // Two BYEs crossed: both are answered, and both sides hung up by themselves.
            Phase::Ending => self.bye_failed(now, session),
            Phase::Confirmed => self.end_session(now, session, cause),
        }
    }

    /// Removes a session and everything that belongs to it, and says so. The transactions that must still absorb
    /// copies live on by their own timers.
    pub(crate) fn end_session(&mut self, now: Duration, session: SessionId, cause: EndCause) {
        let Some(state) = self.sessions.remove(&session) else { return };
        self.tags.remove(&state.local_tag);
        // Their unanswered re-INVITE gets 487 (§15.1.2), ours is abandoned: nobody would act on its answer.
        if let Some(transaction) = state.peer_reoffer {
            self.refuse(now, transaction, StatusCode::REQUEST_TERMINATED, Headers::new());
        }
        if let Some(reoffer) = state.reoffer {
            self.clients.remove(&reoffer.client);
        }
        // An INVITE that has no final answer runs no timer and would stay for ever.
        if let Some(invite) = state.invite
            && self.clients.get(&invite).is_some_and(super::client::ClientTx::is_pending)
        {
            self.clients.remove(&invite);
        }
        self.emit(Event::SessionEnded { session, cause, at: now });
    }

    /// The peer does not know the dialog any more: 481, 408 or silence to a request in it (§12.2.1.2).
    pub(crate) fn dialog_lost(&mut self, now: Duration, session: SessionId, failure: Failure) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        if state.phase != Phase::Confirmed {
            return;
        }
        if failure.status() == 481 {
            self.end_session(now, session, EndCause::DialogLost(failure));
            return;
        }
        // Silence may be one-sided: the BYE tells a peer that is still there.
        state.ending = Some(EndCause::DialogLost(failure));
        self.send_bye(now, session, Headers::new());
    }

    /// Puts the session's next deadline on the heap.
    pub(crate) fn arm_session(&mut self, session: SessionId) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let deadline = state.deadline();
        self.schedule.arm(Waiter::Session(session), &mut state.armed, deadline);
    }

    /// A heap entry of a session came up.
    pub(crate) fn session_due(&mut self, now: Duration, at: Duration, session: SessionId) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        if !state.armed.take(at) {
            return;
        }
        if let Phase::Cancelling { give_up: Some(give_up), .. } = state.phase
            && give_up <= now
        {
            // Nothing final came within 64·T1 of the CANCEL: the peer does not know the call (§9.1).
            self.end_session(now, session, EndCause::CancelledLocally);
            return;
        }
        if state.offer_due.is_some_and(|due| due <= now) {
            state.offer_due = None;
            self.outputs.push_back(Output::Event(Event::OfferDue { session }));
        }
        self.repeat_unacknowledged(now, session);
        self.repeat_provisional(now, session);
        self.arm_session(session);
    }

    /// §13.3.1.4: the 2xx again, at doubling intervals up to T2; after 64·T1 the session is over.
    fn repeat_unacknowledged(&mut self, now: Duration, session: SessionId) {
        let timers = self.config.timers;
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let mut given_up = false;
        for wait in &mut state.unacknowledged {
            if wait.give_up <= now {
                given_up = true;
            } else if wait.again_at <= now {
                wait.interval = timers.backoff(wait.interval);
                wait.again_at = now + wait.interval;
                self.outputs.push_back(Output::Send { path: wait.path, bytes: wait.bytes.clone() });
            }
        }
        if given_up {
            state.unacknowledged.clear();
            let headers = state.bye_after_ack.take().unwrap_or_default();
            if state.phase == Phase::Confirmed {
                state.ending = Some(EndCause::NoAck);
                self.send_bye(now, session, headers);
            }
        }
    }

    /// Moves a call to another flow, for instance after a WebSocket came back. The next request goes there; send a
    /// re-INVITE to tell the peer.
    pub fn rebind(&mut self, session: SessionId, path: Path) -> Result<(), CommandError> {
        let contact = self.contact_of(path);
        let state = self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?;
        let moved = state.path.flow != path.flow;
        state.path = path;
        state.contact = contact;
        if moved {
            self.emit(Event::SessionRebound { session });
        }
        Ok(())
    }

    /// Everything on the flow learns that it closed. Calls that are up stay: media has its own path.
    pub(crate) fn on_flow_closed(&mut self, now: Duration, flow: FlowId) {
        self.fail_clients_on(now, flow);
        let affected = self.sessions.values().filter(|state| state.path.flow == flow).map(|state| state.id);
        for session in in_order(affected) {
            self.emit(Event::SessionFlowClosed { session });
        }
        self.drop_registrations_on(flow);
    }
}
