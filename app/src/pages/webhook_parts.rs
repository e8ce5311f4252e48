//! What the pages of webhooks share: words for states, the choice of events, the choice of a grace period.

use super::member::Member;
use crate::{
    components::{Tone, badge, hidden, of_workspace},
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::webhooks::{Circuit, EventKindShown, Webhook, WebhookStatus};

/// Whether events are sent, in a word.
pub(super) fn status(member: &Member, endpoint: &Webhook) -> AnyView {
    let text = &member.text().webhooks;
    let (tone, words) = match (endpoint.status, endpoint.health.circuit, endpoint.health.failures) {
        (WebhookStatus::Disabled, ..) => (Tone::Neutral, text.disabled),
        (_, Circuit::Open, _) => (Tone::Bad, text.paused),
        (_, Circuit::HalfOpen, _) => (Tone::Warn, text.probing),
        (_, _, 1..) => (Tone::Warn, text.failing),
        _ => (Tone::Good, text.enabled),
    };
    badge(tone, words).into_any()
}

/// Why it is off.
pub(super) fn off_because(member: &Member, endpoint: &Webhook) -> Option<&'static str> {
    let text = &member.text().webhooks;
    match endpoint.disabled_reason.as_deref()? {
        "gone" => Some(text.off_gone),
        "failing" => Some(text.off_failing),
        _ => Some(text.off_by_hand),
    }
}

/// How it does, in a line.
pub(super) fn health_line(member: &Member, endpoint: &Webhook) -> String {
    let text = &member.text().webhooks;
    match (endpoint.health.success_rate, endpoint.health.p95_ms) {
        (Some(rate), Some(p95)) => format!("{} · p95 {p95} ms", percent(rate)),
        _ => text.untried.to_owned(),
    }
}

/// A share as people read it: 0.987 is 98.7 %.
pub(super) fn percent(rate: f64) -> String {
    let tenths = format!("{:.1}", rate * 100.0);
    format!("{} %", tenths.strip_suffix(".0").unwrap_or(&tenths))
}

/// Which events, in a line.
pub(super) fn events_of(member: &Member, endpoint: &Webhook) -> String {
    if endpoint.events.iter().any(|event| event == "*") {
        member.text().webhooks.all_events.to_owned()
    } else {
        endpoint.events.join(", ")
    }
}

/// The choice of events: all of a subject first, then each.
pub(super) fn event_choices(member: &Member, kinds: &[EventKindShown], chosen: &[String]) -> AnyView {
    let text = &member.text().webhooks;
    let mut subjects: Vec<&str> = Vec::new();
    for kind in kinds {
        let subject = kind.event.split('.').next().unwrap_or_default();
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let all = subjects.iter().map(|subject| (format!("{subject}.*"), String::new()));
    let each = kinds.iter().map(|kind| (kind.event.clone(), kind.tells.clone()));
    let choices = all.chain(each).map(|(value, tells)| {
        let checked = chosen.contains(&value);
        view! {
            <label class="choice">
                <input type="checkbox" name="events" value=value.clone() checked=checked/>
                <span class="who"><code>{value.clone()}</code><span class="muted small">{tells}</span></span>
            </label>
        }
    });
    view! {
        <fieldset class="choices choices--wide">
            <legend class="field__label">{text.events}</legend>
            {choices.collect_view()}
        </fieldset>
        <p class="field__hint">{text.events_hint}</p>
    }
    .into_any()
}

/// The form that makes another secret.
pub(super) fn rotate_form(member: &Member, action: String, token: String) -> AnyView {
    /// What the API takes when nothing is said: a day.
    const USUAL: &str = "86400";
    let text = &member.text().webhooks;
    let graces =
        [("0", text.grace_none), ("3600", text.grace_hour), (USUAL, text.grace_day), ("259200", text.grace_three_days)];
    let options =
        graces.map(|(seconds, words)| view! { <option value=seconds selected=seconds == USUAL>{words}</option> });
    view! {
        <form class="form form--wrap" method="post" action=action>
            {of_workspace(&member.visit)}
            {hidden("form_token", token)}
            <label class="field"><span class="field__label">{text.grace}</span><select class="field__input" name="grace_seconds">{options.into_iter().collect_view()}</select></label>
            <label class="choice"><input type="checkbox" name="end_former" value="1"/>{text.end_former}</label>
            <button class="button">{text.rotate}</button>
        </form>
    }
    .into_any()
}

/// The workspace's default secret.
pub(super) fn default_secret(member: &Member) -> AnyView {
    let text = &member.text().webhooks;
    let token = format!("{}-default", member.visit.form_token);
    view! {
        <section class="panel" id="default-secret">
            <div class="panel__head"><h2>{text.default_secret}</h2><p>{text.default_secret_text}</p></div>
            <div class="panel__body">{rotate_form(member, forms::ROTATE_WORKSPACE_SECRET.to_owned(), token)}</div>
        </section>
    }
    .into_any()
}

/// Where a delivery stands, in a word.
pub(super) fn delivery_badge(member: &Member, status: &str) -> AnyView {
    let text = &member.text().webhooks;
    let (tone, words) = match status {
        "delivered" => (Tone::Good, text.delivered),
        "pending" => (Tone::Live, text.pending),
        "exhausted" => (Tone::Bad, text.exhausted),
        _ => (Tone::Bad, text.failed),
    };
    badge(tone, words).into_any()
}

/// What an attempt came to, in words.
pub(super) fn answer_of(member: &Member, status: Option<i64>, error: Option<&str>) -> String {
    let text = &member.text().webhooks;
    match (status, error) {
        (Some(status), _) => status.to_string(),
        (None, Some("timeout")) => text.timeout.to_owned(),
        (None, Some("connection")) => text.connection.to_owned(),
        (None, Some("address_refused")) => text.address_refused.to_owned(),
        (None, Some("secret_unset")) => text.secret_unset.to_owned(),
        (None, Some("endpoint_off")) => text.endpoint_off.to_owned(),
        (None, Some("gone")) => text.url_gone.to_owned(),
        (None, Some(other)) => other.to_owned(),
        (None, None) => "–".to_owned(),
    }
}

/// “of the last 100”.
pub(super) fn of_last(member: &Member, deliveries: i64) -> String {
    fill(member.text().webhooks.of_last, &deliveries.to_string())
}
