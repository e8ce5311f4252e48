//! Calls that we make: INVITE, its answers and forks, CANCEL, ACK.

use core::time::Duration;

use crate::dialog::{Dialog, MAX_FORWARDS};
use crate::message::{HeaderName, Headers, Method, Request, Response, Uri};
use crate::negotiation::Negotiation;

use super::Ua;
use super::auth::{Authenticator, Credentials};
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::fields;
use super::io::{Body, EndCause, Event, Failure, Party, Path, SessionId};
use super::reliable::{self, skip_pracks};
use super::session::{AckOwed, MAX_EARLY_DIALOGS, Phase, Session};

/// A call to make.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Where the INVITE goes.
    pub path: Path,
    /// Who is called, and so whose requests are taken in the dialog.
    pub party: Party,
    /// Request-URI.
    pub target: Uri,
    /// From without tag, for instance `"Asha" <sip:254700000001@example.org>`.
    pub from: String,
    /// To.
    pub to: String,
    /// Contact value if not the local end's.
    pub contact: Option<String>,
    /// Further headers (Route, P-Asserted-Identity, X-…).
    pub headers: Headers,
    /// The offer. Without one the peer offers in its 2xx and [`Ua::ack`] carries the answer.
    pub body: Option<Body>,
    /// For a 401 or 407.
    pub auth: Option<Credentials>,
    /// Hops left; a back-to-back user agent hands on what it received minus one.
    pub max_forwards: u8,
}

impl Invite {
    /// A call with the ordinary settings.
    pub fn new(path: Path, target: Uri, from: impl Into<String>, to: impl Into<String>, body: Option<Body>) -> Self {
        Self {
            path,
            party: Party::Stranger,
            target,
            from: from.into(),
            to: to.into(),
            contact: None,
            headers: Headers::new(),
            body,
            auth: None,
            max_forwards: MAX_FORWARDS,
        }
    }
}

/// What the user agent itself writes into an INVITE: not less than that.
const OWN_FIELDS_BYTES: usize = 580;

impl Invite {
    /// How long the INVITE is at most when it is first sent, in bytes, so that one that is too large for a datagram goes another
    /// way (RFC 3261 §18.1.1). Who has asked for credentials by datagrams has heard us by them, and gets them so.
    pub fn longest_bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let body = self.body.as_ref().map_or(0, |body| body.content.len());
        let names = self.from.len() + self.to.len() + self.target.to_string().len();
        OWN_FIELDS_BYTES + headers + body + names
    }
}

impl Ua {
    /// Calls. The first event of the session is a provisional or final answer, the last one `SessionEnded`.
    pub fn invite(&mut self, now: Duration, invite: Invite) -> SessionId {
        let id = SessionId(self.fresh_id());
        let local_tag = self.tokens.tag();
        let call_id = self.tokens.call_id();
        let contact = invite.contact.unwrap_or_else(|| self.contact_of(invite.path));
        let mut request = Request::new(Method::Invite, invite.target);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, invite.max_forwards.to_string());
        headers.push(HeaderName::From, format!("{};tag={local_tag}", invite.from));
        headers.push(HeaderName::To, invite.to);
        headers.push(HeaderName::CallId, call_id.clone());
        headers.push(HeaderName::CSeq, "1 INVITE");
        headers.push(HeaderName::Contact, contact.clone());
        self.add_capabilities(headers);
        if invite.body.is_none() {
            // A reliable response could carry the offer, whose answer is the owner's and belongs into the ACK.
            let others = self.config.supported.iter().filter(|tag| **tag != reliable::OPTION);
            headers.set(HeaderName::Supported, others.copied().collect::<Vec<_>>().join(", "));
        }
        fields::append(headers, &invite.headers);
        let mut negotiation = Negotiation::default();
        if invite.body.is_some() {
            // A fresh negotiation cannot refuse its first offer.
            let _ = negotiation.local_offer();
        }
        fields::set_body(&mut request.headers, &mut request.body, invite.body);
        let mut auth = invite.auth.map(Authenticator::new);
        if let Some(auth) = &mut auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        let client = self.send_request(now, invite.path, request, Purpose::Invite(id), None);
        let fresh = Session::new(id, Phase::Inviting, (invite.path, invite.party), contact, local_tag.clone(), call_id);
        let session = Session { invite: Some(client), negotiation, auth, ..fresh };
        self.tags.insert(local_tag, id);
        self.sessions.insert(id, session);
        id
    }

    /// Gives up a call that has no final answer. The CANCEL waits for the first provisional response; a 200 that
    /// crosses it is acknowledged and hung up. `headers` may hold a Reason.
    pub fn cancel(&mut self, now: Duration, session: SessionId, headers: Headers) -> Result<(), CommandError> {
        let state = self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?;
        match state.phase {
            Phase::Inviting => {}
            Phase::Cancelling { .. } => return Ok(()),
            _ => return Err(CommandError::WrongState),
        }
        state.phase = Phase::Cancelling { sent: false, give_up: None };
        state.cancel_headers = headers;
        if let Some(client) = state.invite
            && self.clients.get(&client).is_some_and(super::client::ClientTx::is_proceeding)
        {
            self.cancel_now(now, session, client);
        }
        Ok(())
    }

    pub(crate) fn cancel_now(&mut self, now: Duration, session: SessionId, client: ClientKey) {
        let patience = self.config.timers.patience();
        let Some(state) = self.sessions.get_mut(&session) else { return };
        state.phase = Phase::Cancelling { sent: true, give_up: Some(now + patience) };
        let headers = core::mem::take(&mut state.cancel_headers);
        self.send_cancel(now, client, &headers);
        self.arm_session(session);
    }

    /// Acknowledges a 2xx that carried the offer, with the answer.
    pub fn ack(&mut self, session: SessionId, body: Option<Body>) -> Result<(), CommandError> {
        let path = self.sessions.get(&session).map(|state| self.next_hop(state));
        let (Some(state), Some(path)) = (self.sessions.get_mut(&session), path) else {
            return Err(CommandError::UnknownSession);
        };
        let owed = state.ack_owed.take().ok_or(CommandError::WrongState)?;
        // Without a body, or after the peer offered nothing, there is no answer to count.
        let _ = if body.is_some() { state.negotiation.local_answer() } else { Ok(()) };
        state.negotiation.rollback();
        let Some(dialog) = &state.dialog else { return Err(CommandError::WrongState) };
        let tag = dialog.remote_tag().to_owned();
        let mut ack = dialog.ack(owed.cseq);
        if let Some(auth) = &state.auth {
            auth.copy_into_ack(&mut ack);
        }
        fields::set_body(&mut ack.headers, &mut ack.body, body);
        self.send_ack(owed.client, path, ack, tag);
        Ok(())
    }

    pub(crate) fn invite_response(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        path: Path,
        response: Response,
    ) {
        let status = response.status;
        if status.is_success() {
            return self.invite_accepted(now, key, session, path, response);
        }
        let Some(state) = self.sessions.get_mut(&session) else { return };
        if state.invite != Some(key) {
            return;
        }
        let cancelling = matches!(state.phase, Phase::Cancelling { .. });
        if status.is_provisional() {
            if let Phase::Cancelling { sent: false, .. } = state.phase {
                self.cancel_now(now, session, key);
            } else if !cancelling {
                self.provisional(now, key, session, path, response);
            }
            return;
        }
        if !cancelling && fields::is_challenge(&response) && self.retry_session(now, key, session, &response) {
            return;
        }
        let cause = if cancelling {
            EndCause::CancelledLocally
        } else {
            EndCause::Failed(Failure::Response(Box::new(response)))
        };
        self.end_session(now, session, cause);
    }

    /// 1xx: remember the early dialog of this fork, then tell.
    fn provisional(&mut self, now: Duration, key: ClientKey, session: SessionId, path: Path, response: Response) {
        let to_tag = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned));
        let request = self.clients.get(&key).map(|tx| &tx.request);
        // A 100 makes no dialog even when it has a tag (§12.1).
        if response.status.code() > 100
            && let (Some(state), Some(request), Some(tag)) = (self.sessions.get_mut(&session), request, &to_tag)
            && state.early.len() < MAX_EARLY_DIALOGS
            && !state.early.iter().any(|early| early.remote_tag() == tag)
            && let Ok(dialog) = Dialog::from_response(request, &response)
        {
            state.early.push(dialog);
        }
        if !self.acknowledge_provisional(now, key, session, path, &response) {
            return;
        }
        self.emit(Event::Provisional { session, response: Box::new(response), to_tag });
    }

    /// A 2xx: the first one makes the call, a copy gets its ACK again, any other one is hung up at once.
    fn invite_accepted(&mut self, now: Duration, key: ClientKey, session: SessionId, path: Path, response: Response) {
        let Some(tx) = self.clients.get_mut(&key) else { return };
        // Only the headers are needed from here on, for dialogs of forks.
        tx.request.body = bytes::Bytes::new();
        let Ok(dialog) = Dialog::from_response(&tx.request, &response) else {
            // Without a readable To there is nobody to acknowledge; the peer gives up by itself.
            if self.sessions.get(&session).is_some_and(|state| state.dialog.is_none()) {
                self.invite_failed(now, session, Failure::Response(Box::new(response)));
            }
            return;
        };
        if self.repeat_ack(key, dialog.remote_tag()) {
            return;
        }
        let phase = self.sessions.get(&session).map(|state| state.phase);
        match phase {
            Some(Phase::Inviting) => self.answered_by_peer(now, key, session, path, dialog, response),
            Some(Phase::Cancelling { .. }) => {
                let mut dialog = dialog;
                skip_pracks(&mut dialog);
                if let Some(state) = self.sessions.get_mut(&session) {
                    state.ending = Some(EndCause::CancelledLocally);
                }
                self.confirm(now, key, session, path, dialog, &response);
                self.acknowledge_if_owed(session);
                self.send_bye(now, session, Headers::new());
            }
            _ => {
                let waits_for_owner = self.sessions.get(&session).is_some_and(|state| {
                    state.ack_owed.is_some()
                        && state.dialog.as_ref().is_some_and(|known| known.remote_tag() == dialog.remote_tag())
                });
                if !waits_for_owner {
                    self.hang_up_fork(now, key, path, dialog);
                }
            }
        }
    }

    fn answered_by_peer(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        path: Path,
        dialog: Dialog,
        response: Response,
    ) {
        self.confirm(now, key, session, path, dialog, &response);
        self.emit(Event::Answered { session, response: Box::new(response) });
    }

    /// The session gets its dialog; the ACK goes out unless it has to carry the owner's answer.
    fn confirm(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        path: Path,
        mut dialog: Dialog,
        response: &Response,
    ) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        // Requests in early dialogs have used up numbers.
        for early in state.early.drain(..) {
            dialog.skip_to_cseq(early.local_cseq());
        }
        let cseq = response.headers.cseq().map_or(1, |cseq| cseq.number);
        state.phase = Phase::Confirmed;
        state.path = path;
        state.dialog = Some(dialog);
        state.ack_owed = Some(AckOwed { client: key, cseq });
        if let Some(auth) = &mut state.auth {
            auth.accepted();
        }
        // Nothing was offered; what was answered reliably before is only repeated here.
        let is_untouched =
            state.negotiation.state() == crate::negotiation::State::Stable && !state.negotiation.is_agreed();
        let delayed_offer = is_untouched && !response.body.is_empty();
        if delayed_offer {
            let _ = state.negotiation.remote_offer();
        } else {
            // An answer that came in a reliable or early response before is repeated here and counts once.
            let _ = state.negotiation.remote_answer();
            self.acknowledge_if_owed(session);
        }
        self.ask_for_next_hop(now, session);
    }

    /// Sends an owed ACK without waiting for the owner.
    pub(crate) fn acknowledge_if_owed(&mut self, session: SessionId) {
        // The only refusal is that nothing is owed.
        let _ = self.ack(session, None);
    }

    /// §13.2.2.4: a fork that lost, or an answer to a call that is over, is acknowledged and ended.
    fn hang_up_fork(&mut self, now: Duration, key: ClientKey, path: Path, mut dialog: Dialog) {
        let Some(cseq) = self.clients.get(&key).and_then(|tx| tx.request.headers.cseq().ok().map(|cseq| cseq.number))
        else {
            return;
        };
        let tag = dialog.remote_tag().to_owned();
        let path = self.route(path, &dialog);
        self.send_ack(key, path, dialog.ack(cseq), tag);
        skip_pracks(&mut dialog);
        let bye = dialog.request(Method::Bye);
        self.send_request(now, path, bye, Purpose::Nobody, None);
    }

    pub(crate) fn invite_failed(&mut self, now: Duration, session: SessionId, failure: Failure) {
        let cancelling =
            self.sessions.get(&session).is_some_and(|state| matches!(state.phase, Phase::Cancelling { .. }));
        let cause = if cancelling { EndCause::CancelledLocally } else { EndCause::Failed(failure) };
        self.end_session(now, session, cause);
    }
}
