//! The answer of who follows by server-sent events.

use std::convert::Infallible;

use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, StreamExt};
use serde_json::json;

use super::follower::{Follower, Next};
use super::{Live, Place, Said};
use crate::state::AppState;
use crate::web::caller::Right;
use crate::web::live;

/// The last event that a reader who fell behind gets.
const DROPPED: &str = "dropped";

/// What it follows, until it has to come back, all is told, or `right` by which it reads is lost.
pub fn answer(
    app: &AppState,
    follower: Follower,
    right: Option<Right>,
    place: Place,
    first: Option<Event>,
) -> Response {
    let events = futures::stream::iter(first.map(Ok)).chain(events(follower, place));
    let lost = async move {
        match right {
            Some(right) => right.lost().await,
            None => std::future::pending().await,
        }
    };
    live::answer(app, app.part::<Live>().lasts(), events.take_until(lost))
}

fn events(follower: Follower, place: Place) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(Some((follower, place)), |follows| async move {
        let (mut follower, place) = follows?;
        match follower.next().await {
            Next::Said(said) => Some((Ok(event(&said)), Some((follower, place)))),
            Next::Dropped(after) => Some((Ok(dropped(after)), None)),
            Next::End => None,
        }
    })
}

fn event(said: &Said) -> Event {
    Event::default().id(said.position.to_string()).event(&said.kind).data(&said.body)
}

fn dropped(after: i64) -> Event {
    let data = json!({ "reason": "too_slow", "last_event_id": after });
    Event::default().event(DROPPED).data(data.to_string())
}
