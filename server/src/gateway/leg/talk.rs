//! A leg whose dialog stands: what both directions have in common after the answer.
//!
//! Re-INVITE and UPDATE are answered from the leg's own state and never relayed to the other leg (gateway.md).

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Request, StatusCode};
use sip::sdp::Direction;
use sip::ua::{Body, Event, Reply, TransactionId};
use voice::{Cause, Key, LegEvent};

use super::cause;
use super::media_end::MediaEnd;
use super::report::Reports;
use crate::gateway::sip::{SipHandle, SipLeg};

/// The parts of a leg.
pub(super) struct Talk {
    pub(super) sip: SipHandle,
    pub(super) leg: SipLeg,
    pub(super) end: Box<dyn MediaEnd>,
    pub(super) reports: Reports,
    /// An offer of ours in a 2xx waits for its answer in the ACK.
    pub(super) owed_answer: bool,
}

impl Talk {
    /// Handles an event of an established dialog. Gives the cause when the leg is over.
    pub(super) async fn handle(&mut self, event: Event) -> Option<Cause> {
        match event {
            Event::ReinviteReceived { transaction, request, .. }
            | Event::UpdateReceived { transaction, request, .. } => {
                self.renegotiate(transaction, &request).await;
            }
            Event::AckReceived { request, .. } if self.owed_answer && !request.body.is_empty() => {
                self.owed_answer = false;
                if self.end.apply(&request.body).await.is_err() {
                    self.hang_up(Headers::new()).await;
                }
            }
            Event::InfoReceived { transaction, request, .. } => {
                if let Some(key) = key_of(&request) {
                    self.reports.key(key).await;
                }
                self.sip.respond(transaction, Reply::new(StatusCode::OK)).await;
            }
            Event::RequestReceived { transaction, .. } => {
                self.sip.respond(transaction, Reply::new(StatusCode::NOT_IMPLEMENTED)).await;
            }
            Event::SessionFlowClosed { .. } => self.reports.tell(LegEvent::Lost).await,
            Event::SessionEnded { cause, .. } => return Some(cause::of_end(&cause)),
            _ => {}
        }
        None
    }

    async fn renegotiate(&mut self, transaction: TransactionId, request: &Request) {
        let sdp = if request.body.is_empty() {
            self.owed_answer = true;
            self.end.offer().await
        } else {
            self.end.answer(&request.body).await
        };
        match sdp {
            Ok(sdp) => {
                self.sip.respond(transaction, Reply::new(StatusCode::OK).body(Body::sdp(sdp))).await;
                if !request.body.is_empty() {
                    let held = is_hold(&request.body);
                    self.reports.tell(if held { LegEvent::HeldByPeer } else { LegEvent::Resumed }).await;
                }
            }
            Err(_) => self.sip.respond(transaction, Reply::new(StatusCode::NOT_ACCEPTABLE_HERE)).await,
        }
    }

    /// Ends the answered leg.
    pub(super) async fn hang_up(&self, headers: Headers) {
        self.sip.bye(self.leg, headers).await;
    }
}

/// Whether an offer puts us on hold: its sender does not want to hear us (RFC 3264 §8.4).
fn is_hold(offer: &[u8]) -> bool {
    sip::sdp::parse(offer).is_ok_and(|session| {
        session
            .media
            .iter()
            .any(|media| matches!(session.direction_of(media), Direction::SendOnly | Direction::Inactive))
    })
}

/// The Reason header of an end, as headers.
pub(super) fn reason_headers(cause: &Cause) -> Headers {
    let mut headers = Headers::new();
    if let Some(reason) = cause::reason_for(cause) {
        headers.push(HeaderName::Reason, Bytes::from(reason));
    }
    headers
}

/// The key in an INFO (`application/dtmf-relay` has `Signal=5`, `application/dtmf` just the key).
fn key_of(request: &Request) -> Option<Key> {
    let body = std::str::from_utf8(&request.body).ok()?;
    let signal = body.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    });
    let mut keys = signal.unwrap_or(body).trim().chars();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Key::new(key),
        _ => None,
    }
}
