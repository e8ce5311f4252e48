//! The clock and the timers of the browser.

use js_sys::Function;
use sip::phone::Millis;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened, with their fractions.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn precise_ms() -> f64;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(run: &Function, ms: i32) -> i32;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: i32);
}

/// Time since the page was opened.
pub(crate) fn now() -> Millis {
    precise_ms() as Millis
}

/// As browsers count it; longer is for ever.
pub(crate) fn ms(wait: Millis) -> i32 {
    i32::try_from(wait).unwrap_or(i32::MAX)
}

/// Runs something later, unless dropped before.
pub(crate) struct Timer {
    handle: i32,
    _run: Closure<dyn FnMut()>,
}

impl Timer {
    pub(crate) fn after(wait: Millis, run: Box<dyn FnMut()>) -> Self {
        let run = Closure::wrap(run);
        Self { handle: set_timeout(run.as_ref().unchecked_ref(), ms(wait)), _run: run }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(self.handle);
    }
}
