//! The voice-action document: what a customer's server answers a voice callback with.
//!
//! Both notations become the same typed list of [`Action`] before anything runs: JSON ([`parse_json`], and [`parse_list`]
//! for the `actions` of `POST /v1/calls`) and XML ([`parse_xml`]); [`parse_answer`] tells them apart. One verb, one file: its
//! attributes, defaults and bounds, for the readers and for the API's description ([`schemas`]).
//!
//! Reading JSON is strict on purpose: a misspelt attribute that is silently skipped costs its author an afternoon,
//! a refused one costs a minute. XML is what people bring with them, and is read leniently. A verb that no engine runs is an unknown verb. Nothing here runs anything.

mod attributes;
mod conference;
mod described;
mod dial;
mod error;
mod get_digits;
mod hangup;
mod json;
mod machine;
mod pause;
mod play;
mod prompt;
mod queue;
mod record;
mod redirect;
mod reject;
mod say;
mod schema;
mod send_digits;
mod ssml;
mod stop_stream;
mod stream;
mod strict;
mod target;
mod told;
mod xml;

pub use conference::{Beep, Conference};
pub use dial::{Dial, MAX_TARGETS, RingTone};
pub use error::ActionError;
pub use get_digits::{GetDigits, MAX_DIGITS};
pub use hangup::Hangup;
pub use json::{parse_json, parse_list};
pub use machine::MachineDetection;
pub use pause::Pause;
pub use play::Play;
pub use prompt::Prompt;
pub use queue::{Dequeue, Enqueue, Leave};
pub use record::{Channels, EXPECTED as CHANNELS_EXPECTED, Record};
pub use redirect::Redirect;
pub use reject::{Reject, RejectReason};
pub use say::{MAX_TEXT_CHARS, Say};
pub use schema::{ACTIONS, ANSWER, schemas};
pub use send_digits::SendDigits;
pub use stop_stream::StopStream;
pub use stream::{Stream, Track};
pub use target::{Callee, DialTarget};
pub use xml::{Asked, BY_GET, Document, MAX_XML_BYTES, Warning, parse_answer, parse_xml};

use serde::Serialize;

/// Most actions in one answer. An IVR step needs a handful; fifty keeps a runaway template out of memory.
pub const MAX_ACTIONS: usize = 50;

/// Longest URL an attribute may hold, in characters: what common servers accept in a request line.
pub const MAX_URL_CHARS: usize = 2_048;

/// One step of a call, ready to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Speaks a text to the party of the call.
    Say(Say),
    /// Plays an audio file to the party of the call.
    Play(Play),
    /// Collects key presses, with an optional prompt.
    GetDigits(GetDigits),
    /// Calls one or several targets and connects the first that answers.
    Dial(Dial),
    /// Brings the party into a conference.
    Conference(Conference),
    /// Puts the party into a queue.
    Enqueue(Enqueue),
    /// Takes a caller out of a queue.
    Dequeue(Dequeue),
    /// Ends the wait in a queue.
    Leave(Leave),
    /// Keeps what the party says.
    Record(Record),
    /// Connects the call's audio with a WebSocket of the customer's.
    Stream(Stream),
    /// Ends a stream that goes one way.
    StopStream(StopStream),
    /// Presses keys towards the party of the call.
    SendDigits(SendDigits),
    /// Waits.
    Pause(Pause),
    /// Asks another URL for the actions to go on with.
    Redirect(Redirect),
    /// Turns an unanswered inbound call away, free of charge.
    Reject(Reject),
    /// Ends the call.
    Hangup(Hangup),
}

impl Action {
    /// The verbs in the order they are listed to people.
    pub const VERBS: [&'static str; 16] = [
        "say",
        "play",
        "getDigits",
        "dial",
        "conference",
        "enqueue",
        "dequeue",
        "leave",
        "record",
        "stream",
        "stopStream",
        "sendDigits",
        "pause",
        "redirect",
        "reject",
        "hangup",
    ];

    /// Whether this verb may stand first in a list only.
    pub(super) fn is_first_only(verb: &str) -> bool {
        verb == "reject"
    }

    /// The verb as it is written in JSON.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Say(_) => "say",
            Self::Play(_) => "play",
            Self::GetDigits(_) => "getDigits",
            Self::Dial(_) => "dial",
            Self::Conference(_) => "conference",
            Self::Enqueue(_) => "enqueue",
            Self::Dequeue(_) => "dequeue",
            Self::Leave(_) => "leave",
            Self::Record(_) => "record",
            Self::Stream(_) => "stream",
            Self::StopStream(_) => "stopStream",
            Self::SendDigits(_) => "sendDigits",
            Self::Pause(_) => "pause",
            Self::Redirect(_) => "redirect",
            Self::Reject(_) => "reject",
            Self::Hangup(_) => "hangup",
        }
    }
}
