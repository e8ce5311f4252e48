//! A call's timeline as stretches: entries that begin and end the same thing are one of them, everything else is a moment.
//! Pure; the axis draws them (`call_axis`), the list reads them (`call_timeline`), the inspector opens them
//! (`call_inspector`).

use crate::format;
use sautikit_api::calls::CallEvent;
use serde_json::Value;

/// What a stretch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The customer's server is asked, until it answers or does not.
    Callback,
    /// An action runs.
    Verb,
    /// A leg is recorded.
    Recording,
    /// A recording waits.
    Pause,
    /// A party has put us on hold.
    Hold,
    /// The connection to a leg is away.
    Loss,
    /// A media stream is connected.
    Stream,
    /// Nothing lasts: one entry.
    Moment,
}

/// Which entries begin and end a kind, and the member of their data by which two of the same kind are told apart.
const PAIRS: [(Kind, &str, &[&str], Option<&str>); 7] = [
    (Kind::Callback, "callback.sent", &["callback.answered", "callback.failed"], None),
    (Kind::Verb, "verb.started", &["verb.ended"], Some("verb")),
    (Kind::Recording, "recording.started", &["recording.ended", "recording.failed"], Some("recording_id")),
    (Kind::Pause, "recording.paused", &["recording.resumed"], Some("recording_id")),
    (Kind::Hold, "leg.held", &["leg.resumed"], Some("leg")),
    (Kind::Loss, "leg.lost", &["leg.back"], Some("leg")),
    (Kind::Stream, "stream.started", &["stream.ended"], Some("stream")),
];

/// Ends that no entry of their own tells: a party that leaves is no longer on hold.
const OVER_WITH: [(&str, Kind, &str); 4] = [
    ("leg.ended", Kind::Hold, "leg"),
    ("leg.ended", Kind::Loss, "leg"),
    ("recording.ended", Kind::Pause, "recording_id"),
    ("recording.failed", Kind::Pause, "recording_id"),
];

/// One stretch or moment of a call.
#[derive(Debug, Clone)]
pub(super) struct Span<'a> {
    pub(super) kind: Kind,
    /// The entry that began it.
    pub(super) begin: &'a CallEvent,
    /// The entry that ended it, where one did.
    pub(super) end: Option<&'a CallEvent>,
    /// Microseconds UTC.
    pub(super) from_us: i64,
    /// Microseconds UTC: the begin again for a moment, the moment that the page shows for what has not ended.
    pub(super) to_us: i64,
    /// Nothing has ended it yet.
    pub(super) is_open: bool,
}

impl Span<'_> {
    /// Name of its place on the page, unique within the call.
    pub(super) fn anchor(&self) -> String {
        format!("entry-{}", self.begin.sequence)
    }

    /// The leg that it is of, by its number within the call.
    pub(super) fn leg(&self) -> Option<i64> {
        self.begin.data.get("leg")?.as_i64()
    }

    /// How long it lasted; none for a moment and for what goes on.
    pub(super) fn lasted_us(&self) -> Option<i64> {
        (self.kind != Kind::Moment && !self.is_open).then(|| self.to_us - self.from_us)
    }

    /// The entry that says how it came out.
    pub(super) fn outcome(&self) -> &CallEvent {
        self.end.unwrap_or(self.begin)
    }
}

/// When an entry happened, in microseconds UTC.
pub(super) fn at_us(event: &CallEvent) -> i64 {
    format::micros(&event.occurred_at).unwrap_or_default()
}

/// The entries in the order in which they happened, which is not always the one in which they were written down.
pub(super) fn in_order(events: &[CallEvent]) -> Vec<&CallEvent> {
    let mut ordered: Vec<&CallEvent> = events.iter().collect();
    ordered.sort_by_key(|event| (at_us(event), event.sequence));
    ordered
}

/// The stretches and moments in the order of their beginnings; what has not ended is shown until `until_us`.
pub(super) fn spans(events: &[CallEvent], until_us: i64) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::with_capacity(events.len());
    for event in in_order(events) {
        let at = at_us(event);
        for (kind, member) in
            OVER_WITH.iter().filter(|(over, ..)| *over == event.kind).map(|(_, kind, key)| (kind, key))
        {
            let over = spans.iter_mut().filter(|span| span.is_open && span.kind == *kind);
            for span in over.filter(|span| is_same(&span.begin.data, &event.data, Some(member))) {
                (span.to_us, span.is_open) = (at, false);
            }
        }
        let ended =
            PAIRS.iter().filter(|(_, _, ends, _)| ends.contains(&event.kind.as_str())).find_map(|(kind, _, _, key)| {
                let began = |span: &Span<'_>| span.is_open && span.kind == *kind;
                spans.iter().position(|span| began(span) && is_same(&span.begin.data, &event.data, *key))
            });
        if let Some(began) = ended.and_then(|place| spans.get_mut(place)) {
            (began.to_us, began.is_open, began.end) = (at, false, Some(event));
            continue;
        }
        let kind = PAIRS.iter().find(|(_, begins, ..)| *begins == event.kind).map_or(Kind::Moment, |(kind, ..)| *kind);
        let is_open = kind != Kind::Moment;
        let to_us = if is_open { until_us.max(at) } else { at };
        spans.push(Span { kind, begin: event, end: None, from_us: at, to_us, is_open });
    }
    spans
}

fn is_same(begin: &Value, end: &Value, member: Option<&str>) -> bool {
    member.is_none_or(|member| begin.get(member) == end.get(member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sautikit_api::ids::CallEventId;
    use serde_json::json;

    fn event(sequence: i64, millis: i64, kind: &str, data: Value) -> CallEvent {
        let occurred_at = format!("2026-11-21T09:31:{:02}.{:03}Z", millis / 1_000, millis % 1_000);
        CallEvent { id: CallEventId(Default::default()), sequence, kind: kind.to_owned(), occurred_at, data }
    }

    #[test]
    fn a_question_and_its_answer_are_one_stretch() {
        let events = [
            event(1, 0, "callback.sent", json!({})),
            event(2, 84, "callback.answered", json!({"ms": 84})),
            event(3, 90, "callback.sent", json!({})),
            event(4, 10_090, "callback.failed", json!({"code": "call.callback_timeout"})),
        ];
        let spans = spans(&events, 0);
        let lasted: Vec<_> = spans.iter().map(|span| (span.kind, span.lasted_us(), span.outcome().sequence)).collect();
        assert_eq!(lasted, [(Kind::Callback, Some(84_000), 2), (Kind::Callback, Some(10_000_000), 4)]);
    }

    #[test]
    fn an_answer_that_was_written_down_before_its_question_follows_it() {
        let events = [
            event(2, 500, "callback.sent", json!({"final": true})),
            event(1, 584, "callback.answered", json!({"ms": 84})),
        ];
        let reversed = [events[1].clone(), events[0].clone()];
        assert_eq!(spans(&reversed, 0).len(), 1);
    }

    #[test]
    fn two_legs_on_hold_are_told_apart_and_who_leaves_is_held_no_more() {
        let events = [
            event(1, 0, "leg.held", json!({"leg": 1})),
            event(2, 10, "leg.held", json!({"leg": 2})),
            event(3, 30, "leg.resumed", json!({"leg": 2})),
            event(4, 50, "leg.ended", json!({"leg": 1})),
        ];
        let spans = spans(&events, at_us(&events[3]) + 9_000);
        let ends: Vec<_> = spans.iter().map(|span| (span.leg(), span.lasted_us(), span.is_open)).collect();
        assert_eq!(ends, [(Some(1), Some(50_000), false), (Some(2), Some(20_000), false), (Some(1), None, false)]);
    }

    #[test]
    fn what_goes_on_is_shown_until_now_and_an_end_without_a_beginning_is_a_moment() {
        let events =
            [event(1, 0, "verb.ended", json!({"verb": "say"})), event(2, 10, "verb.started", json!({"verb": "dial"}))];
        let until = at_us(&events[1]) + 5_000_000;
        let spans = spans(&events, until);
        assert_eq!((spans[0].kind, spans[0].is_open), (Kind::Moment, false));
        assert_eq!((spans[1].to_us, spans[1].is_open, spans[1].lasted_us()), (until, true, None));
    }
}
