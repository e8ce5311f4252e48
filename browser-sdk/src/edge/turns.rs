//! One after the other: what must not be done by two at once waits for its turn.

use std::cell::RefCell;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::js::Deferred;
use super::wait;

/// The queue of one thing.
pub(crate) struct Turns(RefCell<Promise>);

impl Default for Turns {
    fn default() -> Self {
        Self(RefCell::new(Promise::resolve(&JsValue::UNDEFINED)))
    }
}

impl Turns {
    /// Waits until everybody before is done; the next one waits until what is given is dropped.
    pub(crate) async fn take(&self) -> Turn {
        let mine = Turn(Deferred::new());
        let before = self.0.replace(mine.0.promise.clone());
        wait::settled(before).await;
        mine
    }
}

/// The right to go on.
pub(crate) struct Turn(Deferred);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.resolve();
    }
}
