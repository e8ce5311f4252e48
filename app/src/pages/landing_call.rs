//! The call that the start page shows: made up, and drawn by what draws real ones, so that it looks as they do.

use super::{
    call_axis::axis,
    call_axis_drawing::axis_drawing,
    call_diagnosis::call_diagnosis,
    call_signals::Signals,
    call_spans::{at_us, spans},
};
use crate::{components::CallBadge, format, i18n::Lang};
use leptos::prelude::*;
use sautikit_api::calls::{Call, CallEvent};
use serde_json::{Value, json};

const ID: &str = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";

/// A caller, a menu, a server that failed once, a colleague who answered.
fn call() -> Option<Call> {
    let call = json!({ "id": ID, "pbx_call_id": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "direction": "inbound",
        "status": "completed", "from": "+254722000042", "to": "+254700000001", "local_e164": "+254700000001",
        "remote_e164": "+254722000042", "duration_seconds": 24, "cost_minor": 120, "tax_minor": 0, "currency": "KES",
        "hangup_cause": "remote_hangup", "ledger_entry_id": null, "metadata": null, "started_at": "2026-11-21T09:31:00Z",
        "answered_at": "2026-11-21T09:31:02Z", "ended_at": "2026-11-21T09:31:26Z", "legs": [], "recording_status": null,
        "failed_callbacks": 1 });
    serde_json::from_value(call).ok()
}

fn events() -> Vec<CallEvent> {
    let told: [(i64, &str, Value); 19] = [
        (0, "call.ringing", json!({ "leg": 0 })),
        (20, "callback.sent", json!({ "url": "https://shop.example/voice" })),
        (104, "callback.answered", json!({ "ms": 84, "status": 200 })),
        (1_900, "leg.answered", json!({ "leg": 0 })),
        (1_910, "call.answered", json!({})),
        (1_920, "verb.started", json!({ "verb": "getDigits" })),
        (6_400, "verb.ended", json!({ "verb": "getDigits" })),
        (6_410, "callback.sent", json!({ "url": "https://shop.example/menu" })),
        (6_530, "callback.failed", json!({ "ms": 120, "status": 500, "code": "call.callback_failed" })),
        (6_540, "callback.sent", json!({ "url": "https://backup.example/menu" })),
        (6_640, "callback.answered", json!({ "ms": 100, "status": 200 })),
        (6_650, "verb.started", json!({ "verb": "dial" })),
        (6_660, "leg.dialing", json!({ "leg": 1, "target": "client:amina" })),
        (6_900, "leg.ringing", json!({ "leg": 1 })),
        (11_200, "leg.answered", json!({ "leg": 1 })),
        (25_900, "leg.ended", json!({ "leg": 1, "cause": "normal_clearing" })),
        (25_950, "leg.ended", json!({ "leg": 0, "cause": "normal_clearing" })),
        (25_960, "call.completed", json!({ "hangup_cause": "remote_hangup", "duration_seconds": 24 })),
        (26_300, "call.billed", json!({ "cost_minor": 120, "currency": "KES" })),
    ];
    let event = |(place, (millis, kind, data)): (usize, (i64, &str, Value))| {
        let occurred_at = format!("2026-11-21T09:31:{:02}.{:03}Z", millis / 1_000, millis % 1_000);
        let event = json!({ "id": ID, "sequence": place + 1, "kind": kind, "occurred_at": occurred_at, "data": data });
        serde_json::from_value(event).ok()
    };
    told.into_iter().enumerate().filter_map(event).collect()
}

/// The section with it. What can be pressed in a real one can not here.
pub(super) fn shown_call(lang: Lang) -> Option<AnyView> {
    let text = &lang.text().site;
    let (call, events) = (call()?, events());
    let until_us = events.iter().map(at_us).max()?;
    let spans = spans(&events, until_us);
    let drawing = axis_drawing(&axis(&call, &events, &spans, (&[], &Signals::default()), until_us, lang), lang);
    let money = format::money(call.cost_minor.unwrap_or_default(), &call.currency);
    let facts = format!("{} · {money}", format::duration(call.duration_seconds.unwrap_or_default()));
    Some(
        view! {
            <section class="shown">
                <div class="stack"><h2>{text.shown_title}</h2><p class="hero__lead">{text.shown_text}</p></div>
                <figure class="shown__call" role="img" aria-label=text.shown_label>
                    <div inert>
                        <div class="shown__head"><span class="strong">{format!("{} → {}", call.from, call.to)}</span><CallBadge status=call.status lang/><span class="muted">{facts}</span></div>
                        {call_diagnosis(&call, &events, lang)}
                        <div class="axis">{drawing}</div>
                    </div>
                </figure>
            </section>
        }
        .into_any(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_call_is_whole() {
        assert!(call().is_some());
        assert_eq!(events().len(), 19);
        assert!(shown_call(Lang::English).is_some());
    }
}
