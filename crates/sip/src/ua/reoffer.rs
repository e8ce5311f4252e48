//! Changing a session: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311) in both directions, with glare.

use core::time::Duration;
use std::sync::Arc;

use crate::message::{HeaderName, Headers, Method, Request, Response, StatusCode};
use crate::negotiation::{Refused, State};

use super::Ua;
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::fields;
use super::io::{Body, Event, Failure, Path, SessionId, TransactionId};
use super::server::Role;
use super::session::{AckOwed, Phase, Reoffer};

/// 491s in a row before an offer of ours counts as refused: two peers that collide by chance are apart after one wait, one
/// that answers nothing else would be asked for ever.
const MAX_COLLISIONS: u8 = 5;
/// Unit of the wait after a collision (§14.1).
const GLARE_UNIT: Duration = Duration::from_millis(10);
/// The owner of the Call-ID waits 2.1 to 4 s …
const GLARE_OWNER_FROM: u64 = 210;
const GLARE_OWNER_SPAN: u64 = 191;
/// … and the other side 0 to 2 s, so that they cannot collide again.
const GLARE_OTHER_SPAN: u64 = 201;

impl Ua {
    /// Offers anew with a re-INVITE. Without a body the peer offers in its 2xx, which arrives as `OfferAccepted`,
    /// and [`Ua::ack`] carries the answer. `headers` may hold Session-Expires.
    pub fn reinvite(
        &mut self,
        now: Duration,
        session: SessionId,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), CommandError> {
        self.reoffer(now, session, Method::Invite, headers, body)
    }

    /// Offers anew, or refreshes the session without a body, with an UPDATE.
    pub fn update(
        &mut self,
        now: Duration,
        session: SessionId,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), CommandError> {
        self.reoffer(now, session, Method::Update, headers, body)
    }

    fn reoffer(
        &mut self,
        now: Duration,
        session: SessionId,
        method: Method,
        extra: Headers,
        body: Option<Body>,
    ) -> Result<(), CommandError> {
        let mut capabilities = Headers::new();
        self.add_capabilities(&mut capabilities);
        let state = self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?;
        if state.phase != Phase::Confirmed {
            return Err(CommandError::WrongState);
        }
        let busy = state.reoffer.is_some() || state.peer_reoffer.is_some() || state.ack_owed.is_some();
        if busy || state.negotiation.state() != State::Stable {
            return Err(CommandError::OfferPending);
        }
        let offered = body.is_some();
        if offered {
            state.negotiation.local_offer().map_err(|_| CommandError::OfferPending)?;
        }
        state.offer_due = None;
        let Some(dialog) = &mut state.dialog else { return Err(CommandError::WrongState) };
        let mut request = dialog.request(method.clone());
        request.headers.push(HeaderName::Contact, state.contact.clone());
        fields::append(&mut request.headers, &capabilities);
        fields::append(&mut request.headers, &extra);
        fields::set_body(&mut request.headers, &mut request.body, body);
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        let path = self.sessions.get(&session).map(|state| self.next_hop(state)).ok_or(CommandError::UnknownSession)?;
        let purpose = if method == Method::Invite { Purpose::Reinvite(session) } else { Purpose::Update(session) };
        let client = self.send_request(now, path, request, purpose, None);
        if let Some(state) = self.sessions.get_mut(&session) {
            state.reoffer = Some(Reoffer { client, offered });
        }
        Ok(())
    }

    pub(crate) fn reoffer_response(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        path: Path,
        response: Response,
        is_invite: bool,
    ) {
        let status = response.status;
        if status.is_provisional() {
            // Nobody is told of it; who sends it reliably waits for its PRACK.
            self.acknowledge_provisional(now, key, session, path, &response);
            return;
        }
        if is_invite && status.is_success() {
            let tag = response.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
            if self.repeat_ack(key, &tag) {
                return;
            }
        }
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let Some(reoffer) = state.reoffer.filter(|reoffer| reoffer.client == key) else { return };
        if status.is_success() {
            self.credentials_accepted(session);
            self.reoffer_accepted(now, session, key, path, response, is_invite, reoffer.offered);
        } else if status == StatusCode::REQUEST_PENDING {
            self.reoffer_collided(now, session, response);
        } else if !(fields::is_challenge(&response) && self.retry_session(now, key, session, &response)) {
            self.reoffer_failed(now, session, Failure::Response(Box::new(response)));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one answer, called from one place")]
    fn reoffer_accepted(
        &mut self,
        now: Duration,
        session: SessionId,
        key: ClientKey,
        path: Path,
        response: Response,
        is_invite: bool,
        offered: bool,
    ) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        state.reoffer = None;
        state.collisions = 0;
        state.path = path;
        if let Some(dialog) = &mut state.dialog {
            dialog.refresh_target(&response.headers);
        }
        // A 2xx without the answer leaves the old agreement standing.
        let _ = match (offered, response.body.is_empty()) {
            (true, false) => state.negotiation.remote_answer(),
            (false, false) => state.negotiation.remote_offer(),
            (_, true) => Ok(()),
        };
        if is_invite {
            let cseq = response.cseq().map_or(0, |cseq| cseq.number);
            state.ack_owed = Some(AckOwed { client: key, cseq });
            let ending = state.phase == Phase::Ending;
            if offered || ending || response.body.is_empty() {
                self.acknowledge_if_owed(session);
            }
        }
        self.ask_for_next_hop(now, session);
        self.emit(Event::OfferAccepted { session, response: Box::new(response) });
    }

    fn reoffer_collided(&mut self, now: Duration, session: SessionId, response: Response) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        state.collisions += 1;
        if state.collisions > MAX_COLLISIONS {
            state.collisions = 0;
            self.reoffer_failed(now, session, Failure::Response(Box::new(response)));
            return;
        }
        let units = if state.is_caller {
            GLARE_OWNER_FROM + self.tokens.below(GLARE_OWNER_SPAN)
        } else {
            self.tokens.below(GLARE_OTHER_SPAN)
        };
        let retry_in = GLARE_UNIT * u32::try_from(units).unwrap_or(0);
        state.reoffer = None;
        state.negotiation.rollback();
        state.offer_due = Some(now + retry_in);
        self.arm_session(session);
        self.emit(Event::OfferCollided { session, retry_in });
    }

    pub(crate) fn reoffer_failed(&mut self, now: Duration, session: SessionId, failure: Failure) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        state.reoffer = None;
        state.negotiation.rollback();
        match (&failure, failure.status()) {
            // On a closed flow the dialog may well be alive: the owner rebinds and offers again.
            (Failure::Timeout, _) | (Failure::Response(_), 408 | 481) => self.dialog_lost(now, session, failure),
            _ => self.emit(Event::OfferRefused { session, failure }),
        }
    }

    pub(crate) fn on_reinvite(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        request: Arc<Request>,
    ) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let ours_is_open = state.reoffer.is_some() || state.ack_owed.is_some();
        match state.phase {
            Phase::Ending => {
                self.refuse(now, transaction, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
                return;
            }
            Phase::Inviting | Phase::Cancelling { .. } => {
                self.refuse(now, transaction, StatusCode::REQUEST_PENDING, Headers::new());
                return;
            }
            Phase::Confirmed if ours_is_open => {
                self.refuse(now, transaction, StatusCode::REQUEST_PENDING, Headers::new());
                return;
            }
            Phase::Offered { .. } => {
                self.refuse_for_now(now, transaction);
                return;
            }
            Phase::Confirmed => {}
        }
        if self.takes_offer(now, session, transaction, &request, Role::Reinvite(session)) {
            self.emit(Event::ReinviteReceived { session, transaction, request });
        }
    }

    pub(crate) fn on_update(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        request: Arc<Request>,
    ) {
        if self.takes_offer(now, session, transaction, &request, Role::Update(session)) {
            self.emit(Event::UpdateReceived { session, transaction, request });
        }
    }

    /// RFC 3261 §14.2 and RFC 3311 §5.2: 491 while our offer is open, 500 while theirs is. An offer of our INVITE is open until its
    /// 2xx, or until it was answered reliably before.
    pub(crate) fn takes_offer(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        request: &Request,
        role: Role,
    ) -> bool {
        let Some(state) = self.sessions.get_mut(&session) else { return false };
        if state.peer_reoffer.is_some() {
            self.refuse_for_now(now, transaction);
            return false;
        }
        if !request.body.is_empty() {
            match state.negotiation.remote_offer() {
                Ok(()) => {}
                Err(Refused::Glare) => {
                    self.refuse(now, transaction, StatusCode::REQUEST_PENDING, Headers::new());
                    return false;
                }
                Err(Refused::Pending | Refused::Unexpected) => {
                    self.refuse_for_now(now, transaction);
                    return false;
                }
            }
        }
        let from = request.from().ok();
        let tag = from.as_ref().and_then(|from| from.tag()).unwrap_or_default();
        let mut dialogs = state.dialog.iter_mut().chain(&mut state.early);
        if let Some(dialog) = dialogs.find(|dialog| dialog.remote_tag() == tag) {
            dialog.refresh_target(&request.headers);
        }
        state.peer_reoffer = Some(transaction);
        if let Some(tx) = self.servers.get_mut(&transaction) {
            tx.role = role;
        }
        self.ask_for_next_hop(now, session);
        true
    }
}
