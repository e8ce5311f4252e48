//! `pause`: waits. It needs no audio, so it does not answer an unanswered call; digits pressed meanwhile are kept.

use sautikit_api::actions;

use super::{Flow, Then};
use crate::{
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

pub(super) fn start(shared: &mut Shared, pause: &actions::Pause) -> Flow {
    shared.arm(TimerId::Pause, seconds(pause.length_s));
    Flow::Stay
}

pub(super) fn cancel(shared: &mut Shared) {
    shared.timers.disarm(TimerId::Pause);
}

pub(super) fn on(signal: &Signal) -> Flow {
    match signal {
        Signal::Timer(TimerId::Pause) => Flow::done("paused", Then::Next),
        _ => Flow::Stay,
    }
}
