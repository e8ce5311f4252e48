//! `/developers/requests`: what keys and people asked of the API, and what it answered.

use super::{
    member::{Member, member_page},
    request_opened::{opened, tone_of},
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        Copied, CsvButton, Empty, Glyph,
        Head::{End, Start},
        Moment, PageHead, Pager, badge, by_day, cell, chips, heads,
    },
    format,
};
use leptos::prelude::*;
use sautikit_api::{keys::ApiKey, requests::LoggedRequest};

const PAGE: &str = "/developers/requests";
/// Query parameters that the page passes on to the API, named alike.
const FILTERS: [&str; 5] = ["status", "method", "path", "api_key_id", "request_id"];
/// Methods of the API.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The request log.
#[component]
pub(crate) fn RequestsPage() -> impl IntoView {
    member_page(|text| text.requests.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (member.text(), member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default().trim()));
    let cursor = query.get("cursor").unwrap_or_default();
    let with_cursor = |path: &'static str, cursor: &str| {
        let pairs: Vec<(&str, &str)> = chosen.iter().copied().chain([("cursor", cursor)]).collect();
        with_query(path, &pairs)
    };
    let answer = member.api().fetch(with_cursor("/v1/requests", cursor)).await?;
    let requests: Vec<LoggedRequest> = answer.read()?;
    let keys: Vec<ApiKey> = member.api().list("/v1/api-keys").await?;
    let next = answer.header("x-next-cursor").map(|cursor| with_cursor(PAGE, cursor));
    let first = (!cursor.is_empty()).then(|| with_query(PAGE, &chosen));
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let list = match (requests.is_empty(), filtered) {
        (false, _) => table(&member, requests, &|id| all_with(&chosen, cursor, id)),
        (true, true) => view! { <Empty glyph=Glyph::Requests title=text.requests.none_match text=text.requests.none_match_text step=(text.requests.clear, PAGE)/> }.into_any(),
        (true, false) => view! { <Empty glyph=Glyph::Requests title=text.requests.none text=text.requests.none_text step=(text.common.keys, "/developers/keys")/> }.into_any(),
    };
    let wanted = query.get("open").or(query.get("request_id")).unwrap_or_default();
    let opened = match wanted.is_empty() {
        false => Some(opened(&member, wanted, all_with(&chosen, cursor, "")).await?),
        true => None,
    };
    let layout = if opened.is_some() { "drawn" } else { "stack" };
    let csv = chosen.map(|(name, value)| (name, value.to_owned())).to_vec();
    let csv = view! { <CsvButton list="requests" filters=csv lang/> };
    Ok(view! {
        <PageHead title=text.requests.title.to_owned() text=text.requests.text>
            {csv}
        </PageHead>
        {filter_bar(&member, chosen, &keys)}
        {chips(PAGE, &chosen, |name, value| shown_filter(&member, &keys, name, value), lang)}
        <div class=layout>
            {opened}
            <section class="panel" data-live="requests" data-live-changes=cursor.is_empty().then_some("requests")>
                {list}
                <Pager lang label=text.requests.title first next/>
            </section>
        </div>
    }
    .into_any())
}

/// The list as it is chosen, with this request open.
fn all_with(chosen: &[(&str, &str); 5], cursor: &str, open: &str) -> String {
    let own = chosen.iter().copied().filter(|(name, _)| *name != "request_id");
    let pairs: Vec<(&str, &str)> = own.chain([("cursor", cursor), ("open", open)]).collect();
    with_query(PAGE, &pairs)
}

fn filter_bar(member: &Member, chosen: [(&str, &str); 5], keys: &[ApiKey]) -> AnyView {
    let [(_, status), (_, method), (_, path), (_, key), _] = chosen;
    let text = &member.text().requests;
    let option = |value: String, words: String, chosen: &str| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{words}</option> }
    };
    let classes = [("2xx", text.succeeded), ("4xx", text.refused), ("5xx", text.broken)];
    let statuses = classes.map(|(value, words)| option(value.to_owned(), words.to_owned(), status));
    let methods = METHODS.map(|value| option(value.to_owned(), value.to_owned(), method));
    let keys: Vec<_> = keys.iter().map(|each| option(each.id.to_string(), each.name.clone(), key)).collect();
    view! {
        <form class="filters" method="get" action=PAGE role="search">
            <div class="field">
                <label class="field__label" for="status">{text.status}</label>
                <select class="field__input" id="status" name="status"><option value="">{text.any}</option>{statuses.into_iter().collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="method">{text.method}</label>
                <select class="field__input" id="method" name="method"><option value="">{text.any}</option>{methods.into_iter().collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="api_key_id">{text.key}</label>
                <select class="field__input" id="api_key_id" name="api_key_id"><option value="">{text.any}</option>{keys.into_iter().collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="path">{text.path}</label>
                <input class="field__input" id="path" name="path" type="search" placeholder="/v1/calls" value=path.to_owned()/>
            </div>
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

/// What a filter and its value are called.
fn shown_filter(member: &Member, keys: &[ApiKey], name: &str, value: &str) -> (&'static str, String) {
    let text = &member.text().requests;
    match name {
        "status" => (text.status, value.to_owned()),
        "method" => (text.method, value.to_owned()),
        "path" => (text.path, value.to_owned()),
        "request_id" => (text.request, value.to_owned()),
        _ => {
            let key = keys.iter().find(|key| key.id.to_string() == value);
            (text.key, key.map_or_else(|| value.to_owned(), |key| key.name.clone()))
        }
    }
}

fn table(member: &Member, requests: Vec<LoggedRequest>, opens: &dyn Fn(&str) -> String) -> AnyView {
    let text = &member.text().requests;
    let lang = member.visit.lang;
    let rows = requests.into_iter().map(|request| {
        let code = request.error_code.map(|code| {
            view! { <a class="small" href=format!("/docs/errors/{}", escape(&code))>{code.clone()}</a> }
        });
        let asked = view! {
            <span class="who"><a class="row-link" href=opens(&request.request_id)><code class="breakable">{request.method}" "{request.path}</code></a><span class="muted small"><Copied id=format!("id-{}", request.id) value=request.request_id lang/></span></span>
        };
        let who = request.actor.label.or(request.actor.id).unwrap_or_default();
        let who = view! { <span class="who"><span class="breakable">{who}</span>{request.ip.map(|ip| view! { <code class="muted small">{ip}</code> })}</span> };
        let at = request.created_at.clone();
        let row = view! {
            <tr>
                {cell(text.when, "muted", view! { <Moment at=request.created_at lang clock=true/> })}
                {cell(text.request, "", asked)}
                {cell(text.status, "", view! { <span class="who who--start">{badge(tone_of(request.status), request.status.to_string())}{code}</span> })}
                {cell(text.who, "", who)}
                {cell(text.duration, "end nowrap", format::milliseconds(request.duration_us))}
            </tr>
        };
        (at, row.into_any())
    });
    let rows = by_day(rows, 5, lang);
    let headings =
        heads([Start(text.when), Start(text.request), Start(text.status), Start(text.who), End(text.duration)]);
    view! { <div class="table-box"><table class="table table--top table--requests">{headings}{rows}</table></div> }
        .into_any()
}
