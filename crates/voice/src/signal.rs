//! From inputs to signals: late, repeated and unknown reports are dropped here, and what concerns the call as a whole
//! (the party is gone, the money is gone, the API said so) is told apart from what the running step must hear.

use core::time::Duration;

use sautikit_api::actions::Action;
use serde_json::json;

use crate::{
    callback::Fetched,
    cause::{Cause, CauseKind},
    event::EventName,
    input::{
        ConferenceEvent, Input, Key, LegEvent, LiveCommand, MediaEvent, QueueEvent, RecordingEvent, SpeechFailure,
        StreamEvent,
    },
    leg::{Change, KeySource, Leg},
    limits::LOST_LEG_WINDOW,
    output::{AssetId, FetchId, LegId, MediaCommand, PlaceId, StayId, StreamId, TakeId, Tone},
    shared::Shared,
    target::Target,
    timers::TimerId,
};

/// What a running step hears.
#[derive(Debug, Clone)]
pub(crate) enum Signal {
    Ringing,
    EarlyMedia(LegId),
    Answered(LegId),
    Ended(LegId, Cause),
    /// It put us on hold, and sends something meanwhile or not.
    Held(LegId, bool),
    Resumed(LegId),
    Key(LegId, Key, KeySource),
    PlayEnded(LegId, AssetId),
    Spoken(AssetId, Result<(), SpeechFailure>),
    Fetched(FetchId, Box<Fetched>),
    Conference(StayId, ConferenceEvent),
    Queue(PlaceId, QueueEvent),
    Judged(LegId),
    Silence(LegId),
    RecordingStopped {
        take: TakeId,
        length: Duration,
        heard: bool,
    },
    RecordingFailed(TakeId),
    Stream(StreamId, StreamEvent),
    Timer(TimerId),
}

/// What an input comes to.
pub(crate) enum Verdict {
    /// Nothing.
    Ignore,
    /// Something for the running step.
    Tell(Signal),
    /// The call is over because a party or the API ended it.
    End(Cause),
    /// The call is over because of us; the timeline says why.
    Fail(CauseKind),
    /// These actions replace what runs and what is left.
    TakeOver(Vec<Action>),
    /// This leg is let go, and whoever it talks with goes on with these.
    HandOver(LegId, Vec<Action>),
    /// This leg wants whoever it talks with to be connected with somebody else.
    Transfer(LegId, Target),
}

pub(crate) fn judge(shared: &mut Shared, input: Input) -> Verdict {
    match input {
        Input::Leg(id, event) => leg_event(shared, id, event),
        Input::Transfer(id, target) if shared.legs.get(&id).is_some_and(Leg::is_up) => Verdict::Transfer(id, *target),
        // It was hung up meanwhile.
        Input::Transfer(..) => Verdict::Ignore,
        Input::HandOver(id, actions) => Verdict::HandOver(id, *actions),
        Input::Media(id, event) => media_event(shared, id, event),
        Input::Fetched(fetch, fetched) => Verdict::Tell(Signal::Fetched(fetch, fetched)),
        Input::Spoken(asset, result) => Verdict::Tell(Signal::Spoken(asset, result)),
        Input::Conference(stay, event) => Verdict::Tell(Signal::Conference(stay, event)),
        Input::Judged(leg, judged) => {
            shared.judged(leg, judged);
            Verdict::Tell(Signal::Judged(leg))
        }
        Input::Queue(place, event) => Verdict::Tell(Signal::Queue(place, event)),
        Input::Recording(take, event) => recording_event(shared, take, event),
        Input::Stream(stream, event) => {
            // One that goes one way is no running step's, so it is told here.
            shared.stream_told(stream, &event);
            Verdict::Tell(Signal::Stream(stream, event))
        }
        Input::Live(LiveCommand::Hangup) => Verdict::End(CauseKind::ApiHangup.into()),
        Input::Live(LiveCommand::Drain) => Verdict::Fail(CauseKind::Draining),
        Input::Live(LiveCommand::Run(actions)) => Verdict::TakeOver(actions),
        Input::Live(LiveCommand::PauseRecording(mode)) => {
            shared.pause_recordings(Some(mode));
            Verdict::Ignore
        }
        Input::Live(LiveCommand::ResumeRecording) => {
            shared.pause_recordings(None);
            Verdict::Ignore
        }
        Input::Money(money) => {
            shared.pay_until(money);
            Verdict::Ignore
        }
        // Which timers those are is known to the call, which asks about each ([`expired`]).
        Input::Timeout => Verdict::Ignore,
    }
}

/// What a timer that is due comes to.
pub(crate) fn expired(shared: &mut Shared, timer: TimerId) -> Verdict {
    match timer {
        TimerId::MaxDuration => Verdict::End(CauseKind::MaxDuration.into()),
        TimerId::MoneyEnd => Verdict::Fail(CauseKind::InsufficientFunds),
        TimerId::MoneyWarning => {
            warn(shared);
            Verdict::Ignore
        }
        TimerId::LegLost(id) => lost_for_good(shared, id),
        timer => Verdict::Tell(Signal::Timer(timer)),
    }
}

fn leg_event(shared: &mut Shared, id: LegId, event: LegEvent) -> Verdict {
    let now = shared.now;
    let Some(change) = shared.legs.get_mut(&id).and_then(|leg| leg.on(now, event)) else { return Verdict::Ignore };
    let note = |shared: &mut Shared, name| {
        shared.record(name, Some(id), json!({}));
        Verdict::Ignore
    };
    match change {
        Change::Ringing => {
            note(shared, EventName::LegRinging);
            shared.leg_rings(id);
            Verdict::Tell(Signal::Ringing)
        }
        Change::EarlyMedia => {
            note(shared, EventName::LegEarlyMedia);
            shared.leg_rings(id);
            Verdict::Tell(Signal::EarlyMedia(id))
        }
        Change::Answered => {
            shared.leg_answered(id);
            Verdict::Tell(Signal::Answered(id))
        }
        Change::Told => {
            shared.caller_told(id);
            Verdict::Ignore
        }
        Change::Key(key, source) => pressed(shared, id, key, source),
        Change::Held { is_silent } => {
            note(shared, EventName::LegHeld);
            Verdict::Tell(Signal::Held(id, is_silent))
        }
        Change::Resumed => {
            note(shared, EventName::LegResumed);
            Verdict::Tell(Signal::Resumed(id))
        }
        Change::Lost => {
            shared.arm(TimerId::LegLost(id), LOST_LEG_WINDOW);
            note(shared, EventName::LegLost)
        }
        Change::Back(gap) => {
            shared.timers.disarm(TimerId::LegLost(id));
            let gap_ms = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
            shared.record(EventName::LegBack, Some(id), json!({ "gap_ms": gap_ms }));
            Verdict::Ignore
        }
        Change::Ended(cause) => {
            shared.timers.disarm(TimerId::LegLost(id));
            shared.record_leg_end(id, cause);
            gone(shared, id, cause)
        }
    }
}

/// A leg is over. Without its party a call is over; a party that leaves before the answer has given up.
fn gone(shared: &Shared, id: LegId, cause: Cause) -> Verdict {
    if shared.party != Some(id) {
        return Verdict::Tell(Signal::Ended(id, cause));
    }
    let gave_up = cause.kind == CauseKind::NormalClearing && shared.meter.answered().is_none();
    Verdict::End(if gave_up { CauseKind::Canceled.into() } else { cause })
}

fn lost_for_good(shared: &mut Shared, id: LegId) -> Verdict {
    let cause = CauseKind::ConnectionLost.into();
    shared.hang_up(id, cause);
    gone(shared, id, cause)
}

fn media_event(shared: &mut Shared, id: LegId, event: MediaEvent) -> Verdict {
    let now = shared.now;
    let Some(leg) = shared.legs.get_mut(&id).filter(|leg| leg.is_open()) else { return Verdict::Ignore };
    match event {
        MediaEvent::PlayEnded(asset) => Verdict::Tell(Signal::PlayEnded(id, asset)),
        MediaEvent::Digit(key) => match leg.key(now, key, KeySource::Audio) {
            Some(Change::Key(key, source)) => pressed(shared, id, key, source),
            _ => Verdict::Ignore,
        },
        MediaEvent::Silence => Verdict::Tell(Signal::Silence(id)),
        // A held leg has no duty to send, and an unanswered one may be silent as long as it rings.
        MediaEvent::Stalled if leg.is_held() || !leg.is_up() => Verdict::Ignore,
        MediaEvent::Stalled => {
            shared.record(EventName::MediaTimeout, Some(id), json!({}));
            Verdict::Fail(CauseKind::MediaTimeout)
        }
    }
}

fn recording_event(shared: &mut Shared, take: TakeId, event: RecordingEvent) -> Verdict {
    match event {
        RecordingEvent::Started(recording) => {
            shared.recording_started(take, recording);
            Verdict::Ignore
        }
        RecordingEvent::Stopped { length_ms, heard } => {
            Verdict::Tell(Signal::RecordingStopped { take, length: Duration::from_millis(length_ms), heard })
        }
        RecordingEvent::Failed { reason } => {
            shared.recording_failed(take, reason);
            Verdict::Tell(Signal::RecordingFailed(take))
        }
    }
}

/// The party's keys are kept for whoever asks next; the step that must not keep them takes them out again.
fn pressed(shared: &mut Shared, id: LegId, key: Key, source: KeySource) -> Verdict {
    if shared.party == Some(id) {
        shared.digits.push(key);
    }
    Verdict::Tell(Signal::Key(id, key, source))
}

/// One beep to the party, who is the customer's side of the call.
fn warn(shared: &mut Shared) {
    shared.money_warned = true;
    shared.record(EventName::MoneyWarning, None, json!({}));
    if let Some(party) = shared.party.filter(|_| shared.party_is_up()) {
        shared.media(MediaCommand::Tone(party, Tone::Beep));
    }
}

/// Seconds of an attribute as a duration.
pub(crate) fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}
