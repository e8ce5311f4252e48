//! The browser woke up, or is in another network: whether the gateway still hears us is asked, not waited for.

use core::time::Duration;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::{timer, wait};

/// A gateway that does not answer a ping by now is not there: the socket of another network says nothing at all.
const PONG_LIMIT: Duration = Duration::from_secs(1);
/// The same for a page that measures (`preflight`).
const PING_LIMIT: Duration = Duration::from_secs(5);
/// RFC 5626 §3.5.1, allowed by RFC 7118 §6.
const PING: &[u8] = b"\r\n\r\n";

impl Client {
    /// What `edge.js` (`watchBrowser`) tells.
    pub(crate) fn on_browser(self: &Rc<Self>, what: &str) {
        match what {
            "devices" => spawn_local(self.clone().on_devices(None)),
            "network" => self.on_way_changed(true),
            _ => self.on_way_changed(false),
        }
    }

    /// The way to the gateway may be another one; `is_certain`: it is.
    pub(crate) fn on_way_changed(self: &Rc<Self>, is_certain: bool) {
        if self.is_reconnecting.get() {
            // Not after the rest of the wait, which was for another network.
            self.moved.set(self.moved.get() || is_certain);
            let hurry = self.hurry.borrow_mut().take();
            if let Some(hurry) = hurry {
                hurry.resolve();
            }
            return;
        }
        if !matches!(self.state.get(), ClientState::Registered | ClientState::Reconnecting) {
            return;
        }
        if is_certain {
            return self.cut();
        }
        let client = self.clone();
        spawn_local(async move {
            let flow = client.last_flow.get();
            let is_there = client.pong_within(PONG_LIMIT).await;
            if !is_there && client.last_flow.get() == flow && !client.is_reconnecting.get() {
                client.cut();
            } else {
                client.renew_if_due();
            }
        });
    }

    /// Takes the connection for lost: the calls need a new way too.
    fn cut(self: &Rc<Self>) {
        self.moved.set(true);
        let socket = self.socket.borrow_mut().take();
        if let Some(socket) = socket {
            let flow = socket.flow;
            drop(socket);
            self.on_closed(flow);
        }
    }

    async fn pong_within(&self, limit: Duration) -> bool {
        // Two who ask at once wait for the same answer.
        let promise = self.pong.borrow_mut().get_or_insert_with(Deferred::new).promise.clone();
        if let Some(socket) = &*self.socket.borrow() {
            socket.send(PING);
        }
        wait::within(limit, wait::settled(promise)).await.is_some()
    }

    /// Something came from the gateway.
    pub(crate) fn on_pong(&self) {
        let pong = self.pong.borrow_mut().take();
        if let Some(pong) = pong {
            pong.resolve();
        }
    }

    /// Milliseconds to the gateway and back.
    pub(crate) async fn ping(&self) -> Result<f64, wasm_bindgen::JsValue> {
        let since = timer::now();
        if self.state.get() != ClientState::Registered || !self.pong_within(PING_LIMIT).await {
            return Err(js::error(&crate::fault::Fault::NotConnected));
        }
        Ok(timer::now().saturating_sub(since).as_secs_f64() * 1000.0)
    }
}
