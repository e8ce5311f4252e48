//! Tokens and the registration that they prove.

use std::rc::Rc;

use js_sys::{Array, Date, JSON, Math};
use sip::phone::{Millis, Register, RegistrationId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::browser;
use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::timer::{self, Timer};
use super::wait;
use crate::address;
use crate::fault::Fault;
use crate::token::{self, Times};

/// Asked of the registrar, seconds; it grants no more than the token's life.
const EXPIRES_S: u32 = 300;
/// A token that ends sooner is replaced before a call is made with it.
const CALL_MARGIN: Millis = 10_000;
/// A connection that comes back registers with the token that it has when that lives at least this long: fetching another
/// first would make a call in progress wait.
const RECONNECT_MARGIN: Millis = 30_000;
/// An endpoint that has not answered by now is taken for broken: a page must be able to say so while its user looks.
const TOKEN_LIMIT: Millis = 10_000;
/// The same for the gateway's answer to REGISTER; the user agent itself would wait for 32 s (timer F).
const REGISTER_LIMIT: Millis = 10_000;
/// The status of silence.
const TIMED_OUT: u16 = 408;
/// The status for those whose token does not let them be called.
const FORBIDDEN: u16 = 403;

/// Who we are until the next token.
pub(crate) struct Session {
    pub(crate) token: String,
    /// When it ends, by the page's own clock (`timer::now`), which nobody sets.
    ends: Millis,
    /// The same by the wall clock, milliseconds since 1970: the page's own stands still while the machine sleeps.
    ends_wall_ms: f64,
    /// How long it lived when it came.
    life: Millis,
    /// URL of the WebSocket.
    pub(crate) gateway: String,
    /// Host part of the addresses.
    pub(crate) domain: String,
    /// Address of record: `sip:user@domain`.
    pub(crate) address: String,
    pub(crate) identity: String,
    /// Whether the token lets it be called.
    rings: bool,
    pub(crate) ice_servers: JsValue,
}

impl Session {
    /// Reads the token endpoint's answer: an object, or the token alone. `served` is its `Date`.
    fn read(answer: &JsValue, served: Option<f64>, options: &JsValue) -> Option<Self> {
        let token = answer.as_string().or_else(|| js::text(answer, "token"))?;
        let claims = token::claims(&token).and_then(|json| JSON::parse(&json).ok()).unwrap_or(JsValue::UNDEFINED);
        let gateway = js::text(options, "gateway")
            .or_else(|| js::text(answer, "ws_url"))
            .or_else(|| token::gateway_of(&js::text(&claims, "iss")?))?;
        let subject = js::text(&claims, "sub");
        let address = js::text(answer, "sip_uri").or_else(|| {
            let user = token::user_of(subject.as_deref()?, &js::text(&claims, "ws")?);
            Some(["sip:", &user, "@", token::host_of(&gateway)?].concat())
        })?;
        let domain = address.rsplit_once('@')?.1.to_owned();
        let millis = |claim| js::get(&claims, claim).as_f64().map(|seconds| seconds * 1000.0);
        let dated = js::text(answer, "expires_at").map(|date| Date::parse(&date)).filter(|millis| millis.is_finite());
        let times = Times { issued: millis("iat"), ends: millis("exp").or(dated), served };
        let life = times.left(js::wall_ms());
        let ends = timer::now() + life;
        let ends_wall_ms = js::wall_ms() + life as f64;
        let identity = js::text(answer, "identity").or(subject).unwrap_or_default();
        let ice_servers = js::get(answer, "ice_servers");
        let rings = !js::is(&js::get(&claims, "perms"), "inbound", false);
        Some(Self { token, ends, ends_wall_ms, life, gateway, domain, address, identity, rings, ice_servers })
    }

    fn left(&self) -> Millis {
        let by_wall = (self.ends_wall_ms - js::wall_ms()) as Millis;
        self.ends.saturating_sub(timer::now()).min(by_wall)
    }
}

impl Client {
    pub(crate) async fn fetch_token(self: &Rc<Self>) -> Result<(), JsValue> {
        let unreachable = Fault::TokenUnreachable;
        let answer = wait::within(TOKEN_LIMIT, &browser::ask_for_token(&self.options), unreachable).await?;
        let session = match answer.as_f64() {
            Some(0.0) => Err(Fault::TokenUnreachable),
            Some(status) => Err(Fault::TokenRefused(status as u16)),
            None => {
                let answer = Array::from(&answer);
                let served = answer.get(1).as_f64().filter(|millis| millis.is_finite());
                Session::read(&answer.get(0), served, &self.options).ok_or(Fault::TokenInvalid)
            }
        };
        drop(self.session.replace(Some(session.map_err(|fault| js::error(&fault))?)));
        Ok(())
    }

    /// A token for a new connection: the one at hand while it is good for a while.
    pub(crate) async fn have_token(self: &Rc<Self>) -> Result<(), JsValue> {
        let left = self.session.borrow().as_ref().map_or(0, Session::left);
        let is_proven = self.state.get() == ClientState::Reconnecting && self.failures.get() == 0;
        if is_proven && left > RECONNECT_MARGIN { Ok(()) } else { self.fetch_token().await }
    }

    /// After a sleep: a token whose last quarter has begun is renewed now, whatever its timer thinks.
    pub(crate) fn renew_if_due(self: &Rc<Self>) {
        let is_due = self.session.borrow().as_ref().is_some_and(|session| session.left() < session.life / 4);
        if is_due && self.failures.get() == 0 {
            self.renew_after(0);
        }
    }

    /// So that a call is never refused for the age of its token.
    pub(crate) async fn ensure_fresh_token(self: &Rc<Self>) -> Result<(), JsValue> {
        let left = self.session.borrow().as_ref().map_or(0, Session::left);
        if left > CALL_MARGIN {
            return Ok(());
        }
        self.renew().await
    }

    pub(crate) async fn register(self: &Rc<Self>) -> Result<(), JsValue> {
        let registered = Deferred::new();
        let promise = registered.promise();
        drop(self.registering.replace(Some(registered)));
        self.start_registration()?;
        let answered = wait::within(REGISTER_LIMIT, &promise, Fault::RegistrationRefused(TIMED_OUT)).await;
        answered.inspect_err(|_| {
            // Perhaps it was the token: the next try is not made with it.
            self.failures.set(self.failures.get().saturating_add(1));
        })?;
        Ok(())
    }

    fn start_registration(self: &Rc<Self>) -> Result<(), JsValue> {
        let invalid = || js::error(&Fault::TokenInvalid);
        let (address, token) = self.credentials().ok_or_else(invalid)?;
        let domain = self.domain().ok_or_else(invalid)?;
        let registrar = address::valid(["sip:", &domain].concat()).ok_or_else(invalid)?;
        let register = Register { registrar, address, token, expires_s: EXPIRES_S };
        let registration = self.phone.borrow_mut().register(timer::now(), register);
        self.registration.set(Some(registration));
        self.pump();
        Ok(())
    }

    pub(crate) fn on_registered(self: &Rc<Self>, registration: RegistrationId, expires_s: u32) {
        if self.registration.get() != Some(registration) {
            return;
        }
        let granted = Millis::from(expires_s) * 1000;
        self.expect_to_be_forgotten(granted);
        self.on_accepted(granted);
    }

    /// The gateway knows us over this connection, until `granted` is over.
    fn on_accepted(self: &Rc<Self>, granted: Millis) {
        let left = self.session.borrow().as_ref().map_or(granted, Session::left);
        self.failures.set(0);
        self.renew_after(token::refresh_after(granted, left, Math::random()));
        let waiting = self.registering.borrow_mut().take();
        if let Some(waiting) = waiting {
            waiting.resolve();
        } else if self.state.get() == ClientState::Reconnecting && !self.is_reconnecting.get() {
            // The connection had stood all the time; only the registration was lost.
            self.set_registered();
        }
    }

    /// Refused while connecting: `connect` fails. Refused later: nobody can ring here until a fresh token is accepted.
    pub(crate) fn on_registration_failed(self: &Rc<Self>, registration: RegistrationId, status: u16) {
        if self.registration.get() != Some(registration) {
            return;
        }
        self.registration.set(None);
        if status == FORBIDDEN && self.session.borrow().as_ref().is_some_and(|session| !session.rings) {
            // As the token says: it proves who we are, so that calls can be made, and nobody can ring here.
            return self.on_accepted(Millis::from(EXPIRES_S) * 1000);
        }
        let fault = Fault::RegistrationRefused(status);
        let waiting = self.registering.borrow_mut().take();
        match waiting {
            Some(waiting) => waiting.refuse(&fault),
            // With the connection goes the registration; `connection::reconnect` makes both anew.
            None if self.is_reconnecting.get() || self.state.get() == ClientState::Disconnected => {}
            None => {
                self.events.emit("error", js::error(&fault));
                self.set_unregistered();
                self.retry();
            }
        }
    }

    /// The page is told that nobody can ring here, once.
    fn set_unregistered(self: &Rc<Self>) {
        drop(self.forgotten.borrow_mut().take());
        if self.state.get() == ClientState::Registered {
            self.state.set(ClientState::Reconnecting);
            self.events.emit("unregistered", JsValue::UNDEFINED);
        }
    }

    /// The registrar keeps us for `granted`; a renewal that hangs or fails beyond that leaves us unregistered, whatever we
    /// last heard.
    fn expect_to_be_forgotten(self: &Rc<Self>, granted: Millis) {
        let client = Rc::downgrade(self);
        let alarm = move || {
            if let Some(client) = client.upgrade() {
                spawn_local(async move { client.set_unregistered() });
            }
        };
        drop(self.forgotten.replace(Some(Timer::after(granted, Box::new(alarm)))));
    }

    /// Tries again after a wait that grows with the failures.
    fn retry(self: &Rc<Self>) {
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        self.renew_after(token::retry_after(failures));
    }

    fn renew_after(self: &Rc<Self>, wait: Millis) {
        let client = Rc::downgrade(self);
        let alarm = move || {
            let Some(client) = client.upgrade() else { return };
            spawn_local(async move {
                let is_up = matches!(client.state.get(), ClientState::Registered | ClientState::Reconnecting);
                if !is_up || client.is_reconnecting.get() {
                    return;
                }
                client.events.emit("tokenWillExpire", JsValue::UNDEFINED);
                if let Err(error) = client.renew().await {
                    client.events.emit("error", error);
                    client.retry();
                }
            });
        };
        drop(self.renewal.replace(Some(Timer::after(wait, Box::new(alarm)))));
    }

    /// Fetches a token and registers with it. A token endpoint without a fixed identity names us anew each time: then
    /// the new address is registered beside the old one, whose binding is removed.
    async fn renew(self: &Rc<Self>) -> Result<(), JsValue> {
        let before = self.credentials().map(|(address, _)| address);
        self.fetch_token().await?;
        let Some((address, token)) = self.credentials() else { return Ok(()) };
        let old = self.registration.get();
        if let Some(registration) = old.filter(|_| before.as_deref() == Some(address.as_str())) {
            let refreshed = self.phone.borrow_mut().refresh(timer::now(), registration, &token);
            self.pump();
            if refreshed {
                return Ok(());
            }
        }
        self.start_registration()?;
        if let Some(registration) = old {
            self.phone.borrow_mut().unregister(timer::now(), registration);
            self.pump();
        }
        Ok(())
    }
}
