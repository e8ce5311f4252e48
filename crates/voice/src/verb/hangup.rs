//! `hangup`: ends the call. An unanswered caller is told what the last dial came to.

use super::{Flow, Then};
use crate::shared::Shared;

pub(super) fn start(shared: &Shared) -> Flow {
    Flow::done("hung_up", Then::End(shared.cause_of_end()))
}
