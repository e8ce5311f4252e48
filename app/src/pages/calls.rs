//! `/calls`: the list with its filters.

use super::{
    call_diagnosis::cause_in_short,
    member::{Member, member_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CallBadge, CsvButton, Empty, Glyph,
        Head::{End, Start},
        Icon, Moment, PHONE, PageHead, Pager, RunningClock, RunningCost, Tone, badge, by_day, cell, chips, heads,
        hidden, telephone,
    },
    format,
    i18n::{CallsText, Text},
    visit::Visit,
};
use leptos::prelude::*;
use sautikit_api::{
    calls::{Call, CallStatus},
    rights::Scope,
};

/// Query parameters that the list passes on to the API, named alike.
const FILTERS: [&str; 6] = ["status", "direction", "from_date", "to_date", "remote", "number"];

/// Seconds between two looks at a list with running calls (`app/js/live.js`).
pub(super) const LOOK_SECONDS: &str = "3";

/// Calls.
#[component]
pub(crate) fn CallsPage() -> impl IntoView {
    member_page(|text| text.common.calls, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (member.text(), member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default()));
    let cursor = query.get("cursor").unwrap_or_default();
    let mut asked = chosen.to_vec();
    asked.push(("cursor", cursor));
    let answer = member.api().fetch(with_query("/v1/calls", &asked)).await?;
    let calls: Vec<Call> = answer.read()?;
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let next = answer.header("x-next-cursor").map(|cursor| {
        let mut pairs = chosen.to_vec();
        pairs.push(("cursor", cursor));
        with_query("/calls", &pairs)
    });
    let first = (!cursor.is_empty()).then(|| with_query("/calls", &chosen));
    let running = calls.iter().any(|call| !call.status.is_terminal() || call.cost_minor.is_none());
    let list = match (calls.is_empty(), filtered) {
        (false, _) => call_table(calls, &member.visit),
        (true, true) => {
            view! { <Empty glyph=Glyph::Calls title=text.calls.none_match text=text.calls.none_match_text step=(text.calls.clear, "/calls")/> }.into_any()
        }
        (true, false) if member.may(Scope::SipToken) => {
            view! { <Empty glyph=Glyph::Calls title=text.calls.none text=text.calls.none_text step=(text.home.do_call, PHONE)/> }.into_any()
        }
        (true, false) => view! { <Empty glyph=Glyph::Calls title=text.calls.none text=text.calls.none_text/> }.into_any(),
    };
    let csv = chosen.map(|(name, value)| (name, value.to_owned())).to_vec();
    let csv = view! { <CsvButton list="calls" filters=csv lang/> };
    Ok(view! {
        <PageHead title=text.calls.title.to_owned() text=text.calls.text>
            {csv}
            <a class="button" href="/calls/meetings"><Icon glyph=Glyph::Members/>{text.meetings.title}</a>
        </PageHead>
        {filter_bar(text, chosen)}
        {chips("/calls", &chosen, |name, value| shown_filter(&text.calls, name, value), lang)}
        <section class="panel" data-live="calls" data-live-seconds=running.then_some(LOOK_SECONDS) data-live-calls=cursor.is_empty().then_some("*")>
            {list}
            <Pager lang label=text.calls.title first next/>
        </section>
    }
    .into_any())
}

fn filter_bar(text: &'static Text, chosen: [(&str, &str); 6]) -> AnyView {
    let [(_, status), (_, direction), (_, from_date), (_, to_date), (_, remote), (_, number)] = chosen;
    let text = &text.calls;
    let any = text.any;
    let statuses = CallStatus::ALL.iter().map(|each| {
        view! { <option value=each.as_str() selected=each.as_str() == status>{status_words(text, *each)}</option> }
    });
    let directions = [("inbound", text.inbound), ("outbound", text.outbound)]
        .map(|(value, words)| view! { <option value=value selected=value == direction>{words}</option> });
    let input = |name: &'static str, label: &'static str, kind: &'static str, value: &str| {
        view! { <div class="field"><label class="field__label" for=name>{label}</label><input class="field__input" id=name name=name type=kind value=value.to_owned()/></div> }
    };
    view! {
        <form class="filters" method="get" action="/calls" role="search">
            <div class="field">
                <label class="field__label" for="status">{text.status}</label>
                <select class="field__input" id="status" name="status"><option value="">{any}</option>{statuses.collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="direction">{text.direction}</label>
                <select class="field__input" id="direction" name="direction"><option value="">{any}</option>{directions.into_iter().collect_view()}</select>
            </div>
            {input("from_date", text.from_date, "date", from_date)}
            {input("to_date", text.to_date, "date", to_date)}
            {input("remote", text.remote, "tel", remote)}
            // Chosen on a number's page; its chip takes it away.
            {(!number.is_empty()).then(|| hidden("number", number))}
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

/// What a filter and its value are called.
fn shown_filter(text: &'static CallsText, name: &str, value: &str) -> (&'static str, String) {
    let words = match (name, value) {
        ("status", _) => CallStatus::parse(value).map(|status| status_words(text, status)),
        ("direction", "inbound") => Some(text.inbound),
        ("direction", "outbound") => Some(text.outbound),
        _ => None,
    };
    let label = match name {
        "status" => text.status,
        "direction" => text.direction,
        "from_date" => text.from_date,
        "to_date" => text.to_date,
        "number" => text.number,
        _ => text.remote,
    };
    (label, words.map_or_else(|| value.to_owned(), ToOwned::to_owned))
}

fn status_words(text: &'static CallsText, status: CallStatus) -> &'static str {
    match status {
        CallStatus::Ringing => text.ringing,
        CallStatus::Answered => text.answered,
        CallStatus::Completed => text.completed,
        CallStatus::Failed => text.failed,
        CallStatus::NoAnswer => text.no_answer,
        CallStatus::Busy => text.busy,
        CallStatus::Canceled => text.canceled,
    }
}

/// How long it talked, or has talked up to now.
pub(super) fn lasts(call: &Call, now_us: i64) -> AnyView {
    match (&call.answered_at, call.duration_seconds) {
        (Some(since), None) if !call.status.is_terminal() => {
            view! { <RunningClock since=since.clone() now_us/> }.into_any()
        }
        (_, seconds) => seconds.map_or_else(|| "–".to_owned(), format::duration).into_any(),
    }
}

/// What it cost, or has cost up to now.
pub(super) fn costs(call: &Call, text: &'static CallsText, now_us: i64) -> AnyView {
    match call.cost_minor {
        Some(cost) => format::money(cost, &call.currency).into_any(),
        None if call.status.is_terminal() => text.pending.into_any(),
        None if call.answered_at.is_none() => "–".into_any(),
        None => view! { <RunningCost call=call.clone() now_us/> }.into_any(),
    }
}

/// Calls as rows; Home shows the latest few with it.
pub(super) fn call_table(calls: Vec<Call>, visit: &Visit) -> AnyView {
    let (text, lang, now_us) = (visit.text(), visit.lang, visit.now_us);
    let text = &text.calls;
    let rows = calls.into_iter().map(|call| {
        let (duration, cost) = (lasts(&call, now_us), costs(&call, text, now_us));
        let direction = if call.direction == "inbound" { text.inbound } else { text.outbound };
        let cause = cause_in_short(&call).map(|cause| view! { <br/><span class="muted small">{cause}</span> });
        // A call may go well all the same: a fallback took over, or a later answer.
        let server = (call.failed_callbacks > 0)
            .then(|| view! { <br/>{badge(Tone::Warn, text.callback_failed)} });
        let at = call.started_at.clone();
        let row = view! {
            <tr>
                {cell(text.started, "strong", view! { <a class="row-link" href=format!("/calls/{}", call.id)><Moment at=call.started_at lang clock=true/></a> })}
                {cell(text.status, "", view! { <CallBadge status=call.status lang/>{cause}{server} })}
                {cell(text.direction, "muted", direction)}
                {cell(text.from, "nowrap", telephone(&call.from))}
                {cell(text.to, "nowrap", telephone(&call.to))}
                {cell(text.duration, "end", duration)}
                {cell(text.cost, "end nowrap", cost)}
            </tr>
        };
        (at, row.into_any())
    });
    let rows = by_day(rows, 7, lang);
    let headings = heads([
        Start(text.started),
        Start(text.status),
        Start(text.direction),
        Start(text.from),
        Start(text.to),
        End(text.duration),
        End(text.cost),
    ]);
    view! { <div class="table-box"><table class="table table--calls">{headings}{rows}</table></div> }.into_any()
}
