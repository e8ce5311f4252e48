//! `/operator/calls`: what runs now, of all workspaces and on all nodes, and the way to end it.

use super::{
    calls::LOOK_SECONDS,
    member::{Member, person_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CallBadge, Copied, CsvLink, Empty, FailureNotice, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Pager, RunningClock, by_day, cell, chips, heads, hidden, outcome, telephone,
    },
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::operator::AdminCall;

const PAGE: &str = "/operator/calls";
/// Narrows the list to one workspace.
const WORKSPACE: &str = "workspace_id";

/// Running calls of the installation.
#[component]
pub(crate) fn OperatorCallsPage() -> impl IntoView {
    person_page(|text| text.operator.running, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let query = &member.visit.query;
    let workspace = query.get(WORKSPACE).unwrap_or_default().trim().to_owned();
    let cursor = query.get("cursor").unwrap_or_default();
    let pairs = [(WORKSPACE, workspace.as_str()), ("cursor", cursor)];
    let answer = member.api().fetch(with_query("/v1/admin/calls", &pairs)).await?;
    let calls: Vec<AdminCall> = answer.read()?;
    let next =
        answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[(WORKSPACE, &workspace), ("cursor", cursor)]));
    let name = calls.first().map(|call| call.workspace_name.clone());
    let chosen = chips(
        PAGE,
        &[(WORKSPACE, workspace.as_str())],
        |_, id| (text.name, name.clone().unwrap_or_else(|| id.to_owned())),
        lang,
    );
    let list = if calls.is_empty() {
        view! { <Empty glyph=Glyph::Calls title=text.none_running text=text.none_running_text/> }.into_any()
    } else {
        table(&member, calls)
    };
    let failure = member.visit.failure_of(forms::OPERATOR_HANG_UP).cloned();
    let csv = view! { <CsvLink visit=member.visit.clone() list="running-calls" by=&[WORKSPACE]/> };
    Ok(view! {
        <PageHead title=text.running.to_owned() text=text.running_text>{csv}</PageHead>
        {outcome(&member.visit, &[("hung_up", text.hung_up, text.hung_up_text)])}
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        {chosen}
        <section class="panel" data-live="operator-calls" data-live-seconds=LOOK_SECONDS data-live-changes="installation">
            {list}
            <Pager lang label=text.running next/>
        </section>
    }
    .into_any())
}

fn table(member: &Member, calls: Vec<AdminCall>) -> AnyView {
    let (text, of_calls) = (&member.text().operator, &member.text().calls);
    let (lang, now_us) = (member.visit.lang, member.visit.now_us);
    let rows = calls.into_iter().map(|call| {
        let direction = if call.direction == "inbound" { of_calls.inbound } else { of_calls.outbound };
        let workspace = view! {
            <span class="who"><a class="strong" href=format!("/operator/workspaces/{}", call.workspace_id)>{call.workspace_name.clone()}</a>
            <span class="muted small"><Copied id=format!("id-{}", call.id) value=call.id.to_string() lang/></span></span>
        };
        let since = call.answered_at.clone().unwrap_or_else(|| call.started_at.clone());
        let node = call.node_id.clone().unwrap_or_else(|| "–".to_owned());
        let at = call.started_at.clone();
        let row = view! {
            <tr>
                {cell(of_calls.started, "", view! { <Moment at=call.started_at.clone() lang clock=true/> })}
                {cell(text.name, "", workspace)}
                {cell(of_calls.status, "", view! { <span class="who who--start"><CallBadge status=call.status lang/><span class="muted small">{direction}</span></span> })}
                {cell(text.parties, "", view! { <span class="who"><span class="nowrap">{telephone(&call.from)}</span><span class="nowrap">"→ "{telephone(&call.to)}</span></span> })}
                {cell(of_calls.duration, "end", view! { <RunningClock since now_us/> })}
                {cell(text.node, "muted", view! { <code class="small breakable">{node}</code> })}
                {cell("", "end", hang_up(member, &call))}
            </tr>
        };
        (at, row.into_any())
    });
    let rows = by_day(rows, 7, lang);
    let headings = heads([
        Start(of_calls.started),
        Start(text.name),
        Start(of_calls.status),
        Start(text.parties),
        End(of_calls.duration),
        Start(text.node),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}{rows}</table></div> }.into_any()
}

/// It is somebody else's call, so it asks first.
fn hang_up(member: &Member, call: &AdminCall) -> AnyView {
    let text = &member.text().operator;
    let said = format!("{} → {}", call.from, call.to);
    let workspace = member.visit.query.get(WORKSPACE).unwrap_or_default().to_owned();
    view! {
        <details class="confirm">
            <summary class="button button--small button--danger" >{member.text().calls.hang_up}<span class="visually-hidden">" "{said.clone()}</span></summary>
            <form class="confirm__ask" method="post" action=format!("/console/operator/calls/{}/hangup", call.id)>
                <p>{fill(text.hang_up_ask, &said)}</p>
                {hidden(WORKSPACE, workspace)}
                <button class="button button--small button--danger-solid">{text.hang_up_sure}</button>
            </form>
        </details>
    }
    .into_any()
}
