//! What each event of the phone means for the client and its calls.

use std::rc::Rc;

use sip::phone::{Event, Message, SessionId, uri_of};

use super::call::Call;
use super::client::Client;
use super::js;
use super::mending::Outcome;
use super::placing::NewCall;
use crate::address;
use crate::call_state::CallState;
use crate::headers;
use crate::reason::{EndReason, Ended};

/// The server's name of a call.
const CALL_ID_HEADER: &str = "X-Sautikit-Call-Id";

impl Client {
    pub(crate) fn on_event(self: &Rc<Self>, event: Event) {
        match event {
            Event::Registered { registration, expires_s } => self.on_registered(registration, expires_s),
            Event::RegistrationFailed { registration, status } => self.on_registration_failed(registration, status),
            Event::Incoming { session, invite } => self.on_invite(session, invite),
            Event::Ringing { session, response } => {
                if let Some(call) = self.find(session) {
                    learn_server_id(&call, &response);
                    call.on_ringing(&response.body);
                }
            }
            Event::Answered { session, response } => {
                if let Some(call) = self.find(session) {
                    learn_server_id(&call, &response);
                    call.on_answered(response.body);
                }
            }
            Event::Ended { session, cause } => {
                if let Some(call) = self.find(session) {
                    self.forget(&call);
                    call.on_ended(&Ended::of(&cause));
                }
            }
            Event::OfferAccepted { session, sdp } => self.on_outcome(session, Outcome::Accepted(sdp)),
            Event::OfferRefused { session, status } => self.on_outcome(session, Outcome::Refused(status)),
            Event::OfferCollided { session, retry_in } => self.on_outcome(session, Outcome::Collided(retry_in)),
            Event::Disconnected { session } => self.on_call_disconnected(session),
            Event::Offered { session, sdp } => self.on_reoffer(session, sdp),
            Event::Notified { session, body } => {
                if let Some(call) = self.find(session) {
                    call.on_notify(&body);
                }
            }
            Event::ReferAnswered { session, status } => {
                if let Some(call) = self.find(session) {
                    call.on_refer_answered(status);
                }
            }
        }
    }

    fn on_invite(self: &Rc<Self>, session: SessionId, invite: Message) {
        let is_busy = !self.others_up(None).is_empty();
        if is_busy && js::is(&self.options, "callWaiting", false) {
            self.answer(session, 486, None);
            return;
        }
        let asserted = invite.get("P-Asserted-Identity");
        // The asserted identity, which the gateway vouches for, else From.
        let caller = if asserted.is_empty() { invite.get("From") } else { asserted };
        let (call, shown) = self.add_call(NewCall {
            session: Some(session),
            state: CallState::Incoming,
            incoming: true,
            from: address::shown(uri_of(caller)),
            to: self.identity(),
            custom_headers: custom_headers(&invite),
        });
        call.waiting.set(is_busy);
        learn_server_id(&call, &invite);
        drop(call.offered.replace(Some(invite.body)));
        self.answer(session, 180, None);
        self.events.emit("incoming", shown);
    }

    /// The connection is gone. A call that is up has a path of its own for its audio and moves to the next connection; one
    /// that only rings here can no longer be answered, nor would we hear of its end.
    fn on_call_disconnected(self: &Rc<Self>, session: SessionId) {
        let Some(call) = self.find(session) else { return };
        call.on_gateway(false);
        if matches!(call.state.get(), CallState::Incoming | CallState::Accepting) {
            self.forget(&call);
            self.hang_up(session, 480);
            call.on_ended(&Ended { reason: EndReason::NetworkLost, code: 408, error: None });
        }
    }

    fn on_reoffer(self: &Rc<Self>, session: SessionId, offer: String) {
        match self.find(session) {
            Some(call) if call.state.get() == CallState::Active => call.on_reoffer(session, offer),
            _ => drop(self.answer(session, 488, None)),
        }
    }

    fn on_outcome(&self, session: SessionId, outcome: Outcome) {
        if let Some(call) = self.find(session) {
            call.on_outcome(outcome);
        }
    }
}

/// What the caller's page says with its call: an object of names and values.
fn custom_headers(invite: &Message) -> wasm_bindgen::JsValue {
    let told = js::object(&[]);
    for (name, value) in invite.headers().filter(|(name, _)| headers::is_custom(name)) {
        js::set(&told, name, &value.into());
    }
    told
}

fn learn_server_id(call: &Call, message: &Message) {
    let id = message.get(CALL_ID_HEADER);
    if !id.is_empty() {
        *call.server_id.borrow_mut() = Some(id.to_owned());
    }
}
