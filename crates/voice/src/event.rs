//! The call's timeline, entry by entry.

use core::{fmt, time::Duration};

use serde_json::Value;

use crate::output::LegId;

/// One entry of the timeline. Its `Debug` leaves out the data, which holds numbers and texts.
#[derive(Clone, PartialEq, Eq)]
pub struct CallEvent {
    /// Since the call began.
    pub at: Duration,
    /// What happened.
    pub name: EventName,
    /// Which leg it happened to, if one.
    pub leg: Option<LegId>,
    /// Details for people: an object. Never holds digits that a caller pressed.
    pub data: Value,
}

impl fmt::Debug for CallEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallEvent({}, {:?})", self.name.as_str(), self.leg)
    }
}

macro_rules! event_names {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What can happen to a call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EventName { $($(#[$doc])* $name,)* }

        impl EventName {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

event_names! {
    /// The call ends for a reason of ours, named in `reason`.
    CallFailed = "call.failed",
    /// The customer's server could not be asked; `reason` says why.
    CallbackFailed = "call.callback_failed",
    /// A callback went out; `url` and `params` say what was asked.
    CallbackSent = "callback.sent",
    /// A callback's first try came to nothing, `reason` says why, and it was sent a second time.
    CallbackRetried = "callback.retried",
    /// A callback was not answered well; `code` and `reason` say why, `ms`, `status` and `body` what came. A fallback may
    /// follow.
    CallbackUnanswered = "callback.failed",
    /// A callback was answered; `ms` says how fast, `status` and `body` with what, `actions` how many were in it.
    CallbackAnswered = "callback.answered",
    /// An answer held what was not understood and skipped; `message`, `line` and `column` say what the first was, `count` how
    /// many there were, `warnings` all of them.
    ActionsWarning = "actions.warning",
    /// An action begins; `verb` and `attributes` say which.
    VerbStarted = "verb.started",
    /// An action is over; `outcome` says how.
    VerbEnded = "verb.ended",
    /// A target is being called.
    LegDialing = "leg.dialing",
    /// A target alerts.
    LegRinging = "leg.ringing",
    /// A target sends audio before its answer.
    LegEarlyMedia = "leg.early_media",
    /// A leg is connected.
    LegAnswered = "leg.answered",
    /// Two legs hear each other; `mode` is `relay` (same codec, untouched) or `transcode`, `codecs` says what they speak.
    LegBridged = "leg.bridged",
    /// Whoever answered was judged; `answered_by` says what it is, `confidence` how sure that is, `heard_ms` how much was heard.
    MachineJudged = "machine.judged",
    /// The far end put us on hold.
    LegHeld = "leg.held",
    /// The far end took us off hold.
    LegResumed = "leg.resumed",
    /// A leg asks that whoever it talks with be connected with somebody else; `to` and `kind` say with whom.
    TransferStarted = "transfer.started",
    /// A leg is connected with whom it was transferred to; `by` says which leg asked for it, `to` and `with` who it is.
    LegTransferred = "leg.transferred",
    /// A transfer came to nothing; `cause` says why.
    TransferFailed = "transfer.failed",
    /// The connection to a leg is lost.
    LegLost = "leg.lost",
    /// The connection to a leg is back; `gap_ms` says after how long.
    LegBack = "leg.back",
    /// Nothing arrives from a leg.
    MediaTimeout = "media.timeout",
    /// For ten seconds nothing was heard of a leg (`direction` is `received`), or by it (`sent`); `reason` is `no_packets`,
    /// `nobody_heard` (packets without sound, from the beginning on) or `not_reached` (by the leg's own reports).
    MediaSilent = "call.media_silent",
    /// A leg is over; `cause` says why.
    LegEnded = "leg.ended",
    /// A leg waits in a conference that has not begun; `name` says which.
    ConferenceWaiting = "conference.waiting",
    /// A leg hears the others of a conference; `name` says which.
    ConferenceJoined = "conference.joined",
    /// Somebody changed from outside how a leg is in a conference; `muted`, `held` and `coach` say how it is now.
    ConferenceChanged = "conference.changed",
    /// A leg waits in a queue; `name` says which, `position` where it stands.
    QueueWaiting = "queue.waiting",
    /// A leg of another call is heard, out of a queue or by it; `with` says which call's.
    QueueConnected = "queue.connected",
    /// A leg is recorded; `recording_id` and `source` say as what and why.
    RecordingStarted = "recording.started",
    /// A recording waits; `mode` says what becomes of the time.
    RecordingPaused = "recording.paused",
    /// A recording goes on.
    RecordingResumed = "recording.resumed",
    /// A recording is over; `duration_s` says after how long.
    RecordingEnded = "recording.ended",
    /// A leg could not be recorded; `reason` says why.
    RecordingFailed = "recording.failed",
    /// A text could not be spoken; `reason` says why.
    SpeechFailed = "speech.failed",
    /// A media stream is connected; `stream` says which of the call's.
    StreamStarted = "stream.started",
    /// A media stream that was connected is over; `reason` says why.
    StreamEnded = "stream.ended",
    /// A media stream could not be connected; `reason` says why.
    StreamFailed = "stream.failed",
    /// A text is spoken otherwise than was asked for; `reason` says how and why.
    SpeechFallback = "speech.fallback",
    /// A file could not be played; `url` says which, `reason` why.
    PlayFailed = "play.failed",
    /// Somebody outside of the call gave it new actions; `actions` says how many.
    ActionsReplaced = "actions.replaced",
    /// The money ends in a minute.
    MoneyWarning = "money.warning",
}
