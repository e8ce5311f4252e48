//! `/calls/{id}`: one call – parties, cost, and what happened when: as an axis of time (`call_axis`) or as a list
//! (`call_timeline`), with the details of what is selected beside it (`call_inspector`).

use super::{
    call_axis::axis,
    call_axis_drawing::axis_drawing,
    call_diagnosis::call_diagnosis,
    call_inspector::{AXIS, inspector},
    call_signals::{self, Signals},
    call_spans::{Span, at_us, spans},
    call_timeline::{TIMELINE_KINDS, call_timeline},
    calls::{costs, lasts},
    member::{Member, member_page},
    recordings::players,
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        CallBadge, Copied, FailureNotice, Glyph,
        Head::{End, Start},
        Icon, Moment, PageHead, RunningClock, Tabs, cell, heads, of_workspace,
    },
    format, forms,
    i18n::CallsText,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    call_traces::{CallQuality, SipLadder},
    calls::{Call, CallEvent, CallLeg},
    recordings::{Recording, RecordingStatus},
    rights::Scope,
};

/// Seconds between two looks at a call that runs or awaits its debit (`app/js/live.js`).
const LOOK_SECONDS: &str = "2";
/// Value of the query parameter `view` that shows the list.
const LIST: &str = "list";

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
    let of_call = format!("/v1/recordings?call_id={}", call.id);
    let recordings: Vec<Recording> =
        if call.recording_status.is_some() { member.api().get(of_call).await? } else { Vec::new() };
    let lang = member.visit.lang;
    // An ended call is looked at once more until it was debited.
    let live = !call.status.is_terminal();
    let is_stored =
        call.recording_status.is_none_or(|status| !status.is_open() && status != RecordingStatus::Processing);
    let unsettled = live || call.cost_minor.is_none() || !is_stored;
    let began_us = format::micros(&call.started_at).unwrap_or(member.visit.now_us);
    let last_us = events.iter().map(at_us).max().unwrap_or(began_us);
    let until_us = if live { member.visit.now_us.max(last_us) } else { last_us };
    let spans = spans(&events, until_us);
    let as_list = member.visit.query.get("view") == Some(LIST);
    // It ends with the debit: then there is nothing left that it could tell.
    let (follows, last) = (call.cost_minor.is_none(), events.iter().map(|event| event.sequence).max().unwrap_or(0));
    let (told, signalled) = if as_list || spans.is_empty() {
        (call_timeline(&events, &spans, lang), None)
    } else {
        let signals = signals(&member, &call).await;
        let axis = axis(&call, &events, &spans, (&recordings, &signals), until_us, lang);
        let items = call_signals::items(&call, &axis, &signals, began_us, lang);
        (view! { {axis_drawing(&axis, lang)}{call_signals::foot(&call, &signals, lang)} }.into_any(), Some(items))
    };
    Ok(view! {
        <div class="call" data-live="call" data-live-seconds=unsettled.then_some(LOOK_SECONDS) data-live-calls=unsettled.then(|| call.id.to_string())
            data-live-timeline=follows.then(|| format!("/v1/calls/{}/stream", call.id)) data-live-kinds=follows.then(|| TIMELINE_KINDS.join(" ")) data-live-sequence=last.to_string()>
            <PageHead title=format!("{} → {}", call.from, call.to) parent=(text.title, "/calls")>
                <CallBadge status=call.status lang/>
            </PageHead>
            {live.then(|| running(&member, &call))}
            {call_diagnosis(&call, &events, lang)}
            <div class="stack-lg">
                {figures(&member, &call)}
                <div class="columns columns--inspected">
                    {story(&member, &call, &spans, as_list, told)}
                    <div class="stack">{inspector(&events, &spans, signalled, began_us, lang)}{players(&member, &recordings)}{facts(&member, &call)}{parties(text, &call, member.visit.now_us)}</div>
                </div>
            </div>
        </div>
    }
    .into_any())
}

/// What the network said and how it sounded; a page without it is whole too.
async fn signals(member: &Member, call: &Call) -> Signals {
    let ladder = member.api().get::<SipLadder>(format!("/v1/calls/{}/sip", call.id)).await;
    let quality = member.api().get::<CallQuality>(format!("/v1/calls/{}/quality", call.id)).await;
    match (ladder, quality) {
        (Ok(ladder), Ok(quality)) => Signals::new(ladder, quality),
        _ => Signals::default(),
    }
}

/// The axis or the list in its panel, with the way to the other and the buttons that zoom.
fn story(member: &Member, call: &Call, spans: &[Span<'_>], as_list: bool, told: AnyView) -> AnyView {
    let text = &member.text().axis;
    let page = format!("/calls/{}", call.id);
    let tabs = vec![(page.clone(), text.axis, !as_list), (format!("{page}?view={LIST}"), text.list, as_list)];
    let zoom = [("out", text.zoom_out, "−"), ("in", text.zoom_in, "+")].map(|(way, words, sign)| {
        view! { <button class="button button--small" type="button" data-axis-zoom=way aria-label=words>{sign}</button> }
    });
    let zoom = (!as_list && !spans.is_empty()).then(|| {
        view! {
            <div class="axis__zoom" role="group" aria-label=text.zoom>
                {zoom.into_iter().collect_view()}
                <button class="button button--small" type="button" data-axis-zoom="fit">{text.zoom_fit}</button>
            </div>
        }
    });
    let class = if as_list { "panel" } else { "panel axis" };
    view! {
        <section class=class id=AXIS aria-label=member.text().calls.timeline>
            <div class="panel__head panel__head--tabs"><Tabs label=text.views tabs/>{zoom}</div>
            {told}
        </section>
    }
    .into_any()
}

/// What can be done with a call that runs.
fn running(member: &Member, call: &Call) -> AnyView {
    let text = member.text();
    let failure = member.visit.failure_of(forms::HANG_UP).cloned();
    let lang = member.visit.lang;
    let hang_up = member.may(Scope::CallsWrite).then(|| {
        view! {
            <form method="post" action=format!("/console/calls/{}/hangup", call.id)>
                {of_workspace(&member.visit)}
                <button class="button button--small button--danger">{text.calls.hang_up}</button>
            </form>
        }
    });
    view! {
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <div class="notice notice--action" role="status">
            <Icon glyph=Glyph::Info/>
            <div class="notice__title">{text.calls.live}</div>
            <div class="row">
                <noscript><a class="button button--small" href=format!("/calls/{}", call.id)>{text.common.refresh}</a></noscript>
                {hang_up}
            </div>
        </div>
    }
    .into_any()
}

fn figures(member: &Member, call: &Call) -> AnyView {
    let text = &member.text().calls;
    let now_us = member.visit.now_us;
    let tax = call.tax_minor.filter(|tax| *tax > 0).map(|tax| format::money(tax, &call.currency));
    let direction = if call.direction == "inbound" { text.inbound } else { text.outbound };
    let stat = |label: &'static str, value: AnyView| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    view! {
        <section class="stats">
            {stat(text.duration, lasts(call, now_us))}
            {stat(text.cost, costs(call, text, now_us))}
            {tax.map(|tax| stat(text.tax, tax.into_any()))}
            {stat(text.direction, direction.into_any())}
            {stat(text.legs, call.legs.len().into_any())}
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
                <dt>{text.id}</dt><dd><Copied id="call-id" value=call.id.to_string() lang/></dd>
                <dt>{text.pbx_id}</dt><dd><Copied id="pbx-id" value=call.pbx_call_id.clone() lang/></dd>
                {word(text.ledger_entry, call.ledger_entry_id.map(|id| id.to_string()))}
            </dl>
        </section>
    }
    .into_any()
}

fn parties(text: &'static CallsText, call: &Call, now_us: i64) -> Option<AnyView> {
    if call.legs.is_empty() {
        return None;
    }
    let currency = &call.currency;
    let talked = |leg: &CallLeg| match (&leg.answered_at, &leg.outcome) {
        (Some(since), None) if !call.status.is_terminal() => {
            view! { <RunningClock since=since.clone() now_us/> }.into_any()
        }
        _ => format::duration(leg.duration_seconds).into_any(),
    };
    let rows = call.legs.iter().map(|leg| {
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
                {cell(text.duration, "end", talked(leg))}
                {cell(text.cost, "end nowrap", cost)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    Some(view! { <section class="panel"><div class="table-box"><table class="table table--narrow">{heads([Start(text.legs), End(text.duration), End(text.cost)])}<tbody>{rows}</tbody></table></div></section> }.into_any())
}
