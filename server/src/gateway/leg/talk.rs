//! A leg whose dialog stands: what both directions have in common after the answer.
//!
//! Re-INVITE and UPDATE are answered from the leg's own state and never relayed to the other leg (gateway.md).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::Codec;
use sip::message::{HeaderName, Headers, Method, Request, Response, StatusCode};
use sip::ua::{Body, Event, Failure, Reply, TransactionId};
use voice::{Cause, Key, LegEvent};

use super::cause;
use super::media_end::{MediaEnd, MediaEndError};
use super::report::{LegEnd, Reports};
use super::session_timer::{SessionTimer, TooBrief};
use super::talks::{Listed, Talking};
use super::transfer::{Asked, TransferRights};
use crate::calls::Written;
use crate::gateway::sip::{OpenDialog, SipHandle, SipLeg};

/// The parts of a leg.
pub(super) struct Talk {
    pub(super) sip: SipHandle,
    pub(super) leg: SipLeg,
    pub(super) end: Box<dyn MediaEnd>,
    pub(super) reports: Reports,
    /// CSeq of the INVITE whose 2xx had our offer: the ACK of that number has the answer (RFC 3261 §13.2.2.4).
    owed_answer: Option<u32>,
    /// The session timer, and when its next step is due on the clock of the reports.
    timer: Option<(SessionTimer, Duration)>,
    /// The peer's connection is gone, and it has not been heard of on another.
    lost: bool,
    /// The peer takes UPDATE, which refreshes without a new offer.
    takes_update: bool,
    /// The transfer that the peer has asked for and that is not over.
    pub(super) transfer: Option<Asked>,
    /// It has asked for one before.
    pub(super) has_transferred: bool,
    /// How its dialog was last kept.
    kept: Option<Box<OpenDialog>>,
    /// Others may name it in a transfer of theirs.
    _listed: Option<Listed>,
}

impl Talk {
    pub(super) fn new(sip: SipHandle, leg: SipLeg, end: Box<dyn MediaEnd>, reports: Reports) -> Self {
        let talking = |rights: &Arc<TransferRights>| {
            let (inbox, rights) = (reports.inbox.clone(), rights.clone());
            sip.talks().list(leg, Talking { inbox, leg: reports.leg, rights })
        };
        let listed = reports.rights.as_ref().map(talking);
        Self {
            sip,
            leg,
            end,
            reports,
            owed_answer: None,
            timer: None,
            lost: false,
            takes_update: false,
            transfer: None,
            has_transferred: false,
            kept: None,
            _listed: listed,
        }
    }

    /// Our 2xx to `invite` carries an offer.
    pub(super) fn owe_answer(&mut self, invite: &Request) {
        self.owed_answer = invite.cseq().ok().map(|cseq| cseq.number);
    }

    /// Tells the call what the last description of an established dialog has changed.
    pub(super) async fn tell_agreed(&mut self, codec_before: Option<Codec>) {
        if let Some(codec) = self.end.codec().filter(|codec| Some(*codec) != codec_before) {
            self.reports.agreed(self.end.port(), codec).await;
        }
        self.reports.tell(self.held().unwrap_or(LegEvent::Resumed)).await;
    }

    /// That the peer has put us on hold, if it has.
    pub(super) fn held(&self) -> Option<LegEvent> {
        self.end.is_held().then(|| LegEvent::HeldByPeer { is_silent: !self.end.is_heard() })
    }

    /// The ACK of our 2xx. The offer in it needs an answer: without one there is no session, and nobody would notice,
    /// because media that were never agreed can't stop either.
    async fn acknowledged(&mut self, ack: &Request) {
        if self.owed_answer.is_none() || self.owed_answer != ack.cseq().ok().map(|cseq| cseq.number) {
            return;
        }
        self.owed_answer = None;
        let before = self.end.codec();
        if ack.body.is_empty() || self.end.apply(&ack.body).await.is_err() {
            return self.hang_up(no_answer_to_our_offer()).await;
        }
        self.tell_agreed(before).await;
    }

    /// Starts, restarts or ends the session timer.
    pub(super) fn time(&mut self, timer: Option<SessionTimer>) {
        self.timer = timer.map(|timer| (timer, self.reports.clock.monotonic() + timer.wait()));
    }

    /// Learns from the peer's INVITE or 2xx what it takes.
    pub(super) fn learn(&mut self, headers: &Headers) {
        let allowed = headers.allow().unwrap_or_default();
        self.takes_update = allowed.iter().any(|method| method == Method::Update.as_str());
    }

    /// Resolves when the session timer's next step is due; never without one.
    pub(super) fn timer_due(&self) -> impl Future<Output = ()> + use<> {
        let due = self.timer.map(|(_, at)| self.reports.clock.until(at));
        async move {
            match due {
                Some(due) => due.await,
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
        let body = if self.takes_update { None } else { self.end.repeat().await.ok().map(Body::sdp) };
        self.sip.refresh(self.leg, timer.refresh_headers(), body).await;
    }

    /// Our refresh was accepted.
    async fn refreshed(&mut self, response: &Response) {
        if let Some(timer) = SessionTimer::of_answer(&response.headers) {
            self.time(Some(timer));
        }
        if response.body.is_empty() {
            return;
        }
        let before = self.end.codec();
        match self.end.apply(&response.body).await {
            Ok(()) => self.tell_agreed(before).await,
            Err(_) => self.hang_up(Headers::new()).await,
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

    /// Handles an event of an established dialog. Gives the end when the leg is over.
    pub(super) async fn handle(&mut self, event: Event) -> Option<LegEnd> {
        if self.lost && is_sign_of_life(&event) {
            self.lost = false;
            self.reports.tell(LegEvent::Back).await;
        }
        match event {
            Event::ReinviteReceived { transaction, request, .. }
            | Event::UpdateReceived { transaction, request, .. } => {
                self.renegotiate(transaction, &request).await;
                self.keep_dialog().await;
            }
            Event::OfferAccepted { response, .. } => {
                self.keep_dialog().await;
                self.refreshed(&response).await;
            }
            Event::SessionRebound { .. } => drop(self.keep_dialog().await),
            Event::OfferRefused { failure, .. } => self.not_refreshed(&failure).await,
            Event::OfferDue { .. } => {
                if let Some((timer, _)) = self.timer {
                    self.refresh(timer).await;
                }
            }
            Event::AckReceived { request, .. } => self.acknowledged(&request).await,
            Event::InfoReceived { transaction, request, .. } => {
                if let Some(key) = key_of(&request) {
                    self.reports.key(key).await;
                }
                self.sip.respond(transaction, Reply::new(StatusCode::OK)).await;
            }
            Event::RequestReceived { transaction, method: Method::Refer, request, .. } => {
                self.refer(transaction, &request).await;
            }
            Event::RequestReceived { transaction, .. } => {
                self.sip.respond(transaction, Reply::new(StatusCode::NOT_IMPLEMENTED)).await;
            }
            Event::SessionFlowClosed { .. } => {
                self.lost = true;
                self.reports.tell(LegEvent::Lost).await;
            }
            Event::SessionEnded { cause, at, .. } => {
                return Some(LegEnd { cause: cause::of_end(&cause), at: Some(at) });
            }
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
        if request.body.is_empty() {
            return match self.end.offer().await {
                Ok(sdp) => {
                    self.owe_answer(request);
                    self.sip.respond(transaction, reply.body(Body::sdp(sdp))).await;
                }
                Err(error) => self.sip.respond(transaction, Reply::new(status_of(&error))).await,
            };
        }
        let before = self.end.codec();
        match self.end.answer(&request.body).await {
            Ok(sdp) => {
                self.sip.respond(transaction, reply.body(Body::sdp(sdp))).await;
                self.tell_agreed(before).await;
            }
            Err(error) => {
                let reply = Reply { headers: warning_of(&error), ..Reply::new(status_of(&error)) };
                self.sip.respond(transaction, reply).await;
            }
        }
    }

    /// Lets the call's record keep what it takes to end this dialog after a crash, where that is new: the peer may be somewhere
    /// else by now. Who must not go on before it is kept waits for what this gives.
    pub(super) async fn keep_dialog(&mut self) -> Written {
        let Some(dialog) = self.sip.open_dialog(self.leg).await else { return Written::default() };
        if self.kept.as_ref().is_some_and(|kept| kept.leads_as(&dialog)) {
            return Written::default();
        }
        self.kept = Some(Box::new(dialog.clone()));
        self.reports.dialog(self.leg, dialog).await
    }

    /// What the peer has told when it hangs up, from now on.
    pub(super) async fn count(&self) {
        if let Some(lasting) = &self.reports.lasting {
            self.sip.tell_length(self.leg, lasting.clone()).await;
        }
    }

    /// Ends the answered leg for the call, which has said so `at` this moment.
    pub(super) async fn obey_hangup(&self, cause: &Cause, at: Option<Duration>) {
        let mut headers = reason_headers(cause);
        if let (Some(lasting), Some(at)) = (&self.reports.lasting, at) {
            for (name, value) in lasting.headers(at).iter() {
                headers.push(name.clone(), Bytes::copy_from_slice(value));
            }
        }
        self.hang_up(headers).await;
    }

    /// Ends the answered leg.
    pub(super) async fn hang_up(&self, headers: Headers) {
        self.sip.bye(self.leg, headers).await;
    }
}

/// What a leg does a few times in its life and waits for the rest of it: on the heap while it is done, because a task is as large as
/// the largest of its states for as long as it lives.
pub(super) fn seldom<'a, T>(
    doing: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(doing)
}

/// How an offer is refused that this leg can't take.
pub(super) fn status_of(error: &MediaEndError) -> StatusCode {
    match error {
        MediaEndError::Malformed(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_ACCEPTABLE_HERE,
    }
}

/// What a peer is told beside the status, so that whoever reads its messages sees what to change.
pub(super) fn warning_of(error: &MediaEndError) -> Headers {
    let mut headers = Headers::new();
    if let MediaEndError::Unsecured = error {
        // RFC 3261 §20.43: 303 is about the transport of a description.
        headers.push(HeaderName::from_token("Warning"), Bytes::from_static(b"303 sautikit \"SRTP does not match\""));
    }
    headers
}

/// Why we end a session whose peer owed an answer.
fn no_answer_to_our_offer() -> Headers {
    let mut headers = Headers::new();
    headers.push(HeaderName::Reason, Bytes::from_static(b"SIP;cause=488;text=\"No usable answer in the ACK\""));
    headers
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

/// The key in an INFO (`application/dtmf-relay` has `Signal=5`, `application/dtmf` just the key). Some write `*` and `#` as
/// the codes that they have as events: 10 and 11 (RFC 4733 §3.2), and A to D as 12 to 15.
fn key_of(request: &Request) -> Option<Key> {
    let body = std::str::from_utf8(&request.body).ok()?;
    let signal = body.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    });
    let signal = signal.unwrap_or(body).trim();
    let mut keys = signal.chars();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Key::new(key.to_ascii_uppercase()),
        (Some('1'), Some(second)) if keys.next().is_none() => {
            let code = second.to_digit(10)?;
            KEYS_BY_CODE.get(usize::try_from(code).ok()?).copied().and_then(Key::new)
        }
        _ => None,
    }
}

/// The keys of the codes 10 to 15.
const KEYS_BY_CODE: [char; 6] = ['*', '#', 'A', 'B', 'C', 'D'];

#[cfg(test)]
mod tests {
    use sip::message::Uri;

    use super::*;

    fn key(body: &str) -> Option<char> {
        let mut info = Request::new(Method::Info, Uri::parse("sip:us.example").unwrap());
        info.body = Bytes::copy_from_slice(body.as_bytes());
        key_of(&info).map(Key::char)
    }

    #[test]
    fn keys_are_read_as_signs_and_as_codes() {
        let signs = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
        for (code, sign) in signs.into_iter().enumerate() {
            for written in [code.to_string(), sign.to_string(), sign.to_ascii_lowercase().to_string()] {
                assert_eq!(key(&format!("Signal={written}\r\nDuration=160\r\n")), Some(sign), "{written}");
                assert_eq!(key(&format!("Duration = 160\nsignal= {written} \n")), Some(sign), "{written}");
                assert_eq!(key(&format!("{written}\r\n")), Some(sign), "{written}");
            }
        }
        for nonsense in ["", "16", "99", "1*", "Signal=", "Signal=100", "hello", "-1", "1\u{661}"] {
            assert_eq!(key(nonsense), None, "{nonsense}");
        }
    }
}
