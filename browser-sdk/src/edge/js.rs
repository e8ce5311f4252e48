//! Reading and making JavaScript values.

use std::cell::RefCell;

use js_sys::{Array, Date, Error, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::fault::Fault;

thread_local! {
    /// The class `SautikitError`, which lives in JavaScript because it extends `Error`.
    static ERROR_CLASS: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Remembers the class of the errors that are thrown.
pub(crate) fn use_error_class(class: Function) {
    ERROR_CLASS.with_borrow_mut(|known| *known = Some(class));
}

/// The fault as a `SautikitError`.
pub(crate) fn error(fault: &Fault) -> JsValue {
    let arguments = Array::of3(&fault.code().into(), &fault.message().into(), &fault.remedy().into());
    let class = ERROR_CLASS.with_borrow(Clone::clone);
    class
        .and_then(|class| Reflect::construct(&class, &arguments).ok())
        .unwrap_or_else(|| Error::new(&fault.message()).into())
}

/// A property; undefined when the value is no object.
pub(crate) fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A property that is a string with something in it.
pub(crate) fn text(of: &JsValue, name: &str) -> Option<String> {
    get(of, name).as_string().filter(|text| !text.is_empty())
}

/// The texts of an object by their names; none when it holds anything else.
pub(crate) fn texts(of: &JsValue) -> Option<Vec<(String, String)>> {
    if of.is_undefined() || of.is_null() {
        return Some(Vec::new());
    }
    let object = of.dyn_ref::<Object>()?;
    Object::keys(object)
        .iter()
        .map(|name| Some((name.as_string()?, get(of, &name.as_string()?).as_string()?)))
        .collect()
}

/// An object from pairs.
pub(crate) fn object<const N: usize>(pairs: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}

/// Message of anything that was thrown.
pub(crate) fn message_of(thrown: &JsValue) -> String {
    text(thrown, "message").unwrap_or_default()
}

/// A promise that others settle.
pub(crate) struct Deferred {
    pub(crate) promise: Promise,
    /// Resolve and reject. Not two `Function`s with a default: `Function::default` is `new Function()`, which a page's
    /// content security policy without `unsafe-eval` forbids.
    settle: Option<(Function, Function)>,
}

impl Deferred {
    pub(crate) fn new() -> Self {
        let mut settle = None;
        let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
        // The executor has run by now.
        Self { promise, settle }
    }

    /// The promise, for a page that need not look at it: its rejection is never reported as unhandled.
    pub(crate) fn handled(&self) -> Promise {
        spawn_local(super::wait::settled(self.promise.clone()));
        self.promise.clone()
    }

    pub(crate) fn resolve(&self) {
        if let Some((resolve, _)) = &self.settle {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }

    pub(crate) fn reject(&self, fault: &Fault) {
        if let Some((_, reject)) = &self.settle {
            let _ = reject.call1(&JsValue::UNDEFINED, &error(fault));
        }
    }
}

/// Fresh random bytes. Without the browser's generator, which every supported one has, they stay zero.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(crypto) = web_sys::window().and_then(|window| window.crypto().ok()) {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes
}

/// Random lower-case hexadecimal digits.
pub(crate) fn random_name() -> String {
    random::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> f64 {
    Date::now()
}
