//! Provisional responses that reach the caller for certain: 100rel and PRACK (RFC 3262), in both roles.
//!
//! We acknowledge each one that a callee sends so. Ours are sent so where the caller requires it: one at a time, again until
//! its PRACK, and a 200 never before the PRACK of a description. The owner answers as it does without, and hears of the one
//! difference, a 200 that had to wait, by [`Event::DelayedAnswerSent`].

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::message::{HeaderName, Headers, Method, Request, Response, StatusCode};

use super::Ua;
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::io::{Event, Output, Path, Reply, SessionId, TransactionId};
use super::server::Role;
use super::session::Phase;

/// Option tag of the extension.
pub(crate) const OPTION: &str = "100rel";
/// The first RSeq is random and leaves room to count (RFC 3262 §3).
const FIRST_RSEQ_BELOW: u64 = 1 << 30;
/// Responses that wait for the PRACK of an earlier one; what is beyond would tell the caller nothing new.
const MAX_WAITING: usize = 8;
/// Numbers left out before a BYE in a dialog whose PRACKs, by another user agent or for a fork, were not counted here. A callee
/// that answers has said less than that before.
const SKIPPED_NUMBERS: u32 = 64;

/// What of our responses to a caller's INVITE is sent reliably.
pub(crate) struct Reliable {
    /// RSeq of the last one.
    rseq: u32,
    sent: Option<Sent>,
    /// What follows its PRACK, in order; a 2xx only as the last one.
    waiting: VecDeque<Reply>,
}

/// One that waits for its PRACK.
struct Sent {
    /// CSeq of the INVITE.
    cseq: u32,
    has_description: bool,
    path: Path,
    bytes: Bytes,
    again_at: Duration,
    interval: Duration,
    give_up: Duration,
}

impl Reliable {
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.sent.as_ref().map(|sent| sent.again_at.min(sent.give_up))
    }

    fn holds_final(&self) -> bool {
        self.waiting.back().is_some_and(|reply| reply.status.is_success())
    }
}

/// Whether a message asks for what RFC 3262 says.
fn is_required(headers: &Headers) -> bool {
    headers.contains(&HeaderName::Require)
        && headers.require().is_ok_and(|tags| tags.iter().any(|tag| tag.eq_ignore_ascii_case(OPTION)))
}

/// Numbers the dialog behind the PRACKs that it may have had.
pub(crate) fn skip_pracks(dialog: &mut Dialog) {
    dialog.skip_to_cseq(dialog.local_cseq().saturating_add(SKIPPED_NUMBERS));
}

impl Ua {
    /// What of a reply to an INVITE is to be sent now: with its number where the caller wants provisional ones reliably;
    /// `None` where it waits, or is left out.
    pub(crate) fn in_turn(
        &mut self,
        request: &Request,
        role: Role,
        mut reply: Reply,
    ) -> Result<Option<Reply>, CommandError> {
        let Role::Invite(session) = role else { return Ok(Some(reply)) };
        if !is_required(&request.headers) {
            return Ok(Some(reply));
        }
        let first = u32::try_from(self.tokens.below(FIRST_RSEQ_BELOW)).unwrap_or_default();
        let Some(state) = self.sessions.get_mut(&session) else { return Ok(Some(reply)) };
        let fresh = || Box::new(Reliable { rseq: first, sent: None, waiting: VecDeque::new() });
        let reliable = state.reliable.get_or_insert_with(fresh);
        if reply.status.is_provisional() {
            if reliable.holds_final() {
                return Err(CommandError::AlreadyAnswered);
            }
            // The first one to an INVITE without an offer would have to carry ours (§5), which the owner gives with its 200.
            if request.body.is_empty() {
                return Ok(None);
            }
            if reliable.sent.is_some() {
                if reliable.waiting.len() < MAX_WAITING {
                    reliable.waiting.push_back(reply);
                }
                return Ok(None);
            }
            reliable.rseq += 1;
            reply.headers.push(HeaderName::Require, OPTION);
            reply.headers.push(HeaderName::RSeq, reliable.rseq.to_string());
            return Ok(Some(reply));
        }
        if reply.status.is_success() {
            if reliable.holds_final() {
                return Err(CommandError::AlreadyAnswered);
            }
            reliable.waiting.clear();
            if reliable.sent.as_ref().is_some_and(|sent| sent.has_description) {
                reliable.waiting.push_back(reply);
                return Ok(None);
            }
        }
        state.reliable = None;
        Ok(Some(reply))
    }

    /// A provisional response to an INVITE has gone out.
    pub(crate) fn provisional_sent(
        &mut self,
        now: Duration,
        request: &Request,
        session: SessionId,
        has_description: bool,
        path: Path,
        bytes: Bytes,
    ) {
        let timers = self.config.timers;
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let Some(reliable) = &mut state.reliable else { return };
        reliable.sent = Some(Sent {
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            has_description,
            path,
            bytes,
            again_at: now + timers.t1,
            interval: timers.t1,
            give_up: now + timers.patience(),
        });
        if has_description {
            // The offer is answered by it, and may be followed by another before the 200. The only refusal is that it was.
            let _ = state.negotiation.local_answer();
        }
        self.arm_session(session);
    }

    pub(crate) fn on_prack(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        request: Arc<Request>,
    ) {
        let said = request.rack().ok().flatten();
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let reliable = state.reliable.as_mut().filter(|reliable| {
            said.zip(reliable.sent.as_ref()).is_some_and(|(said, sent)| {
                said.rseq == reliable.rseq && said.cseq.number == sent.cseq && said.cseq.method == Method::Invite
            })
        });
        let Some(reliable) = reliable else {
            self.refuse(now, transaction, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
            return;
        };
        reliable.sent = None;
        let next = reliable.waiting.pop_front();
        let phase = state.phase;
        if request.body.is_empty() {
            self.refuse(now, transaction, StatusCode::OK, Headers::new());
        } else if self.takes_offer(now, session, transaction, &request, Role::Update(session)) {
            // It offers anew (§5), which is to the owner what an UPDATE would be.
            self.emit(Event::UpdateReceived { session, transaction, request });
        }
        if let (Some(reply), Phase::Offered { transaction: invite }) = (next, phase) {
            let is_final = reply.status.is_success();
            // The INVITE is open as long as this is its phase.
            if self.respond(now, invite, reply).is_ok() && is_final {
                self.emit(Event::DelayedAnswerSent { session, transaction: invite });
            }
        }
    }

    /// The response again at doubling intervals; after 64·T1 without its PRACK the INVITE is refused (§3).
    pub(crate) fn repeat_provisional(&mut self, now: Duration, session: SessionId) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let Some(sent) = state.reliable.as_mut().and_then(|reliable| reliable.sent.as_mut()) else { return };
        if sent.give_up <= now {
            if let Phase::Offered { transaction } = state.phase {
                self.refuse(now, transaction, StatusCode::SERVER_TIMEOUT, Headers::new());
            }
        } else if sent.again_at <= now {
            sent.interval *= 2;
            sent.again_at = now + sent.interval;
            self.outputs.push_back(Output::Send { path: sent.path, bytes: sent.bytes.clone() });
        }
    }

    /// Sends the PRACK of a provisional response to an INVITE of ours that came reliably. False: it is a copy, or comes before
    /// one that was lost and will come again (§4), and is not to be told of.
    pub(crate) fn acknowledge_provisional(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        path: Path,
        response: &Response,
    ) -> bool {
        if response.status == StatusCode::TRYING || !is_required(&response.headers) {
            return true;
        }
        let Ok(Some(rseq)) = response.headers.rseq() else { return true };
        let Some(tx) = self.clients.get(&key) else { return true };
        let Ok(cseq) = tx.request.cseq() else { return true };
        let has_answer = !tx.request.body.is_empty() && !response.body.is_empty();
        let Some(state) = self.sessions.get_mut(&session) else { return true };
        let tag = response.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
        let mut dialogs = state.dialog.iter_mut().chain(&mut state.early);
        // Of more forks than are kept nobody is told to go on (their 2xx is hung up all the same).
        let Some(dialog) = dialogs.find(|dialog| dialog.remote_tag() == tag) else { return true };
        if !dialog.accept_rseq(cseq.number, rseq) {
            return false;
        }
        if has_answer {
            // Answered for certain, so that either side may offer anew before the 2xx (RFC 3311 §5.1). The only refusal is that it
            // was answered before.
            let _ = state.negotiation.remote_answer();
        }
        let mut prack = dialog.request(Method::Prack);
        prack.headers.push(HeaderName::RAck, format!("{rseq} {} {}", cseq.number, Method::Invite));
        let dialog = dialog.clone();
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut prack, &mut self.tokens);
        }
        let path = self.route(path, &dialog);
        self.send_request(now, path, prack, Purpose::Nobody, None);
        true
    }
}
