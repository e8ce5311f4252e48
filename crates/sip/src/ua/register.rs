//! Our registrations: sending REGISTER and doing what `registration::Refresh` decides.

use core::time::Duration;

use crate::dialog::MAX_FORWARDS;
use crate::message::{HeaderName, Headers, Method, Request, Response, Uri};
use crate::registration::refresh::{Refresh, Verdict};

use super::Ua;
use super::auth::{Authenticator, Credentials};
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::fields;
use super::io::{Event, Failure, FlowId, Path, RegistrationId};
use super::order::in_order;
use super::schedule::{Armed, Waiter};

/// A registration to make and keep.
#[derive(Debug, Clone)]
pub struct Register {
    /// Where the REGISTER goes.
    pub path: Path,
    /// Request-URI: the domain, without user (RFC 3261 §10.2).
    pub registrar: Uri,
    /// Address of record as a name-addr, written into From and To.
    pub address_of_record: String,
    /// Contact value with its parameters (`+sip.instance`, `reg-id`); `None`: the local end's.
    pub contact: Option<String>,
    /// How long to ask for.
    pub expires: Duration,
    /// Further headers.
    pub headers: Headers,
    /// For a 401 or 407.
    pub auth: Option<Credentials>,
}

/// A registration as the user agent remembers it.
pub(crate) struct Registration {
    register: Register,
    call_id: String,
    from_tag: String,
    /// Of the last REGISTER; all of one registration share Call-ID and count up (§10.2).
    cseq: u32,
    refresh: Refresh,
    auth: Option<Authenticator>,
    /// The REGISTER in progress.
    client: Option<ClientKey>,
    removing: bool,
    armed: Armed,
}

impl Ua {
    /// Registers and refreshes until [`Ua::unregister`], a refusal or a closed flow. Each success makes a
    /// `Registered`; `RegistrationFailed` is the last event of a registration, a new attempt is a new `register`.
    pub fn register(&mut self, now: Duration, register: Register) -> RegistrationId {
        let id = RegistrationId(self.fresh_id());
        let registration = Registration {
            call_id: self.tokens.call_id(),
            from_tag: self.tokens.tag(),
            cseq: 0,
            refresh: Refresh::new(register.expires),
            auth: register.auth.clone().map(Authenticator::new),
            client: None,
            removing: false,
            armed: Armed::default(),
            register,
        };
        self.registrations.insert(id, registration);
        self.send_register(now, id);
        id
    }

    /// Removes the binding; `Unregistered` follows whatever the registrar answers.
    pub fn unregister(&mut self, now: Duration, registration: RegistrationId) -> Result<(), CommandError> {
        let state = self.registrations.get_mut(&registration).ok_or(CommandError::UnknownRegistration)?;
        if !state.removing {
            state.removing = true;
            if let Some(client) = state.client.take() {
                // Its answer would be about a binding that is not wanted any more.
                self.clients.remove(&client);
            }
            self.send_register(now, registration);
        }
        Ok(())
    }

    /// Refreshes no more, and leaves the binding to end by itself or to the registration that takes its place; nothing follows.
    pub fn forget_registration(&mut self, registration: RegistrationId) {
        if let Some(client) = self.registrations.remove(&registration).and_then(|state| state.client) {
            self.clients.remove(&client);
        }
    }

    /// New credentials for the next refresh, for instance a fresh token.
    pub fn set_credentials(&mut self, registration: RegistrationId, auth: Credentials) -> Result<(), CommandError> {
        let state = self.registrations.get_mut(&registration).ok_or(CommandError::UnknownRegistration)?;
        state.auth = Some(Authenticator::new(auth));
        Ok(())
    }

    /// Refreshes now instead of when it is due.
    pub fn refresh(&mut self, now: Duration, registration: RegistrationId) -> Result<(), CommandError> {
        let state = self.registrations.get(&registration).ok_or(CommandError::UnknownRegistration)?;
        if state.client.is_none() {
            self.send_register(now, registration);
        }
        Ok(())
    }

    fn send_register(&mut self, now: Duration, id: RegistrationId) {
        let Some(state) = self.registrations.get(&id) else { return };
        let path = state.register.path;
        let contact = state.register.contact.clone().unwrap_or_else(|| self.contact_of(path));
        let Some(state) = self.registrations.get_mut(&id) else { return };
        state.cseq += 1;
        let expires = if state.removing { 0 } else { state.refresh.asked().as_secs() };
        let mut request = Request::new(Method::Register, state.register.registrar.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS.to_string());
        headers.push(HeaderName::From, format!("{};tag={}", state.register.address_of_record, state.from_tag));
        headers.push(HeaderName::To, state.register.address_of_record.clone());
        headers.push(HeaderName::CallId, state.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{} REGISTER", state.cseq));
        headers.push(HeaderName::Contact, contact);
        headers.push(HeaderName::Expires, expires.to_string());
        headers.push(HeaderName::Supported, "path, outbound");
        fields::append(headers, &state.register.headers);
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        let client = self.send_request(now, path, request, Purpose::Register(id), None);
        if let Some(state) = self.registrations.get_mut(&id) {
            state.client = Some(client);
        }
    }

    pub(crate) fn register_response(&mut self, now: Duration, key: ClientKey, id: RegistrationId, response: Response) {
        let Some(state) = self.registrations.get_mut(&id) else { return };
        if state.client != Some(key) || response.status.is_provisional() {
            return;
        }
        state.client = None;
        if fields::is_challenge(&response) && state.auth.as_mut().is_some_and(|auth| auth.learn(&response)) {
            self.send_register(now, id);
            return;
        }
        if state.removing {
            self.registrations.remove(&id);
            self.emit(Event::Unregistered { registration: id });
            return;
        }
        if let Some(auth) = &mut state.auth {
            auth.accepted();
        }
        match state.refresh.answer(now, &response) {
            Verdict::Held { expires } => {
                self.arm_registration(id);
                self.emit(Event::Registered { registration: id, expires, response: Box::new(response) });
            }
            Verdict::AskLonger => self.send_register(now, id),
            Verdict::Refused => self.register_failed(id, Failure::Response(Box::new(response))),
        }
    }

    pub(crate) fn register_failed(&mut self, id: RegistrationId, failure: Failure) {
        let Some(state) = self.registrations.remove(&id) else { return };
        let event = if state.removing {
            Event::Unregistered { registration: id }
        } else {
            Event::RegistrationFailed { registration: id, failure }
        };
        self.emit(event);
    }

    fn arm_registration(&mut self, id: RegistrationId) {
        let Some(state) = self.registrations.get_mut(&id) else { return };
        let deadline = state.refresh.due();
        self.schedule.arm(Waiter::Registration(id), &mut state.armed, deadline);
    }

    /// A heap entry of a registration came up.
    pub(crate) fn registration_due(&mut self, now: Duration, at: Duration, id: RegistrationId) {
        let Some(state) = self.registrations.get_mut(&id) else { return };
        if !state.armed.take(at) {
            return;
        }
        if state.client.is_none() && state.refresh.due().is_some_and(|due| due <= now) {
            state.refresh.started();
            self.send_register(now, id);
        }
        self.arm_registration(id);
    }

    /// A binding lives on its flow (RFC 5626): when that closes, so does the registration.
    pub(crate) fn drop_registrations_on(&mut self, flow: FlowId) {
        let lost = self.registrations.iter().filter(|(_, state)| state.register.path.flow == flow).map(|(id, _)| *id);
        for id in in_order(lost) {
            self.register_failed(id, Failure::FlowClosed);
        }
    }
}
