//! What `js/` sees: the phone, what one call is at, and rules as functions. Times are milliseconds.

mod life;
mod phone;
pub mod rules;

use js_sys::{Array, Object, Reflect};
use sip::phone::Millis;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// Time since the page was opened.
fn now() -> Millis {
    performance_now() as Millis
}

/// 64 unpredictable bits.
fn random() -> u64 {
    let mut bytes = [0; 8];
    get_random_values(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// 16 random hexadecimal digits.
fn random_name() -> String {
    let bits = random();
    (0..16).filter_map(|digit| char::from_digit((bits >> (digit * 4) & 0xf) as u32, 16)).collect()
}

/// An object from pairs.
fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn array(values: &[JsValue]) -> JsValue {
    let array = Array::new();
    for value in values {
        array.push(value);
    }
    array.into()
}
