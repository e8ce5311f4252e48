//! What each event of the user agent means for the client and its calls.

use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

use sip::message::{HeaderName, Headers, Method, Request, Response, StatusCode};
use sip::ua::{Event, Reply, SessionId, TransactionId};

use super::call::Offered;
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
            Event::Registered { registration, expires, response } => {
                self.on_registered(registration, granted(&response, self.instance()).unwrap_or(expires));
            }
            Event::RegistrationFailed { registration, failure } => {
                self.on_registration_failed(registration, failure.status());
            }
            Event::IncomingInvite { session, transaction, request, .. } => {
                self.on_invite(session, transaction, &request)
            }
            Event::Provisional { session, response, .. } if response.status.code() > 100 => {
                if let Some(call) = self.find(session) {
                    learn_server_id(&call, &response.headers);
                    call.on_ringing(text_of(&response.body));
                }
            }
            Event::Answered { session, response } => {
                if let Some(call) = self.find(session) {
                    learn_server_id(&call, &response.headers);
                    call.on_answered(text_of(&response.body).unwrap_or_default());
                }
            }
            Event::SessionEnded { session, cause } => {
                if let Some(call) = self.find(session) {
                    self.forget(&call);
                    call.on_ended(&Ended::of(&cause));
                }
            }
            Event::OfferAccepted { session, response } => {
                self.on_outcome(session, Outcome::Accepted(text_of(&response.body).unwrap_or_default()));
            }
            Event::OfferRefused { session, failure } => self.on_outcome(session, Outcome::Refused(failure.status())),
            Event::OfferCollided { session, retry_in } => self.on_outcome(session, Outcome::Collided(retry_in)),
            Event::SessionFlowClosed { session } => self.on_call_disconnected(session),
            Event::ReinviteReceived { session, transaction, request }
            | Event::UpdateReceived { session, transaction, request } => {
                self.on_reoffer(session, transaction, &request);
            }
            Event::InfoReceived { transaction, .. } => self.reply(transaction, StatusCode::OK),
            Event::RequestReceived { session, transaction, method, request } => {
                self.reply(transaction, answer_to(&method));
                if let (Method::Notify, Some(call), Some(told)) = (method, self.find(session), text_of(&request.body)) {
                    call.on_notify(&told);
                }
            }
            Event::Response { transaction, response } => self.on_answer(transaction, response.status.code()),
            Event::RequestFailed { transaction, failure } => self.on_answer(transaction, failure.status()),
            Event::IncomingRequest { transaction, request, .. } => self.reply(transaction, answer_to(&request.method)),
            // Progress that needs no action: 100, our ACKs, and what only a caller of `reinvite` hears.
            _ => {}
        }
    }

    fn on_invite(self: &Rc<Self>, session: SessionId, transaction: TransactionId, request: &Arc<Request>) {
        let Some(sdp) = text_of(&request.body) else {
            // Browsers cannot be offered a call without a description.
            return self.reply(transaction, StatusCode::NOT_ACCEPTABLE_HERE);
        };
        let is_busy = !self.others_up(None).is_empty();
        if is_busy && js::get(&self.options, "callWaiting").as_bool() == Some(false) {
            return self.reply(transaction, StatusCode::BUSY_HERE);
        }
        let (call, shown) = self.add_call(NewCall {
            session: Some(session),
            state: CallState::Incoming,
            incoming: true,
            from: caller(&request.headers),
            to: self.identity(),
            offered: Some(Offered { transaction, sdp }),
            custom_headers: custom_headers(&request.headers),
        });
        call.waiting.set(is_busy);
        learn_server_id(&call, &request.headers);
        self.reply(transaction, StatusCode::RINGING);
        self.events.emit("incoming", shown);
    }

    /// The connection is gone. A call that is up has a path of its own for its audio and moves to the next connection; one
    /// that only rings here can no longer be answered, nor would we hear of its end.
    fn on_call_disconnected(self: &Rc<Self>, session: SessionId) {
        let Some(call) = self.find(session) else { return };
        call.on_gateway(false);
        if matches!(call.state.get(), CallState::Incoming | CallState::Accepting) {
            self.forget(&call);
            self.hang_up(session, StatusCode::TEMPORARILY_UNAVAILABLE);
            call.on_ended(&Ended {
                reason: EndReason::NetworkLost,
                code: StatusCode::REQUEST_TIMEOUT.code(),
                error: None,
            });
        }
    }

    fn on_reoffer(self: &Rc<Self>, session: SessionId, transaction: TransactionId, request: &Arc<Request>) {
        match (self.find(session), text_of(&request.body)) {
            (Some(call), Some(offer)) if call.state.get() == CallState::Active => call.on_reoffer(transaction, offer),
            // A bare UPDATE only refreshes the session.
            (Some(_), None) if request.method == Method::Update => self.reply(transaction, StatusCode::OK),
            _ => self.reply(transaction, StatusCode::NOT_ACCEPTABLE_HERE),
        }
    }

    fn on_outcome(&self, session: SessionId, outcome: Outcome) {
        if let Some(call) = self.find(session) {
            call.on_outcome(outcome);
        }
    }

    fn reply(self: &Rc<Self>, transaction: TransactionId, status: StatusCode) {
        // The request may have been given up meanwhile.
        let _ = self.respond(transaction, Reply::new(status));
    }
}

/// How long the registrar keeps this page; it names the other pages and devices of the same identity too, which may be
/// about to end.
fn granted(response: &Response, instance: &str) -> Option<Duration> {
    let contacts = response.contacts().ok()?;
    let own = contacts.iter().find(|contact| contact.instance() == Some(instance))?;
    own.expires_s().map(|seconds| Duration::from_secs(seconds.into()))
}

fn answer_to(method: &Method) -> StatusCode {
    match method {
        Method::Options | Method::Notify => StatusCode::OK,
        // The caller may not send this user elsewhere.
        Method::Refer => StatusCode::DECLINE,
        _ => StatusCode::NOT_IMPLEMENTED,
    }
}

fn text_of(body: &[u8]) -> Option<String> {
    core::str::from_utf8(body).ok().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The asserted identity, which the gateway vouches for, else From.
fn caller(headers: &Headers) -> String {
    let asserted = headers.p_asserted_identities().unwrap_or_default();
    let uri = asserted.into_iter().next().map(|address| address.uri);
    uri.or_else(|| headers.from().ok().map(|from| from.uri)).map(|uri| address::shown(&uri)).unwrap_or_default()
}

/// What the caller's page says with its call: an object of names and values.
fn custom_headers(request: &Headers) -> wasm_bindgen::JsValue {
    let custom = request.iter().filter(|(name, _)| headers::is_custom(name.as_str()));
    let told = js_sys::Object::new();
    for (name, value) in custom {
        let value = String::from_utf8_lossy(value);
        // A fresh object takes any property.
        let _ = js_sys::Reflect::set(&told, &name.as_str().into(), &(&*value).into());
    }
    told.into()
}

fn learn_server_id(call: &super::call::Call, headers: &Headers) {
    if let Ok(Some(id)) = headers.text(&HeaderName::Other(CALL_ID_HEADER.into())) {
        *call.server_id.borrow_mut() = Some(id.to_owned());
    }
}
