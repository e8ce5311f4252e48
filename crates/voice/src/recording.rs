//! The recordings of a call: which run, and what the next callback is told of them.

use core::time::Duration;

use sautikit_api::{ids::RecordingId, recordings::PauseMode};
use serde_json::json;

use crate::{
    event::EventName,
    meter::whole_seconds,
    output::{ConferenceCommand, LegId, Output, RecordingCommand, RecordingSource, RecordingTerms, StayId, TakeId},
    shared::Shared,
};

/// A recording that runs.
#[derive(Debug)]
pub(crate) struct Take {
    take: TakeId,
    leg: LegId,
    source: RecordingSource,
    began: Duration,
    /// Known once it runs.
    recording: Option<RecordingId>,
}

/// A conference's recording that the party asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConferenceTake {
    pub(crate) stay: StayId,
    pub(crate) recording: RecordingId,
}

impl Shared {
    /// The conference is recorded because the party asked for it. It goes on when the party leaves.
    pub(crate) fn conference_recorded(&mut self, stay: StayId, recording: RecordingId) {
        self.conference_take = Some(ConferenceTake { stay, recording });
        let data = json!({"recording_id": recording, "source": RecordingSource::Conference.as_str()});
        self.record(EventName::RecordingStarted, self.party, data);
        self.results.set("RecordingUrl", format!("{}/{recording}/audio", self.facts.recordings_url));
        self.results.set("RecordingId", recording.to_string());
        if let Some(mode) = self.recordings_paused {
            self.record(EventName::RecordingPaused, self.party, json!({"recording_id": recording, "mode": mode}));
            self.emit(Output::Conference(ConferenceCommand::PauseRecording(stay, mode.into())));
        }
    }

    /// The party is no longer in: a pause that held the conference's recording alone is over.
    pub(crate) fn conference_left(&mut self) {
        self.conference_take = None;
        if self.recordings.is_empty() {
            self.recordings_paused = None;
        }
    }

    /// The conference can't be recorded, or no longer.
    pub(crate) fn conference_not_recorded(&mut self, reason: &str) {
        let recording = self.conference_take.map(|take| take.recording);
        self.conference_left();
        let data = json!({"recording_id": recording, "reason": reason});
        self.record(EventName::RecordingFailed, self.party, data);
        self.results.set("ErrorCode", "calls.recording_failed".to_owned());
    }

    /// Begins to record a leg, and with it what another says or whatever it hears.
    pub(crate) fn start_recording(&mut self, leg: LegId, with: Option<LegId>, terms: RecordingTerms) -> TakeId {
        let take = TakeId(self.takes);
        self.takes += 1;
        self.recordings.push(Take { take, leg, source: terms.source, began: self.now, recording: None });
        self.emit(Output::Recording(RecordingCommand::Start { take, leg, with, terms }));
        // What waits for a card number waits for all of it, whatever is connected meanwhile.
        if let Some(mode) = self.recordings_paused {
            self.record(
                EventName::RecordingPaused,
                Some(leg),
                json!({"recording_id": None::<RecordingId>, "mode": mode}),
            );
            self.emit(Output::Recording(RecordingCommand::Pause(take, mode)));
        }
        take
    }

    /// The call was answered: it is recorded as a whole where that was asked for.
    pub(crate) fn record_whole_call(&mut self) {
        if let (Some(party), Some(channels)) = (self.party, self.facts.record) {
            let (source, channels) = (RecordingSource::Call, channels.into());
            let terms = RecordingTerms { source, channels, trims_silence: false, status_callback: None };
            self.start_recording(party, None, terms);
        }
    }

    /// Ends it, and tells the next callback where it will be and how many seconds it lasted; those.
    pub(crate) fn stop_recording(&mut self, take: TakeId) -> u64 {
        let Some(index) = self.recordings.iter().position(|open| open.take == take) else { return 0 };
        let Take { leg, began, recording, .. } = self.remove_take(index);
        let duration_s = whole_seconds(self.now.saturating_sub(began));
        self.record(EventName::RecordingEnded, Some(leg), json!({"recording_id": recording, "duration_s": duration_s}));
        self.emit(Output::Recording(RecordingCommand::Stop(take)));
        if let Some(recording) = recording {
            self.results.set("RecordingUrl", format!("{}/{recording}/audio", self.facts.recordings_url));
            self.results.set("RecordingDuration", duration_s.to_string());
            self.results.set("RecordingId", recording.to_string());
        }
        duration_s
    }

    fn remove_take(&mut self, index: usize) -> Take {
        let take = self.recordings.remove(index);
        if self.recordings.is_empty() {
            self.recordings_paused = None;
        }
        take
    }

    /// Ends all that run.
    pub(crate) fn stop_recordings(&mut self) {
        for take in self.recordings.iter().map(|open| open.take).collect::<Vec<_>>() {
            self.stop_recording(take);
        }
    }

    /// What an earlier step recorded is not this one's.
    pub(crate) fn forget_recording(&mut self) {
        for name in ["RecordingUrl", "RecordingDuration", "RecordingId"] {
            self.results.forget(name);
        }
    }

    /// Lets all that run pause, or go on. What begins before they go on pauses too; a pause is over with the last that it held.
    pub(crate) fn pause_recordings(&mut self, mode: Option<PauseMode>) {
        self.recordings_paused = match mode {
            Some(mode) if !self.recordings.is_empty() || self.conference_take.is_some() => {
                self.recordings_paused.or(Some(mode))
            }
            _ => None,
        };
        let name = if mode.is_some() { EventName::RecordingPaused } else { EventName::RecordingResumed };
        let open: Vec<_> = self.recordings.iter().map(|open| (open.take, open.leg, open.recording)).collect();
        for (take, leg, recording) in open {
            self.record(name, Some(leg), json!({"recording_id": recording, "mode": mode}));
            self.emit(Output::Recording(match mode {
                Some(mode) => RecordingCommand::Pause(take, mode),
                None => RecordingCommand::Resume(take),
            }));
        }
        if let Some(ConferenceTake { stay, recording }) = self.conference_take {
            self.record(name, self.party, json!({"recording_id": recording, "mode": mode}));
            self.emit(Output::Conference(ConferenceCommand::PauseRecording(stay, mode)));
        }
    }

    /// It runs, under this id.
    pub(crate) fn recording_started(&mut self, take: TakeId, recording: RecordingId) {
        let Some(open) = self.recordings.iter_mut().find(|open| open.take == take) else { return };
        open.recording = Some(recording);
        let (leg, source) = (open.leg, open.source.as_str());
        self.record(EventName::RecordingStarted, Some(leg), json!({"recording_id": recording, "source": source}));
    }

    /// It does not run, or no longer.
    pub(crate) fn recording_failed(&mut self, take: TakeId, reason: &str) {
        let Some(index) = self.recordings.iter().position(|open| open.take == take) else { return };
        let Take { leg, recording, .. } = self.remove_take(index);
        self.record(EventName::RecordingFailed, Some(leg), json!({"recording_id": recording, "reason": reason}));
        self.results.set("ErrorCode", "calls.recording_failed".to_owned());
    }
}
