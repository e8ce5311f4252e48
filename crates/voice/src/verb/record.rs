//! `record`: keeps what the party says until a key, a silence, the longest length or the end of the call.
//!
//! Where nothing was said nothing is kept, and the next action runs instead of the action URL: nobody wants to be told of
//! empty messages.

use sautikit_api::actions;
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    limits::{RECORD_BEEP, RECORDING_OVERDUE_AFTER},
    meter::whole_seconds,
    output::{LegId, MediaCommand, RecordedChannels, RecordingSource, RecordingTerms, TakeId, Tone},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

pub(crate) struct Record {
    spec: actions::Record,
    party: LegId,
    stage: Stage,
}

/// ```text
///   Beeping ── beep heard ──► Recording ── key, silence, longest length ──► Closing ── its length is known ──► done
///                                 └── can't be recorded ───────────────────────────────────────────────────► done
/// ```
enum Stage {
    /// The beep is heard.
    Beeping,
    /// What the party says is kept.
    Recording(TakeId),
    /// It is over: how it ended, and after how many seconds.
    Closing(TakeId, &'static str, u64),
}

pub(super) fn start(shared: &mut Shared, spec: actions::Record) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    shared.forget_recording();
    let mut record = Record { spec, party, stage: Stage::Beeping };
    if record.spec.play_beep {
        shared.media(MediaCommand::Tone(party, Tone::Beep));
        shared.arm(TimerId::RecordBeep, RECORD_BEEP);
    } else {
        record.begin(shared);
    }
    (Verb::Record(Box::new(record)), Flow::Stay)
}

impl Record {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match (&self.stage, signal) {
            (Stage::Beeping, Signal::Timer(TimerId::RecordBeep)) => self.begin(shared),
            (Stage::Recording(take), Signal::Key(leg, key, _)) if *leg == self.party => {
                let take = *take;
                // Keys pressed into a message are meant for nobody.
                shared.digits.clear();
                if self.spec.finish_on_key.contains(key.char()) {
                    shared.results.set("Digits", key.char().to_string());
                    self.close(shared, take, "key");
                }
            }
            (Stage::Recording(take), Signal::Silence(leg)) if *leg == self.party => {
                let take = *take;
                self.close(shared, take, "silence");
            }
            (Stage::Recording(take), Signal::Timer(TimerId::RecordLongest)) => {
                let take = *take;
                self.close(shared, take, "max_length");
            }
            (Stage::Recording(take) | Stage::Closing(take, ..), Signal::RecordingFailed(failed)) if take == failed => {
                self.quiet(shared);
                return Flow::done("failed", Then::Next);
            }
            (Stage::Closing(take, how, _), Signal::RecordingStopped { take: stopped, length, heard })
                if take == stopped =>
            {
                shared.timers.disarm(TimerId::RecordOverdue);
                if !heard {
                    shared.forget_recording();
                    return Flow::done("nothing_said", Then::Next);
                }
                let duration_s = whole_seconds(*length);
                shared.results.set("RecordingDuration", duration_s.to_string());
                return self.done(how, duration_s);
            }
            // Its length is about what was measured here.
            (Stage::Closing(_, how, duration_s), Signal::Timer(TimerId::RecordOverdue)) => {
                return self.done(how, *duration_s);
            }
            _ => {}
        }
        Flow::Stay
    }

    /// What was said so far is kept.
    pub(super) fn cancel(self, shared: &mut Shared) {
        self.quiet(shared);
        if let Stage::Recording(take) = self.stage {
            shared.stop_recording(take);
        }
    }

    fn begin(&mut self, shared: &mut Shared) {
        shared.digits.clear();
        let terms = RecordingTerms {
            source: RecordingSource::Record,
            channels: RecordedChannels::Said,
            trims_silence: self.spec.trim_silence,
            status_callback: shared.absolute(self.spec.recording_status_callback.as_deref()),
        };
        let take = shared.start_recording(self.party, None, terms);
        shared.arm(TimerId::RecordLongest, seconds(self.spec.max_length_s));
        shared.media(MediaCommand::Detect(self.party, Some(self.spec.timeout_s.saturating_mul(1_000))));
        self.stage = Stage::Recording(take);
    }

    fn close(&mut self, shared: &mut Shared, take: TakeId, how: &'static str) {
        self.quiet(shared);
        let duration_s = shared.stop_recording(take);
        shared.arm(TimerId::RecordOverdue, RECORDING_OVERDUE_AFTER);
        self.stage = Stage::Closing(take, how, duration_s);
    }

    /// Nothing of it waits any more.
    fn quiet(&self, shared: &mut Shared) {
        for timer in [TimerId::RecordBeep, TimerId::RecordLongest, TimerId::RecordOverdue] {
            shared.timers.disarm(timer);
        }
        if matches!(self.stage, Stage::Recording(_)) {
            shared.media(MediaCommand::Detect(self.party, None));
        }
    }

    fn done(&self, how: &'static str, duration_s: u64) -> Flow {
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(how, json!({"duration_s": duration_s}), then)
    }
}
