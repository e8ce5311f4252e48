//! `conference`: the party is in a room with legs of other calls, until that is over.
//!
//! Who is in it and who hears whom is the conference's own business; here it is known only whether the party is in, and what
//! it hears while it does not hear the others.

use core::time::Duration;

use sautikit_api::{actions, ids::ConferenceId};
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    event::EventName,
    input::{ConferenceEvent, Membership},
    meter::whole_seconds,
    output::{ConferenceCommand, ConferenceStatus, ConferenceTerms, LegId, Output, StayId},
    shared::Shared,
    signal::Signal,
    waiting::{Waited, Waiting},
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
    waiting: Waiting,
    /// Its id, once it has told it.
    id: Option<ConferenceId>,
    /// The conference has begun.
    joined: bool,
    /// How the party is in, once it is.
    membership: Membership,
    /// Who is told of its comings and goings, absolute.
    status_callback: Option<String>,
    /// How often it was told so far.
    sequence: u32,
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
    let status_callback = shared.absolute(spec.status_callback.as_deref());
    let told_of_it = |event: &str| spec.status_callback_event.contains(&event);
    let terms = ConferenceTerms {
        name: spec.name.clone(),
        label: spec.participant_label.clone(),
        beep: spec.beep,
        start_on_enter: spec.start_on_enter,
        end_on_exit: spec.end_on_exit,
        max_participants: spec.max_participants,
        muted: spec.muted,
        coach: spec.coach,
        record: spec.record,
        recording_status_callback: shared.absolute(spec.recording_status_callback.as_deref()),
        status: status_callback.clone().map(|url| ConferenceStatus {
            url,
            tells_start: told_of_it("start"),
            tells_end: told_of_it("end"),
        }),
    };
    shared.emit(Output::Conference(ConferenceCommand::Enter { stay, leg: party, terms }));
    let membership = Membership { muted: spec.muted, held: false, coach: spec.coach };
    let conference = Conference {
        spec,
        party,
        stay,
        entered: None,
        waiting: Waiting::silent(party),
        id: None,
        joined: false,
        membership,
        status_callback,
        sequence: 0,
    };
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
                let waited = self.waiting.on(shared, signal);
                self.follow(shared, waited)
            }
        }
    }

    /// The party does not hear the others.
    fn wait(&mut self, shared: &mut Shared) -> Flow {
        let url = self.spec.wait_url.clone();
        let waited = self.waiting.start(shared, url.as_deref(), None);
        self.follow(shared, waited)
    }

    /// What the wait has come to.
    fn follow(&mut self, shared: &mut Shared, waited: Waited) -> Flow {
        match waited {
            Waited::On => Flow::Stay,
            Waited::Ask(url) => {
                let mut told = vec![("FriendlyName", self.spec.name.clone())];
                told.extend(self.id.map(|id| ("ConferenceSid", id.to_string())));
                self.waiting.ask(shared, &url, told);
                Flow::Stay
            }
            Waited::Left => {
                shared.emit(Output::Conference(ConferenceCommand::Leave(self.stay)));
                self.over(shared, "left")
            }
            Waited::HungUp => {
                shared.emit(Output::Conference(ConferenceCommand::Leave(self.stay)));
                self.over(shared, "hangup");
                Flow::done("hangup", Then::End(CauseKind::NormalClearing.into()))
            }
        }
    }

    fn told(&mut self, shared: &mut Shared, event: ConferenceEvent) -> Flow {
        match event {
            ConferenceEvent::Entered(id) => {
                self.id = Some(id);
                Flow::Stay
            }
            ConferenceEvent::Waiting => {
                self.entered(shared, EventName::ConferenceWaiting);
                self.wait(shared)
            }
            ConferenceEvent::Joined => {
                self.joined = true;
                if !self.membership.held {
                    self.waiting.stop(shared);
                }
                self.entered(shared, EventName::ConferenceJoined);
                Flow::Stay
            }
            ConferenceEvent::Changed(membership) => self.changed(shared, membership),
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
    fn changed(&mut self, shared: &mut Shared, now: Membership) -> Flow {
        let Membership { muted, held, coach } = now;
        let data = json!({"name": self.spec.name, "muted": muted, "held": held, "coach": coach});
        shared.record(EventName::ConferenceChanged, Some(self.party), data);
        let before = core::mem::replace(&mut self.membership, now);
        if muted != before.muted {
            self.tell(shared, "mute", if muted { "participant-mute" } else { "participant-unmute" });
        }
        if coach != before.coach {
            self.tell(shared, "modify", "participant-modify");
        }
        if held == before.held {
            return Flow::Stay;
        }
        self.tell(shared, "hold", if held { "participant-hold" } else { "participant-unhold" });
        // Who waits for the begin has its music already.
        match (self.joined, held) {
            (true, true) => return self.wait(shared),
            (true, false) => self.waiting.stop(shared),
            (false, _) => {}
        }
        Flow::Stay
    }

    /// The party leaves; the next callback learns how long it was in.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.waiting.stop(shared);
        shared.emit(Output::Conference(ConferenceCommand::Leave(self.stay)));
        self.results(shared);
        self.left(shared);
    }

    /// The call is over, and the party out with it.
    pub(super) fn abandon(mut self, shared: &mut Shared) {
        self.left(shared);
        self.waiting.abandon(shared);
    }

    fn entered(&mut self, shared: &mut Shared, name: EventName) {
        if self.entered.is_none() {
            self.entered = Some(shared.now);
            self.tell(shared, "join", "participant-join");
        }
        shared.record(name, Some(self.party), json!({"name": self.spec.name}));
    }

    fn over(&mut self, shared: &mut Shared, outcome: &'static str) -> Flow {
        self.waiting.stop(shared);
        let duration_s = self.results(shared);
        self.left(shared);
        let then = self.spec.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(outcome, json!({"duration_s": duration_s}), then)
    }

    fn left(&mut self, shared: &mut Shared) {
        if self.entered.is_some() {
            self.tell(shared, "leave", "participant-leave");
        }
    }

    /// In the words of Twilio, for whose handlers it is; `of` is what they ask for it by.
    fn tell(&mut self, shared: &mut Shared, of: &str, event: &'static str) {
        if !self.spec.status_callback_event.contains(&of) {
            return;
        }
        let Some(url) = self.status_callback.clone() else { return };
        let flag = |flag: bool| flag.to_string();
        let mut told = vec![
            ("StatusCallbackEvent", event.to_owned()),
            ("FriendlyName", self.spec.name.clone()),
            ("Muted", flag(self.membership.muted)),
            ("Hold", flag(self.membership.held)),
            ("Coaching", flag(self.membership.coach.is_some())),
            ("StartConferenceOnEnter", flag(self.spec.start_on_enter)),
            ("EndConferenceOnExit", flag(self.spec.end_on_exit)),
            ("SequenceNumber", self.sequence.to_string()),
        ];
        self.sequence += 1;
        told.extend(self.id.map(|id| ("ConferenceSid", id.to_string())));
        told.extend(self.spec.participant_label.clone().map(|label| ("ParticipantLabel", label)));
        shared.notify(&url, told);
    }

    fn results(&self, shared: &mut Shared) -> u64 {
        shared.conference_left();
        let duration_s = self.entered.map_or(0, |entered| whole_seconds(shared.now.saturating_sub(entered)));
        shared.results.set("ConferenceName", self.spec.name.clone());
        shared.results.set("ConferenceDuration", duration_s.to_string());
        if let Some(id) = self.id {
            shared.results.set("ConferenceSid", id.to_string());
        }
        duration_s
    }
}
