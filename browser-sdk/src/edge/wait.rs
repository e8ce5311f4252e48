//! Waiting that always ends: for one of two things, or for a time at most.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use js_sys::Promise;
use sip::phone::Millis;
use wasm_bindgen::prelude::*;

use super::{browser, js, timer};
use crate::fault::Fault;

/// What `work` gives, or `None` when `end` comes first; then nothing of `work` is done any more.
pub(crate) async fn unless<T>(end: Promise, work: Pin<&mut dyn Future<Output = T>>) -> Option<T> {
    let (mut end, mut work) = (js::wait(end), work);
    // The end first: what is over must not take another step.
    poll_fn(|context| match pin!(&mut end).poll(context) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}

/// What the promise brings within `limit`, and the fault when it takes longer.
pub(crate) async fn within(limit: Millis, promise: &Promise, late: Fault) -> Result<JsValue, JsValue> {
    let done = js::wait(browser::within(timer::ms(limit), promise)).await;
    done.map_err(|thrown| if thrown.is_undefined() { js::error(&late) } else { thrown })
}
