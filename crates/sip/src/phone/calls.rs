//! Calls that begin: our INVITE and its answers, theirs and ours.

use super::dialog::Dialog;
use super::message::Message;
use super::requests::{Purpose, response_to};
use super::sessions::{Phase, Session};
use super::{Cause, Event, Millis, PATIENCE, Phone, SessionId, set_sdp};

/// A call to make.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Request-URI, and the address in To.
    pub target: String,
    /// Address of record in From.
    pub address: String,
    /// Proves who we are.
    pub token: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The offer.
    pub sdp: String,
}

impl Phone {
    /// Calls. The first event of the session is a provisional or final answer, the last one [`Event::Ended`].
    pub fn invite(&mut self, now: Millis, invite: Invite) -> SessionId {
        let id = SessionId(self.fresh_id());
        let (tag, call_id) = (self.token(), [self.token(), self.token()].concat());
        let mut request = Message::request("INVITE", &invite.target);
        request.push("From", &["<", &invite.address, ">;tag=", &tag]);
        request.push("To", &["<", &invite.target, ">"]);
        request.push("Call-ID", &[&call_id]);
        request.push("CSeq", &["1 INVITE"]);
        self.push_contact(&mut request);
        Self::push_capabilities(&mut request);
        for (name, value) in &invite.headers {
            request.push(name, &[value]);
        }
        set_sdp(&mut request, invite.sdp);
        self.send_request(now, request, Purpose::Invite(id), &invite.token);
        self.sessions.push(Session::new(id, Phase::Inviting, call_id, tag, invite.token));
        id
    }

    pub(super) fn on_provisional(&mut self, now: Millis, session: SessionId, status: u16, response: Message) {
        match self.session(session) {
            Some(state) if state.phase == Phase::Cancelling && state.cancel_limit.is_none() => {
                self.cancel_if_ringing(now, session);
            }
            Some(state) if state.phase == Phase::Cancelling => {}
            Some(_) if status > 100 => self.emit(Event::Ringing { session, response }),
            _ => {}
        }
    }

    pub(super) fn invite_answered(
        &mut self,
        now: Millis,
        id: SessionId,
        status: u16,
        request: &Message,
        response: Message,
    ) {
        if status >= 300 {
            return self.invite_failed(id, Cause::Refused(response));
        }
        let Some(dialog) = Dialog::of_answer(request, &response) else {
            // Without a readable To there is nobody to acknowledge; the peer gives up by itself.
            return self.invite_failed(id, Cause::Refused(response));
        };
        let Some(session) = self.session(id) else { return };
        let is_cancelled = session.phase == Phase::Cancelling;
        session.phase = Phase::Confirmed;
        session.cancel_limit = None;
        session.dialog = Some(dialog);
        self.acknowledge(id, &response);
        if is_cancelled {
            // The 200 crossed our CANCEL.
            self.send_bye(now, id, Cause::Cancelled);
        } else {
            self.emit(Event::Answered { session: id, response });
        }
    }

    /// Sends the ACK of a 2xx and keeps it for copies of that.
    pub(super) fn acknowledge(&mut self, id: SessionId, response: &Message) {
        let cseq = response.cseq().map_or(1, |(number, _)| number);
        let Some(session) = self.session(id) else { return };
        let token = session.token.clone();
        let Some(mut ack) = session.dialog.as_ref().map(|dialog| dialog.ack(cseq)) else { return };
        self.push_via(&mut ack);
        // Nobody can challenge an ACK (§22.1).
        ack.push("Authorization", &["Bearer ", &token]);
        self.transmit(&mut ack);
        if let Some(session) = self.session(id) {
            session.acknowledged = Some((cseq, ack.print()));
        }
    }

    pub(super) fn invite_failed(&mut self, id: SessionId, cause: Cause) {
        let is_cancelled = self.session(id).is_some_and(|session| session.phase == Phase::Cancelling);
        self.end_session(id, if is_cancelled { Cause::Cancelled } else { cause });
    }

    pub(super) fn on_invite(&mut self, mut invite: Message) {
        let tag = self.token();
        let Some(dialog) = Dialog::of_request(&invite, &tag) else { return self.refuse(&invite, 400, &tag, None) };
        if invite.body.is_empty() {
            // Browsers cannot be offered a call without a description.
            return self.refuse(&invite, 488, &tag, None);
        }
        let id = SessionId(self.fresh_id());
        let session = Session::new(id, Phase::Offered, dialog.call_id.clone(), tag, String::new());
        let told = invite.clone();
        invite.body.clear();
        self.sessions.push(Session { dialog: Some(dialog), asked: Some(invite), ..session });
        self.emit(Event::Incoming { session: id, invite: told });
    }

    /// Answers what the other side asks in this call: its INVITE, or an offer in the call that stands. `status` 101–699; False:
    /// there is nothing to answer (any more).
    pub fn answer(&mut self, now: Millis, id: SessionId, status: u16, sdp: Option<String>) -> bool {
        let contact = self.config.contact.clone();
        let Some(session) = self.session(id) else { return false };
        let Some(asked) = session.asked.take() else { return false };
        let mut response = response_to(&asked, status, &session.local_tag);
        let is_first = session.phase == Phase::Offered;
        if status < 300 {
            response.push("Contact", &["<", &contact, ">"]);
        }
        if (200..300).contains(&status) {
            Self::push_capabilities(&mut response);
            session.phase = Phase::Confirmed;
            if asked.method() == "INVITE" {
                session.unacknowledged = asked.cseq().map(|(number, _)| (number, now + PATIENCE));
            }
        }
        if status < 200 {
            session.asked = Some(asked);
        }
        if let Some(sdp) = sdp {
            set_sdp(&mut response, sdp);
        }
        self.respond(&mut response);
        if is_first && status >= 300 {
            self.end_session(id, Cause::Rejected(status));
        }
        true
    }

    /// The ACK of a 2xx of ours. Any other is dropped, as an ACK is never answered.
    pub(super) fn on_ack(&mut self, now: Millis, request: &Message, cseq: u32) {
        let Some(session) = self.session_of(request) else { return };
        if session.unacknowledged.is_none_or(|(number, _)| number != cseq) {
            return;
        }
        session.unacknowledged = None;
        session.is_bound = true;
        let (id, is_over) = (session.id, session.bye_due);
        if is_over {
            self.send_bye(now, id, Cause::HungUp(None));
        }
    }
}
