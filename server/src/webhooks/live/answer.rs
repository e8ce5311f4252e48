//! The answer of who follows by server-sent events.

use std::convert::Infallible;

use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, StreamExt};
use sautikit_api::ErrorCode;
use serde_json::json;

use super::follower::{Follower, Next};
use super::{Full, Live, Place, Said};
use crate::state::AppState;
use crate::web::caller::Right;
use crate::web::error::ApiError;
use crate::web::live;

/// The last event that a reader who fell behind gets.
const DROPPED: &str = "dropped";

/// After which another stream may have ended.
const RETRY_SECONDS: u32 = 5;

impl From<Full> for ApiError {
    fn from(Full { is_of_call, most }: Full) -> Self {
        let (whose, name) =
            if is_of_call { ("this call", "streams_of_call") } else { ("the workspace", "streams_of_workspace") };
        let message =
            format!("There are {most} open streams of {whose}, which is as many as there may be. Close some first.");
        Self::new(ErrorCode::RateLimited)
            .message(message)
            .details(json!({ "limit": name, "most": most }))
            .retry_after(RETRY_SECONDS)
    }
}

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
