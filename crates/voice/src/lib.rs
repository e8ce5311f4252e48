//! The call: legs, the action engine and what a call amounts to, without sockets, clock, SIP or RTP.
//!
//! One [`Call`] is one phone call. Its owner feeds it one [`Input`] at a time, with the time it happened at, and
//! drains [`Call::poll`] before the next one; every [`Output`] is an effect for somebody else to carry out: a leg
//! actor, the media engine, the callback client, the speech provider, the record keeper. It sleeps until
//! [`Call::next_timeout`] and feeds [`Input::Timeout`] then. The last output of every call is [`Output::Ended`], exactly
//! once.
//!
//! Reading order: `input` and `output` (the boundary), `call` (the routing), `origin` (how calls begin), `verb`
//! (what actions do), `leg` and `cause` (how things end). Deliberately absent: SIP messages, codecs,
//! prices, storage; those belong to the gateway and the server, which join this crate with theirs.
#![warn(missing_docs)]

mod asking;
mod call;
mod callback;
mod cause;
mod compat;
mod digits;
mod event;
mod facts;
mod farewell;
mod input;
mod leg;
mod leg_status;
mod limits;
mod meter;
mod music;
mod notice;
mod origin;
mod output;
mod phrases;
mod playlist;
mod recording;
mod results;
mod ring_group;
mod script;
mod shared;
mod signal;
mod stream_status;
mod target;
mod timers;
mod verb;
mod waiting;

pub use call::Call;
pub use callback::{
    Answer, Callback, FetchFailure, Fetched, Purpose, Reply, ReplyHeaders, call_params, callback_entry, shown_body,
    shown_url, status_params, warnings_entry,
};
pub use cause::{Cause, CauseKind, DialStatus};
pub use event::{CallEvent, EventName};
pub use facts::{Facts, Origin};
pub use input::{
    ConferenceEvent, Input, Judged, Key, LegEvent, LiveCommand, MediaEvent, Membership, Money, QueueEvent,
    RecordingEvent, SpeechFailure, Standing, StreamEvent,
};
pub use output::{
    AssetId, ConferenceCommand, ConferenceStatus, ConferenceTerms, FetchId, File, JudgeCommand, LegChange, LegCommand,
    LegId, LegState, MediaCommand, Output, PlaceId, QueueCommand, RecordedChannels, RecordingCommand, RecordingSource,
    RecordingTerms, Refusal, StayId, StreamCommand, StreamId, StreamTerms, Summary, TakeId, Text, Tone, TransferEvent,
};
pub use target::{Login, Profile, Target};
