//! A leg whose dialog stands: what both directions have in common after the answer.
//!
//! Re-INVITE and UPDATE are answered from the leg's own state and never relayed to the other leg (gateway.md).

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Method, Request, Response, StatusCode};
use sip::sdp::Direction;
use sip::ua::{Body, Event, Failure, Reply, TransactionId};
use tokio::time::{Instant, sleep_until};
use voice::{Cause, Key, LegEvent};

use super::cause;
use super::media_end::MediaEnd;
use super::report::Reports;
use super::session_timer::{SessionTimer, TooBrief};
use crate::gateway::sip::{SipHandle, SipLeg};

/// The parts of a leg.
pub(super) struct Talk {
    pub(super) sip: SipHandle,
    pub(super) leg: SipLeg,
    pub(super) end: Box<dyn MediaEnd>,
    pub(super) reports: Reports,
    /// An offer of ours in a 2xx waits for its answer in the ACK.
    pub(super) owed_answer: bool,
    /// The session timer, and when its next step is due.
    timer: Option<(SessionTimer, Instant)>,
    /// The peer's connection is gone, and it has not been heard of on another.
    lost: bool,
    /// The peer takes UPDATE, which refreshes without a new offer.
    takes_update: bool,
}

impl Talk {
    pub(super) fn new(sip: SipHandle, leg: SipLeg, end: Box<dyn MediaEnd>, reports: Reports) -> Self {
        Self { sip, leg, end, reports, owed_answer: false, timer: None, lost: false, takes_update: false }
    }

    /// Starts, restarts or ends the session timer.
    pub(super) fn time(&mut self, timer: Option<SessionTimer>) {
        self.timer = timer.map(|timer| (timer, Instant::now() + timer.wait()));
    }

    /// Learns from the peer's INVITE or 2xx what it takes.
    pub(super) fn learn(&mut self, headers: &Headers) {
        let allowed = headers.allow().unwrap_or_default();
        self.takes_update = allowed.iter().any(|method| method == Method::Update.as_str());
    }

    /// Resolves when the session timer's next step is due; never without one.
    pub(super) fn timer_due(&self) -> impl Future<Output = ()> + use<> {
        let at = self.timer.map(|(_, at)| at);
        async move {
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Refreshes the session, or ends it when the peer has not.
    pub(super) async fn on_timer(&mut self) {
        let Some((timer, _)) = self.timer else { return };
        if timer.ours {
            self.time(Some(timer));
            self.refresh(timer).await;
        } else {
            self.time(None);
            self.hang_up(session_expired()).await;
        }
    }

    async fn refresh(&mut self, timer: SessionTimer) {
        // A re-INVITE repeats the session as it is.
        let body = if self.takes_update { None } else { self.end.offer().await.ok().map(Body::sdp) };
        self.sip.refresh(self.leg, timer.refresh_headers(), body).await;
    }

    /// Our refresh was accepted.
    async fn refreshed(&mut self, response: &Response) {
        if let Some(timer) = SessionTimer::of_answer(&response.headers) {
            self.time(Some(timer));
        }
        if !response.body.is_empty() && self.end.apply(&response.body).await.is_err() {
            self.hang_up(Headers::new()).await;
        }
    }

    /// A refresh of ours was refused: with 422 the peer says how long the interval must be, else the session goes on until
    /// the next try.
    async fn not_refreshed(&mut self, failure: &Failure) {
        let Failure::Response(response) = failure else { return };
        let min = response.headers.min_se().ok().flatten();
        let (Some((timer, _)), 422, Some(min)) = (self.timer, response.status.code(), min) else { return };
        let longer = timer.at_least(min);
        if longer != timer {
            self.time(Some(longer));
            self.refresh(longer).await;
        }
    }

    /// Handles an event of an established dialog. Gives the cause when the leg is over.
    pub(super) async fn handle(&mut self, event: Event) -> Option<Cause> {
        if self.lost && is_sign_of_life(&event) {
            self.lost = false;
            self.reports.tell(LegEvent::Back).await;
        }
        match event {
            Event::ReinviteReceived { transaction, request, .. }
            | Event::UpdateReceived { transaction, request, .. } => {
                self.renegotiate(transaction, &request).await;
            }
            Event::OfferAccepted { response, .. } => self.refreshed(&response).await,
            Event::OfferRefused { failure, .. } => self.not_refreshed(&failure).await,
            Event::OfferDue { .. } => {
                if let Some((timer, _)) = self.timer {
                    self.refresh(timer).await;
                }
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
            Event::SessionFlowClosed { .. } => {
                self.lost = true;
                self.reports.tell(LegEvent::Lost).await;
            }
            Event::SessionEnded { cause, .. } => return Some(cause::of_end(&cause)),
            _ => {}
        }
        None
    }

    async fn renegotiate(&mut self, transaction: TransactionId, request: &Request) {
        let mut reply = Reply::new(StatusCode::OK);
        match SessionTimer::of_request(&request.headers) {
            Ok(agreed) => {
                self.time(agreed.as_ref().map(|(timer, _)| *timer));
                reply.headers = agreed.map(|(_, headers)| headers).unwrap_or_default();
            }
            Err(TooBrief) => {
                let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
                return self.sip.respond(transaction, Reply { status, headers: TooBrief::headers(), body: None }).await;
            }
        }
        // An UPDATE without an offer only refreshes (RFC 3311 §5.1).
        if request.method == Method::Update && request.body.is_empty() {
            return self.sip.respond(transaction, reply).await;
        }
        let sdp = if request.body.is_empty() {
            self.owed_answer = true;
            self.end.offer().await
        } else {
            self.end.answer(&request.body).await
        };
        match sdp {
            Ok(sdp) => {
                self.sip.respond(transaction, reply.body(Body::sdp(sdp))).await;
                if !request.body.is_empty() {
                    let held = is_hold(&request.body);
                    self.reports.tell(if held { LegEvent::HeldByPeer } else { LegEvent::Resumed }).await;
                }
            }
            Err(_) => self.sip.respond(transaction, Reply::new(StatusCode::NOT_ACCEPTABLE_HERE)).await,
        }
    }

    /// Lets the call's record keep what it takes to end this dialog after a crash.
    pub(super) async fn keep_dialog(&self) {
        if let Some(dialog) = self.sip.open_dialog(self.leg).await {
            self.reports.dialog(dialog).await;
        }
    }

    /// Ends the answered leg.
    pub(super) async fn hang_up(&self, headers: Headers) {
        self.sip.bye(self.leg, headers).await;
    }
}

/// Whether a peer whose connection was lost has another: it registered again over it, or speaks in the dialog.
fn is_sign_of_life(event: &Event) -> bool {
    matches!(
        event,
        Event::SessionRebound { .. }
            | Event::ReinviteReceived { .. }
            | Event::UpdateReceived { .. }
            | Event::InfoReceived { .. }
            | Event::RequestReceived { .. }
    )
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

/// Why we end a session that its peer has not refreshed (RFC 4028 §10).
fn session_expired() -> Headers {
    let mut headers = Headers::new();
    headers.push(HeaderName::Reason, Bytes::from_static(b"SIP;cause=408;text=\"Session expired\""));
    headers
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
