//! `stopStream`: ends streams that go one way.

use sautikit_api::actions::StopStream;
use serde_json::json;

use super::{Flow, Then};
use crate::shared::Shared;

pub(super) fn start(shared: &mut Shared, stop: &StopStream) -> Flow {
    let stopped = shared.stop_streams(stop.name.as_deref());
    let outcome = if stopped > 0 { "stopped" } else { "not_found" };
    Flow::done_with(outcome, json!({"streams": stopped}), Then::Next)
}
