//! What a call wants done. Each variant is one effect; none is waited for except by a later input.

use core::{fmt, time::Duration};

use std::collections::BTreeMap;

use sautikit_api::{
    actions::{Beep, Channels, Track},
    calls::CallStatus,
    ids::CallId,
    recordings::PauseMode,
};

use crate::{
    callback::Callback,
    cause::Cause,
    event::CallEvent,
    input::Key,
    target::{Profile, Target},
};

/// One effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Call a target: the leg's actor is made and tries its addresses, one after the other or all at once.
    Dial(LegId, Target, Profile),
    /// For the leg's actor.
    Leg(LegId, LegCommand),
    /// For the media engine.
    Media(MediaCommand),
    /// For the callback client, which owns signing, the 10 s and the one retry.
    Fetch(Callback),
    /// For the speech provider; answered by [`crate::Input::Spoken`] with the text's asset.
    Speak(Text),
    /// For whoever listens whether a person or a machine has answered.
    Judge(JudgeCommand),
    /// For the recorder.
    Recording(RecordingCommand),
    /// For the client that fetches files; answered by [`crate::Input::Spoken`] with the file's asset.
    Load(File),
    /// For a media stream of the customer's.
    Stream(StreamCommand),
    /// For a conference, which this call shares with others.
    Conference(ConferenceCommand),
    /// For a queue, which this call shares with others.
    Queue(QueueCommand),
    /// For the call's timeline.
    Record(CallEvent),
    /// For the call's record: a leg was answered or is over.
    LegChanged(LegChange),
    /// For the call's record: the party is connected, and the call's status is `answered` from here.
    Answered {
        /// When, since the call began.
        at: Duration,
        /// Who is connected.
        party: Option<LegId>,
    },
    /// The call is over; the last output. Every leg has ended or been told to.
    Ended(Summary),
}

/// A fact about a leg that its record and its bill need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegChange {
    /// Which one.
    pub leg: LegId,
    /// When, since the call began.
    pub at: Duration,
    /// What it came to.
    pub state: LegState,
}

/// Where a leg's record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegState {
    /// Connected: from here it may cost.
    Answered,
    /// Over.
    Ended(Cause),
}

/// How a call ended. What its legs came to was told as it happened ([`Output::LegChanged`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Terminal.
    pub status: CallStatus,
    /// Why it ended; [`Cause::hangup_cause`] is what the record says.
    pub cause: Cause,
    /// When, since the call began.
    pub ended: Duration,
}

/// A leg within its call, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u32);

impl LegId {
    /// The leg that called us, in calls that begin with one.
    pub const FIRST: Self = Self(0);
}

/// A playable piece of speech within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub u32);

/// A callback within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub u32);

/// What a leg's actor is asked to do. Commands that come too late (a `Hangup` that crosses a BYE) are no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegCommand {
    /// Say 180 to the leg that called us.
    Ring,
    /// Give the leg that called us its answer SDP before the answer (183), so that audio can flow.
    PassEarly {
        /// The leg that it hears next, whose codec the answer prefers.
        hears: Option<LegId>,
    },
    /// Say 200 to the leg that called us, with the same SDP if it had one. It reports [`crate::LegEvent::Answered`] once that
    /// is said, and its end where it can't be any more.
    Accept {
        /// The leg that it hears next, whose codec the answer prefers.
        hears: Option<LegId>,
    },
    /// Turn the leg that called us away; it is over with this.
    Refuse(Refusal),
    /// Tell the leg what becomes of the transfer that it asked for (NOTIFY).
    Transfer(TransferEvent),
    /// End the leg: BYE, or CANCEL before its answer (a 200 that crosses is acknowledged and ended).
    Hangup(Cause),
}

/// What becomes of a transfer, for whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferEvent {
    /// The target alerts.
    Ringing,
    /// The target has answered and is connected; the leg is hung up next.
    Done,
    /// Nobody was connected, for this reason; the leg has whom it had.
    Failed(Cause),
}

/// What whoever judges answers is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgeCommand {
    /// Listen to a leg from now on; answered by [`crate::Input::Judged`] once.
    Start {
        /// Who has answered.
        leg: LegId,
        /// A machine is told when its greeting is over, not before.
        awaits_end: bool,
    },
    /// Do not listen any more; nothing follows.
    Stop(LegId),
}

/// A recording within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeId(pub u32);

/// What the recorder is asked to do. Commands that come too late are no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingCommand {
    /// Record a leg; answered by [`crate::RecordingEvent`]s of this take.
    Start {
        /// What the answers are told apart by.
        take: TakeId,
        /// Whose audio.
        leg: LegId,
        /// Who is heard on the other side, as they say it; none: whatever the leg hears.
        with: Option<LegId>,
        /// How.
        terms: RecordingTerms,
    },
    /// Let it wait.
    Pause(TakeId, PauseMode),
    /// Let it go on.
    Resume(TakeId),
    /// End it.
    Stop(TakeId),
}

/// How a leg is recorded. Its `Debug` leaves out the URL, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordingTerms {
    /// What asked for it.
    pub source: RecordingSource,
    /// Of whom.
    pub channels: RecordedChannels,
    /// Silence at both ends is cut off, and nothing is kept where nothing was said.
    pub trims_silence: bool,
    /// Who is told when it is ready or has failed, absolute.
    pub status_callback: Option<String>,
}

impl fmt::Debug for RecordingTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingTerms({:?}, {:?}, trims silence: {})", self.source, self.channels, self.trims_silence)
    }
}

/// What asked for a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingSource {
    /// The call as a whole.
    Call,
    /// A `dial`.
    Dial,
    /// A `record`.
    Record,
    /// A conference.
    Conference,
}

impl RecordingSource {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Call, Self::Dial, Self::Record, Self::Conference];

    /// Its name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Dial => "dial",
            Self::Record => "record",
            Self::Conference => "conference",
        }
    }

    /// The source of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|source| source.as_str() == name)
    }
}

/// Whose audio a recording holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedChannels {
    /// What the leg says.
    Said,
    /// What it says and hears, in one channel.
    Mixed,
    /// What it says on the left, what it hears on the right.
    Dual,
}

impl From<Channels> for RecordedChannels {
    fn from(channels: Channels) -> Self {
        match channels {
            Channels::Mixed => Self::Mixed,
            Channels::Dual => Self::Dual,
        }
    }
}

/// One stay in a conference within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StayId(pub u32);

/// What a conference is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConferenceCommand {
    /// Let a leg in; answered by [`crate::ConferenceEvent`]s of this stay.
    Enter {
        /// What the answers are told apart by.
        stay: StayId,
        /// Who.
        leg: LegId,
        /// Into which one, and how.
        terms: ConferenceTerms,
    },
    /// Let it out again; nothing follows. A call that ends leaves by itself.
    Leave(StayId),
    /// Let the recording that this call asked for wait, or go on.
    PauseRecording(StayId, Option<PauseMode>),
}

/// How a leg is in a conference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConferenceTerms {
    /// The conference's name within its workspace.
    pub name: String,
    /// By what the party is named beside its call.
    pub label: Option<String>,
    /// When the others hear a beep.
    pub beep: Beep,
    /// The conference begins with it at the latest.
    pub start_on_enter: bool,
    /// The conference is over when it leaves.
    pub end_on_exit: bool,
    /// How many may be in it, this leg included.
    pub max_participants: u32,
    /// It hears and is not heard.
    pub muted: bool,
    /// The call that it coaches, by which alone it is heard.
    pub coach: Option<CallId>,
    /// The conference is recorded from here on.
    pub record: bool,
    /// Who is told when its recording is ready or has failed, absolute.
    pub recording_status_callback: Option<String>,
    /// Who is told of the conference itself, which outlives the call: the first party's who names somebody.
    pub status: Option<ConferenceStatus>,
}

/// Who is told of a conference as a whole. Its `Debug` leaves out the URL, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ConferenceStatus {
    /// Absolute.
    pub url: String,
    /// That it begins.
    pub tells_start: bool,
    /// That it is over.
    pub tells_end: bool,
}

impl fmt::Debug for ConferenceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConferenceStatus(start: {}, end: {})", self.tells_start, self.tells_end)
    }
}

/// One place in a queue within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceId(pub u32);

/// What a queue is asked to do. Answered by [`crate::QueueEvent`]s of the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueCommand {
    /// Let a leg wait.
    Wait {
        /// What the answers are told apart by.
        place: PlaceId,
        /// Who.
        leg: LegId,
        /// In which one, by its name within its workspace.
        name: String,
        /// How many may wait, this leg included.
        max_size: u32,
    },
    /// Connect a leg with whoever has waited longest, or is the next to come.
    Take {
        /// What the answers are told apart by.
        place: PlaceId,
        /// Who takes.
        leg: LegId,
        /// Out of which one.
        name: String,
        /// Whether it waits for the next to come where nobody waits.
        waits: bool,
    },
    /// Give the place up, waiting or talking; nothing follows. A call that ends does so by itself.
    Leave(PlaceId),
}

/// One media stream within its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(pub u32);

/// What a media stream is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCommand {
    /// Open it; answered by [`crate::StreamEvent`]s.
    Open {
        /// What the answers are told apart by.
        stream: StreamId,
        /// Whose audio it is.
        leg: LegId,
        /// To where, and how.
        terms: StreamTerms,
    },
    /// The party pressed a key.
    Press(StreamId, Key),
    /// Close it; what is told of it afterwards concerns nobody. A call that ends closes its streams by itself.
    Close(StreamId),
}

/// How a leg is connected with a WebSocket. Its `Debug` leaves out where to and with what, which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamTerms {
    /// `wss://…`, as the customer wrote it.
    pub url: String,
    /// Whose audio is sent.
    pub track: Track,
    /// What the server sends is heard.
    pub bidirectional: bool,
    /// Told to the server when it begins.
    pub parameters: BTreeMap<String, String>,
}

impl fmt::Debug for StreamTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamTerms({:?}, bidirectional: {})", self.track, self.bidirectional)
    }
}

/// How an unanswered caller is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Final SIP status, 400 to 699.
    pub status: u16,
    /// Code of the error catalogue, for `X-Sautikit-Error`.
    pub code: Option<&'static str>,
}

/// What the media engine is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// Connect the audio of two legs, both ways.
    Join(LegId, LegId),
    /// Undo a `Join`.
    Split(LegId, LegId),
    /// Play an asset `loops` times (0: until [`MediaCommand::Flush`]); answered by [`crate::MediaEvent::PlayEnded`]. Each is
    /// played by one command only.
    Play {
        /// Who hears it.
        leg: LegId,
        /// What.
        asset: AssetId,
        /// How often.
        loops: u32,
    },
    /// Play a tone, until [`MediaCommand::Flush`] unless it ends by itself.
    Tone(LegId, Tone),
    /// Stop and forget whatever is being played to the leg.
    Flush(LegId),
    /// Report silence of the leg that lasts so long, in milliseconds, as [`crate::MediaEvent::Silence`]; `None`: no more.
    Detect(LegId, Option<u32>),
    /// Press a key towards the leg.
    Press(LegId, Key),
}

/// Tones; the media engine knows each country's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The far end is alerting, as it sounds in a country (ISO 3166-1 alpha-2, upper case) or in the call's own; repeats.
    Ringback(Option<[u8; 2]>),
    /// A conference has not begun; repeats.
    Hold,
    /// The customer's server is slow; repeats.
    Waiting,
    /// One short beep over what is heard: the money ends in a minute.
    Beep,
}

/// A file to fetch and read. Its `Debug` leaves out the URL, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// What it is called once it is there.
    pub asset: AssetId,
    /// Absolute.
    pub url: String,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?})", self.asset)
    }
}

/// A text to turn into speech. Its `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is called once spoken.
    pub asset: AssetId,
    /// The words.
    pub text: String,
    /// The words with tags of SSML, where they have some.
    pub markup: Option<String>,
    /// Voice name; "default" leaves it to the provider.
    pub voice: String,
    /// BCP 47 tag.
    pub language: String,
    /// Speed in percent of the voice's own.
    pub rate_percent: u16,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({:?}, {} chars, {})", self.asset, self.text.chars().count(), self.language)
    }
}
