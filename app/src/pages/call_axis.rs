//! A call as lanes along one axis of time: who is in it, what the gateway does, what the customer's server is asked, what it
//! costs. Pure: stretches and moments (`call_spans`) become marks of lanes; `call_axis_layout` places them and
//! `call_axis_drawing` draws them.
//!
//! ```text
//! caller    ▐ringing▐ talking ················▐
//!           ↓INVITE ↑200  ↑ACK              ↓BYE
//!           ▐ MOS 4.3 ··················▐ 3.2 ··▐
//!           ░ recording with its waveform ░
//! gateway        ▐ say ▐▐ dial ·············▐
//! server    ▐200·84 ms▐               ▐200·12 ms▐
//! called              ▐ringing▐ talking ······▐
//! money                                       ◆
//! ```

use super::{
    call_axis_layout::Window,
    call_signals::{self, Signals},
    call_spans::{Kind, Span, at_us, in_order},
    call_timeline::{headline, is_bad, is_good},
};
use crate::{
    format,
    i18n::{AxisText, Lang},
};
use sautikit_api::{
    calls::{Call, CallEvent},
    recordings::Recording,
};
use serde_json::Value;

/// A callback that takes longer is marked, in milliseconds; `call_diagnosis` says why.
pub(super) const SLOW_MS: i64 = 2_000;

/// What a page draws of a call.
#[derive(Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) window: Window,
    /// In the order in which they stand.
    pub(super) lanes: Vec<Lane>,
}

/// Whose a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Caller,
    Gateway,
    Server,
    Callee,
    Money,
}

/// One participant, along all of the call.
#[derive(Debug, PartialEq)]
pub(super) struct Lane {
    pub(super) role: Role,
    /// The leg's number within the call, for those that are parties.
    pub(super) leg: Option<i64>,
    /// The party's number or name; empty for the others.
    pub(super) party: String,
    pub(super) marks: Vec<Mark>,
}

/// One thing that stands in a lane.
#[derive(Debug, PartialEq)]
pub(super) struct Mark {
    /// Microseconds UTC.
    pub(super) from_us: i64,
    /// Microseconds UTC, the begin again for a moment.
    pub(super) to_us: i64,
    pub(super) look: Look,
    /// Stands in the bar, where there is room.
    pub(super) words: String,
    /// What a screen reader says.
    pub(super) says: String,
    /// Where its details are on the page.
    pub(super) anchor: String,
}

/// How a mark looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    /// Of a party's state: these follow each other on the first track of their lane.
    State(&'static str),
    /// Something that takes time.
    Bar(&'static str),
    /// The loudness of a recording's equal parts, 0 to 100; empty while there is none.
    Wave(Vec<u8>),
    /// A moment.
    Point(&'static str),
    /// A SIP message, pointing to the lanes that follow or to those before; whether it refuses something.
    Arrow { forwards: bool, is_bad: bool },
}

/// The lanes of a call with all that happened in them; what has not ended is drawn until `until_us`.
pub(super) fn axis(
    call: &Call,
    events: &[CallEvent],
    spans: &[Span<'_>],
    (recordings, signals): (&[Recording], &Signals),
    until_us: i64,
    lang: Lang,
) -> Axis {
    let began_us = format::micros(&call.started_at).unwrap_or_default();
    let moments = spans.iter().flat_map(|span| [span.from_us, span.to_us]);
    let window = Window::around(moments.chain([began_us]).chain(signals.moments_us()));
    let teller = Teller { window, lang };
    let mut lanes = parties(call, events);
    for lane in &mut lanes {
        lane.marks = states(lane, events, began_us, until_us, &teller);
    }
    let fixed = |role| Lane { role, leg: None, party: String::new(), marks: Vec::new() };
    let after_caller = usize::from(lanes.first().is_some_and(|lane| lane.role == Role::Caller));
    lanes.splice(after_caller..after_caller, [fixed(Role::Gateway), fixed(Role::Server)]);
    lanes.push(fixed(Role::Money));
    for span in spans.iter().filter(|span| !is_state(span)) {
        let wanted = role_of(span);
        let of_leg = span.leg().filter(|_| wanted.is_none());
        let place = lanes.iter().position(|lane| match of_leg {
            Some(leg) => lane.leg == Some(leg),
            None => Some(lane.role) == wanted,
        });
        let place = place.or_else(|| lanes.iter().position(|lane| lane.role == Role::Gateway));
        if let Some(lane) = place.and_then(|place| lanes.get_mut(place)) {
            lane.marks.push(teller.mark(span, recordings));
        }
    }
    // A server that was never asked, and money that never moved, need no lane.
    lanes.retain(|lane| !(matches!(lane.role, Role::Server | Role::Money) && lane.marks.is_empty()));
    let mut axis = Axis { window, lanes };
    call_signals::add(&mut axis, call, signals, lang);
    axis
}

/// The lanes of legs: whoever called us, then whom the call dialled, in that order.
fn parties(call: &Call, events: &[CallEvent]) -> Vec<Lane> {
    let dialled: Vec<(i64, String)> = events
        .iter()
        .filter(|event| event.kind == "leg.dialing")
        .filter_map(|event| Some((event.data.get("leg")?.as_i64()?, text_of(&event.data, "target").to_owned())))
        .collect();
    let called_us = call.direction == "inbound" || call.legs.iter().any(|leg| leg.direction == "inbound");
    let caller = (called_us && !dialled.iter().any(|(leg, _)| *leg == CALLER)).then(|| (CALLER, call.from.clone()));
    let lane = |role| move |(leg, party)| Lane { role, leg: Some(leg), party, marks: Vec::new() };
    caller.into_iter().map(lane(Role::Caller)).chain(dialled.into_iter().map(lane(Role::Callee))).collect()
}

/// The number of the leg that called us.
pub(super) const CALLER: i64 = 0;

/// What a party was doing from when to when.
fn states(lane: &Lane, events: &[CallEvent], began_us: i64, until_us: i64, teller: &Teller) -> Vec<Mark> {
    let text = teller.text();
    let mut marks: Vec<Mark> = Vec::new();
    let ordered = in_order(events);
    // Since when, as what, and where its details are.
    let mut now = match (lane.role, ordered.first()) {
        (Role::Caller, Some(first)) => Some((began_us, "ringing", anchor(first))),
        _ => None,
    };
    let mut close = |now: Option<(i64, &'static str, String)>, to_us: i64| {
        let Some((from_us, state, anchor)) = now.filter(|(from_us, ..)| *from_us < to_us) else { return };
        let words = state_words(text, state);
        let says = teller.says(words, &lane.party, from_us, Some(to_us - from_us));
        marks.push(Mark { from_us, to_us, look: Look::State(state), words: words.to_owned(), says, anchor });
    };
    let of_leg = ordered.into_iter().filter(|event| event.data.get("leg").and_then(Value::as_i64) == lane.leg);
    for event in of_leg {
        let next = match event.kind.as_str() {
            "leg.dialing" => Some("dialling"),
            "leg.ringing" => Some("ringing"),
            "leg.answered" | "leg.resumed" | "leg.back" => Some("talking"),
            "leg.held" => Some("held"),
            "leg.lost" => Some("lost"),
            "leg.ended" => None,
            _ => continue,
        };
        let at = at_us(event);
        // Nothing follows an end, and what rings again has rung all the time.
        if now.is_none() && event.kind != "leg.dialing" || next.is_some_and(|next| is_now(&now, next)) {
            continue;
        }
        close(now.take(), at);
        now = next.map(|state| (at, state, anchor(event)));
    }
    close(now, until_us);
    marks
}

fn is_now(now: &Option<(i64, &'static str, String)>, state: &str) -> bool {
    now.as_ref().is_some_and(|(_, current, _)| *current == state)
}

fn anchor(event: &CallEvent) -> String {
    format!("entry-{}", event.sequence)
}

fn state_words(text: &'static AxisText, state: &str) -> &'static str {
    match state {
        "dialling" => text.dialling,
        "ringing" => text.ringing,
        "talking" => text.talking,
        "held" => text.held,
        _ => text.lost,
    }
}

/// Whether a party's bars show it already.
fn is_state(span: &Span<'_>) -> bool {
    matches!(span.kind, Kind::Hold | Kind::Loss)
        || matches!(
            span.begin.kind.as_str(),
            "leg.dialing" | "leg.ringing" | "leg.answered" | "leg.resumed" | "leg.back"
        )
}

/// Whose lane it stands in, where not its leg's.
fn role_of(span: &Span<'_>) -> Option<Role> {
    match span.begin.kind.split_once('.') {
        _ if span.kind == Kind::Callback => Some(Role::Server),
        Some(("callback", _)) | Some(("call", "callback_failed")) => Some(Role::Server),
        Some(("call", "billed")) | Some(("money", _)) => Some(Role::Money),
        Some(("call" | "verb" | "actions", _)) => Some(Role::Gateway),
        _ if span.leg().is_none() => Some(Role::Gateway),
        _ => None,
    }
}

/// Puts marks into words.
struct Teller {
    window: Window,
    lang: Lang,
}

impl Teller {
    fn text(&self) -> &'static AxisText {
        &self.lang.text().axis
    }

    fn mark(&self, span: &Span<'_>, recordings: &[Recording]) -> Mark {
        let data = &span.outcome().data;
        let title = headline(span, self.lang);
        let (look, words) = match span.kind {
            Kind::Callback => self.callback(span),
            Kind::Verb => (Look::Bar("verb"), text_of(&span.begin.data, "verb").to_owned()),
            Kind::Recording => {
                (Look::Wave(waveform(text_of(&span.begin.data, "recording_id"), recordings)), String::new())
            }
            Kind::Pause => (Look::Bar("paused"), self.text().paused.to_owned()),
            Kind::Stream => (Look::Bar("stream"), self.text().stream.to_owned()),
            Kind::Hold | Kind::Loss | Kind::Moment => (Look::Point(tone(&span.begin.kind, data)), String::new()),
        };
        let says = self.says(&title, &words, span.from_us, span.lasted_us());
        Mark { from_us: span.from_us, to_us: span.to_us, look, words, says, anchor: span.anchor() }
    }

    fn callback(&self, span: &Span<'_>) -> (Look, String) {
        let Some(end) = span.end else { return (Look::Bar("asked"), self.text().no_answer.to_owned()) };
        let ms = end.data.get("ms").and_then(Value::as_i64).unwrap_or_default();
        let status = end.data.get("status").and_then(Value::as_i64).map(|status| status.to_string());
        let words = format!("{} · {}", status.as_deref().unwrap_or(self.text().no_answer), format::span(ms * 1_000));
        let tone = match end.kind.as_str() {
            "callback.failed" => "bad",
            _ if ms >= SLOW_MS => "slow",
            _ => "good",
        };
        (Look::Bar(tone), words)
    }

    /// `Talking, +254722000042, +0.120 s, 12.3 s`: what, whose or how, when, how long.
    fn says(&self, title: &str, words: &str, from_us: i64, lasted_us: Option<i64>) -> String {
        let offset = format::offset(from_us - self.window.from_us());
        let lasted = lasted_us.map(format::span).unwrap_or_default();
        let words = if title.contains(words) { "" } else { words };
        [title, words, offset.as_str(), lasted.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn waveform(recording_id: &str, recordings: &[Recording]) -> Vec<u8> {
    let recording = recordings.iter().find(|recording| recording.id.to_string() == recording_id);
    recording.map(|recording| recording.waveform.clone()).unwrap_or_default()
}

fn tone(kind: &str, data: &Value) -> &'static str {
    match kind {
        "call.billed" => "money",
        "money.warning" | "actions.warning" | "callback.retried" => "slow",
        "leg.ended" => match text_of(data, "cause") {
            "normal_clearing" | "canceled" | "answered_elsewhere" | "api_hangup" => "plain",
            "busy" | "no_answer" | "rejected" | "max_duration" => "slow",
            _ => "bad",
        },
        _ if is_bad(kind) => "bad",
        _ if is_good(kind) => "good",
        _ => "plain",
    }
}

fn text_of<'a>(data: &'a Value, member: &str) -> &'a str {
    data.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
#[path = "call_axis_test.rs"]
mod tests;
