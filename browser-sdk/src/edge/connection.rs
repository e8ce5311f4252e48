//! The WebSocket to the gateway (RFC 7118): opened, lost, opened again.

use core::time::Duration;
use std::rc::Rc;

use sip::message::{Headers, StatusCode};
use sip::ua::{FlowId, Input, Party};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MessageEvent, WebSocket};

use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::timer::{self, Timer};
use super::wait;
use crate::backoff;
use crate::fault::Fault;

/// Between two keep-alives (RFC 7118 §6 allows RFC 5626's double CRLF): below the 30 s after which the shortest-lived
/// proxies drop an idle connection.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// A timer that is late by so much has slept, milliseconds: hidden pages are served once a minute at worst, but not one with a call.
const SLEPT_MS: f64 = 10_000.0;

/// A socket that is not open by now will not be: proxies that swallow the upgrade say nothing at all.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// Whom all messages are from: the browser has seen to it that the socket is the gateway's, this one and the next.
pub(crate) const GATEWAY: Party = Party::Trunk(0);

/// An open socket with its handlers, which fall silent when it is dropped.
pub(crate) struct Socket {
    pub(crate) flow: FlowId,
    socket: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_close: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Socket {
    pub(crate) fn send(&self, bytes: &[u8]) {
        // Text frames where possible: proxies and browser tools show them. A closed socket says so in its close event.
        let _ = match core::str::from_utf8(bytes) {
            Ok(text) => self.socket.send_with_str(text),
            Err(_) => self.socket.send_with_u8_array(bytes),
        };
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onerror(None);
        self.socket.set_onmessage(None);
        let _ = self.socket.close();
    }
}

impl Client {
    pub(crate) async fn connect(self: Rc<Self>) -> Result<(), JsValue> {
        if self.state.get() != ClientState::Disconnected {
            return Ok(());
        }
        self.state.set(ClientState::Connecting);
        match wait::unless(self.until_given_up(), self.establish()).await {
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
    fn until_given_up(&self) -> impl Future<Output = ()> + use<> {
        let given_up = Deferred::new();
        let promise = given_up.promise.clone();
        drop(self.given_up.replace(Some(given_up)));
        wait::settled(promise)
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
        self.events.emit("registered", js::object([("identity", self.identity().into())]));
    }

    async fn open_socket(self: &Rc<Self>) -> Result<(), JsValue> {
        let gateway = self.session.borrow().as_ref().map(|session| session.gateway.clone()).unwrap_or_default();
        let unreachable = |_| js::error(&Fault::GatewayUnreachable);
        let socket = WebSocket::new_with_str(&gateway, "sip").map_err(unreachable)?;
        let flow = FlowId(self.last_flow.get() + 1);
        self.last_flow.set(flow.0);
        let opened = Rc::new(Deferred::new());
        let on_open = Closure::<dyn FnMut()>::new({
            let opened = opened.clone();
            move || opened.resolve()
        });
        let on_close = Closure::<dyn FnMut()>::new({
            let (client, opened) = (Rc::downgrade(self), opened.clone());
            move || {
                opened.reject(&Fault::GatewayUnreachable);
                if let Some(client) = client.upgrade() {
                    client.on_closed(flow);
                }
            }
        });
        // A page's security policy that forbids the socket makes an error, and not every browser a close after it.
        let on_error = Closure::<dyn FnMut()>::new({
            let opened = opened.clone();
            move || opened.reject(&Fault::GatewayUnreachable)
        });
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
            let client = Rc::downgrade(self);
            move |event: MessageEvent| {
                if let (Some(client), Some(text)) = (client.upgrade(), event.data().as_string()) {
                    client.on_message(flow, text);
                }
            }
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        socket.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let socket = Socket {
            flow,
            socket,
            _on_open: on_open,
            _on_close: on_close,
            _on_error: on_error,
            _on_message: on_message,
        };
        let old = self.socket.replace(Some(socket));
        drop(old);
        let open = wait::within(OPEN_LIMIT, JsFuture::from(opened.promise.clone())).await;
        open.unwrap_or_else(|| Err(js::error(&Fault::GatewayUnreachable)))?;
        Ok(())
    }

    fn on_message(self: &Rc<Self>, flow: FlowId, text: String) {
        self.on_pong();
        // A keep-alive's answer is no message, and what does not parse is none of ours.
        let Ok(message) = sip::parse::message(text) else { return };
        let path = self.path(flow);
        self.ua.borrow_mut().handle(timer::now(), Input::Received { path, party: GATEWAY, message });
        self.pump();
    }

    pub(crate) fn on_closed(self: &Rc<Self>, flow: FlowId) {
        if self.last_flow.get() != flow.0 {
            return;
        }
        let was_up = matches!(self.state.get(), ClientState::Registered | ClientState::Reconnecting);
        let begins = was_up && !self.is_reconnecting.replace(true);
        let was_registered = begins && self.state.replace(ClientState::Reconnecting) == ClientState::Registered;
        self.ua.borrow_mut().handle(timer::now(), Input::FlowClosed(flow));
        self.pump();
        if was_registered {
            self.events.emit("reconnecting", JsValue::UNDEFINED);
        }
        if begins {
            let client = self.clone();
            let given_up = self.until_given_up();
            spawn_local(async move {
                let _ = wait::unless(given_up, client.reconnect()).await;
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
        let promise = hurry.promise.clone();
        drop(self.hurry.replace(Some(hurry)));
        let _ = wait::unless(wait::settled(promise), timer::sleep(millis)).await;
    }

    /// Calls that are not heard, and all of them in another network, look for a new way.
    fn mend_calls(self: &Rc<Self>) {
        let moved = self.moved.replace(false);
        let calls: Vec<_> = self.calls.borrow().iter().map(|entry| entry.call.clone()).collect();
        for call in calls {
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
        let path = self.path(FlowId(self.last_flow.get()));
        let calls: Vec<_> = self.calls.borrow().iter().map(|entry| entry.call.clone()).collect();
        for call in calls {
            let Some(session) = call.session.get() else { continue };
            let mends = self.moved.get() || !call.lifeline.borrow().is_heard();
            let mut ua = self.ua.borrow_mut();
            // A call that ended meanwhile has told so; one that only rings has no dialog to say it in.
            let rebound = ua.rebind(session, path);
            if !mends {
                let _ = rebound.and_then(|()| ua.update(timer::now(), session, Headers::new(), None));
            }
        }
        self.pump();
    }

    fn keep_alive(self: &Rc<Self>) {
        let client = Rc::downgrade(self);
        let due_ms = js::wall_ms() + KEEP_ALIVE.as_secs_f64() * 1000.0;
        let timer = Timer::after(KEEP_ALIVE, move || {
            let Some(client) = client.upgrade() else { return };
            if js::wall_ms() - due_ms > SLEPT_MS {
                // The browser says nothing of a lid that was closed over a page in view.
                client.on_way_changed(false);
            }
            if client.state.get() != ClientState::Disconnected {
                if let Some(socket) = &*client.socket.borrow() {
                    socket.send(b"\r\n\r\n");
                }
                client.keep_alive();
            }
        });
        drop(self.keep_alive.replace(timer));
    }

    /// Hangs up, unregisters, closes.
    pub(crate) fn disconnect(self: &Rc<Self>) {
        if self.state.get() == ClientState::Disconnected {
            return;
        }
        let calls: Vec<_> = self.calls.borrow().iter().map(|entry| entry.call.clone()).collect();
        for call in calls {
            call.give_up(StatusCode::DECLINE);
        }
        if let Some(registration) = self.registration.take() {
            // A registration that has just failed is gone already.
            let _ = self.ua.borrow_mut().unregister(timer::now(), registration);
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
        let given_up = self.given_up.borrow_mut().take();
        if let Some(given_up) = given_up {
            given_up.resolve();
        }
        drop(self.renewal.borrow_mut().take());
        drop(self.forgotten.borrow_mut().take());
        drop(self.keep_alive.borrow_mut().take());
        self.registration.set(None);
        self.registering.borrow_mut().take();
        let socket = self.socket.borrow_mut().take();
        if let Some(socket) = socket {
            let flow = socket.flow;
            drop(socket);
            self.ua.borrow_mut().handle(timer::now(), Input::FlowClosed(flow));
            self.pump();
        }
    }
}
