//! The functions of `js/edge.js`: values in, values out.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlAudioElement, RtcPeerConnection};

#[wasm_bindgen(raw_module = "./edge.js")]
extern "C" {
    /// The figures of a call, a `Float64Array`.
    pub(crate) fn figures(peer: &RtcPeerConnection) -> Promise;

    /// The connection's next offer; `ice_restart` looks for a new way.
    pub(crate) fn offer(peer: &RtcPeerConnection, ice_restart: bool) -> Promise;

    /// Undoes an offer that came to nothing.
    pub(crate) fn rollback(peer: &RtcPeerConnection) -> Promise;

    /// Who may send from the next description on.
    #[wasm_bindgen(js_name = setDirection)]
    pub(crate) fn set_direction(peer: &RtcPeerConnection, direction: &str);

    /// Sends another track, or none.
    #[wasm_bindgen(js_name = replaceTrack)]
    pub(crate) fn replace_track(peer: &RtcPeerConnection, track: &JsValue) -> Promise;

    /// Tells each state of the connection.
    #[wasm_bindgen(js_name = watchPeer)]
    pub(crate) fn watch_peer(peer: &RtcPeerConnection, told: &JsValue);

    /// Plays on another loudspeaker.
    #[wasm_bindgen(js_name = playOn)]
    pub(crate) fn play_on(audio: &HtmlAudioElement, id: &str) -> Promise;

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

/// Tells "devices", "network" or "wake" until it is dropped.
pub(crate) struct Watch {
    stop: Function,
    _told: Closure<dyn FnMut(String)>,
}

impl Watch {
    pub(crate) fn begin(told: impl FnMut(String) + 'static) -> Self {
        let told = Closure::<dyn FnMut(String)>::new(told);
        Self { stop: watch_browser(told.as_ref()), _told: told }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.call0(&JsValue::UNDEFINED);
    }
}
