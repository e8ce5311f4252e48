//! Reading and making JavaScript values.

use js_sys::{Date, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::browser;
use crate::fault::Fault;

pub(crate) use super::browser::Deferred;

/// The fault as a `SautikitError`.
pub(crate) fn error(fault: &Fault) -> JsValue {
    browser::fault(fault.code(), &fault.message(), fault.remedy())
}

/// A property; undefined when the value is no object.
pub(crate) fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A property that is a string with something in it.
pub(crate) fn text(of: &JsValue, name: &str) -> Option<String> {
    get(of, name).as_string().filter(|text| !text.is_empty())
}

/// Whether a property is this.
pub(crate) fn is(of: &JsValue, name: &str, value: bool) -> bool {
    get(of, name).as_bool() == Some(value)
}

/// The texts of an object by their names; none when it holds anything else.
pub(crate) fn texts(of: &JsValue) -> Option<Vec<(String, String)>> {
    if of.is_undefined() || of.is_null() {
        return Some(Vec::new());
    }
    let mut texts = Vec::new();
    for name in Object::keys(of.dyn_ref::<Object>()?).iter() {
        let name = name.as_string()?;
        let value = get(of, &name).as_string()?;
        texts.push((name, value));
    }
    Some(texts)
}

/// An object from pairs.
pub(crate) fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        set(&object, name, value);
    }
    object.into()
}

/// Sets a property of an object of ours, which takes any.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// Message of anything that was thrown.
pub(crate) fn message_of(thrown: &JsValue) -> String {
    text(thrown, "message").unwrap_or_default()
}

impl Deferred {
    pub(crate) fn refuse(&self, fault: &Fault) {
        self.reject(&error(fault));
    }
}

/// Waits for what the promise brings.
pub(crate) fn wait(promise: Promise) -> JsFuture {
    JsFuture::from(promise)
}

/// Resolves when the promise does, whatever it brings.
pub(crate) async fn settled(promise: Promise) {
    let _ = wait(promise).await;
}

/// Calls a function of the page's or of `edge.js`.
pub(crate) fn call(function: &Function) {
    // What throws there has nobody to tell here.
    let _ = function.call0(&JsValue::UNDEFINED);
}

/// 64 random bits in hexadecimal digits.
pub(crate) fn random_name() -> String {
    let bits = browser::random();
    (0..16).filter_map(|digit| char::from_digit((bits >> (digit * 4) & 0xf) as u32, 16)).collect()
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> f64 {
    Date::now()
}
