//! What JavaScript sees. Types and documentation for users are in `js/index.esm.d.ts`.

use std::rc::Rc;

use js_sys::{Array, Function, Promise};
use sip::message::StatusCode;
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

    /// Tells the WASM the class of the errors that it throws; called once after loading.
    #[wasm_bindgen(js_name = useErrorClass)]
    pub fn use_error_class(class: Function) {
        js::use_error_class(class);
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

    /// Adds a handler and returns the function that removes it.
    pub fn on(&self, event: &str, handler: Function) -> Function {
        self.call.events.on(event, handler, false)
    }

    /// The same for one event.
    pub fn once(&self, event: &str, handler: Function) -> Function {
        self.call.events.on(event, handler, true)
    }

    /// Removes one handler or all of an event.
    pub fn off(&self, event: &str, handler: Option<Function>) {
        self.call.events.off(event, handler.as_ref());
    }

    /// Answers an incoming call.
    pub async fn accept(&self) -> Result<(), JsValue> {
        let call = self.call.clone();
        call.accept().await
    }

    /// Refuses an incoming call.
    pub fn reject(&self, options: JsValue) -> Promise {
        self.call.reject(js::text(&options, "reason").as_deref());
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// Ends the call, whatever its state. Acts at once; the promise is for `await`.
    pub fn hangup(&self) -> Promise {
        self.call.give_up(StatusCode::DECLINE);
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// Silences the microphone or lets it be heard again.
    pub fn mute(&self, muted: Option<bool>) {
        self.call.mute(muted.unwrap_or(true));
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
