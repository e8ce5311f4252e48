//! The browser woke up, or is in another network: whether the gateway still hears us is asked, not waited for.

use std::rc::Rc;

use sip::phone::Millis;
use wasm_bindgen_futures::spawn_local;

use super::call::{DECLINE, UNAVAILABLE};
use super::client::{Client, ClientState};
use super::js::{self, Deferred};
use super::{timer, wait};
use crate::call_state::CallState;
use crate::fault::Fault;

/// A gateway that does not answer a ping by now is not there: the socket of another network says nothing at all.
const PONG_LIMIT: Millis = 1_000;
/// The same for a page that measures (`preflight`).
const PING_LIMIT: Millis = 5_000;
/// RFC 5626 §3.5.1, allowed by RFC 7118 §6.
pub(crate) const PING: &str = "\r\n\r\n";

impl Client {
    /// What `edge.js` (`watchBrowser`) tells.
    pub(crate) fn on_browser(self: &Rc<Self>, what: &str) {
        match what {
            "devices" => spawn_local(self.clone().on_devices(None)),
            "leaving" => self.leave(),
            "network" => self.on_way_changed(true),
            _ => self.on_way_changed(false),
        }
    }

    /// The page goes away: what rings or talks is told so, instead of being found dead half a minute later, by CANCEL, BYE, or
    /// 480 for what rings here: another page or device of the same person may still pick up. Calls that the page's next self
    /// takes over are left alone.
    fn leave(self: &Rc<Self>) {
        let calls = self.all_calls();
        let calls = if self.resumes() { self.leave_calls(calls) } else { calls };
        for call in calls {
            call.give_up(match call.state.get() {
                CallState::Incoming | CallState::Accepting => UNAVAILABLE,
                _ => DECLINE,
            });
        }
    }

    /// The way to the gateway may be another one; `is_certain`: it is.
    pub(crate) fn on_way_changed(self: &Rc<Self>, is_certain: bool) {
        if self.is_reconnecting.get() {
            // Not after the rest of the wait, which was for another network.
            self.moved.set(self.moved.get() || is_certain);
            let hurry = self.hurry.borrow_mut().take();
            hurry.inspect(Deferred::resolve);
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

    async fn pong_within(&self, limit: Millis) -> bool {
        // Two who ask at once wait for the same answer.
        let promise = self.pong.borrow_mut().get_or_insert_with(Deferred::new).promise();
        if let Some(socket) = &*self.socket.borrow() {
            socket.send(PING);
        }
        wait::within(limit, &promise, Fault::NotConnected).await.is_ok()
    }

    /// Something came from the gateway.
    pub(crate) fn on_pong(&self) {
        let pong = self.pong.borrow_mut().take();
        pong.inspect(Deferred::resolve);
    }

    /// Milliseconds to the gateway and back.
    pub(crate) async fn ping(&self) -> Result<f64, wasm_bindgen::JsValue> {
        let since = timer::precise_ms();
        if self.state.get() != ClientState::Registered || !self.pong_within(PING_LIMIT).await {
            return Err(js::error(&Fault::NotConnected));
        }
        Ok(timer::precise_ms() - since)
    }
}
