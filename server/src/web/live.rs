//! Answers that go on: server-sent events, with what keeps proxies from holding them back or taking them for dead.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;

/// Between two signs of life where nothing happens: half of what common proxies wait before they close.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// The answer that these events make up.
pub fn answer(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    answer_with(HEARTBEAT, events)
}

fn answer_with(
    heartbeat: Duration,
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let heartbeat = KeepAlive::new().interval(heartbeat);
    let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
    // Proxies that collect an answer before they pass it on would hold the events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The number in `Last-Event-ID`; the inner none where there is no header or, as EventSource sends before it has seen anything,
/// an empty one; the outer none where it is no number.
pub fn last_seen(headers: &HeaderMap) -> Option<Option<i64>> {
    let Some(value) = headers.get("last-event-id") else { return Some(None) };
    match value.to_str().ok()?.trim() {
        "" => Some(None),
        text => text.parse().ok().filter(|seen: &i64| *seen >= 0).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_sign_of_life_comes_where_nothing_happens() {
        let every = Duration::from_millis(5);
        let mut body = answer_with(every, futures::stream::pending()).into_body().into_data_stream();
        let began = crate::clock::timer_now();
        for beat in 1..=3 {
            let chunk = body.next().await.unwrap().unwrap();
            assert!(chunk.starts_with(b":") && chunk.ends_with(b"\n\n"), "a comment: {chunk:?}");
            assert!(began.elapsed() >= every * beat);
        }
    }

    #[test]
    fn what_was_seen_last_is_a_number_or_nothing() {
        let seen = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", HeaderValue::from_static(text));
            last_seen(&headers)
        };
        assert_eq!(last_seen(&HeaderMap::new()), Some(None));
        assert_eq!((seen(""), seen(" 7 "), seen("0")), (Some(None), Some(Some(7)), Some(Some(0))));
        assert_eq!((seen("-1"), seen("yesterday"), seen("1.5")), (None, None, None));
    }
}
