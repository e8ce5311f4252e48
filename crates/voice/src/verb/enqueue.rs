//! `enqueue`: the party waits in a queue until a leg of another call takes it out, then both talk.
//!
//! While it waits it hears music, or what the wait URL answers, which is asked again whenever that is over. Who takes whom is
//! the queue's own business.

use core::time::Duration;

use sautikit_api::actions;
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    event::EventName,
    input::{QueueEvent, Standing},
    meter::whole_seconds,
    output::{LegId, Output, PlaceId, QueueCommand},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
    waiting::{Waited, Waiting},
};

/// ```text
///   asked ──► Waiting ── taken ──► Talking ── the other is gone ──► done
///     └─ full ─┴── too long, `leave`, taken out from outside ─────► done
/// ```
pub(crate) struct Enqueue {
    spec: actions::Enqueue,
    party: LegId,
    place: PlaceId,
    entered: Duration,
    /// Where it stands; none before the queue has told.
    standing: Option<Standing>,
    /// How long it waited, once it talks.
    waited: Option<Duration>,
    /// What the party hears until then.
    heard: Waiting,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Enqueue) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let place = shared.next_place();
    let (name, max_size) = (spec.name.clone(), spec.max_size);
    shared.emit(Output::Queue(QueueCommand::Wait { place, leg: party, name, max_size }));
    let heard = Waiting::silent(party);
    let enqueue = Enqueue { spec, party, place, entered: shared.now, standing: None, waited: None, heard };
    (Verb::Enqueue(Box::new(enqueue)), Flow::Stay)
}

impl Enqueue {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Queue(place, event) if *place == self.place => self.told(shared, *event),
            Signal::Timer(TimerId::QueueWait) if self.waited.is_none() => self.leave(shared, "timeout"),
            // Nobody asks for keys here.
            Signal::Key(leg, ..) if *leg == self.party => {
                shared.digits.clear();
                Flow::Stay
            }
            signal if self.waited.is_none() => {
                let waited = self.heard.on(shared, signal);
                self.follow(shared, waited)
            }
            _ => Flow::Stay,
        }
    }

    fn told(&mut self, shared: &mut Shared, event: QueueEvent) -> Flow {
        match event {
            // It was on its way while the two were connected.
            QueueEvent::Waiting(_) if self.waited.is_some() => Flow::Stay,
            QueueEvent::Waiting(standing) => {
                if self.standing.replace(standing).is_some() {
                    return Flow::Stay;
                }
                let Standing { position, size, .. } = standing;
                let data = json!({"name": self.spec.name, "position": position, "size": size});
                shared.record(EventName::QueueWaiting, Some(self.party), data);
                if let Some(longest) = self.spec.timeout_s {
                    shared.arm(TimerId::QueueWait, seconds(longest));
                }
                let (url, music) = (self.spec.wait_url.clone(), self.spec.hold_music.clone());
                let waited = self.heard.start(shared, url.as_deref(), music.as_deref());
                self.follow(shared, waited)
            }
            QueueEvent::Connected(with) => {
                self.quiet(shared);
                self.waited = Some(shared.now.saturating_sub(self.entered));
                shared.record(
                    EventName::QueueConnected,
                    Some(self.party),
                    json!({"name": self.spec.name, "with": with}),
                );
                Flow::Stay
            }
            QueueEvent::Full => self.over(shared, "queue_full"),
            QueueEvent::Over => self.over(shared, "bridged"),
            QueueEvent::Removed => self.over(shared, "removed"),
        }
    }

    /// What the wait has come to.
    fn follow(&mut self, shared: &mut Shared, waited: Waited) -> Flow {
        match waited {
            Waited::On => Flow::Stay,
            Waited::Ask(url) => {
                let told = self.told_of_wait(shared);
                self.heard.ask(shared, &url, told);
                Flow::Stay
            }
            Waited::Left => self.leave(shared, "left"),
            Waited::HungUp => {
                self.quiet(shared);
                shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
                self.results(shared, "hangup");
                Flow::done("hangup", Then::End(CauseKind::NormalClearing.into()))
            }
        }
    }

    fn told_of_wait(&self, shared: &Shared) -> Vec<(&'static str, String)> {
        let standing = self.standing.unwrap_or(Standing { position: 1, size: 1, average_wait_s: 0 });
        let waited_s = shared.now.saturating_sub(self.entered).as_secs();
        vec![
            ("QueueName", self.spec.name.clone()),
            ("QueuePosition", standing.position.to_string()),
            ("QueueTime", waited_s.to_string()),
            ("CurrentQueueSize", standing.size.to_string()),
            ("AvgQueueTime", standing.average_wait_s.to_string()),
        ]
    }

    /// Nothing of the wait is heard or asked any more.
    fn quiet(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::QueueWait);
        self.heard.stop(shared);
    }

    fn leave(&mut self, shared: &mut Shared, outcome: &'static str) -> Flow {
        shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
        self.over(shared, outcome)
    }

    /// New actions take over.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.quiet(shared);
        shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
        self.results(shared, "redirected");
    }

    /// The call is over: a callback that is out has its end on the timeline.
    pub(super) fn abandon(self, shared: &mut Shared) {
        self.heard.abandon(shared);
    }

    fn over(&mut self, shared: &mut Shared, outcome: &'static str) -> Flow {
        self.quiet(shared);
        let waited_s = self.results(shared, outcome);
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(outcome, json!({"waited_s": waited_s}), then)
    }

    fn results(&self, shared: &mut Shared, outcome: &'static str) -> u64 {
        let waited = self.waited.unwrap_or_else(|| shared.now.saturating_sub(self.entered));
        let waited_s = whole_seconds(waited);
        shared.results.set("QueueName", self.spec.name.clone());
        shared.results.set("QueueResult", outcome);
        shared.results.set("QueueTime", waited_s.to_string());
        waited_s
    }
}
