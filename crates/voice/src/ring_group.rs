//! Several targets rung for one connection: all at once or in turn, the first to answer wins.
//!
//! The others are hung up at once ("answered elsewhere"), so an answer of theirs that crosses is late and ignored.
//! A refusal by one of them does not stop the others.

use std::collections::VecDeque;

use sautikit_api::calls::LegKind;

use crate::{
    cause::{Cause, CauseKind},
    output::LegId,
    shared::Shared,
    signal::{Signal, seconds},
    target::Candidate,
    timers::TimerId,
};

pub(crate) struct RingGroup {
    waiting: VecDeque<Candidate>,
    ringing: Vec<LegId>,
    timeout_s: u32,
    sequential: bool,
    caller_ids: CallerIds,
    failure: Option<Cause>,
}

/// Who the targets see calling.
#[derive(Clone)]
pub(crate) struct CallerIds {
    /// Towards telephones: a number of the workspace.
    pub(crate) telephone: String,
    /// Towards browsers and devices: the original caller.
    pub(crate) other: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ringing {
    /// Goes on.
    On,
    /// This one answered; nothing else rings any more.
    Answered(LegId),
    /// Nobody answered; the most telling cause.
    Failed(Cause),
}

impl RingGroup {
    pub(crate) fn start(
        shared: &mut Shared,
        candidates: Vec<Candidate>,
        timeout_s: u32,
        sequential: bool,
        caller_ids: CallerIds,
    ) -> (Self, Ringing) {
        let mut group =
            Self { waiting: candidates.into(), ringing: Vec::new(), timeout_s, sequential, caller_ids, failure: None };
        let ringing = group.ring_next(shared);
        (group, ringing)
    }

    fn ring_next(&mut self, shared: &mut Shared) -> Ringing {
        let count = if self.sequential { 1 } else { self.waiting.len() };
        for candidate in self.waiting.drain(..count.min(self.waiting.len())).collect::<Vec<_>>() {
            let caller_id = match candidate.target.kind() {
                LegKind::Telephone => self.caller_ids.telephone.clone(),
                LegKind::Client | LegKind::Sip | LegKind::Onnet => self.caller_ids.other.clone(),
            };
            self.ringing.push(shared.dial(candidate, caller_id));
        }
        if self.ringing.is_empty() {
            shared.timers.disarm(TimerId::Ring);
            return Ringing::Failed(self.failure.unwrap_or(CauseKind::NoAnswer.into()));
        }
        shared.arm(TimerId::Ring, seconds(self.timeout_s));
        Ringing::On
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Ringing {
        match signal {
            Signal::Answered(id) if self.ringing.contains(id) => {
                self.ringing.retain(|leg| leg != id);
                self.hang_up_all(shared, CauseKind::AnsweredElsewhere.into());
                shared.timers.disarm(TimerId::Ring);
                Ringing::Answered(*id)
            }
            Signal::Ended(id, cause) if self.ringing.contains(id) => {
                self.ringing.retain(|leg| leg != id);
                self.remember(*cause);
                if self.ringing.is_empty() { self.ring_next(shared) } else { Ringing::On }
            }
            Signal::Timer(TimerId::Ring) => {
                self.hang_up_all(shared, Cause::unanswered());
                self.remember(Cause::unanswered());
                self.ring_next(shared)
            }
            _ => Ringing::On,
        }
    }

    /// Whoever answered does not take the call: the next in turn rings, where there is one.
    pub(crate) fn go_on(&mut self, shared: &mut Shared) -> Ringing {
        self.remember(Cause::unanswered());
        self.ring_next(shared)
    }

    /// Nobody rings any more.
    pub(crate) fn cancel(&mut self, shared: &mut Shared) {
        self.waiting.clear();
        self.hang_up_all(shared, CauseKind::Canceled.into());
        shared.timers.disarm(TimerId::Ring);
    }

    fn hang_up_all(&mut self, shared: &mut Shared, cause: Cause) {
        for id in self.ringing.drain(..) {
            shared.hang_up(id, cause);
        }
    }

    fn remember(&mut self, cause: Cause) {
        if self.failure.is_none_or(|failure| cause.weight() > failure.weight()) {
            self.failure = Some(cause);
        }
    }
}
