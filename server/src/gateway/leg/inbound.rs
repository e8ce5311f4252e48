//! A leg that calls us: it rings, perhaps hears something early, is answered or turned away, then talks.
//!
//! The caller sees one To tag and one SDP answer, repeated unchanged in the 200 (gateway.md, "Early media").

use std::sync::Arc;

use bytes::Bytes;
use media::Codec;
use sautikit_api::ErrorCode;
use sip::message::{HeaderName, Headers, Request, StatusCode};
use sip::ua::{Body, Event, Reply};
use tokio::sync::mpsc;
use voice::{CauseKind, LegCommand, LegEvent, Refusal};

use super::invited::Invited;
use super::media_end::{MediaEnd, MediaEndError};
use super::report::{LegEnd, Reports};
use super::session_timer::SessionTimer;
use super::talk::{Talk, seldom, status_of};
use super::{LegOrder, cause};
use crate::gateway::sip::{IncomingCall, OpenDialog, SipHandle};

/// Tells browsers and devices the code of the error catalogue.
pub(in crate::gateway) const ERROR_HEADER: &str = "X-Sautikit-Error";
/// Another node, or this one after its restart, takes the call by then (RFC 3261 §20.33).
const RETRY_AFTER_DRAINING_SECONDS: u32 = 5;

/// When the caller hears our SDP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// At once, in a 183: what a browser has to find and agree on before it hears anything (ICE, DTLS) is done while the
    /// callee still rings, and the first word after its answer is heard.
    AtOnce,
    /// Once there is something to hear, in the codec of the other side: nothing has to be set up before.
    WhenHeard,
}

/// Runs the leg to its end; the last thing reported is `Ended`. `headers` go with every 18x and 200.
#[expect(clippy::too_many_arguments, reason = "what a leg begins with, called from one place")]
pub async fn run(
    sip: SipHandle,
    call: IncomingCall,
    end: Box<dyn MediaEnd>,
    headers: Headers,
    answering: Answering,
    invited: Invited,
    mut orders: mpsc::Receiver<LegOrder>,
    reports: Reports,
) {
    reports.caller(call.leg, OpenDialog::of_caller(&call));
    let IncomingCall { leg, transaction, request, mut signals, .. } = call;
    let mut talk = Talk::new(sip, leg, end, reports.clone());
    talk.learn(&request.headers);
    // The place is kept to the end of the leg.
    let Invited { timer, place: _place, .. } = invited;
    let mut inbound = Inbound { talk, transaction, headers, timer, request, answer: None, accepted: false };
    if answering == Answering::AtOnce {
        seldom(inbound.pass_early(None)).await;
    }
    let mut dropped = false;
    seldom(inbound.talk.count()).await;
    let end: LegEnd = loop {
        tokio::select! {
            biased;
            signal = signals.recv() => {
                let Some(event) = signal else { break CauseKind::ConnectionLost.into() };
                match *event {
                    Event::SessionEnded { cause, at, .. } => break LegEnd { cause: cause::of_end(&cause), at: Some(at) },
                    // With its connection goes the caller's INVITE (RFC 3261 §17.1.4): nobody waits for an answer any more.
                    Event::SessionFlowClosed { .. } if !inbound.accepted => {
                        seldom(inbound.refuse(StatusCode::REQUEST_TERMINATED)).await;
                        break CauseKind::Canceled.into();
                    }
                    event => if let Some(end) = seldom(inbound.talk.handle(event)).await { break end },
                }
            }
            order = orders.recv(), if !dropped => match order {
                Some(order) => seldom(inbound.obey(order)).await,
                // A call that is gone lets go of its legs.
                None => {
                    dropped = true;
                    seldom(inbound.obey(LegCommand::Hangup(CauseKind::NormalClearing.into()).into())).await;
                }
            },
            () = inbound.talk.timer_due() => seldom(inbound.talk.on_timer()).await,
        }
    };
    reports.caller_over(leg);
    reports.ended(end).await;
}

/// Turns a caller away before there is a leg.
pub async fn refuse(sip: &SipHandle, transaction: sip::ua::TransactionId, refusal: Refusal) {
    sip.respond(transaction, refusal_reply(refusal)).await;
}

struct Inbound {
    talk: Talk,
    transaction: sip::ua::TransactionId,
    headers: Headers,
    /// What the 200 fixes about the session timer.
    timer: Option<Box<(SessionTimer, Headers)>>,
    /// The INVITE, with the offer or without.
    request: Arc<Request>,
    /// The one SDP answer of this leg; our offer when the INVITE had none.
    answer: Option<Bytes>,
    accepted: bool,
}

impl Inbound {
    async fn obey(&mut self, LegOrder { command, peer, at }: LegOrder) {
        match command {
            LegCommand::Ring => self.greet(StatusCode::RINGING, None).await,
            LegCommand::PassEarly { .. } => self.pass_early(peer).await,
            LegCommand::Accept { .. } if !self.accepted => match self.negotiate(peer).await {
                Ok(sdp) => self.accept(sdp).await,
                Err(error) => self.refuse(status_of(&error)).await,
            },
            LegCommand::Accept { .. } => {}
            LegCommand::Refuse(refusal) => self.respond(refusal_reply(refusal)).await,
            LegCommand::Transfer(event) => self.talk.tell_transfer(event).await,
            LegCommand::Hangup(cause) if self.accepted => self.talk.obey_hangup(&cause, at.map(|at| *at)).await,
            LegCommand::Hangup(cause) => self.respond(refusal_reply(cause.refusal())).await,
        }
    }

    async fn accept(&mut self, sdp: Bytes) {
        self.accepted = true;
        if let Some((timer, said)) = self.timer.take().map(|timer| *timer) {
            self.talk.time(Some(timer));
            for (name, value) in said.iter() {
                self.headers.push(name.clone(), Bytes::copy_from_slice(value));
            }
        }
        if self.offers() {
            self.talk.owe_answer(&self.request);
        }
        // Before the answer: whatever becomes of this process after it, the next one knows whom to hang up.
        self.talk.keep_dialog().await.wait().await;
        // A caller whose CANCEL came first was never connected; its end is among the signals.
        if !self.talk.sip.answer(self.transaction, self.greeting(StatusCode::OK, Some(sdp))).await {
            return;
        }
        self.talk.reports.tell(LegEvent::Answered).await;
        if let Some(held) = self.talk.held() {
            self.talk.reports.tell(held).await;
        }
    }

    /// The INVITE has no offer, so ours is in the 200 and the answer in its ACK.
    fn offers(&self) -> bool {
        self.request.body.is_empty()
    }

    /// Lets the caller hear us before it is answered.
    async fn pass_early(&mut self, peer: Option<Codec>) {
        // An offer may not stand in a provisional response that can be lost (RFC 3261 §13.2.1): such a caller hears nothing yet.
        if self.offers() {
            return self.greet(StatusCode::SESSION_PROGRESS, None).await;
        }
        let first = self.answer.is_none();
        match self.negotiate(peer).await {
            // Not twice before the 200: stacks take a second description for a change.
            Ok(sdp) => self.greet(StatusCode::SESSION_PROGRESS, first.then_some(sdp)).await,
            Err(error) => self.refuse(status_of(&error)).await,
        }
    }

    /// The SDP answer, made once; our offer when the INVITE had none (then the ACK has the answer).
    async fn negotiate(&mut self, peer: Option<Codec>) -> Result<Bytes, MediaEndError> {
        if let Some(answer) = &self.answer {
            return Ok(answer.clone());
        }
        if let Some(peer) = peer {
            self.talk.end.prefer(peer);
        }
        let answer =
            if self.offers() { self.talk.end.offer().await? } else { self.talk.end.answer(&self.request.body).await? };
        self.answer = Some(answer.clone());
        // None where the codec is in the ACK.
        if let Some(codec) = self.talk.end.codec() {
            self.talk.reports.agreed(self.talk.end.port(), codec).await;
        }
        Ok(answer)
    }

    /// An answer that goes on with the call.
    async fn greet(&self, status: StatusCode, sdp: Option<Bytes>) {
        self.respond(self.greeting(status, sdp)).await;
    }

    fn greeting(&self, status: StatusCode, sdp: Option<Bytes>) -> Reply {
        Reply { status, headers: self.headers.clone(), body: sdp.map(Body::sdp) }
    }

    async fn refuse(&self, status: StatusCode) {
        self.respond(Reply::new(status)).await;
    }

    async fn respond(&self, reply: Reply) {
        self.talk.sip.respond(self.transaction, reply).await;
    }
}

/// The answer to a caller that is turned away.
pub(in crate::gateway) fn refusal_reply(refusal: Refusal) -> Reply {
    let status = StatusCode::new(refusal.status).unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE);
    let mut headers = Headers::new();
    if let Some(code) = refusal.code {
        headers.push(HeaderName::from_token(ERROR_HEADER), Bytes::from_static(code.as_bytes()));
        if code == ErrorCode::ServiceDraining.as_str() {
            headers.push(HeaderName::RetryAfter, Bytes::from(RETRY_AFTER_DRAINING_SECONDS.to_string()));
        }
    }
    Reply { status, headers, body: None }
}
