//! The clock and the timers of the browser.

use core::time::Duration;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Time since the page was opened.
pub(crate) fn now() -> Duration {
    let millis = web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now());
    Duration::from_secs_f64(millis.max(0.0) / 1000.0)
}

/// Runs something later, unless dropped before.
pub(crate) struct Timer {
    handle: i32,
    _run: Closure<dyn FnMut()>,
}

impl Timer {
    /// None when there is no window, which a page always has.
    pub(crate) fn after(wait: Duration, run: impl FnOnce() + 'static) -> Option<Self> {
        let run = Closure::once(run);
        let millis = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let handle = web_sys::window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(run.as_ref().unchecked_ref(), millis)
            .ok()?;
        Some(Self { handle, _run: run })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            window.clear_timeout_with_handle(self.handle);
        }
    }
}

/// Waits.
pub(crate) async fn sleep(millis: i32) {
    let wait = Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        }
    });
    // The promise is only ever resolved.
    let _ = JsFuture::from(wait).await;
}
