//! The timeline of one call: each event with its time, its plain facts, and its raw data on demand.

use crate::{
    components::{Empty, Glyph, Moment, Tone},
    i18n::{CallsText, Lang},
};
use leptos::prelude::*;
use sautikit_api::calls::CallEvent;
use serde_json::Value;

/// Facts that one entry shows beside its title; the rest stands in the raw data.
const FACTS_SHOWN: usize = 6;

/// The events in the order they happened.
pub(super) fn call_timeline(events: Vec<CallEvent>, lang: Lang) -> AnyView {
    let text = &lang.text().calls;
    if events.is_empty() {
        return view! { <Empty glyph=Glyph::Calls title=text.timeline_none text=""/> }.into_any();
    }
    let items = events.into_iter().map(|event| {
        let class = match tone(&event.kind) {
            Tone::Good => "timeline__item timeline__item--good",
            Tone::Bad => "timeline__item timeline__item--bad",
            _ => "timeline__item",
        };
        let raw = serde_json::to_string_pretty(&event.data).unwrap_or_default();
        let has_data = event.data.as_object().is_some_and(|members| !members.is_empty());
        view! {
            <li class=class>
                <div class="timeline__time"><Moment at=event.occurred_at lang clock=true/></div>
                <div>
                    <div class="timeline__title">{title(text, &event.kind)}</div>
                    <div class="timeline__facts">{scalars(&event.data).into_iter().map(|(key, value)| view! { <span>{key}" "<b>{value}</b></span> }).collect_view()}</div>
                    {has_data.then(|| view! { <details><summary>{text.raw}</summary><pre>{raw}</pre></details> })}
                </div>
            </li>
        }
    });
    view! { <ol class="timeline">{items.collect_view()}</ol> }.into_any()
}

/// The kind in words; one that the catalogue does not have is shown with its own, dots and underscores as spaces.
fn title(text: &'static CallsText, kind: &str) -> String {
    let known = match kind {
        "call.ringing" => text.event_call_ringing,
        "call.answered" => text.event_call_answered,
        "call.completed" => text.event_call_completed,
        "call.failed" => text.event_call_failed,
        "call.billed" => text.event_call_billed,
        "leg.dialing" => text.event_leg_dialing,
        "leg.ringing" => text.event_leg_ringing,
        "leg.early_media" => text.event_leg_early_media,
        "leg.answered" => text.event_leg_answered,
        "leg.held" => text.event_leg_held,
        "leg.resumed" => text.event_leg_resumed,
        "leg.lost" => text.event_leg_lost,
        "leg.back" => text.event_leg_back,
        "leg.ended" => text.event_leg_ended,
        "verb.started" => text.event_verb_started,
        "verb.ended" => text.event_verb_ended,
        "callback.sent" => text.event_callback_sent,
        "callback.answered" => text.event_callback_answered,
        "callback.failed" => text.event_callback_failed,
        "money.warning" => text.event_money_warning,
        other => return sentence(&other.replace(['.', '_'], " ")),
    };
    known.to_owned()
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn tone(kind: &str) -> Tone {
    if kind.ends_with(".answered") || kind.ends_with(".completed") {
        Tone::Good
    } else if ["failed", "timeout", "busy", "no_answer", "unavailable", "invalid"]
        .iter()
        .any(|word| kind.contains(word))
    {
        Tone::Bad
    } else {
        Tone::Neutral
    }
}

/// The members that are plain values, as key and text.
fn scalars(data: &Value) -> Vec<(String, String)> {
    let Some(members) = data.as_object() else { return Vec::new() };
    let readable = members.iter().filter_map(|(key, value)| match value {
        Value::String(text) => Some((key.replace('_', " "), text.clone())),
        Value::Number(number) => Some((key.replace('_', " "), number.to_string())),
        Value::Bool(flag) => Some((key.replace('_', " "), flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    readable.take(FACTS_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_values_stand_beside_the_title() {
        let data = serde_json::json!({ "sip_status": 486, "cause": "busy", "legs": [1], "none": null });
        assert_eq!(
            scalars(&data),
            [("cause".to_owned(), "busy".to_owned()), ("sip status".to_owned(), "486".to_owned())]
        );
    }

    #[test]
    fn unknown_kinds_are_still_readable() {
        assert_eq!(title(&crate::i18n::Lang::English.text().calls, "media.first_packet"), "Media first packet");
        assert!(tone("call.callback_failed") == Tone::Bad);
    }
}
