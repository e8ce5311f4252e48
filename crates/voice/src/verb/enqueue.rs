//! `enqueue`: the party waits in a queue until a leg of another call takes it out, then both talk.
//!
//! While it waits it hears music, or what the wait URL answers, which is asked again whenever that is over. Who takes whom is
//! the queue's own business.

use core::time::Duration;
use std::collections::VecDeque;

use sautikit_api::actions::{self, Action, Play, Prompt};
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    asking::{Asked, Asking},
    callback::{Answer, Purpose, resolve},
    cause::CauseKind,
    event::EventName,
    input::{QueueEvent, Standing},
    limits::{CALLBACKS_AFTER_WAIT, MAX_CALLBACKS, WAIT_ASKED_AGAIN_AFTER},
    meter::whole_seconds,
    music::Music,
    output::{LegId, Output, PlaceId, QueueCommand},
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
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
    heard: Heard,
}

/// What a party hears that waits.
enum Heard {
    /// Music, or nothing.
    Music(Music),
    /// The wait URL is asked.
    Asking(Asking),
    /// Its answer is run.
    Steps(Steps),
}

struct Steps {
    /// The URL that answered.
    base: String,
    waiting: VecDeque<Action>,
    playing: Option<Playlist>,
    /// Anything of it takes time; else asking again would be a race.
    lasted: bool,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Enqueue) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let place = shared.next_place();
    let (name, max_size) = (spec.name.clone(), spec.max_size);
    shared.emit(Output::Queue(QueueCommand::Wait { place, leg: party, name, max_size }));
    let heard = Heard::Music(Music::silent(party));
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
            signal if self.waited.is_none() => self.hear(shared, signal),
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
                match self.spec.wait_url.clone() {
                    Some(url) => self.ask(shared, &url),
                    None => self.play_music(shared),
                }
                Flow::Stay
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

    /// Something happened while it waits.
    fn hear(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match &mut self.heard {
            Heard::Music(music) => music.on(shared, signal),
            Heard::Asking(asking) => match asking.on(shared, signal.clone()) {
                Asked::Waiting => {}
                Asked::Answered(Answer { url, actions, .. }) => {
                    let waiting = actions.into();
                    self.heard = Heard::Steps(Steps { base: url, waiting, playing: None, lasted: false });
                    return self.step(shared);
                }
                // Its failure is on the timeline; nobody waits in silence for that.
                Asked::Failed(_) => self.play_music(shared),
            },
            Heard::Steps(steps) => {
                let is_over = match (&mut steps.playing, signal) {
                    (Some(playlist), signal) => playlist.on(shared, signal) != Playing::On,
                    (None, Signal::Timer(TimerId::Pause)) => true,
                    (None, _) => false,
                };
                if is_over {
                    steps.playing = None;
                    return self.step(shared);
                }
            }
        }
        Flow::Stay
    }

    /// The next step of the wait URL's answer that takes time.
    fn step(&mut self, shared: &mut Shared) -> Flow {
        while let Heard::Steps(steps) = &mut self.heard {
            let Some(step) = steps.waiting.pop_front() else {
                if steps.lasted {
                    let url = self.spec.wait_url.clone().unwrap_or_default();
                    self.ask(shared, &url);
                } else {
                    steps.lasted = true;
                    shared.arm(TimerId::Pause, WAIT_ASKED_AGAIN_AFTER);
                }
                return Flow::Stay;
            };
            let verb = step.verb();
            let prompt = match step {
                Action::Say(say) => Prompt::Say(say),
                // Relative to the answer that it stands in, which is not the call's newest.
                Action::Play(Play { url, loops }) => {
                    Prompt::Play(Play { url: resolve(Some(&steps.base), &url).unwrap_or(url), loops })
                }
                Action::Pause(pause) => {
                    steps.lasted = true;
                    shared.arm(TimerId::Pause, seconds(pause.length_s));
                    return Flow::Stay;
                }
                Action::Redirect(redirect) => {
                    let url = resolve(Some(&steps.base), &redirect.url).unwrap_or(redirect.url);
                    self.ask(shared, &url);
                    return Flow::Stay;
                }
                Action::Leave(_) => return self.leave(shared, "left"),
                Action::Hangup(_) => {
                    self.quiet(shared);
                    shared.emit(Output::Queue(QueueCommand::Leave(self.place)));
                    self.results(shared, "hangup");
                    return Flow::done("hangup", Then::End(CauseKind::NormalClearing.into()));
                }
                _ => {
                    let message = format!("{verb} is not run while a party waits in a queue; it was skipped");
                    shared.record(EventName::ActionsWarning, Some(self.party), json!({"message": message, "count": 1}));
                    continue;
                }
            };
            let (playlist, playing) = Playlist::start(shared, self.party, [prompt]);
            if playing == Playing::On {
                (steps.playing, steps.lasted) = (Some(playlist), true);
                return Flow::Stay;
            }
        }
        Flow::Stay
    }

    /// Asks what the party hears next, as long as enough callbacks are left for what comes after the wait.
    fn ask(&mut self, shared: &mut Shared, url: &str) {
        let base = shared.script.base().or(shared.facts.voice_callback_url.as_deref());
        let may_ask = shared.callbacks_sent() + CALLBACKS_AFTER_WAIT < MAX_CALLBACKS;
        match resolve(base, url) {
            Ok(url) if may_ask => {
                let told = self.told_of_wait(shared);
                self.heard = Heard::Asking(Asking::send(shared, url, Purpose::Steer, told));
            }
            _ => self.play_music(shared),
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

    fn play_music(&mut self, shared: &mut Shared) {
        let mut music = Music::silent(self.party);
        music.start(shared, self.spec.hold_music.as_deref());
        self.heard = Heard::Music(music);
    }

    /// Nothing of the wait is heard or asked any more.
    fn quiet(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::QueueWait);
        shared.timers.disarm(TimerId::Pause);
        match core::mem::replace(&mut self.heard, Heard::Music(Music::silent(self.party))) {
            Heard::Music(mut music) => music.stop(shared),
            Heard::Asking(asking) => asking.cancel(shared),
            Heard::Steps(steps) => {
                if let Some(mut playlist) = steps.playing {
                    playlist.stop(shared);
                }
            }
        }
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
        if let Heard::Asking(asking) = self.heard {
            asking.abandon(shared);
        }
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
