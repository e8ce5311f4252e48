//! `conference`: the party is in a room with legs of other calls, until that is over.
//!
//! Who is in it and who hears whom is the conference's own business; here it is known only whether the party is in, and what
//! it hears while it does not hear the others.

use core::time::Duration;

use sautikit_api::actions;
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    event::EventName,
    input::{ConferenceEvent, Membership},
    meter::whole_seconds,
    music::Music,
    output::{ConferenceCommand, ConferenceTerms, LegId, Output, StayId},
    shared::Shared,
    signal::Signal,
};

/// ```text
///   asked ──► Waiting ──► Joined ◄──► held ──┬── over for all, taken out ──► done
///     └─ full ───────────────────────────────┴─────────────────────────────► done
/// ```
pub(crate) struct Conference {
    spec: actions::Conference,
    party: LegId,
    stay: StayId,
    /// Since when the party is in; the duration counts from here.
    entered: Option<Duration>,
    /// What the party hears while the conference has not begun, or it is held.
    music: Music,
    /// The conference has begun.
    joined: bool,
    muted: bool,
    held: bool,
    /// Who is told of its comings and goings, absolute.
    status_callback: Option<String>,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Conference) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    if spec.record {
        shared.forget_recording();
    }
    let stay = shared.next_stay();
    let terms = ConferenceTerms {
        name: spec.name.clone(),
        beep: spec.beep,
        start_on_enter: spec.start_on_enter,
        end_on_exit: spec.end_on_exit,
        max_participants: spec.max_participants,
        muted: spec.muted,
        coach: spec.coach,
        record: spec.record,
        recording_status_callback: shared.absolute(spec.recording_status_callback.as_deref()),
    };
    shared.emit(Output::Conference(ConferenceCommand::Enter { stay, leg: party, terms }));
    let music = Music::silent(party);
    let (muted, status_callback) = (spec.muted, shared.absolute(spec.status_callback.as_deref()));
    let (joined, held) = (false, false);
    let conference = Conference { spec, party, stay, entered: None, music, joined, muted, held, status_callback };
    (Verb::Conference(Box::new(conference)), Flow::Stay)
}

impl Conference {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Conference(stay, event) if *stay == self.stay => self.told(shared, *event),
            // Keys pressed among others are meant for nobody.
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

    fn told(&mut self, shared: &mut Shared, event: ConferenceEvent) -> Flow {
        match event {
            ConferenceEvent::Waiting => {
                self.music.start(shared, self.spec.wait_url.as_deref());
                self.entered(shared, EventName::ConferenceWaiting)
            }
            ConferenceEvent::Joined => {
                self.joined = true;
                if !self.held {
                    self.music.stop(shared);
                }
                self.entered(shared, EventName::ConferenceJoined)
            }
            ConferenceEvent::Changed(membership) => {
                self.changed(shared, membership);
                Flow::Stay
            }
            ConferenceEvent::Recording(recording) => {
                shared.conference_recorded(self.stay, recording);
                Flow::Stay
            }
            ConferenceEvent::NotRecorded(reason) => {
                shared.conference_not_recorded(reason);
                Flow::Stay
            }
            ConferenceEvent::Full => self.over(shared, "full"),
            ConferenceEvent::Ended => self.over(shared, "ended"),
            ConferenceEvent::Removed => self.over(shared, "removed"),
        }
    }

    /// Somebody outside decided how the party is in.
    fn changed(&mut self, shared: &mut Shared, Membership { muted, held, coach }: Membership) {
        let data = json!({"name": self.spec.name, "muted": muted, "held": held, "coach": coach});
        shared.record(EventName::ConferenceChanged, Some(self.party), data);
        if muted != self.muted {
            self.muted = muted;
            self.tell(shared, if muted { "participant-mute" } else { "participant-unmute" });
        }
        if held == self.held {
            return;
        }
        self.held = held;
        self.tell(shared, if held { "participant-hold" } else { "participant-unhold" });
        // Who waits for the begin has its music already.
        match (self.joined, held) {
            (true, true) => self.music.start(shared, self.spec.wait_url.as_deref()),
            (true, false) => self.music.stop(shared),
            (false, _) => {}
        }
    }

    /// The party leaves; the next callback learns how long it was in.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.music.stop(shared);
        shared.emit(Output::Conference(ConferenceCommand::Leave(self.stay)));
        self.results(shared);
        self.left(shared);
    }

    /// The call is over, and the party out with it.
    pub(super) fn abandon(&self, shared: &mut Shared) {
        self.left(shared);
    }

    fn entered(&mut self, shared: &mut Shared, name: EventName) -> Flow {
        if self.entered.is_none() {
            self.entered = Some(shared.now);
            self.tell(shared, "participant-join");
        }
        shared.record(name, Some(self.party), json!({"name": self.spec.name}));
        Flow::Stay
    }

    fn over(&mut self, shared: &mut Shared, outcome: &'static str) -> Flow {
        self.music.stop(shared);
        let duration_s = self.results(shared);
        self.left(shared);
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(outcome, json!({"duration_s": duration_s}), then)
    }

    fn left(&self, shared: &mut Shared) {
        if self.entered.is_some() {
            self.tell(shared, "participant-leave");
        }
    }

    /// In the words of Twilio, for whose handlers it is.
    fn tell(&self, shared: &mut Shared, event: &'static str) {
        let Some(url) = self.status_callback.as_deref() else { return };
        let flag = |flag: bool| flag.to_string();
        let told = vec![
            ("StatusCallbackEvent", event.to_owned()),
            ("FriendlyName", self.spec.name.clone()),
            ("Muted", flag(self.muted)),
            ("Hold", flag(self.held)),
        ];
        shared.notify(url, told);
    }

    fn results(&self, shared: &mut Shared) -> u64 {
        shared.conference_left();
        let duration_s = self.entered.map_or(0, |entered| whole_seconds(shared.now.saturating_sub(entered)));
        shared.results.set("ConferenceName", self.spec.name.clone());
        shared.results.set("ConferenceDuration", duration_s.to_string());
        duration_s
    }
}
