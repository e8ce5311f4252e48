//! `sendDigits`: presses keys towards the party, with pauses in between.
//!
//! Keys that follow each other go to the media engine together, which presses one after the other; what is timed here is
//! how long that takes, and the pauses.

use core::time::Duration;
use std::collections::VecDeque;

use sautikit_api::actions;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    input::Key,
    limits::KEY_LASTS,
    output::{LegId, MediaCommand},
    shared::Shared,
    signal::Signal,
    timers::TimerId,
};

/// How long `w` and `W` wait, as with Twilio.
const SHORT_PAUSE: Duration = Duration::from_millis(500);
const LONG_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct SendDigits {
    pressing: Pressing,
}

/// Keys that are pressed towards a leg, and the pauses between them.
pub(crate) struct Pressing {
    leg: LegId,
    left: VecDeque<char>,
}

pub(super) fn start(shared: &mut Shared, spec: &actions::SendDigits) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let mut verb = SendDigits { pressing: Pressing::new(party, &spec.digits) };
    let flow = verb.next(shared);
    (Verb::SendDigits(verb), flow)
}

impl SendDigits {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Timer(TimerId::SendDigits) => self.next(shared),
            _ => Flow::Stay,
        }
    }

    /// Keys that the media engine has are pressed to their end.
    pub(super) fn cancel(self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::SendDigits);
    }

    fn next(&mut self, shared: &mut Shared) -> Flow {
        if self.pressing.next(shared) { Flow::Stay } else { Flow::done("sent", Then::Next) }
    }
}

impl Pressing {
    pub(super) fn new(leg: LegId, digits: &str) -> Self {
        Self { leg, left: digits.chars().collect() }
    }

    /// Whose keys they are.
    pub(super) fn leg(&self) -> LegId {
        self.leg
    }

    /// The keys up to the next pause, and the pauses after them, whose end [`TimerId::SendDigits`] tells; false once all are
    /// pressed.
    pub(super) fn next(&mut self, shared: &mut Shared) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let mut lasts = Duration::ZERO;
        while let Some(key) = self.left.front().copied().and_then(Key::new) {
            self.left.pop_front();
            shared.media(MediaCommand::Press(self.leg, key));
            lasts += KEY_LASTS;
        }
        while let Some(pause) = self.left.pop_front_if(|next| Key::new(*next).is_none()) {
            lasts += if pause == 'W' { LONG_PAUSE } else { SHORT_PAUSE };
        }
        shared.arm(TimerId::SendDigits, lasts);
        true
    }
}
