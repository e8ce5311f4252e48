//! Our registrations (RFC 3261 §10), each proven by a token.

use super::message::{Message, decimal, param};
use super::requests::Purpose;
use super::{Event, Millis, Phone, RegistrationId};

/// A binding is refreshed this long before it expires at the latest, or at half its time when that is later: an owner that
/// renews its token does so before.
const MARGIN_S: u32 = 40;
/// Granted when the registrar names no time (§10.2.4).
const DEFAULT_EXPIRES_S: u32 = 3_600;
/// Longest time that a 423 can talk us into; more is a mistake or malice.
const MAX_EXPIRES_S: u32 = 86_400;
/// Times in a row that a 423 is followed: a registrar that raises its minimum again and again would be asked for ever.
const MAX_LONGER: u8 = 2;

/// A registration to make and keep.
#[derive(Debug, Clone)]
pub struct Register {
    /// Request-URI: the domain, without user (§10.2).
    pub registrar: String,
    /// Address of record.
    pub address: String,
    /// Proves who we are.
    pub token: String,
    /// How long to ask for, seconds.
    pub expires_s: u32,
}

pub(super) struct Registration {
    pub(super) id: RegistrationId,
    register: Register,
    call_id: String,
    tag: String,
    /// Of the last REGISTER; all of one registration share Call-ID and count up (§10.2).
    cseq: u32,
    /// When the next REGISTER is.
    pub(super) due: Option<Millis>,
    /// 423s followed since the last success.
    longer: u8,
    is_removing: bool,
}

impl Phone {
    /// Registers and refreshes until [`Phone::unregister`], a refusal or the end of the connection. Each success makes an
    /// [`Event::Registered`]; [`Event::RegistrationFailed`] is the last one of a registration.
    pub fn register(&mut self, now: Millis, register: Register) -> RegistrationId {
        let id = RegistrationId(self.fresh_id());
        let (call_id, tag) = ([self.token(), self.token()].concat(), self.token());
        let registration =
            Registration { id, register, call_id, tag, cseq: 0, due: None, longer: 0, is_removing: false };
        self.registrations.push(registration);
        self.send_register(now, id);
        id
    }

    fn registration(&mut self, id: RegistrationId) -> Option<&mut Registration> {
        self.registrations.iter_mut().find(|registration| registration.id == id)
    }

    fn is_registering(&self, id: RegistrationId) -> bool {
        self.sent.iter().any(|sent| sent.purpose == Purpose::Register(id))
    }

    /// Refreshes now, with a fresh token. False: there is no such registration (any more).
    pub fn refresh(&mut self, now: Millis, id: RegistrationId, token: &str) -> bool {
        let Some(registration) = self.registration(id) else { return false };
        token.clone_into(&mut registration.register.token);
        if !self.is_registering(id) {
            self.send_register(now, id);
        }
        true
    }

    /// Removes the binding; nothing follows.
    pub fn unregister(&mut self, now: Millis, id: RegistrationId) {
        let Some(registration) = self.registration(id) else { return };
        registration.is_removing = true;
        // An answer to the one before would be about a binding that is not wanted any more.
        self.sent.retain(|sent| sent.purpose != Purpose::Register(id));
        self.send_register(now, id);
    }

    pub(super) fn send_register(&mut self, now: Millis, id: RegistrationId) {
        let Some(registration) = self.registrations.iter_mut().find(|registration| registration.id == id) else {
            return;
        };
        registration.cseq += 1;
        let Register { registrar, address, token, expires_s } = registration.register.clone();
        let expires_s = if registration.is_removing { 0 } else { expires_s };
        let mut request = Message::request("REGISTER", &registrar);
        request.push("From", &["<", &address, ">;tag=", &registration.tag]);
        request.push("To", &["<", &address, ">"]);
        request.push("Call-ID", &[&registration.call_id]);
        request.push("CSeq", &[&decimal(registration.cseq), " REGISTER"]);
        let (contact, instance) = (&self.config.contact, &self.config.instance);
        request.push("Contact", &["<", contact, ">;+sip.instance=\"", instance, "\";reg-id=1"]);
        request.push("Expires", &[&decimal(expires_s)]);
        request.push("Supported", &["path, outbound"]);
        self.send_request(now, request, Purpose::Register(id), &token);
    }

    pub(super) fn register_answered(&mut self, now: Millis, id: RegistrationId, status: u16, response: &Message) {
        let granted_s = self.granted_s(response);
        let Some(index) = self.registrations.iter().position(|registration| registration.id == id) else { return };
        let Some(registration) = self.registrations.get_mut(index) else { return };
        if registration.is_removing {
            self.registrations.swap_remove(index);
            return;
        }
        if status < 300 {
            let wait_s = granted_s.saturating_sub(MARGIN_S).max(granted_s / 2);
            registration.due = Some(now + Millis::from(wait_s) * 1000);
            registration.longer = 0;
            return self.emit(Event::Registered { registration: id, expires_s: granted_s });
        }
        let minimum_s = response.get("Min-Expires").parse().unwrap_or_default();
        let may_ask = registration.register.expires_s + 1..=MAX_EXPIRES_S;
        if status == 423 && may_ask.contains(&minimum_s) && registration.longer < MAX_LONGER {
            registration.longer += 1;
            registration.register.expires_s = minimum_s;
            return self.send_register(now, id);
        }
        let registration = self.registrations.swap_remove(index);
        self.registration_failed(registration, status);
    }

    pub(super) fn registration_failed(&mut self, registration: Registration, status: u16) {
        if !registration.is_removing {
            self.emit(Event::RegistrationFailed { registration: registration.id, status });
        }
    }

    /// How long the registrar keeps us, seconds; it names the other devices of the same address too, which may be about to end.
    fn granted_s(&self, response: &Message) -> u32 {
        let contacts = response.values("Contact");
        let is_own = |contact: &&&str| {
            param(contact, "+sip.instance").is_some_and(|value| value.trim_matches('"') == self.config.instance)
        };
        let own = contacts.iter().find(is_own).and_then(|contact| param(contact, "expires"));
        let granted = own.unwrap_or_else(|| response.get("Expires")).parse();
        granted.unwrap_or(DEFAULT_EXPIRES_S)
    }
}
