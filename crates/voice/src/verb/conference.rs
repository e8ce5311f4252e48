//! `conference`: the party is in a room with legs of other calls, until that is over.
//!
//! Who is in it and who hears whom is the conference's own business; here it is known only whether the party is in.

use core::time::Duration;

use sautikit_api::actions::{self, Play, Prompt};
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    event::EventName,
    input::ConferenceEvent,
    meter::whole_seconds,
    output::{ConferenceCommand, ConferenceTerms, LegId, MediaCommand, Output, StayId, Tone},
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
};

/// ```text
///   asked ──► Waiting ──► Joined ──┬── over for all ──► done
///     └─ full ─────────────────────┴───────────────────► done
/// ```
pub(crate) struct Conference {
    spec: actions::Conference,
    party: LegId,
    stay: StayId,
    /// Since when the party is in; the duration counts from here.
    entered: Option<Duration>,
    /// What the party hears while the conference has not begun.
    waiting: Waiting,
}

/// What a party hears that waits.
enum Waiting {
    /// Nothing of ours: it does not wait, or in silence.
    Silent,
    /// The customer's file, over and over.
    File(Playlist),
    /// Our own music.
    Music,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Conference) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let stay = shared.next_stay();
    let terms = ConferenceTerms {
        name: spec.name.clone(),
        beep: spec.beep,
        start_on_enter: spec.start_on_enter,
        end_on_exit: spec.end_on_exit,
        max_participants: spec.max_participants,
        muted: spec.muted,
    };
    shared.emit(Output::Conference(ConferenceCommand::Enter { stay, leg: party, terms }));
    (Verb::Conference(Box::new(Conference { spec, party, stay, entered: None, waiting: Waiting::Silent })), Flow::Stay)
}

impl Conference {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Conference(stay, event) if *stay == self.stay => match event {
                ConferenceEvent::Waiting => {
                    self.wait(shared);
                    self.entered(shared, EventName::ConferenceWaiting)
                }
                ConferenceEvent::Joined => {
                    self.stop_waiting(shared);
                    self.entered(shared, EventName::ConferenceJoined)
                }
                ConferenceEvent::Full => self.over(shared, "full"),
                ConferenceEvent::Ended => self.over(shared, "ended"),
            },
            // Keys pressed among others are meant for nobody.
            Signal::Key(leg, ..) if *leg == self.party => {
                shared.digits.clear();
                Flow::Stay
            }
            signal => {
                if let Waiting::File(playlist) = &mut self.waiting
                    && playlist.on(shared, signal) != Playing::On
                {
                    self.play_music(shared);
                }
                Flow::Stay
            }
        }
    }

    /// The conference has not begun: the party hears what it waits with.
    fn wait(&mut self, shared: &mut Shared) {
        match self.spec.wait_url.as_deref() {
            Some("") => {}
            Some(url) => {
                let file = Prompt::Play(Play { url: url.to_owned(), loops: 0 });
                let (playlist, playing) = Playlist::start(shared, self.party, [file]);
                self.waiting = Waiting::File(playlist);
                if playing != Playing::On {
                    self.play_music(shared);
                }
            }
            None => self.play_music(shared),
        }
    }

    fn play_music(&mut self, shared: &mut Shared) {
        self.waiting = Waiting::Music;
        shared.media(MediaCommand::Tone(self.party, Tone::Hold));
    }

    fn stop_waiting(&mut self, shared: &mut Shared) {
        match core::mem::replace(&mut self.waiting, Waiting::Silent) {
            Waiting::Silent => {}
            Waiting::File(mut playlist) => playlist.stop(shared),
            Waiting::Music => shared.media(MediaCommand::Flush(self.party)),
        }
    }

    /// The party leaves; the next callback learns how long it was in.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.stop_waiting(shared);
        shared.emit(Output::Conference(ConferenceCommand::Leave(self.stay)));
        self.results(shared);
    }

    fn entered(&mut self, shared: &mut Shared, name: EventName) -> Flow {
        self.entered.get_or_insert(shared.now);
        shared.record(name, Some(self.party), json!({"name": self.spec.name}));
        Flow::Stay
    }

    fn over(&mut self, shared: &mut Shared, outcome: &'static str) -> Flow {
        self.stop_waiting(shared);
        let duration_s = self.results(shared);
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(outcome, json!({"duration_s": duration_s}), then)
    }

    fn results(&self, shared: &mut Shared) -> u64 {
        let duration_s = self.entered.map_or(0, |entered| whole_seconds(shared.now.saturating_sub(entered)));
        shared.results.set("ConferenceName", self.spec.name.clone());
        shared.results.set("ConferenceDuration", duration_s.to_string());
        duration_s
    }
}
