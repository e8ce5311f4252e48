//! `/operator/workspaces`: every workspace, for operators of the installation: list, find, suspend, resume.

use super::member::{Member, person_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Ask, CsvLink, Empty, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Pager, Tone, badge, cell, heads, outcome,
    },
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::operator::AdminWorkspace;

const PAGE: &str = "/operator/workspaces";

/// Workspaces of the installation.
#[component]
pub(crate) fn OperatorWorkspacesPage() -> impl IntoView {
    person_page(|text| text.operator.workspaces, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let query = &member.visit.query;
    let search = query.get("search").unwrap_or_default().trim().to_owned();
    let cursor = query.get("cursor").unwrap_or_default();
    let pairs = [("search", search.as_str()), ("cursor", cursor)];
    let answer = member.api().fetch(with_query("/v1/admin/workspaces", &pairs)).await?;
    let workspaces: Vec<AdminWorkspace> = answer.read()?;
    let next =
        answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[("search", &search), ("cursor", cursor)]));
    let list = if workspaces.is_empty() {
        view! { <Empty glyph=Glyph::Workspaces title=text.none text=text.none_text step=(text.all, PAGE)/> }.into_any()
    } else {
        table(&member, workspaces)
    };
    let done = [("suspended", text.suspended, text.suspended_text), ("resumed", text.resumed, "")];
    let csv = view! { <CsvLink visit=member.visit.clone() list="workspaces" by=&["search"]/> };
    Ok(view! {
        <PageHead title=text.workspaces.to_owned() text=text.text>
            {csv}
            <form class="row" method="get" action=PAGE role="search">
                <label class="visually-hidden" for="search">{text.search}</label>
                <input class="field__input field__input--search" id="search" name="search" type="search" placeholder=text.search value=search/>
                <button class="button">{text.find}</button>
            </form>
        </PageHead>
        {outcome(&member.visit, &done)}
        <section class="panel">
            {list}
            <Pager lang label=text.workspaces next/>
        </section>
    }
    .into_any())
}

fn table(member: &Member, workspaces: Vec<AdminWorkspace>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let rows = workspaces.into_iter().map(|workspace| {
        let name = view! { <span class="who"><a class="row-link strong" href=format!("{PAGE}/{}", workspace.id)>{workspace.name.clone()}</a><code class="muted small breakable">{workspace.id.to_string()}</code></span> };
        view! {
            <tr>
                {cell(text.name, "", name)}
                {cell(text.country, "", workspace.country.clone())}
                {cell(text.currency, "", workspace.currency.clone())}
                {cell(text.members, "end", workspace.member_count)}
                {cell(text.created, "muted", view! { <Moment at=workspace.created_at.clone() lang/> })}
                {cell(text.status, "", status(member, &workspace))}
                {cell("", "end", action(member, &workspace))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.name),
        Start(text.country),
        Start(text.currency),
        End(text.members),
        Start(text.created),
        Start(text.status),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn is_suspended(workspace: &AdminWorkspace) -> bool {
    workspace.status == "suspended"
}

fn status(member: &Member, workspace: &AdminWorkspace) -> AnyView {
    let text = &member.text().workspace;
    match is_suspended(workspace) {
        true => badge(Tone::Warn, text.suspended).into_any(),
        false => badge(Tone::Good, text.active).into_any(),
    }
}

/// Suspending can be undone here, so it asks for the reason and not for the name.
fn action(member: &Member, workspace: &AdminWorkspace) -> AnyView {
    let text = &member.text().operator;
    if is_suspended(workspace) {
        return view! {
            <Ask opens=text.resume label=fill(text.resume_label, &workspace.name) action=format!("/console/operator/workspaces/{}/resume", workspace.id) ask=text.resume_ask.to_owned()/>
        }
        .into_any();
    }
    view! {
        <details class="confirm">
            <summary class="button button--small button--danger" aria-label=fill(text.suspend_label, &workspace.name)>{text.suspend}</summary>
            <form class="confirm__ask" method="post" action=format!("/console/operator/workspaces/{}/suspend", workspace.id)>
                <p>{text.suspend_ask}</p>
                <label class="field"><span class="field__label">{text.reason}</span><input class="field__input" name="reason" required autocomplete="off" maxlength=120/></label>
                <button class="button button--small button--danger-solid">{text.suspend_sure}</button>
            </form>
        </details>
    }
    .into_any()
}
