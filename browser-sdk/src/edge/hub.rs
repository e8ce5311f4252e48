//! The handlers of one object and how they are called.

use std::{cell::RefCell, rc::Rc};

use js_sys::Function;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::events::Events;

/// Handlers and what waits for them; shared with the unsubscribe functions that pages keep.
#[derive(Clone, Default)]
pub(crate) struct Hub(Rc<RefCell<Events<Function, JsValue>>>);

impl Hub {
    /// Adds a handler and returns the function that removes it. What it missed comes after the current task, so that
    /// `const off = call.on(…)` is assigned when the handler runs.
    pub(crate) fn on(&self, event: &str, handler: Function, once: bool) -> Function {
        let (id, missed) = self.0.borrow_mut().add(event, handler.clone(), once);
        if !missed.is_empty() {
            spawn_local(async move {
                for payload in missed {
                    call(&handler, &payload);
                }
            });
        }
        let hub = self.0.clone();
        let off = Closure::<dyn FnMut()>::new(move || hub.borrow_mut().remove(id));
        off.into_js_value().unchecked_into()
    }

    pub(crate) fn off(&self, event: &str, handler: Option<&Function>) {
        self.0.borrow_mut().remove_handler(event, handler);
    }

    /// Whether anybody listens now.
    pub(crate) fn has(&self, event: &str) -> bool {
        self.0.borrow().has(event)
    }

    /// The same as [`Self::emit`], for what is of no use later: without a handler it is gone.
    pub(crate) fn emit_live(&self, event: &str, payload: impl Into<JsValue>) {
        if self.has(event) {
            self.emit(event, payload);
        }
    }

    /// Calls the handlers now. One that throws is reported and disturbs nobody.
    pub(crate) fn emit(&self, event: &str, payload: impl Into<JsValue>) {
        let Some((handlers, payload)) = self.0.borrow_mut().emit(event, payload.into()) else { return };
        for handler in handlers {
            call(&handler, &payload);
        }
    }
}

fn call(handler: &Function, payload: &JsValue) {
    if let Err(thrown) = handler.call1(&JsValue::UNDEFINED, payload) {
        web_sys::console::error_1(&thrown);
    }
}
