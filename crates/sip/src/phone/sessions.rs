//! One call as the phone remembers it, and how it ends.

use super::dialog::Dialog;
use super::message::Message;
use super::requests::{Purpose, response_to};
use super::{CLOSED, Cause, Event, Millis, PATIENCE, Phone, SessionId, TIMED_OUT};

/// Where a session stands.
///
/// ```text
///   caller                                     callee
///   Inviting ── hang up ──► Cancelling         Offered ── 3xx–6xx, CANCEL ──► over
///      │ 2xx                  │ 487, 2xx+BYE      │ 2xx
///      └────────► Confirmed ◄─┼───────────────────┘
///                  │     │    │
///         our BYE  │     │ their BYE
///             Ending     └────┴──► over
///                └─ final answer or silence ──► over
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Our INVITE is out, no final response yet.
    Inviting,
    /// As Inviting, and the owner wants out. The CANCEL is sent with the first provisional response (§9.1).
    Cancelling,
    /// Their INVITE is here, no final response yet.
    Offered,
    /// A 2xx went either way.
    Confirmed,
    /// Our BYE is out.
    Ending,
}

pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) phase: Phase,
    /// It is on the connection that there is.
    pub(super) is_bound: bool,
    pub(super) call_id: String,
    pub(super) local_tag: String,
    /// Of requests in it; a token is sent along, never asked for (RFC 8898).
    pub(super) token: String,
    /// We sent the first INVITE, hence own the Call-ID (§14.1).
    pub(super) is_caller: bool,
    /// The callee's from the start, the caller's from the 2xx on.
    pub(super) dialog: Option<Dialog>,
    /// A request of theirs with an offer, without our final answer and without its body.
    pub(super) asked: Option<Message>,
    /// Number of the INVITE whose 2xx of ours waits for its ACK, and until when.
    pub(super) unacknowledged: Option<(u32, Millis)>,
    /// Number of our last INVITE and its ACK, for copies of its 2xx.
    pub(super) acknowledged: Option<(u32, String)>,
    /// A re-INVITE or UPDATE of ours is open.
    pub(super) is_offering: bool,
    /// 491s in a row.
    pub(super) collisions: u8,
    /// Nothing final came by then to an INVITE that is cancelled.
    pub(super) cancel_limit: Option<Millis>,
    /// A BYE waits for the ACK of our 2xx (§15).
    pub(super) bye_due: bool,
    /// What to report when the BYE is through.
    pub(super) cause: Option<Cause>,
}

impl Session {
    pub(super) fn new(id: SessionId, phase: Phase, call_id: String, local_tag: String, token: String) -> Self {
        Self {
            id,
            phase,
            is_bound: true,
            call_id,
            local_tag,
            token,
            is_caller: phase != Phase::Offered,
            dialog: None,
            asked: None,
            unacknowledged: None,
            acknowledged: None,
            is_offering: false,
            collisions: 0,
            cancel_limit: None,
            bye_due: false,
            cause: None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.cancel_limit.into_iter().chain(self.unacknowledged.map(|(_, limit)| limit)).min()
    }
}

impl Phone {
    pub(super) fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// Ends a call in whatever way its state allows: CANCEL, a refusal with `status`, or BYE.
    pub fn hang_up(&mut self, now: Millis, id: SessionId, status: u16) {
        let Some(session) = self.session(id) else { return };
        match session.phase {
            Phase::Inviting => {
                session.phase = Phase::Cancelling;
                self.cancel_if_ringing(now, id);
            }
            Phase::Offered => drop(self.answer(now, id, status, None)),
            // A BYE of ours never overtakes the ACK that we wait for (§15): it follows that, or the time-out.
            Phase::Confirmed if session.unacknowledged.is_some() && session.is_bound => session.bye_due = true,
            Phase::Confirmed => self.send_bye(now, id, Cause::HungUp(None)),
            Phase::Cancelling | Phase::Ending => {}
        }
    }

    pub(super) fn cancel_if_ringing(&mut self, now: Millis, id: SessionId) {
        let Some(sent) = self.sent.iter().find(|sent| sent.purpose == Purpose::Invite(id) && sent.is_ringing) else {
            return;
        };
        let mut cancel = Self::of_invite(&sent.request, "CANCEL", &sent.request);
        self.transmit(&mut cancel);
        if let Some(session) = self.session(id) {
            session.cancel_limit = Some(now + PATIENCE);
        }
    }

    pub(super) fn send_bye(&mut self, now: Millis, id: SessionId, cause: Cause) {
        let Some(session) = self.session(id) else { return };
        session.phase = Phase::Ending;
        session.unacknowledged = None;
        session.cause = Some(cause);
        let (is_bound, token) = (session.is_bound, session.token.clone());
        match session.dialog.as_mut().filter(|_| is_bound).map(|dialog| dialog.request("BYE")) {
            Some(bye) => self.send_request(now, bye, Purpose::Bye(id), &token),
            // There is no way to say it.
            None => self.bye_done(id, None),
        }
    }

    /// The BYE is through, one way or another: §15.1.1 ends the session even when nobody answers.
    pub(super) fn bye_done(&mut self, id: SessionId, response: Option<Message>) {
        let cause = match self.session(id).and_then(|session| session.cause.take()) {
            Some(Cause::HungUp(_)) | None => Cause::HungUp(response),
            Some(cause) => cause,
        };
        self.end_session(id, cause);
    }

    pub(super) fn on_bye(&mut self, id: SessionId, request: Message) {
        self.refuse(&request, 200, "", None);
        match self.session(id).map(|session| session.phase) {
            // A caller may end an early dialog with BYE instead of CANCEL (§15).
            Some(Phase::Offered) => self.end_session(id, Cause::Cancelled),
            // Two BYEs crossed: both sides hung up by themselves.
            Some(Phase::Ending) => self.bye_done(id, Some(request)),
            _ => self.end_session(id, Cause::Bye(request)),
        }
    }

    /// The other side does not know the dialog any more: 481, 408 or silence to a request in it (§12.2.1.2).
    pub(super) fn dialog_lost(&mut self, now: Millis, id: SessionId, status: u16) {
        if self.session(id).is_none_or(|session| session.phase != Phase::Confirmed) {
            return;
        }
        if status == 481 {
            return self.end_session(id, Cause::Lost(status));
        }
        // Silence may be one-sided: the BYE tells a peer that is still there.
        self.send_bye(now, id, Cause::Lost(status));
    }

    pub(super) fn session_due(&mut self, now: Millis, index: usize) {
        let Some(session) = self.sessions.get_mut(index) else { return };
        let id = session.id;
        if session.unacknowledged.take().is_some() && session.phase == Phase::Confirmed {
            // §13.3.1.4. What we wanted to say anyway counts as ours.
            let cause = if session.bye_due { Cause::HungUp(None) } else { Cause::Lost(TIMED_OUT) };
            return self.send_bye(now, id, cause);
        }
        self.end_session(id, Cause::Cancelled);
    }

    /// Answers their open request with 487.
    pub(super) fn terminate_asked(&mut self, id: SessionId) {
        let Some(session) = self.session(id) else { return };
        if let Some(asked) = session.asked.take() {
            let mut response = response_to(&asked, 487, &session.local_tag);
            self.respond(&mut response);
        }
    }

    /// Removes a session and everything that belongs to it, and says so.
    pub(super) fn end_session(&mut self, id: SessionId, cause: Cause) {
        self.terminate_asked(id);
        self.sent.retain(|sent| !matches!(sent.purpose, Purpose::Invite(of) | Purpose::Reinvite(of) | Purpose::Update(of) if of == id));
        if let Some(index) = self.sessions.iter().position(|session| session.id == id) {
            self.sessions.swap_remove(index);
            self.emit(Event::Ended { session: id, cause });
        }
    }

    /// Moves a call to the connection that there is now. False: there is no such call (any more).
    pub fn rebind(&mut self, id: SessionId) -> bool {
        self.session(id).map(|session| session.is_bound = true).is_some()
    }

    /// What another phone needs to go on with an answered call ([`Phone::adopt`]).
    pub fn record(&self, id: SessionId) -> Option<String> {
        let session = self.sessions.iter().find(|session| session.id == id)?;
        session.dialog.as_ref().filter(|_| session.phase == Phase::Confirmed).map(Dialog::to_record)
    }

    /// Takes over an answered call from the record that another phone left. Nothing is sent; the other side learns of it by the
    /// first request, which is best a re-INVITE, because the media are other ones now. The one that left it must say nothing more
    /// in it. `None`: the record is none.
    pub fn adopt(&mut self, record: &str, token: &str) -> Option<SessionId> {
        let dialog = Dialog::from_record(record)?;
        let id = SessionId(self.fresh_id());
        let (call_id, local_tag) = (dialog.call_id.clone(), dialog.local_tag.clone());
        let session = Session::new(id, Phase::Confirmed, call_id, local_tag, token.to_owned());
        self.sessions.push(Session { dialog: Some(dialog), ..session });
        Some(id)
    }

    /// What a transfer to whom an answered call is with is made of (RFC 5589 §7): their address, a line's end, and the value of Replaces
    /// in it, not escaped.
    pub fn replaces(&self, id: SessionId) -> Option<String> {
        let session = self.sessions.iter().find(|session| session.id == id)?;
        session.dialog.as_ref().filter(|_| session.phase == Phase::Confirmed).map(Dialog::replaces)
    }

    /// Has the other side connected with somebody else (REFER, RFC 3515). False: the call does not stand.
    pub fn refer(&mut self, now: Millis, id: SessionId, target: &str) -> bool {
        let contact = self.config.contact.clone();
        let Some(session) = self.session(id).filter(|session| session.phase == Phase::Confirmed) else { return false };
        let token = session.token.clone();
        let is_bound = session.is_bound;
        let Some(mut refer) = session.dialog.as_mut().map(|dialog| dialog.request("REFER")) else { return false };
        if !is_bound {
            self.refer_answered(now, id, CLOSED);
            return true;
        }
        refer.push("Contact", &["<", &contact, ">"]);
        refer.push("Refer-To", &["<", target, ">"]);
        self.send_request(now, refer, Purpose::Refer(id), &token);
        true
    }

    pub(super) fn refer_answered(&mut self, now: Millis, session: SessionId, status: u16) {
        self.emit(Event::ReferAnswered { session, status });
        if matches!(status, 408 | 481) {
            self.dialog_lost(now, session, status);
        }
    }
}
