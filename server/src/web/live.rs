//! Answers that go on: server-sent events, with what keeps proxies from holding them back or taking them for dead.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use tokio::time::Instant;

use crate::clock;
use crate::state::AppState;

/// Between two signs of life where nothing happens: half of what common proxies wait before they close.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// How much longer than it should last a stream may take to be read to its end: a reader who takes a byte now and then would
/// hold it for hours.
const FAREWELL: Duration = Duration::from_secs(30);
/// After which a client comes back whose stream has ended. Its own default is several seconds, in which nothing is live.
const RETRY: Duration = Duration::from_millis(500);
/// By how much each waits longer: after a restart all would come back together.
const RETRY_JITTER_MS: u64 = 1_000;

/// When the connection of an answer is closed, whatever of it was taken.
#[derive(Debug, Clone, Copy)]
pub struct ClosesAt(pub Instant);

/// The answer that these events make up, which end by themselves after `lasts`.
pub fn answer(
    app: &AppState,
    lasts: Duration,
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let retry = RETRY + Duration::from_millis(app.entropy.number::<u64>() % RETRY_JITTER_MS);
    let mut response = answer_with(HEARTBEAT, retrying(retry, events));
    response.extensions_mut().insert(ClosesAt(clock::timer_now() + lasts + FAREWELL));
    response
}

/// The first says when to come back.
fn retrying(
    retry: Duration,
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let mut retry = Some(retry);
    events.map(move |event| {
        event.map(|event| match retry.take() {
            Some(retry) => event.retry(retry),
            None => event,
        })
    })
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

    #[tokio::test]
    async fn the_first_event_says_when_to_come_back() {
        let events = futures::stream::iter((1..=2).map(|id| Ok(Event::default().id(id.to_string()))));
        let mut body = answer_with(HEARTBEAT, retrying(RETRY, events)).into_body().into_data_stream();
        let mut chunk = async || String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
        assert_eq!((chunk().await.as_str(), chunk().await.as_str()), ("id: 1\nretry: 500\n\n", "id: 2\n\n"));
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
