//! Requests and responses on their way: ours until their final answer, the other side's until they find whom they concern.

use super::message::{Message, param};
use super::sessions::{Phase, Session};
use super::{ALLOW, Cause, Event, Millis, Output, PATIENCE, Phone, RegistrationId, SDP, SUPPORTED, SessionId};

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invite(SessionId),
    Reinvite(SessionId),
    Update(SessionId),
    Bye(SessionId),
    Refer(SessionId),
    Register(RegistrationId),
    /// CANCEL, and the BYE to a fork that nobody wants.
    Nobody,
}

/// A request of ours without a final answer.
pub(super) struct Sent {
    pub(super) purpose: Purpose,
    /// As sent, without its body: ACK, CANCEL and dialogs are made from it.
    pub(super) request: Message,
    /// Timer B or F. An INVITE that rings has none.
    pub(super) give_up: Option<Millis>,
    /// A provisional answer has come.
    pub(super) is_ringing: bool,
}

impl Sent {
    fn is_answered_by(&self, response: &Message) -> bool {
        let branch = param(self.request.get("Via"), "branch");
        branch == param(response.get("Via"), "branch")
            && response.cseq().is_some_and(|(_, method)| method == self.request.method())
    }
}

impl Phone {
    /// Sends a request (without Via) in a transaction of its own.
    pub(super) fn send_request(&mut self, now: Millis, mut request: Message, purpose: Purpose, token: &str) {
        self.push_via(&mut request);
        if !token.is_empty() {
            request.push("Authorization", &["Bearer ", token]);
        }
        self.transmit(&mut request);
        request.body.clear();
        let give_up = Some(now + PATIENCE);
        self.sent.push(Sent { purpose, request, give_up, is_ringing: false });
    }

    pub(super) fn push_via(&self, request: &mut Message) {
        let transport = if self.is_secure { "WSS " } else { "WS " };
        request.push("Via", &["SIP/2.0/", transport, &self.config.host, ";branch=z9hG4bK", &self.token()]);
        request.push("Max-Forwards", &["70"]);
    }

    /// Sends a request that has its Via.
    pub(super) fn transmit(&mut self, request: &mut Message) {
        request.push("User-Agent", &[self.config.product]);
        self.outputs.push(Output::Send(request.print()));
    }

    /// The CANCEL (§9.1) or the ACK of a refusal (§17.1.1.3), in the transaction of the INVITE; `to` has its To.
    pub(super) fn of_invite(invite: &Message, method: &str, to: &Message) -> Message {
        let mut request = Message::request(method, invite.uri());
        for name in ["Via", "Max-Forwards", "Route", "From", "Call-ID"] {
            request.copy(invite, name);
        }
        request.copy(to, "To");
        let number = invite.get("CSeq").split(' ').next().unwrap_or_default();
        request.push("CSeq", &[number, " ", method]);
        request
    }

    pub(super) fn on_response(&mut self, now: Millis, status: u16, response: Message) {
        let Some(index) = self.sent.iter().position(|sent| sent.is_answered_by(&response)) else {
            return self.on_late_answer(now, status, &response);
        };
        if status < 200 {
            let Some(sent) = self.sent.get_mut(index) else { return };
            if let Purpose::Invite(session) = sent.purpose {
                sent.is_ringing = true;
                sent.give_up = None;
                self.on_provisional(now, session, status, response);
            } else if let Purpose::Reinvite(_) = sent.purpose {
                sent.give_up = None;
            }
            return;
        }
        let Sent { purpose, request, .. } = self.sent.swap_remove(index);
        if status >= 300 && request.method() == "INVITE" {
            self.transmit(&mut Self::of_invite(&request, "ACK", &response));
        }
        match purpose {
            Purpose::Invite(session) => self.invite_answered(now, session, status, &request, response),
            Purpose::Reinvite(session) | Purpose::Update(session) => {
                self.offer_answered(now, session, status, purpose, response);
            }
            Purpose::Bye(session) => self.bye_done(session, Some(response)),
            Purpose::Refer(session) => self.refer_answered(now, session, status),
            Purpose::Register(registration) => self.register_answered(now, registration, status, &response),
            Purpose::Nobody => {}
        }
    }

    /// Nobody answered, or the connection closed.
    pub(super) fn failed(&mut self, now: Millis, purpose: Purpose, status: u16) {
        match purpose {
            Purpose::Invite(session) => self.invite_failed(session, Cause::Lost(status)),
            Purpose::Reinvite(session) => self.offer_failed(now, session, status),
            Purpose::Update(session) => self.update_failed(now, session, status),
            Purpose::Bye(session) => self.bye_done(session, None),
            Purpose::Refer(session) => self.refer_answered(now, session, status),
            Purpose::Register(id) => {
                if let Some(index) = self.registrations.iter().position(|registration| registration.id == id) {
                    let registration = self.registrations.swap_remove(index);
                    self.registration_failed(registration, status);
                }
            }
            Purpose::Nobody => {}
        }
    }

    /// An answer to what is answered already. Only a 2xx to an INVITE matters: its ACK was lost or it is of another fork
    /// (§13.2.2.4).
    fn on_late_answer(&mut self, now: Millis, status: u16, response: &Message) {
        let Some((cseq, "INVITE")) = response.cseq() else { return };
        let local_tag = response.tag("From").unwrap_or_default();
        let session = self.sessions.iter().find(|session| session.local_tag == local_tag);
        let Some(session) = session.filter(|_| (200..300).contains(&status)) else { return };
        let Some(dialog) = &session.dialog else { return };
        if response.tag("To") == Some(&dialog.remote_tag) {
            if let Some((_, ack)) = session.acknowledged.as_ref().filter(|(known, _)| *known == cseq) {
                self.outputs.push(Output::Send(ack.clone()));
            }
            return;
        }
        let Some(mut fork) = dialog.fork(response) else { return };
        let token = session.token.clone();
        let mut ack = fork.ack(cseq);
        self.push_via(&mut ack);
        self.transmit(&mut ack);
        self.send_request(now, fork.request("BYE"), Purpose::Nobody, &token);
    }

    pub(super) fn on_request(&mut self, now: Millis, request: Message) {
        let Some((cseq, method)) = request.cseq().filter(|(_, method)| *method == request.method()) else {
            return self.refuse(&request, 400, "", None);
        };
        if method == "ACK" {
            return self.on_ack(now, &request, cseq);
        }
        if method == "CANCEL" {
            return self.on_cancel(&request);
        }
        let Some(to_tag) = request.tag("To") else {
            if let Some((status, hint)) = refusal(&request) {
                return self.refuse(&request, status, &self.token(), hint);
            }
            return match method {
                "INVITE" => self.on_invite(request),
                "OPTIONS" | "NOTIFY" => self.refuse(&request, 200, &self.token(), None),
                // Only meaningful inside a dialog.
                _ => self.refuse(&request, 481, &self.token(), None),
            };
        };
        let Some(id) = self.session_of(&request).map(|session| session.id) else {
            return self.refuse(&request, 481, to_tag, None);
        };
        if let Some((status, hint)) = refusal(&request) {
            return self.refuse(&request, status, to_tag, hint);
        }
        let Some(session) = self.session(id) else { return };
        if !session.dialog.as_mut().is_none_or(|dialog| dialog.accepts(cseq)) {
            return self.refuse(&request, 500, to_tag, None);
        }
        // The other side is where it last spoke from.
        session.is_bound = true;
        match method {
            "BYE" => self.on_bye(id, request),
            "INVITE" | "UPDATE" => self.on_offer(id, request),
            _ => {
                self.refuse(&request, 200, to_tag, None);
                if method == "NOTIFY" {
                    self.emit(Event::Notified { session: id, body: request.body });
                }
            }
        }
    }

    /// The session whose dialog a request is in (§12.2.2). One without an answer yet has no tag of the other side.
    pub(super) fn session_of(&mut self, request: &Message) -> Option<&mut Session> {
        let local_tag = request.tag("To")?;
        let remote_tag = request.tag("From").unwrap_or_default();
        self.sessions.iter_mut().find(|session| {
            session.local_tag == local_tag
                && session.call_id == request.get("Call-ID")
                && session.dialog.as_ref().is_none_or(|dialog| dialog.remote_tag == remote_tag)
        })
    }

    /// Answers a request at once, with the tag that To has or gets.
    pub(super) fn refuse(&mut self, request: &Message, status: u16, tag: &str, hint: Option<(&str, &str)>) {
        let mut response = response_to(request, status, tag);
        if status == 200 && request.method() == "OPTIONS" {
            Self::push_capabilities(&mut response);
            response.push("Accept", &[SDP]);
        }
        if let Some((name, value)) = hint {
            response.push(name, &[value]);
        }
        self.respond(&mut response);
    }

    pub(super) fn respond(&mut self, response: &mut Message) {
        response.push("Server", &[self.config.product]);
        self.outputs.push(Output::Send(response.print()));
    }

    /// §9.2: the CANCEL gets its own answer, the INVITE a 487 unless it has been answered.
    fn on_cancel(&mut self, cancel: &Message) {
        let branch = param(cancel.get("Via"), "branch");
        let is_it = |session: &&Session| {
            let asked = session.asked.as_ref().filter(|asked| asked.method() == "INVITE");
            asked.is_some_and(|asked| param(asked.get("Via"), "branch") == branch)
        };
        let Some(session) = self.sessions.iter().find(is_it) else {
            return self.refuse(cancel, 481, &self.token(), None);
        };
        let (id, tag, is_first) = (session.id, session.local_tag.clone(), session.phase == Phase::Offered);
        self.refuse(cancel, 200, &tag, None);
        self.terminate_asked(id);
        if is_first {
            self.end_session(id, Cause::Cancelled);
        }
    }
}

/// The checks of §8.2.1 to §8.2.3: the status that the request deserves, and the header that tells how to do better.
fn refusal(request: &Message) -> Option<(u16, Option<(&'static str, &str)>)> {
    if request.get("Via").is_empty() || request.get("Call-ID").is_empty() || request.tag("From").is_none() {
        return Some((400, None));
    }
    let method = request.method();
    if !ALLOW.split(',').any(|known| known.trim_start() == method) {
        return Some((
            if method.bytes().all(|byte| byte.is_ascii_uppercase()) { 405 } else { 501 },
            Some(("Allow", ALLOW)),
        ));
    }
    if let Some(unknown) = request.values("Require").into_iter().find(|tag| *tag != SUPPORTED) {
        return Some((420, Some(("Unsupported", unknown))));
    }
    let kind = request.get("Content-Type");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_described = matches!(method, "INVITE" | "UPDATE") && !request.body.is_empty();
    (is_described && !kind.eq_ignore_ascii_case(SDP)).then_some((415, Some(("Accept", SDP))))
}

/// The headers of an answer (§8.2.6.2).
pub(super) fn response_to(request: &Message, status: u16, tag: &str) -> Message {
    let mut response = Message::response(status);
    for name in ["Via", "From", "Call-ID", "CSeq", "Record-Route"] {
        response.copy(request, name);
    }
    let to = request.get("To");
    if request.tag("To").is_some() || tag.is_empty() {
        response.push("To", &[to]);
    } else {
        response.push("To", &[to, ";tag=", tag]);
    }
    response
}
