//! What JavaScript sees. Types and documentation for users are in `js/index.esm.d.ts`.

use std::rc::Rc;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use super::{call, client::Client, js};

/// The client behind `SautikitClient`.
#[wasm_bindgen(skip_typescript)]
pub struct Core {
    client: Rc<Client>,
}

#[wasm_bindgen]
impl Core {
    /// Reads the options lazily; they belong to the page.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> Core {
        Core { client: Client::new(options) }
    }

    /// Token, socket, registration.
    pub async fn connect(&self) -> Result<(), JsValue> {
        self.client.clone().connect().await
    }

    /// Hangs up, unregisters, closes.
    pub fn disconnect(&self) {
        self.client.disconnect();
    }

    /// Calls; resolves once the INVITE is sent.
    pub async fn call(&self, destination: String, options: JsValue) -> Result<JsValue, JsValue> {
        let client = self.client.clone();
        client.call(&destination, &options).await
    }

    /// Adds a handler and returns the function that removes it.
    pub fn on(&self, event: &str, handler: Function, once: bool) -> Function {
        self.client.events.on(event, handler, once)
    }

    /// Removes one handler or all of an event.
    pub fn off(&self, event: &str, handler: Option<Function>) {
        self.client.events.off(event, handler.as_ref());
    }

    /// Takes another microphone; none for the system's choice.
    #[wasm_bindgen(js_name = setInput)]
    pub async fn set_input(&self, id: Option<String>) -> Result<(), JsValue> {
        let client = self.client.clone();
        client.choose_input(id).await
    }

    /// Takes another loudspeaker; none for the system's choice.
    #[wasm_bindgen(js_name = setOutput)]
    pub async fn set_output(&self, id: Option<String>) -> Result<(), JsValue> {
        let client = self.client.clone();
        client.choose_output(id).await
    }

    /// The chosen microphone.
    #[wasm_bindgen(getter)]
    pub fn input(&self) -> Option<String> {
        self.client.input.borrow().clone()
    }

    /// The chosen loudspeaker.
    #[wasm_bindgen(getter)]
    pub fn output(&self) -> Option<String> {
        self.client.output.borrow().clone()
    }

    /// Milliseconds to the gateway and back.
    pub async fn ping(&self) -> Result<f64, JsValue> {
        let client = self.client.clone();
        client.ping().await
    }

    /// The score that a way with these figures lets expect.
    #[wasm_bindgen(js_name = expectedMos)]
    pub fn expected_mos(rtt_ms: f64, jitter_ms: f64, loss_percent: f64) -> f64 {
        crate::quality::mos(true, rtt_ms, jitter_ms, loss_percent)
    }

    /// disconnected, connecting, registered or reconnecting.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.client.state.get().as_str().into()
    }

    /// The name in the token.
    #[wasm_bindgen(getter)]
    pub fn identity(&self) -> String {
        self.client.identity()
    }

    /// Calls that are not over.
    #[wasm_bindgen(getter)]
    pub fn calls(&self) -> Array {
        self.client.calls.borrow().iter().map(|entry| entry.shown.clone()).collect()
    }
}

/// A call.
#[wasm_bindgen(skip_typescript)]
pub struct Call {
    call: Rc<call::Call>,
}

impl Call {
    pub(crate) fn of(call: Rc<call::Call>) -> Self {
        Self { call }
    }
}

#[wasm_bindgen]
impl Call {
    /// Names the call within this page.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> String {
        self.call.id.clone()
    }

    /// The server's name of it, once known.
    #[wasm_bindgen(getter, js_name = callId)]
    pub fn call_id(&self) -> Option<String> {
        self.call.server_id.borrow().clone()
    }

    /// inbound or outbound.
    #[wasm_bindgen(getter)]
    pub fn direction(&self) -> String {
        if self.call.incoming { "inbound" } else { "outbound" }.into()
    }

    /// Who calls.
    #[wasm_bindgen(getter)]
    pub fn from(&self) -> String {
        self.call.from.clone()
    }

    /// Who is called.
    #[wasm_bindgen(getter)]
    pub fn to(&self) -> String {
        self.call.to.clone()
    }

    /// dialing, ringing, incoming, accepting, active or ended.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.call.state.get().as_str().into()
    }

    /// Started seconds since the answer, as in the call's record.
    #[wasm_bindgen(getter, js_name = durationSeconds)]
    pub fn duration_seconds(&self) -> u32 {
        self.call.duration_s()
    }

    /// Whether the microphone is off.
    #[wasm_bindgen(getter, js_name = isMuted)]
    pub fn is_muted(&self) -> bool {
        self.call.muted.get()
    }

    /// Whether it is on hold, by us.
    #[wasm_bindgen(getter, js_name = isHeld)]
    pub fn is_held(&self) -> bool {
        self.call.held.get()
    }

    /// Whether it rings while another call is up.
    #[wasm_bindgen(getter, js_name = isWaiting)]
    pub fn is_waiting(&self) -> bool {
        self.call.waiting.get()
    }

    /// Whether there is no microphone in it.
    #[wasm_bindgen(getter, js_name = isListenOnly)]
    pub fn is_listen_only(&self) -> bool {
        self.call.media.borrow().as_ref().is_some_and(|media| media.is_listen_only())
    }

    /// Whether the gateway or the audio is away.
    #[wasm_bindgen(getter, js_name = isReconnecting)]
    pub fn is_reconnecting(&self) -> bool {
        !self.call.lifeline.borrow().is_whole()
    }

    /// What the caller's page says with the call.
    #[wasm_bindgen(getter, js_name = customHeaders)]
    pub fn custom_headers(&self) -> JsValue {
        let said = &self.call.custom_headers;
        if said.is_object() { said.clone() } else { js::object(&[]) }
    }

    /// Adds a handler and returns the function that removes it.
    pub fn on(&self, event: &str, handler: Function) -> Function {
        let off = self.call.events.on(event, handler, false);
        self.call.watch_levels(event);
        off
    }

    /// The same for one event.
    pub fn once(&self, event: &str, handler: Function) -> Function {
        let off = self.call.events.on(event, handler, true);
        self.call.watch_levels(event);
        off
    }

    /// Removes one handler or all of an event.
    pub fn off(&self, event: &str, handler: Option<Function>) {
        self.call.events.off(event, handler.as_ref());
    }

    /// Answers an incoming call.
    pub async fn accept(&self, options: JsValue) -> Result<(), JsValue> {
        let call = self.call.clone();
        call.accept(&options).await
    }

    /// Refuses an incoming call.
    pub fn reject(&self, options: JsValue) -> Promise {
        self.call.reject(js::text(&options, "reason").as_deref());
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// Ends the call, whatever its state. Acts at once; the promise is for `await`.
    pub fn hangup(&self) -> Promise {
        self.call.give_up(call::DECLINE);
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// Silences the microphone or lets it be heard again.
    pub fn mute(&self, muted: Option<bool>) {
        self.call.mute(muted.unwrap_or(true));
    }

    /// Puts the call on hold, or takes it off.
    pub async fn hold(&self, held: Option<bool>) -> Result<(), JsValue> {
        let call = self.call.clone();
        call.hold(held.unwrap_or(true)).await
    }

    /// Has the other side connected with somebody else.
    pub async fn transfer(&self, to: String) -> Result<(), JsValue> {
        let call = self.call.clone();
        call.transfer(&to).await
    }

    /// Sends digits behind those that wait; the promise settles when the last of them has gone.
    #[wasm_bindgen(js_name = sendDtmf)]
    pub fn send_dtmf(&self, digits: &str) -> Promise {
        self.call.send_dtmf(digits)
    }

    /// The browser's own statistics.
    #[wasm_bindgen(js_name = getStats)]
    pub fn get_stats(&self) -> Promise {
        self.call.stats()
    }
}
