//! A leg that calls us: it rings, perhaps hears something early, is answered or turned away, then talks.
//!
//! The caller sees one To tag and one SDP answer, repeated unchanged in the 200 (gateway.md, "Early media").

use bytes::Bytes;
use sautikit_api::ErrorCode;
use sip::message::{HeaderName, Headers, StatusCode};
use sip::ua::{Body, Event, Reply};
use tokio::sync::mpsc;
use voice::{Cause, CauseKind, Refusal};

use super::media_end::MediaEnd;
use super::orders::Settle;
use super::report::Reports;
use super::session_timer::{SessionTimer, TooBrief};
use super::talk::{Talk, reason_headers};
use super::{LegOrder, cause};
use crate::gateway::sip::{IncomingCall, Signal, SipHandle};

/// Tells browsers and devices the code of the error catalogue.
const ERROR_HEADER: &str = "X-Sautikit-Error";
/// Another node, or this one after its restart, takes the call by then (RFC 3261 §20.33).
const RETRY_AFTER_DRAINING_SECONDS: u32 = 5;

/// Runs the leg to its end; the last thing reported is `Ended`. `headers` go with every 18x and 200.
pub async fn run(
    sip: SipHandle,
    call: IncomingCall,
    end: Box<dyn MediaEnd>,
    headers: Headers,
    mut orders: mpsc::Receiver<LegOrder>,
    reports: Reports,
) {
    let IncomingCall { leg, transaction, request, mut signals, .. } = call;
    let mut talk = Talk::new(sip, leg, end, reports.clone());
    talk.learn(&request.headers);
    let timer = match SessionTimer::of_request(&request.headers) {
        Ok(timer) => timer,
        Err(TooBrief) => {
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            talk.sip.respond(transaction, Reply { status, headers: TooBrief::headers(), body: None }).await;
            None
        }
    };
    let offer = request.body.clone();
    let mut inbound = Inbound { talk, transaction, headers, timer, offer, answer: None, accepted: false };
    let mut dropped = false;
    let cause = loop {
        tokio::select! {
            biased;
            signal = signals.recv() => {
                let Some(Signal::Event(event)) = signal else { break CauseKind::ConnectionLost.into() };
                match event {
                    Event::SessionEnded { cause: end, .. } => break cause::of_end(&end),
                    // With its connection goes the caller's INVITE (RFC 3261 §17.1.4): nobody waits for an answer any more.
                    Event::SessionFlowClosed { .. } if !inbound.accepted => {
                        inbound.refuse(487).await;
                        break CauseKind::Canceled.into();
                    }
                    event => if let Some(cause) = inbound.talk.handle(event).await { break cause },
                }
            }
            order = orders.recv(), if !dropped => match order {
                Some(order) => inbound.obey(order).await,
                // A call that is gone lets go of its legs.
                None => {
                    dropped = true;
                    inbound.obey(LegOrder::Hangup(CauseKind::NormalClearing.into())).await;
                }
            },
            () = inbound.talk.timer_due() => inbound.talk.on_timer().await,
        }
    };
    reports.ended(cause).await;
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
    timer: Option<(SessionTimer, Headers)>,
    offer: Bytes,
    /// The one SDP answer of this leg.
    answer: Option<Bytes>,
    accepted: bool,
}

impl Inbound {
    async fn obey(&mut self, order: LegOrder) {
        match order {
            LegOrder::Ring => self.greet(StatusCode::RINGING, None).await,
            LegOrder::PassEarly(settle) => match self.negotiate(settle).await {
                Some(sdp) => self.greet(StatusCode::SESSION_PROGRESS, Some(sdp)).await,
                None => self.refuse(488).await,
            },
            LegOrder::Accept(settle) if !self.accepted => match self.negotiate(settle).await {
                Some(sdp) => {
                    self.accepted = true;
                    if let Some((timer, said)) = self.timer.take() {
                        self.talk.time(Some(timer));
                        for (name, value) in said.iter() {
                            self.headers.push(name.clone(), Bytes::copy_from_slice(value));
                        }
                    }
                    self.greet(StatusCode::OK, Some(sdp)).await;
                    self.talk.keep_dialog().await;
                }
                None => self.refuse(488).await,
            },
            LegOrder::Accept(_) => {}
            LegOrder::Refuse(refusal) => self.respond(refusal_reply(refusal)).await,
            LegOrder::Hangup(cause) if self.accepted => self.talk.hang_up(reason_headers(&cause)).await,
            LegOrder::Hangup(cause) => self.respond(refusal_reply(refusal_of(&cause))).await,
        }
    }

    /// The SDP answer, made once; our offer when the INVITE had none (then the ACK has the answer).
    async fn negotiate(&mut self, settle: Settle) -> Option<Bytes> {
        if self.answer.is_none() {
            if let Some(peer) = settle.peer {
                self.talk.end.prefer(peer);
            }
            let sdp = if self.offer.is_empty() {
                self.talk.owed_answer = true;
                self.talk.end.offer().await
            } else {
                self.talk.end.answer(&self.offer).await
            };
            self.answer = sdp.ok();
        }
        if let Some(codec) = self.talk.end.codec() {
            // The call may be over meanwhile.
            let _ = settle.settled.send(codec);
        }
        self.answer.clone()
    }

    /// An answer that goes on with the call.
    async fn greet(&self, status: StatusCode, sdp: Option<Bytes>) {
        self.respond(Reply { status, headers: self.headers.clone(), body: sdp.map(Body::sdp) }).await;
    }

    async fn refuse(&self, status: u16) {
        self.respond(refusal_reply(Refusal { status, code: None })).await;
    }

    async fn respond(&self, reply: Reply) {
        self.talk.sip.respond(self.transaction, reply).await;
    }
}

fn refusal_of(cause: &Cause) -> Refusal {
    cause.refusal()
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
