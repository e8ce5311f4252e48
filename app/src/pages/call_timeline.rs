//! The timeline of one call as a list: a line for each stretch or moment in the order in which they began, with its time to
//! the millisecond, its plain facts and how long it took. A line opens its details (`call_inspector`).

use super::call_spans::{Kind, Span};
use crate::{
    components::{Empty, Glyph, Moment},
    format,
    i18n::{CallsText, Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::calls::CallEvent;
use serde_json::Value;

/// Facts that one entry shows beside its title; the rest stands in its details.
const FACTS_SHOWN: usize = 6;

/// What happened, in the order in which it began.
pub(super) fn call_timeline(events: &[CallEvent], spans: &[Span<'_>], lang: Lang) -> AnyView {
    let text = &lang.text().calls;
    if spans.is_empty() {
        return view! { <Empty glyph=Glyph::Calls title=text.timeline_none text=""/> }.into_any();
    }
    let parties = parties(events);
    let items = spans.iter().map(|span| {
        let kind = &span.outcome().kind;
        let class = match (is_good(kind), is_bad(kind)) {
            (_, true) => "timeline__item timeline__item--bad",
            (true, false) => "timeline__item timeline__item--good",
            _ => "timeline__item",
        };
        let took = span.lasted_us().map(format::span);
        let facts = span_facts(span, &parties, lang).into_iter().take(FACTS_SHOWN);
        view! {
            <li class=class>
                <div class="timeline__time"><Moment at=span.begin.occurred_at.clone() lang exact=true/></div>
                <div>
                    <div class="timeline__title"><a href=format!("#{}", span.anchor())>{headline(span, lang)}</a>{took.map(|took| view! { <span class="timeline__took figure">{took}</span> })}</div>
                    <div class="timeline__facts">{facts.map(|(key, value)| view! { <span>{key}" "<b>{value}</b></span> }).collect_view()}</div>
                </div>
            </li>
        }
    });
    view! { <ol class="timeline">{items.collect_view()}</ol> }.into_any()
}

/// What a stretch or moment is called.
pub(super) fn headline(span: &Span<'_>, lang: Lang) -> String {
    let text = &lang.text().axis;
    match span.kind {
        Kind::Verb => fill(text.action, span.begin.data.get("verb").and_then(Value::as_str).unwrap_or_default()),
        Kind::Recording => match span.outcome().kind.as_str() {
            "recording.failed" => title(&lang.text().calls, "recording.failed"),
            _ => text.recording.to_owned(),
        },
        Kind::Pause => text.paused.to_owned(),
        Kind::Hold => text.held.to_owned(),
        Kind::Loss => text.lost.to_owned(),
        Kind::Stream => text.stream.to_owned(),
        Kind::Callback | Kind::Moment => title(&lang.text().calls, &span.outcome().kind),
    }
}

/// The plain facts of a stretch's beginning and end, each once; how long it took stands elsewhere.
pub(super) fn span_facts(span: &Span<'_>, parties: &[(i64, String)], lang: Lang) -> Vec<(String, String)> {
    let mut shown = facts(&span.begin.data, parties, lang);
    for fact in span.end.map(|end| facts(&end.data, parties, lang)).unwrap_or_default() {
        if !shown.iter().any(|(key, _)| *key == fact.0) {
            shown.push(fact);
        }
    }
    // The title says which action it is.
    let text = &lang.text().facts;
    shown.retain(|(key, _)| !(span.kind == Kind::Verb && key == text.verb || span.end.is_some() && key == text.took));
    shown
}

/// Who each leg is, by its number: told once, when the leg begins.
pub(super) fn parties(events: &[CallEvent]) -> Vec<(i64, String)> {
    let told = events.iter().filter_map(|event| {
        let party = ["target", "from", "identity"].iter().find_map(|key| event.data.get(key)?.as_str())?;
        Some((event.data.get("leg")?.as_i64()?, party.to_owned()))
    });
    told.collect()
}

/// The members that are plain values, as key and text: amounts and durations as people write them, legs by their party.
fn facts(data: &Value, parties: &[(i64, String)], lang: Lang) -> Vec<(String, String)> {
    let Some(members) = data.as_object() else { return Vec::new() };
    let currency = data.get("currency").and_then(Value::as_str).unwrap_or_default();
    let readable = members.iter().filter_map(|(key, value)| match (key.as_str(), value) {
        // A body is a document of its own, which the details show.
        ("currency" | "body" | "body_bytes", _) | (_, Value::Null | Value::Array(_) | Value::Object(_)) => None,
        ("leg", number) if members.contains_key("target") => {
            number.is_string().then(|| (words(key, lang), number.to_string()))
        }
        ("leg", Value::Number(number)) => {
            let party = parties.iter().find(|(leg, _)| number.as_i64() == Some(*leg));
            party.map(|(_, party)| (String::new(), party.clone()))
        }
        (key, Value::Number(number)) => Some(quantity(key, number.as_i64(), &number.to_string(), currency, lang)),
        (key, Value::String(text)) => Some((words(key, lang), text.clone())),
        (key, Value::Bool(flag)) => Some((words(key, lang), flag.to_string())),
    });
    readable.collect()
}

fn quantity(key: &str, number: Option<i64>, as_is: &str, currency: &str, lang: Lang) -> (String, String) {
    if let (Some(minor), Some(name), false) = (number, key.strip_suffix("_minor"), currency.is_empty()) {
        return (words(name, lang), format::money(minor, currency));
    }
    if let (Some(seconds), Some(name)) = (number, key.strip_suffix("_seconds")) {
        return (words(name, lang), format::duration(seconds));
    }
    if let Some(name) = key.strip_suffix("_ms") {
        return (words(name, lang), format!("{as_is} ms"));
    }
    (words(key, lang), as_is.to_owned())
}

fn words(key: &str, lang: Lang) -> String {
    lang.text().facts.named(key).map_or_else(|| key.replace('_', " "), str::to_owned)
}

/// Kinds of entries with their words: those that there are, and a lookup.
macro_rules! kinds {
    ($($kind:literal => $words:ident,)*) => {
        /// The kinds of entries of a call's timeline, which its stream names its events by.
        pub const TIMELINE_KINDS: &[&str] = &[$($kind,)*];

        fn known(text: &'static CallsText, kind: &str) -> Option<&'static str> {
            match kind {
                $($kind => Some(text.$words),)*
                _ => None,
            }
        }
    };
}

kinds! {
    "call.ringing" => event_call_ringing,
    "call.answered" => event_call_answered,
    "call.completed" => event_call_completed,
    "call.failed" => event_call_failed,
    "call.billed" => event_call_billed,
    "leg.dialing" => event_leg_dialing,
    "leg.ringing" => event_leg_ringing,
    "leg.early_media" => event_leg_early_media,
    "leg.answered" => event_leg_answered,
    "leg.bridged" => event_leg_bridged,
    "leg.held" => event_leg_held,
    "leg.resumed" => event_leg_resumed,
    "leg.transferred" => event_leg_transferred,
    "transfer.started" => event_transfer_started,
    "transfer.failed" => event_transfer_failed,
    "leg.lost" => event_leg_lost,
    "leg.back" => event_leg_back,
    "leg.ended" => event_leg_ended,
    "verb.started" => event_verb_started,
    "verb.ended" => event_verb_ended,
    "callback.sent" => event_callback_sent,
    "callback.answered" => event_callback_answered,
    "callback.failed" => event_callback_failed,
    "callback.retried" => event_callback_retried,
    "call.callback_failed" => event_call_callback_failed,
    "media.timeout" => event_media_timeout,
    "call.media_silent" => event_call_media_silent,
    "machine.judged" => event_machine_judged,
    "conference.waiting" => event_conference_waiting,
    "conference.joined" => event_conference_joined,
    "conference.changed" => event_conference_changed,
    "queue.waiting" => event_queue_waiting,
    "queue.connected" => event_queue_connected,
    "recording.started" => event_recording_started,
    "recording.paused" => event_recording_paused,
    "recording.resumed" => event_recording_resumed,
    "recording.ended" => event_recording_ended,
    "recording.failed" => event_recording_failed,
    "stream.started" => event_stream_started,
    "stream.ended" => event_stream_ended,
    "stream.failed" => event_stream_failed,
    "play.failed" => event_play_failed,
    "speech.fallback" => event_speech_fallback,
    "speech.failed" => event_speech_failed,
    "actions.warning" => event_actions_warning,
    "actions.replaced" => event_actions_replaced,
    "money.warning" => event_money_warning,
}

/// The kind in words; one that the catalogue does not have is shown with its own, dots and underscores as spaces.
fn title(text: &'static CallsText, kind: &str) -> String {
    known(text, kind).map_or_else(|| sentence(&kind.replace(['.', '_'], " ")), ToOwned::to_owned)
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether an entry tells of something that went well.
pub(super) fn is_good(kind: &str) -> bool {
    kind.ends_with(".answered") || kind.ends_with(".completed")
}

/// Whether an entry tells of something that did not.
pub(super) fn is_bad(kind: &str) -> bool {
    let words = ["failed", "timeout", "busy", "no_answer", "unavailable", "invalid"];
    words.iter().any(|word| kind.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_values_stand_beside_the_title() {
        let data = serde_json::json!({ "sip_status": 486, "cause": "busy", "legs": [1], "none": null });
        let shown = [("cause".to_owned(), "busy".to_owned()), ("sip status".to_owned(), "486".to_owned())];
        assert_eq!(facts(&data, &[], Lang::English), shown);
    }

    #[test]
    fn amounts_durations_and_parties_are_written_for_people() {
        let billed = serde_json::json!({ "cost_minor": 235, "currency": "KES", "duration_seconds": 47, "wait_ms": 12 });
        let texts: Vec<String> =
            facts(&billed, &[], Lang::English).into_iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(texts, ["cost KES 2.35", "duration 0:47", "wait 12 ms"]);
        let names: Vec<String> = facts(&billed, &[], Lang::Swahili).into_iter().map(|(key, _)| key).collect();
        assert_eq!(names, ["gharama", "muda", "kusubiri"]);
        let ringing = serde_json::json!({ "leg": 1 });
        assert_eq!(
            facts(&ringing, &[(1, "+254722000042".to_owned())], Lang::English),
            [(String::new(), "+254722000042".to_owned())]
        );
    }

    #[test]
    fn unknown_kinds_are_still_readable() {
        assert_eq!(title(&crate::i18n::Lang::English.text().calls, "media.first_packet"), "Media first packet");
        assert!(is_bad("call.callback_failed") && !is_good("call.callback_failed") && is_good("callback.answered"));
    }
}
