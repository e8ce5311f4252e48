//! The verbs: one file each, with what it does at its start and on every signal until it is done.

mod conference;
mod dequeue;
mod dial;
mod enqueue;
mod get_digits;
mod hangup;
mod heard;
mod pause;
mod record;
mod redirect;
mod reject;
mod send_digits;
mod stop_stream;
mod stream;

use sautikit_api::actions::{Action, Prompt};
use serde_json::{Value, json};

use crate::{cause::Cause, output::LegId, shared::Shared, signal::Signal, target::Target};

/// Whether a verb goes on.
pub(crate) enum Flow {
    /// It waits for signals.
    Stay,
    /// It is over.
    Done(Done),
}

/// How a verb ended.
pub(crate) struct Done {
    /// For the timeline.
    pub(crate) outcome: &'static str,
    /// Details for the timeline, an object.
    pub(crate) details: Value,
    /// What comes next.
    pub(crate) then: Then,
}

pub(crate) enum Then {
    /// The next action.
    Next,
    /// This URL's answer replaces what is left.
    Ask(String),
    /// The call is over.
    End(Cause),
}

impl Flow {
    pub(crate) fn done(outcome: &'static str, then: Then) -> Self {
        Self::Done(Done { outcome, details: json!({}), then })
    }

    pub(crate) fn done_with(outcome: &'static str, details: Value, then: Then) -> Self {
        Self::Done(Done { outcome, details, then })
    }
}

/// The verb that runs.
pub(crate) enum Verb {
    Heard(heard::Heard),
    GetDigits(Box<get_digits::GetDigits>),
    Dial(Box<dial::Dial>),
    Conference(Box<conference::Conference>),
    Enqueue(Box<enqueue::Enqueue>),
    Dequeue(Box<dequeue::Dequeue>),
    Record(Box<record::Record>),
    SendDigits(send_digits::SendDigits),
    Stream(Box<stream::Stream>),
    Pause,
    /// One of the verbs that are over as soon as they start.
    Instant,
}

impl Verb {
    pub(crate) fn start(shared: &mut Shared, action: Action) -> (Self, Flow) {
        match action {
            Action::Say(say) => heard::start(shared, Prompt::Say(say)),
            Action::Play(play) => heard::start(shared, Prompt::Play(play)),
            Action::GetDigits(get_digits) => get_digits::start(shared, get_digits),
            Action::Dial(dial) => dial::start(shared, dial),
            Action::Conference(conference) => conference::start(shared, conference),
            Action::Enqueue(enqueue) => enqueue::start(shared, enqueue),
            Action::Dequeue(dequeue) => dequeue::start(shared, dequeue),
            // There is no queue to leave here.
            Action::Leave(_) => (Self::Instant, Flow::done("not_in_a_queue", Then::Next)),
            Action::Record(record) => record::start(shared, record),
            Action::Stream(stream) => stream::start(shared, stream),
            Action::StopStream(stop) => (Self::Instant, stop_stream::start(shared, &stop)),
            Action::SendDigits(digits) => send_digits::start(shared, &digits),
            Action::Pause(pause) => (Self::Pause, pause::start(shared, &pause)),
            Action::Redirect(redirect) => (Self::Instant, redirect::start(redirect)),
            Action::Reject(reject) => (Self::Instant, reject::start(shared, &reject)),
            Action::Hangup(_) => (Self::Instant, hangup::start(shared)),
        }
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match self {
            Self::Heard(heard) => heard.on(shared, signal),
            Self::GetDigits(get_digits) => get_digits.on(shared, signal),
            Self::Dial(dial) => dial.on(shared, signal),
            Self::Conference(conference) => conference.on(shared, signal),
            Self::Enqueue(enqueue) => enqueue.on(shared, signal),
            Self::Dequeue(dequeue) => dequeue.on(shared, signal),
            Self::Record(record) => record.on(shared, signal),
            Self::Stream(stream) => stream.on(shared, signal),
            Self::SendDigits(digits) => digits.on(shared, signal),
            Self::Pause => pause::on(signal),
            Self::Instant => Flow::Stay,
        }
    }

    /// Has the leg that this one talks with connected with somebody else; false where it talks with nobody.
    pub(crate) fn transfer(&mut self, shared: &mut Shared, leg: LegId, target: Target) -> bool {
        match self {
            Self::Dial(dial) => dial.transfer(shared, leg, target),
            _ => false,
        }
    }

    /// Whether the leg talks with another one of the call.
    pub(crate) fn talks(&self, leg: LegId) -> bool {
        matches!(self, Self::Dial(dial) if dial.talks(leg))
    }

    /// Lets go of a leg that talks, so that who is left goes on as the call's party.
    pub(crate) fn hand_over(self, shared: &mut Shared, leg: LegId) {
        if let Self::Dial(dial) = self {
            dial.hand_over(shared, leg);
        }
    }

    /// The call is over: what of it waits for an answer has its end on the timeline.
    pub(crate) fn abandon(self, shared: &mut Shared) {
        match self {
            Self::Enqueue(enqueue) => enqueue.abandon(shared),
            Self::Conference(conference) => conference.abandon(shared),
            Self::Dial(dial) => dial.abandon(shared),
            _ => {}
        }
    }

    /// Ends it where it stands, because new actions take over: nothing of it is heard, rings or counts time afterwards. A call
    /// that ends has no need of this, because its legs end with it.
    pub(crate) fn cancel(self, shared: &mut Shared) {
        match self {
            Self::Heard(heard) => heard.cancel(shared),
            Self::GetDigits(get_digits) => get_digits.cancel(shared),
            Self::Dial(dial) => dial.cancel(shared),
            Self::Conference(conference) => conference.cancel(shared),
            Self::Enqueue(enqueue) => enqueue.cancel(shared),
            Self::Dequeue(dequeue) => dequeue.cancel(shared),
            Self::Record(record) => record.cancel(shared),
            Self::Stream(stream) => stream.cancel(shared),
            Self::SendDigits(digits) => digits.cancel(shared),
            Self::Pause => pause::cancel(shared),
            Self::Instant => {}
        }
    }
}
