//! The WebSocket to the gateway (RFC 7118): opened, lost, opened again.

use core::pin::pin;
use std::rc::Rc;

use js_sys::Promise;
use sip::phone::Millis;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::WebSocket;

use super::browser::{self, Told};
use super::call::DECLINE;
use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::timer::{self, Timer};
use super::wait;
use super::waking::PING;
use crate::backoff;
use crate::fault::Fault;

/// Between two keep-alives (RFC 7118 §6 allows RFC 5626's double CRLF): below the 30 s after which the shortest-lived
/// proxies drop an idle connection.
const KEEP_ALIVE: Millis = 25_000;

/// A timer that is late by so much has slept, milliseconds: hidden pages are served once a minute at worst, but not one with a call.
const SLEPT_MS: f64 = 10_000.0;

/// A socket that is not open by now will not be: proxies that swallow the upgrade say nothing at all.
const OPEN_LIMIT: Millis = 10_000;

/// A socket with its handler, which falls silent when it is dropped.
pub(crate) struct Socket {
    pub(crate) flow: u32,
    socket: WebSocket,
    _told: Told,
}

impl Socket {
    pub(crate) fn send(&self, text: &str) {
        // A closed socket says so in its close event.
        let _ = self.socket.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        browser::close_socket(&self.socket);
    }
}

impl Client {
    pub(crate) async fn connect(self: Rc<Self>) -> Result<(), JsValue> {
        if self.state.get() != ClientState::Disconnected {
            return Ok(());
        }
        self.state.set(ClientState::Connecting);
        match wait::unless(self.until_given_up(), pin!(self.establish())).await {
            Some(Ok(())) => {
                self.set_registered();
                self.resume_calls();
                Ok(())
            }
            Some(Err(thrown)) => {
                self.close();
                Err(thrown)
            }
            // Disconnected meanwhile; perhaps it connects anew by now, so that nothing here is ours to close.
            None => Err(js::error(&Fault::NotConnected)),
        }
    }

    /// Resolves when the page disconnects.
    fn until_given_up(&self) -> Promise {
        let given_up = Deferred::new();
        let promise = given_up.promise();
        drop(self.given_up.replace(Some(given_up)));
        promise
    }

    /// Token, socket, registration.
    async fn establish(self: &Rc<Self>) -> Result<(), JsValue> {
        self.have_token().await?;
        self.open_socket().await?;
        self.register().await
    }

    pub(crate) fn set_registered(self: &Rc<Self>) {
        self.state.set(ClientState::Registered);
        self.keep_alive();
        self.events.emit("registered", js::object(&[("identity", self.identity().into())]));
    }

    async fn open_socket(self: &Rc<Self>) -> Result<(), JsValue> {
        let gateway = self.session.borrow().as_ref().map(|session| session.gateway.clone()).unwrap_or_default();
        let flow = self.last_flow.get() + 1;
        self.last_flow.set(flow);
        let opened = Deferred::new();
        let told = Told::new({
            let (client, opened) = (Rc::downgrade(self), opened.clone());
            move |what: String, message: Option<String>| {
                if what == "open" {
                    return opened.resolve();
                }
                let client = client.upgrade();
                match (client, message) {
                    (Some(client), Some(message)) => client.on_message(&message),
                    (client, _) if what != "message" => {
                        opened.refuse(&Fault::GatewayUnreachable);
                        if let Some(client) = client.filter(|_| what == "closed") {
                            client.on_closed(flow);
                        }
                    }
                    _ => {}
                }
            }
        });
        let socket = browser::open_socket(&gateway, told.as_ref());
        let socket = socket.map_err(|_| js::error(&Fault::GatewayUnreachable))?;
        self.phone.borrow_mut().connected(gateway.starts_with("wss:"));
        let old = self.socket.replace(Some(Socket { flow, socket, _told: told }));
        drop(old);
        wait::within(OPEN_LIMIT, &opened.promise(), Fault::GatewayUnreachable).await?;
        Ok(())
    }

    fn on_message(self: &Rc<Self>, message: &str) {
        self.on_pong();
        self.phone.borrow_mut().receive(timer::now(), message);
        self.pump();
    }

    pub(crate) fn on_closed(self: &Rc<Self>, flow: u32) {
        if self.last_flow.get() != flow {
            return;
        }
        let was_up = matches!(self.state.get(), ClientState::Registered | ClientState::Reconnecting);
        let begins = was_up && !self.is_reconnecting.replace(true);
        let was_registered = begins && self.state.replace(ClientState::Reconnecting) == ClientState::Registered;
        self.phone.borrow_mut().disconnected(timer::now());
        self.pump();
        if was_registered {
            self.events.emit("reconnecting", JsValue::UNDEFINED);
        }
        if begins {
            let client = self.clone();
            let given_up = self.until_given_up();
            spawn_local(async move {
                let _ = wait::unless(given_up, pin!(client.reconnect())).await;
            });
        }
    }

    /// Until it works or the page gives up. Calls stay: their audio has a path of its own.
    async fn reconnect(self: Rc<Self>) {
        let mut attempt = 0;
        loop {
            if attempt > 0 || !self.moved.get() {
                self.pause(backoff::delay_ms(attempt, js_sys::Math::random())).await;
            }
            attempt += 1;
            if self.establish().await.is_ok() {
                break;
            }
        }
        self.is_reconnecting.set(false);
        self.rebind_calls();
        self.set_registered();
        self.mend_calls();
        self.events.emit("reconnected", JsValue::UNDEFINED);
    }

    /// Waits before the next attempt, or until the network changes.
    async fn pause(&self, millis: i32) {
        let hurry = Deferred::new();
        let pause = browser::within(millis, &hurry.promise());
        drop(self.hurry.replace(Some(hurry)));
        js::settled(pause).await;
    }

    /// Calls that are not heard, and all of them in another network, look for a new way.
    fn mend_calls(self: &Rc<Self>) {
        let moved = self.moved.replace(false);
        for call in self.all_calls() {
            call.on_gateway(true);
            let is_heard = call.lifeline.borrow().is_heard();
            if moved || !is_heard {
                call.mend();
            }
        }
    }

    /// Moves the calls to the new connection, and says so in each: an UPDATE without an offer (RFC 3311 §5.1) shows the
    /// gateway where we are, whether it knew us by our registration or not. Those that look for a new way say it with that.
    fn rebind_calls(self: &Rc<Self>) {
        for call in self.all_calls() {
            let Some(session) = call.session.get() else { continue };
            let mends = self.moved.get() || !call.lifeline.borrow().is_heard();
            let mut phone = self.phone.borrow_mut();
            // A call that ended meanwhile has told so; one that only rings has no dialog to say it in.
            if phone.rebind(session) && !mends {
                let _ = phone.update(timer::now(), session);
            }
        }
        self.pump();
    }

    fn keep_alive(self: &Rc<Self>) {
        let client = Rc::downgrade(self);
        let due_ms = js::wall_ms() + KEEP_ALIVE as f64;
        let alarm = move || {
            let Some(client) = client.upgrade() else { return };
            if js::wall_ms() - due_ms > SLEPT_MS {
                // The browser says nothing of a lid that was closed over a page in view.
                client.on_way_changed(false);
            }
            if client.state.get() != ClientState::Disconnected {
                client.send(PING);
                client.keep_alive();
            }
        };
        drop(self.keep_alive.replace(Some(Timer::after(KEEP_ALIVE, Box::new(alarm)))));
    }

    /// Hangs up, unregisters, closes.
    pub(crate) fn disconnect(self: &Rc<Self>) {
        if self.state.get() == ClientState::Disconnected {
            return;
        }
        for call in self.all_calls() {
            call.give_up(DECLINE);
        }
        if let Some(registration) = self.registration.take() {
            self.phone.borrow_mut().unregister(timer::now(), registration);
            self.pump();
        }
        self.close();
        self.events.emit("unregistered", JsValue::UNDEFINED);
    }

    /// Lets go of the socket: messages sent before are still delivered by the browser.
    fn close(self: &Rc<Self>) {
        self.state.set(ClientState::Disconnected);
        self.failures.set(0);
        self.is_reconnecting.set(false);
        self.given_up.take().inspect(Deferred::resolve);
        drop(self.renewal.borrow_mut().take());
        drop(self.forgotten.borrow_mut().take());
        drop(self.keep_alive.borrow_mut().take());
        self.registration.set(None);
        self.registering.borrow_mut().take();
        let socket = self.socket.borrow_mut().take();
        if let Some(socket) = socket {
            drop(socket);
            self.phone.borrow_mut().disconnected(timer::now());
            self.pump();
        }
    }
}
