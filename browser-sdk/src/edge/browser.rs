//! The functions of `js/edge.js`: values in, values out.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

#[wasm_bindgen(raw_module = "./edge.js")]
extern "C" {
    /// A promise that others settle.
    #[derive(Clone)]
    pub(crate) type Deferred;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Deferred;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn promise(this: &Deferred) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn resolve(this: &Deferred);

    #[wasm_bindgen(method)]
    pub(crate) fn reject(this: &Deferred, with: &JsValue);

    /// Resolves after so many milliseconds.
    pub(crate) fn sleep(ms: i32) -> Promise;

    /// What the promise brings; rejects with nothing after so many milliseconds.
    pub(crate) fn within(ms: i32, promise: &Promise) -> Promise;

    /// Makes a `SautikitError`.
    pub(crate) fn fault(code: &str, message: &str, remedy: &str) -> JsValue;

    /// 64 random bits.
    pub(crate) fn random() -> u64;

    /// The answer for a token and its date, or the HTTP status of an endpoint that refuses.
    #[wasm_bindgen(js_name = askForToken)]
    pub(crate) fn ask_for_token(options: &JsValue) -> Promise;

    /// A WebSocket that tells what happens to it, and its messages.
    #[wasm_bindgen(js_name = openSocket, catch)]
    pub(crate) fn open_socket(url: &str, told: &JsValue) -> Result<WebSocket, JsValue>;

    /// Closes it; nothing is told any more.
    #[wasm_bindgen(js_name = closeSocket)]
    pub(crate) fn close_socket(socket: &WebSocket);

    /// Peer connection, microphone and loudspeaker of one call.
    #[derive(Clone)]
    pub(crate) type Media;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new(over: &Promise, told: &JsValue) -> Media;

    #[wasm_bindgen(method)]
    pub(crate) fn open(
        this: &Media,
        ice_servers: &JsValue,
        audio: &JsValue,
        need: &str,
        input: Option<&str>,
        output: Option<&str>,
    ) -> Promise;

    /// Our offer with every candidate; `ice_restart` looks for a new way.
    #[wasm_bindgen(method)]
    pub(crate) fn offer(this: &Media, ice_restart: bool) -> Promise;

    /// Undoes an offer that came to nothing.
    #[wasm_bindgen(method, js_name = rollBack)]
    pub(crate) fn roll_back(this: &Media) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn answer(this: &Media, sdp: &str) -> Promise;

    /// The answer in a 183.
    #[wasm_bindgen(method, js_name = acceptEarly)]
    pub(crate) fn accept_early(this: &Media, sdp: &str);

    /// The answer in the 2xx; an empty one leaves it at what the 183 said.
    #[wasm_bindgen(method, js_name = acceptAnswer)]
    pub(crate) fn accept_answer(this: &Media, sdp: &str) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn mute(this: &Media, is_muted: bool);

    #[wasm_bindgen(method)]
    pub(crate) fn hold(this: &Media, is_held: bool);

    #[wasm_bindgen(method, getter, js_name = isListenOnly)]
    pub(crate) fn is_listen_only(this: &Media) -> bool;

    /// Sends another microphone.
    #[wasm_bindgen(method, js_name = speakInto)]
    pub(crate) fn speak_into(this: &Media, audio: &JsValue, input: Option<&str>) -> Promise;

    /// The microphone is gone and there is no other.
    #[wasm_bindgen(method, js_name = onlyListen)]
    pub(crate) fn only_listen(this: &Media) -> Promise;

    /// Plays on another loudspeaker.
    #[wasm_bindgen(method, js_name = playOn)]
    pub(crate) fn play_on(this: &Media, id: &str) -> Promise;

    /// Sends digits behind those that wait; false: the peer takes none.
    #[wasm_bindgen(method)]
    pub(crate) fn press(this: &Media, digits: &str) -> bool;

    /// The browser's own statistics.
    #[wasm_bindgen(method)]
    pub(crate) fn stats(this: &Media) -> Promise;

    /// The figures of the call, a `Float64Array`.
    #[wasm_bindgen(method)]
    pub(crate) fn figures(this: &Media) -> Promise;

    /// Gives the microphone back. Harmless when repeated.
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &Media);

    /// Whether the browser lets a page choose the loudspeaker.
    #[wasm_bindgen(js_name = canChooseOutput)]
    pub(crate) fn can_choose_output() -> bool;

    /// Microphones and loudspeakers, an array of objects.
    #[wasm_bindgen(js_name = listDevices)]
    pub(crate) fn list_devices() -> Promise;

    #[wasm_bindgen(js_name = watchBrowser)]
    fn watch_browser(told: &JsValue) -> Function;

    /// Leaves text for the page that this tab loads next, or when `shared` for any tab.
    pub(crate) fn keep(text: &str, shared: bool);

    /// Takes what the page before left.
    pub(crate) fn take(shared: bool) -> Option<String>;
}

/// Told what happens: the word for it, and what belongs to it.
pub(crate) type Told = Closure<dyn FnMut(String, Option<String>)>;

/// Tells "devices", "network", "wake" or "leaving" until it is dropped.
pub(crate) struct Watch {
    stop: Function,
    _told: Told,
}

impl Watch {
    pub(crate) fn begin(told: Told) -> Self {
        Self { stop: watch_browser(told.as_ref()), _told: told }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        super::js::call(&self.stop);
    }
}
