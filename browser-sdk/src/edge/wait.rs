//! Waiting that always ends: for one of two things, or for a time at most.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use super::js::Deferred;
use super::timer::Timer;
use wasm_bindgen_futures::JsFuture;

/// What `work` gives, or `None` when `end` comes first; then `work` is dropped where it stands.
pub(crate) async fn unless<T>(end: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut end, mut work) = (pin!(end), pin!(work));
    // The end first: what is over must not take another step.
    poll_fn(|context| match end.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}

/// What `work` gives within `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let over = Deferred::new();
    let promise = over.promise.clone();
    let timer = Timer::after(limit, move || over.resolve());
    let done = unless(settled(promise), work).await;
    drop(timer);
    done
}

/// Resolves when the promise does, whatever it brings.
pub(crate) async fn settled(promise: js_sys::Promise) {
    let _ = JsFuture::from(promise).await;
}
