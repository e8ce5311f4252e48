//! Tokens and the registration that they prove.

use core::time::Duration;
use std::rc::Rc;

use js_sys::{Date, Function, JSON, Promise};
use sip::message::{Headers, Uri};
use sip::ua::{Credentials, FlowId, Register, RegistrationId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{RequestCredentials, RequestInit, Response};

use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::timer::{self, Timer};
use crate::fault::Fault;
use crate::token;

/// Asked of the registrar; it grants no more than the token's life.
const EXPIRES: Duration = Duration::from_secs(300);
/// A token that ends sooner is replaced before a call is made with it.
const CALL_MARGIN_MS: f64 = 10_000.0;
/// Until the next try when a token could not be fetched: several fit into the user agent's margin.
const RETRY: Duration = Duration::from_secs(5);
/// Life of a token that does not say when it ends.
const USUAL_LIFE_MS: f64 = 300_000.0;

/// Who we are until the next token.
pub(crate) struct Session {
    pub(crate) token: String,
    /// Milliseconds since 1970.
    pub(crate) ends_ms: f64,
    /// URL of the WebSocket.
    pub(crate) gateway: String,
    /// Host part of the addresses.
    pub(crate) domain: String,
    /// Address of record: `sip:user@domain`.
    pub(crate) address: String,
    pub(crate) identity: String,
    pub(crate) ice_servers: JsValue,
}

impl Session {
    /// Reads the token endpoint's answer: an object, or the token alone.
    fn read(answer: &JsValue, options: &JsValue) -> Option<Self> {
        let token = answer.as_string().or_else(|| js::text(answer, "token"))?;
        let claims = token::claims(&token).and_then(|json| JSON::parse(&json).ok()).unwrap_or(JsValue::UNDEFINED);
        let gateway = js::text(options, "gateway")
            .or_else(|| js::text(answer, "ws_url"))
            .or_else(|| token::gateway_of(&js::text(&claims, "iss")?))?;
        let subject = js::text(&claims, "sub");
        let address = js::text(answer, "sip_uri").or_else(|| {
            let user = token::user_of(subject.as_deref()?, &js::text(&claims, "ws")?);
            Some(format!("sip:{user}@{}", token::host_of(&gateway)?))
        })?;
        let domain = address.rsplit_once('@')?.1.to_owned();
        let ends_ms = js::text(answer, "expires_at")
            .map(|date| Date::parse(&date))
            .filter(|millis| millis.is_finite())
            .or_else(|| js::get(&claims, "exp").as_f64().map(|seconds| seconds * 1000.0))
            .unwrap_or_else(|| js::wall_ms() + USUAL_LIFE_MS);
        let identity = js::text(answer, "identity").or(subject).unwrap_or_default();
        Some(Self { token, ends_ms, gateway, domain, address, identity, ice_servers: js::get(answer, "ice_servers") })
    }

    fn left(&self) -> Duration {
        Duration::from_secs_f64((self.ends_ms - js::wall_ms()).max(0.0) / 1000.0)
    }
}

impl Client {
    pub(crate) async fn fetch_token(self: &Rc<Self>) -> Result<(), JsValue> {
        let answer = match js::get(&self.options, "getToken").dyn_into::<Function>() {
            Ok(get) => {
                let token = get.call0(&JsValue::UNDEFINED)?;
                JsFuture::from(Promise::resolve(&token)).await?
            }
            Err(_) => {
                let url = js::text(&self.options, "tokenUrl").unwrap_or_default();
                ask(&url).await.map_err(|fault| js::error(&fault))?
            }
        };
        let session = Session::read(&answer, &self.options).ok_or_else(|| js::error(&Fault::TokenInvalid))?;
        drop(self.session.replace(Some(session)));
        Ok(())
    }

    /// So that a call is never refused for the age of its token.
    pub(crate) async fn ensure_fresh_token(self: &Rc<Self>) -> Result<(), JsValue> {
        let ends = self.session.borrow().as_ref().map_or(0.0, |session| session.ends_ms);
        if ends - js::wall_ms() > CALL_MARGIN_MS {
            return Ok(());
        }
        self.renew().await
    }

    pub(crate) async fn register(self: &Rc<Self>) -> Result<(), JsValue> {
        let registered = Deferred::new();
        let promise = registered.promise.clone();
        drop(self.registering.replace(Some(registered)));
        self.start_registration()?;
        JsFuture::from(promise).await?;
        Ok(())
    }

    fn start_registration(self: &Rc<Self>) -> Result<(), JsValue> {
        let invalid = || js::error(&Fault::TokenInvalid);
        let (address, token) = self.credentials().ok_or_else(invalid)?;
        let domain = self.session.borrow().as_ref().map(|session| session.domain.clone()).ok_or_else(invalid)?;
        let registrar = Uri::parse(format!("sip:{domain}")).map_err(|_| invalid())?;
        let register = Register {
            path: self.path(FlowId(self.last_flow.get())),
            registrar,
            address_of_record: format!("<{address}>"),
            contact: Some(self.contact.clone()),
            expires: EXPIRES,
            headers: Headers::new(),
            auth: Some(Credentials::Bearer(token)),
        };
        let registration = self.ua.borrow_mut().register(timer::now(), register);
        self.registration.set(Some(registration));
        self.pump();
        Ok(())
    }

    pub(crate) fn on_registered(self: &Rc<Self>, registration: RegistrationId, granted: Duration) {
        if self.registration.get() != Some(registration) {
            return;
        }
        let left = self.session.borrow().as_ref().map_or(granted, Session::left);
        self.renew_after(token::refresh_after(granted, left));
        let waiting = self.registering.borrow_mut().take();
        if let Some(waiting) = waiting {
            waiting.resolve();
        }
    }

    /// Refused while connecting: `connect` fails. Refused later: a fresh token is tried after a while.
    pub(crate) fn on_registration_failed(self: &Rc<Self>, registration: RegistrationId, status: u16) {
        if self.registration.get() != Some(registration) {
            return;
        }
        self.registration.set(None);
        let fault = Fault::RegistrationRefused(status);
        let waiting = self.registering.borrow_mut().take();
        match waiting {
            Some(waiting) => waiting.reject(&fault),
            None if self.state.get() == ClientState::Registered => {
                self.events.emit("error", js::error(&fault));
                self.renew_after(RETRY);
            }
            None => {}
        }
    }

    fn renew_after(self: &Rc<Self>, wait: Duration) {
        let client = Rc::downgrade(self);
        let timer = Timer::after(wait, move || {
            let Some(client) = client.upgrade() else { return };
            spawn_local(async move {
                if client.state.get() != ClientState::Registered {
                    return;
                }
                client.events.emit("tokenWillExpire", JsValue::UNDEFINED);
                if let Err(error) = client.renew().await {
                    client.events.emit("error", error);
                    client.renew_after(RETRY);
                }
            });
        });
        drop(self.renewal.replace(timer));
    }

    /// Fetches a token and registers with it. A token endpoint without a fixed identity names us anew each time: then
    /// the new address is registered beside the old one, whose binding is removed.
    async fn renew(self: &Rc<Self>) -> Result<(), JsValue> {
        let before = self.credentials().map(|(address, _)| address);
        self.fetch_token().await?;
        let Some((address, token)) = self.credentials() else { return Ok(()) };
        let old = self.registration.get();
        if let Some(registration) = old.filter(|_| before.as_deref() == Some(address.as_str())) {
            let refreshed = {
                let mut ua = self.ua.borrow_mut();
                ua.set_credentials(registration, Credentials::Bearer(token))
                    .and_then(|()| ua.refresh(timer::now(), registration))
            };
            self.pump();
            if refreshed.is_ok() {
                return Ok(());
            }
        }
        self.start_registration()?;
        if let Some(registration) = old {
            // Gone already when it was refused.
            let _ = self.ua.borrow_mut().unregister(timer::now(), registration);
            self.pump();
        }
        Ok(())
    }
}

/// POST, and GET where the server wants that.
async fn ask(url: &str) -> Result<JsValue, Fault> {
    let mut response = request(url, "POST").await?;
    if response.status() == 405 {
        response = request(url, "GET").await?;
    }
    if !response.ok() {
        return Err(Fault::TokenRefused(response.status()));
    }
    let body = response.json().map_err(|_| Fault::TokenInvalid)?;
    JsFuture::from(body).await.map_err(|_| Fault::TokenInvalid)
}

async fn request(url: &str, method: &str) -> Result<Response, Fault> {
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::Include);
    let window = web_sys::window().ok_or(Fault::TokenUnreachable)?;
    let response = JsFuture::from(window.fetch_with_str_and_init(url, &options)).await;
    Ok(response.map_err(|_| Fault::TokenUnreachable)?.unchecked_into())
}
