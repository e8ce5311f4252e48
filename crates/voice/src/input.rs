//! What a call is told, one thing at a time.

use core::time::Duration;
use std::fmt;

use sautikit_api::{
    actions::Action,
    ids::{CallId, ConferenceId, RecordingId},
    recordings::PauseMode,
};

use crate::{
    callback::Fetched,
    cause::Cause,
    output::{AssetId, FetchId, LegId, PlaceId, StayId, StreamId, TakeId},
    target::Target,
};

/// One thing that happened. Inputs about legs, fetches, speech or timers that are over are ignored: the world may
/// report late, twice or in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A leg's signalling reports.
    Leg(LegId, LegEvent),
    /// A leg asks that whoever it talks with be connected with somebody else instead (REFER, RFC 3515). Whether it may was
    /// looked at before. Answered by [`crate::LegCommand::Transfer`]s of the leg. In a box, because it is rare.
    Transfer(LegId, Box<Target>),
    /// A leg is let go, and whoever it talks with goes on with these actions in place of those that are left: one half of a
    /// transfer between two calls. Ignored where [`crate::Call::talks`] says no. In a box, because it is rare.
    HandOver(LegId, Box<Vec<Action>>),
    /// A leg's media reports.
    Media(LegId, MediaEvent),
    /// A voice callback was answered or failed for good, its one retry included. In a box, because inputs wait by the dozen
    /// and this one is rare and large.
    Fetched(FetchId, Box<Fetched>),
    /// A text or file is ready to be played, or can't be had.
    Spoken(AssetId, Result<(), SpeechFailure>),
    /// A conference reports on a stay in it.
    Conference(StayId, ConferenceEvent),
    /// A queue reports on a place in it.
    Queue(PlaceId, QueueEvent),
    /// Who has answered a leg.
    Judged(LegId, Judged),
    /// The recorder reports on a take.
    Recording(TakeId, RecordingEvent),
    /// A media stream reports.
    Stream(StreamId, StreamEvent),
    /// Somebody outside the call interferes.
    Live(LiveCommand),
    /// How long the money lasts.
    Money(Money),
    /// The time that [`crate::Call::next_timeout`] named has come. One that comes too early or for nothing does nothing.
    Timeout,
}

/// What the far end of a leg does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEvent {
    /// It alerts (180).
    Ringing,
    /// It sends audio before the answer (183 with SDP).
    EarlyMedia,
    /// It answered our INVITE. Of a leg that called us: it was told what [`crate::LegCommand::Accept`] said, and is connected
    /// from now on; ignored before that.
    Answered,
    /// A key arrived in signalling (SIP INFO).
    Digit(Key),
    /// It put us on hold.
    HeldByPeer {
        /// It sends nothing meanwhile (RFC 3264 §8.4: `inactive`, or an address of zeros).
        is_silent: bool,
    },
    /// It took us off hold.
    Resumed,
    /// Its connection is gone; it may come back.
    Lost,
    /// Its connection is back.
    Back,
    /// It is over; nothing follows. A caller's CANCEL is [`crate::CauseKind::Canceled`], final statuses and BYEs
    /// have their constructors on [`Cause`], and no answer at all counts as 408.
    Ended(Cause),
}

/// What the media of a leg does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// An asset was played to its end, as often as was asked. Not reported for one that was flushed.
    PlayEnded(AssetId),
    /// A key arrived in the audio (RFC 4733 or in-band).
    Digit(Key),
    /// It has been silent for as long as [`crate::MediaCommand::Detect`] asked for.
    Silence,
    /// Nothing has arrived for 30 s from a leg that should send.
    Stalled,
}

/// What a leg was judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax` or `unknown`.
    pub answered_by: &'static str,
    /// How sure that is, in percent.
    pub confidence_percent: u8,
    /// How much was heard until it was clear, in milliseconds.
    pub heard_ms: u64,
}

/// What becomes of a stay in a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConferenceEvent {
    /// The leg is in the conference of this id; what follows says whether it hears the others.
    Entered(ConferenceId),
    /// The leg is in and hears nobody yet: the conference has not begun.
    Waiting,
    /// The leg hears the others, and they hear it.
    Joined,
    /// It has no place left; the leg is not in.
    Full,
    /// It is over for all; the leg is out.
    Ended,
    /// Somebody outside took the leg out.
    Removed,
    /// Somebody outside changed how the leg is in.
    Changed(Membership),
    /// It is recorded under this id, because this call asked for it.
    Recording(RecordingId),
    /// It could not be recorded, or no longer: a sentence for the customer.
    NotRecorded(&'static str),
}

/// How a leg is in a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// It hears and is not heard.
    pub muted: bool,
    /// It hears music, and is not heard.
    pub held: bool,
    /// The call that it coaches.
    pub coach: Option<CallId>,
}

/// What becomes of a place in a queue, of one who waits and of one who takes callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueEvent {
    /// It waits; told again whenever that changes.
    Waiting(Standing),
    /// As many wait as may; the leg is not in.
    Full,
    /// It talks with a leg of this call.
    Connected(CallId),
    /// That one is gone.
    Over,
    /// Somebody outside took it out.
    Removed,
}

/// Where somebody stands who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// 1 is next.
    pub position: u32,
    /// How many wait.
    pub size: u32,
    /// How long those waited who were taken out so far, in seconds on average.
    pub average_wait_s: u64,
}

/// What becomes of a media stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// The server takes and gives audio.
    Connected {
        /// By which the server knows it, `MZ…`.
        sid: String,
    },
    /// It was connected and is over.
    Closed {
        /// A sentence for the customer.
        reason: String,
    },
    /// It could not be connected.
    Failed {
        /// A sentence for the customer.
        reason: String,
    },
}

/// What the outside may ask of a live call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveCommand {
    /// End it (`POST /v1/calls/{id}/hangup`).
    Hangup,
    /// End it, because the server stops and has waited long enough.
    Drain,
    /// These actions take over from the one that runs and from those that are left (`POST /v1/calls/{id}/actions`). Before
    /// the first target of a call has answered they wait for that.
    Run(Vec<Action>),
    /// All recordings that run wait (`POST /v1/calls/{id}/recording/pause`).
    PauseRecording(PauseMode),
    /// They go on.
    ResumeRecording,
}

/// What becomes of a take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingEvent {
    /// It runs, under this id.
    Started(RecordingId),
    /// It is over and kept.
    Stopped {
        /// How long it is, in milliseconds; silence that was cut off does not count.
        length_ms: u64,
        /// Whether anything was to be heard where that was asked for; else nothing is kept.
        heard: bool,
    },
    /// It could not be recorded.
    Failed {
        /// A sentence for the customer.
        reason: &'static str,
    },
}

/// How long the money of a live call lasts. Each telling replaces the one before; before the first nothing bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// It ends no call: nothing costs just now, or what it costs may be owed.
    Unbounded,
    /// It ends. Moments have the same origin as `now`.
    Until {
        /// The end of what is granted: the call ends there unless it is told otherwise before.
        paid_until: Duration,
        /// The end of all that it could still be granted, where that is in sight. A minute before, the customer's side hears
        /// a beep, once in a call.
        lasts_until: Option<Duration>,
    },
}

/// Why a text was not spoken or a file not fetched, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SpeechFailure {
    /// A sentence for the customer.
    pub reason: String,
}

/// A telephone key: 0 to 9, `*`, `#`, A to D. Its `Debug` is blank, because keys are PINs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(char);

impl Key {
    /// The key of that character; lower case a to d are taken too.
    pub fn new(key: char) -> Option<Self> {
        let key = key.to_ascii_uppercase();
        matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(key))
    }

    /// The character.
    pub fn char(self) -> char {
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(_)")
    }
}
