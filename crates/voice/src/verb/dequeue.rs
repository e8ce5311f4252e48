//! `dequeue`: the party talks with whoever has waited longest in a queue, or is the next to come.

use core::time::Duration;

use sautikit_api::actions;
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::{CauseKind, DialStatus},
    event::EventName,
    input::QueueEvent,
    meter::whole_seconds,
    music::Music,
    output::{LegId, Output, PlaceId, QueueCommand, RecordingSource, RecordingTerms, TakeId},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

/// ```text
///   asked ──┬── somebody waits ───────────► Talking ── the other is gone ──► done
///           └── nobody ──► Looking ── one comes ──▲
///                            └── too long ───────────────────────────────────► done
/// ```
pub(crate) struct Dequeue {
    spec: actions::Dequeue,
    party: LegId,
    place: PlaceId,
    music: Music,
    /// Since when it talks.
    connected: Option<Duration>,
    take: Option<TakeId>,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Dequeue) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let place = shared.next_place();
    shared.emit(Output::Queue(QueueCommand::Take {
        place,
        leg: party,
        name: spec.name.clone(),
        waits: spec.timeout_s > 0,
    }));
    let dequeue = Dequeue { spec, party, place, music: Music::silent(party), connected: None, take: None };
    (Verb::Dequeue(Box::new(dequeue)), Flow::Stay)
}

impl Dequeue {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Queue(place, event) if *place == self.place => self.told(shared, *event),
            Signal::Timer(TimerId::QueueWait) if self.connected.is_none() => self.nobody(shared),
            Signal::Key(leg, ..) if *leg == self.party => {
                shared.digits.clear();
                Flow::Stay
            }
            signal => {
                self.music.on(shared, signal);
                Flow::Stay
            }
        }
    }

    fn told(&mut self, shared: &mut Shared, event: QueueEvent) -> Flow {
        match event {
            // It was on its way while the two were connected.
            QueueEvent::Waiting(_) if self.connected.is_some() => Flow::Stay,
            QueueEvent::Waiting(_) if self.spec.timeout_s == 0 => self.nobody(shared),
            QueueEvent::Waiting(_) => {
                shared.arm(TimerId::QueueWait, seconds(self.spec.timeout_s));
                self.music.start(shared, None);
                Flow::Stay
            }
            QueueEvent::Connected(with) => {
                self.quiet(shared);
                shared.digits.clear();
                self.connected = Some(shared.now);
                shared.record(
                    EventName::QueueConnected,
                    Some(self.party),
                    json!({"name": self.spec.name, "with": with}),
                );
                if let Some(channels) = self.spec.record {
                    shared.forget_recording();
                    let (source, channels) = (RecordingSource::Dial, channels.into());
                    let terms = RecordingTerms { source, channels, trims_silence: false, status_callback: None };
                    self.take = Some(shared.start_recording(self.party, None, terms));
                }
                Flow::Stay
            }
            QueueEvent::Over => self.over(shared, DialStatus::Completed),
            QueueEvent::Full | QueueEvent::Removed => self.over(shared, DialStatus::Canceled),
        }
    }

    /// The queue stayed empty.
    fn nobody(&mut self, shared: &mut Shared) -> Flow {
        self.quiet(shared);
        shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
        self.over(shared, DialStatus::NoAnswer)
    }

    fn quiet(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::QueueWait);
        self.music.stop(shared);
    }

    /// New actions take over.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.quiet(shared);
        shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
        let status = if self.connected.is_some() { DialStatus::Completed } else { DialStatus::Canceled };
        self.results(shared, status);
    }

    fn over(&mut self, shared: &mut Shared, status: DialStatus) -> Flow {
        self.quiet(shared);
        let duration_s = self.results(shared, status);
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(status.as_str(), json!({"duration_s": duration_s}), then)
    }

    fn results(&mut self, shared: &mut Shared, status: DialStatus) -> u64 {
        if let Some(take) = self.take.take() {
            shared.stop_recording(take);
        }
        let duration_s = self.connected.map_or(0, |since| whole_seconds(shared.now.saturating_sub(since)));
        shared.results.set("DialCallStatus", status.as_str());
        shared.results.set("DialCallDuration", duration_s.to_string());
        shared.results.set("QueueName", self.spec.name.clone());
        duration_s
    }
}
