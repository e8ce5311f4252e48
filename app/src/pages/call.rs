//! `/calls/{id}`: one call – parties, cost, and what happened when (`call_timeline`).

use super::{
    call_timeline::call_timeline,
    member::{Member, member_page},
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        CallBadge,
        Head::{End, Start},
        Moment, Notice, PageHead, Tone, cell, heads,
    },
    format,
    i18n::CallsText,
};
use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::use_params_map;
use sautikit_api::calls::{Call, CallEvent, CallLeg};

/// Seconds between two looks at a call that still runs, without script.
const LIVE_REFRESH_SECONDS: &str = "3";

/// One call.
#[component]
pub(crate) fn CallPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    member_page(|text| text.common.calls, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().calls;
    let call: Call = member.api().get(format!("/v1/calls/{}", escape(&id))).await?;
    let events: Vec<CallEvent> = member.api().get(format!("/v1/calls/{}/events", escape(&id))).await?;
    let lang = member.visit.lang;
    // An ended call is looked at once more until it was debited.
    let live = !call.status.is_terminal();
    let unsettled = live || call.cost_minor.is_none();
    Ok(view! {
        {unsettled.then(|| view! { <Meta http_equiv="refresh" content=LIVE_REFRESH_SECONDS/> })}
        <PageHead title=format!("{} → {}", call.from, call.to) parent=(text.title, "/calls")>
            <CallBadge status=call.status lang/>
        </PageHead>
        {live.then(|| view! { <Notice tone=Tone::Live title=text.live.to_owned()/> })}
        {figures(&member, &call)}
        <div class="columns" style="margin-top:var(--space-6)">
            <section class="panel">
                <div class="panel__head"><h2>{text.timeline}</h2></div>
                {call_timeline(events, lang)}
            </section>
            <div class="stack">{facts(&member, &call)}{parties(text, &call.legs, &call.currency)}</div>
        </div>
    }
    .into_any())
}

fn figures(member: &Member, call: &Call) -> AnyView {
    let text = &member.text().calls;
    let cost = call.cost_minor.map_or_else(|| text.pending.to_owned(), |cost| format::money(cost, &call.currency));
    let duration = call.duration_seconds.map_or_else(|| "–".to_owned(), format::duration);
    let direction = if call.direction == "inbound" { text.inbound } else { text.outbound };
    let stat = |label: &'static str, value: String| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    view! {
        <section class="stats">
            {stat(text.duration, duration)}
            {stat(text.cost, cost)}
            {stat(text.direction, direction.to_owned())}
            {stat(text.legs, call.legs.len().to_string())}
        </section>
    }
    .into_any()
}

fn facts(member: &Member, call: &Call) -> AnyView {
    let text = &member.text().calls;
    let lang = member.visit.lang;
    let moment = |label: &'static str, at: &Option<String>| {
        at.clone().map(|at| view! { <dt>{label}</dt><dd><Moment at lang/></dd> })
    };
    let word = |label: &'static str, word: Option<String>| {
        word.map(|word| view! { <dt>{label}</dt><dd><code>{word}</code></dd> })
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.facts}</h2></div>
            <dl class="facts panel__body">
                {moment(text.started, &Some(call.started_at.clone()))}
                {moment(text.answered_at, &call.answered_at)}
                {moment(text.ended_at, &call.ended_at)}
                {word(text.cause, call.hangup_cause.clone())}
                {word(text.pbx_id, Some(call.pbx_call_id.clone()))}
                {word(text.ledger_entry, call.ledger_entry_id.map(|id| id.to_string()))}
            </dl>
        </section>
    }
    .into_any()
}

fn parties(text: &'static CallsText, legs: &[CallLeg], currency: &str) -> Option<AnyView> {
    if legs.is_empty() {
        return None;
    }
    let rows = legs.iter().map(|leg| {
        let kind = match leg.kind.as_str() {
            "telephone" => text.kind_telephone,
            "client" => text.kind_client,
            _ => text.kind_sip,
        };
        let cost = leg.cost_minor.map_or_else(|| "–".to_owned(), |cost| format::money(cost, currency));
        let party = view! { <span>{leg.target.clone()}<br/><span class="muted small">{kind}</span></span> };
        view! {
            <tr>
                {cell(text.legs, "", party)}
                {cell(text.duration, "end", format::duration(leg.duration_seconds))}
                {cell(text.cost, "end nowrap", cost)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    Some(view! { <section class="panel"><table class="table">{heads([Start(text.legs), End(text.duration), End(text.cost)])}<tbody>{rows}</tbody></table></section> }.into_any())
}
