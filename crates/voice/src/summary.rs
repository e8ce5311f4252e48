//! What a call amounted to: all that its record and its bill need.

use core::time::Duration;

use sautikit_api::calls::CallStatus;

use crate::{
    cause::Cause,
    leg::LegDirection,
    output::LegId,
    target::{LegKind, Target},
};

/// An ended call. Offsets count from the call's begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Terminal.
    pub status: CallStatus,
    /// Why it ended; [`Cause::hangup_cause`] is what the record says.
    pub cause: Cause,
    /// Who was called; of several targets the one that answered.
    pub to: Target,
    /// When it was answered, if it was.
    pub answered: Option<Duration>,
    /// When it ended.
    pub ended: Duration,
    /// Answered to ended, in whole seconds rounded up.
    pub duration_s: u64,
    /// Every leg, in order of creation.
    pub legs: Vec<LegSummary>,
}

/// An ended leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegSummary {
    /// Which one.
    pub leg: LegId,
    /// Its far end.
    pub target: Target,
    /// Its network. Answered `Telephone` legs that we dialled are what a call costs.
    pub kind: LegKind,
    /// Who called whom.
    pub direction: LegDirection,
    /// When it began.
    pub started: Duration,
    /// When it was answered, if it was.
    pub answered: Option<Duration>,
    /// When it ended.
    pub ended: Duration,
    /// Why it ended.
    pub cause: Cause,
    /// Answered to ended, in whole seconds rounded up.
    pub duration_s: u64,
}
