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
    party: LegId,
    left: VecDeque<char>,
}

pub(super) fn start(shared: &mut Shared, spec: &actions::SendDigits) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let mut verb = SendDigits { party, left: spec.digits.chars().collect() };
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

    /// The keys up to the next pause, and the pauses after them.
    fn next(&mut self, shared: &mut Shared) -> Flow {
        if self.left.is_empty() {
            return Flow::done("sent", Then::Next);
        }
        let mut lasts = Duration::ZERO;
        while let Some(key) = self.left.front().copied().and_then(Key::new) {
            self.left.pop_front();
            shared.media(MediaCommand::Press(self.party, key));
            lasts += KEY_LASTS;
        }
        while let Some(pause) = self.left.pop_front_if(|next| Key::new(*next).is_none()) {
            lasts += if pause == 'W' { LONG_PAUSE } else { SHORT_PAUSE };
        }
        shared.arm(TimerId::SendDigits, lasts);
        Flow::Stay
    }
}
