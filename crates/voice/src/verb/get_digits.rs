//! `getDigits`: collects keys from the party, with an optional prompt.
//!
//! Keys pressed ahead count, unless a prompt that may not be interrupted plays. Timers start when the prompt ends.
//! With input the action URL takes over; without, the next action runs, and at the end of the list the action URL is
//! asked with empty Digits.

use sautikit_api::actions::{self, MAX_DIGITS};
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    output::LegId,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

pub(crate) struct GetDigits {
    spec: actions::GetDigits,
    party: LegId,
    attempts_left: u32,
    stage: Stage,
    digits: String,
}

/// ```text
///   Prompting ── prompt heard, or a key with barge-in ──► Collecting ── enough, key, time-out ──► done
///       ▲                                                     │
///       └──────────── no input and attempts left ─────────────┘
/// ```
enum Stage {
    /// The prompt is heard; no timer runs.
    Prompting(Playlist),
    /// Keys are awaited.
    Collecting,
}

pub(super) fn start(shared: &mut Shared, spec: actions::GetDigits) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let attempts_left = spec.attempts;
    let mut verb = GetDigits { spec, party, attempts_left, stage: Stage::Collecting, digits: String::new() };
    let flow = verb.attempt(shared, false);
    (Verb::GetDigits(Box::new(verb)), flow)
}

impl GetDigits {
    /// One round of prompt and input.
    fn attempt(&mut self, shared: &mut Shared, again: bool) -> Flow {
        self.attempts_left = self.attempts_left.saturating_sub(1);
        let mut prompt = self.spec.prompt.clone();
        if again {
            prompt.splice(0..0, self.spec.invalid_prompt.iter().cloned());
        }
        let pressed_ahead = self.spec.barge_in && !shared.digits.is_empty();
        if prompt.is_empty() || pressed_ahead {
            return self.collect(shared);
        }
        if !self.spec.barge_in {
            shared.digits.clear();
        }
        let (playlist, playing) = Playlist::start(shared, self.party, prompt);
        if playing != Playing::On {
            return self.collect(shared);
        }
        self.stage = Stage::Prompting(playlist);
        Flow::Stay
    }

    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match (&mut self.stage, signal) {
            (Stage::Prompting(playlist), Signal::Key(leg, ..)) if *leg == self.party => {
                if !self.spec.barge_in {
                    shared.digits.clear();
                    return Flow::Stay;
                }
                playlist.stop(shared);
                self.collect(shared)
            }
            (Stage::Prompting(playlist), signal) => match playlist.on(shared, signal) {
                Playing::On => Flow::Stay,
                // A prompt that can't be heard is no reason not to listen.
                Playing::Finished | Playing::Failed(_) => self.collect(shared),
            },
            (Stage::Collecting, Signal::Key(leg, ..)) if *leg == self.party => self.consume(shared),
            (Stage::Collecting, Signal::Timer(TimerId::FirstDigit | TimerId::NextDigit)) => self.finish(shared, None),
            _ => Flow::Stay,
        }
    }

    /// What was pressed so far belongs to a question that is no longer asked.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        if let Stage::Prompting(playlist) = &mut self.stage {
            playlist.stop(shared);
        }
        shared.timers.disarm(TimerId::FirstDigit);
        shared.timers.disarm(TimerId::NextDigit);
    }

    fn collect(&mut self, shared: &mut Shared) -> Flow {
        self.stage = Stage::Collecting;
        shared.arm(TimerId::FirstDigit, seconds(self.spec.first_digit_timeout_s));
        self.consume(shared)
    }

    /// Takes the keys that are there.
    fn consume(&mut self, shared: &mut Shared) -> Flow {
        let wanted = self.spec.num_digits.unwrap_or(MAX_DIGITS) as usize;
        let mut took = false;
        while let Some(key) = shared.digits.take() {
            took = true;
            if self.spec.finish_on_key == Some(key.char()) {
                return self.finish(shared, Some(key.char()));
            }
            self.digits.push(key.char());
            if self.digits.len() >= wanted {
                return self.finish(shared, None);
            }
        }
        if took {
            shared.timers.disarm(TimerId::FirstDigit);
            shared.arm(TimerId::NextDigit, seconds(self.spec.timeout_s));
        }
        Flow::Stay
    }

    fn finish(&mut self, shared: &mut Shared, finished_on: Option<char>) -> Flow {
        shared.timers.disarm(TimerId::FirstDigit);
        shared.timers.disarm(TimerId::NextDigit);
        if self.digits.is_empty() && self.attempts_left > 0 {
            return self.attempt(shared, true);
        }
        let url = self.spec.action.clone().or_else(|| shared.facts.voice_callback_url.clone());
        let details = json!({"digit_count": self.digits.len(), "finished_on_key": finished_on.is_some()});
        let outcome = if self.digits.is_empty() { "no_input" } else { "digits" };
        match url {
            Some(url) if !self.digits.is_empty() || shared.script.is_exhausted() => {
                shared.results.set("Digits", core::mem::take(&mut self.digits));
                shared.results.set("FinishedOnKey", finished_on.map(String::from).unwrap_or_default());
                Flow::done_with(outcome, details, Then::Ask(url))
            }
            _ => Flow::done_with(outcome, details, Then::Next),
        }
    }
}
