//! `/workspace/audit`: every write, with filters and the export of what they choose.

use super::{
    audit_changes::changes,
    member::{Member, member_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{Empty, Glyph, Head::Start, Icon, Moment, PageHead, Pager, by_day, cell, chips, heads},
    i18n::Text,
};
use leptos::prelude::*;
use sautikit_api::audit::{AuditActor, AuditEntry, KINDS};

const PAGE: &str = "/workspace/audit";
/// Query parameters that the page passes on to the API, named alike.
const FILTERS: [&str; 4] = ["action_kind", "actor", "from", "to"];

/// The audit log.
#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    member_page(|text| text.audit.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (member.text(), member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default().trim()));
    let cursor = query.get("cursor").unwrap_or_default();
    let with_cursor = |path: &'static str, cursor: String| {
        let pairs: Vec<(&str, &str)> = chosen.iter().copied().chain([("cursor", cursor.as_str())]).collect();
        with_query(path, &pairs)
    };
    let answer = member.api().fetch(with_cursor("/v1/audit", cursor.to_owned())).await?;
    let entries: Vec<AuditEntry> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_cursor(PAGE, cursor.to_owned()));
    let first = (!cursor.is_empty()).then(|| with_query(PAGE, &chosen));
    let export = with_query("/v1/audit.csv", &chosen);
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let list = match (entries.is_empty(), filtered) {
        (false, _) => table(&member, entries),
        (true, true) => view! { <Empty glyph=Glyph::Log title=text.audit.none_match text=text.audit.none_match_text step=(text.audit.clear, PAGE)/> }.into_any(),
        (true, false) => view! { <Empty glyph=Glyph::Log title=text.audit.none text=text.audit.none_text/> }.into_any(),
    };
    Ok(view! {
        <PageHead title=text.audit.title.to_owned() text=text.audit.text>
            <a class="button" href=export download="audit.csv"><Icon glyph=Glyph::Download/>{text.audit.export}</a>
        </PageHead>
        {filter_bar(text, chosen)}
        {chips(PAGE, &chosen, |name, value| shown_filter(text, name, value), lang)}
        <section class="panel" data-live="audit" data-live-changes=cursor.is_empty().then_some("audit")>
            {list}
            <Pager lang label=text.audit.title first next/>
        </section>
    }
    .into_any())
}

fn filter_bar(text: &'static Text, chosen: [(&str, &str); 4]) -> AnyView {
    let [(_, kind), (_, actor), (_, from), (_, to)] = chosen;
    let text = &text.audit;
    let kinds =
        KINDS.iter().map(|each| view! { <option value=*each selected=*each == kind>{text.kind(each)}</option> });
    let day = |name: &'static str, label: &'static str, value: &str| {
        view! { <div class="field"><label class="field__label" for=name>{label}</label><input class="field__input" id=name name=name type="date" value=value.to_owned()/></div> }
    };
    view! {
        <form class="filters" method="get" action=PAGE role="search">
            <div class="field">
                <label class="field__label" for="action_kind">{text.action}</label>
                <select class="field__input" id="action_kind" name="action_kind"><option value="">{text.any}</option>{kinds.collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="actor">{text.actor}</label>
                <input class="field__input" id="actor" name="actor" type="search" placeholder=text.actor_hint value=actor.to_owned()/>
            </div>
            {day("from", text.from, from)}
            {day("to", text.to, to)}
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

/// What a filter and its value are called.
fn shown_filter(text: &'static Text, name: &str, value: &str) -> (&'static str, String) {
    let text = &text.audit;
    match name {
        "action_kind" => (text.action, text.kind(value).to_owned()),
        "actor" => (text.actor, value.to_owned()),
        "from" => (text.from, value.to_owned()),
        _ => (text.to, value.to_owned()),
    }
}

fn table(member: &Member, entries: Vec<AuditEntry>) -> AnyView {
    let text = &member.text().audit;
    let (lang, currency) = (member.visit.lang, member.currency());
    let rows = entries.into_iter().map(|entry| {
        let action = view! {
            <span class="who"><span class="strong">{text.kind(&entry.action_kind).to_owned()}</span><code class="muted small">{entry.action_kind.clone()}</code></span>
        };
        let at = entry.created_at.clone();
        let row = view! {
            <tr>
                {cell(text.when, "muted", view! { <Moment at=entry.created_at lang clock=true/> })}
                {cell(text.action, "", action)}
                {cell(text.actor, "", actor(member, entry.actor, entry.ip))}
                {cell(text.changes, "", changes(&entry.details, &currency))}
            </tr>
        };
        (at, row.into_any())
    });
    let rows = by_day(rows, 4, lang);
    let headings = heads([Start(text.when), Start(text.action), Start(text.actor), Start(text.changes)]);
    view! { <div class="table-box"><table class="table table--top">{headings}{rows}</table></div> }.into_any()
}

/// Who it was, by name where there is one, and from which address.
fn actor(member: &Member, actor: AuditActor, ip: Option<String>) -> AnyView {
    let text = &member.text().audit;
    let kind = match actor.kind.as_str() {
        "api_key" => Some(text.by_key),
        "operator" => Some(text.by_operator),
        _ => None,
    };
    let name = actor.label.or(actor.id).unwrap_or_else(|| "Sautikit".to_owned());
    view! {
        <span class="who">
            <span class="breakable">{name}</span>
            <span class="muted small">{kind.map(|kind| view! { <span>{kind}" "</span> })}{ip.map(|ip| view! { <code>{ip}</code> })}</span>
        </span>
    }
    .into_any()
}
