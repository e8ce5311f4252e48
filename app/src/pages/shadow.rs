//! `/developers/shadow`: what numbers' shadows answered, and how it differs from what ran.

use super::member::{Member, member_page};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        CsvLink, Empty, Glyph,
        Head::{End, Start},
        Moment, PageHead, Pager, Tone, badge, cell, heads,
    },
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::Number,
    rights::Scope,
    shadow::{ShadowAnswer, ShadowRequest},
};

const PAGE: &str = "/developers/shadow";
/// Query parameters that the page passes on to the API, named alike.
const FILTERS: [&str; 3] = ["outcome", "number_id", "call_id"];
/// Copies of a page: each can be opened, and shows a document.
const AT_ONCE: &str = "25";

/// The list.
#[component]
pub(crate) fn ShadowPage() -> impl IntoView {
    member_page(|text| text.shadow.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().shadow, member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default().trim()));
    let cursor = query.get("cursor").unwrap_or_default();
    let with_cursor = |path: &'static str, more: &[(&'static str, &str)]| {
        let pairs: Vec<(&str, &str)> = chosen.iter().chain(more).copied().collect();
        with_query(path, &pairs)
    };
    let answer =
        member.api().fetch(with_cursor("/v1/shadow-requests", &[("cursor", cursor), ("limit", AT_ONCE)])).await?;
    let requests: Vec<ShadowRequest> = answer.read()?;
    let numbers: Vec<Number> = match member.may(Scope::NumbersRead) {
        true => member.api().list("/v1/numbers").await?,
        false => Vec::new(),
    };
    let next = answer.header("x-next-cursor").map(|cursor| with_cursor(PAGE, &[("cursor", cursor)]));
    let first = (!cursor.is_empty()).then(|| with_query(PAGE, &chosen));
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let list = match (requests.is_empty(), filtered) {
        (false, _) => table(&member, requests, &numbers),
        (true, true) => view! { <Empty glyph=Glyph::Requests title=text.none_match text=text.none_match_text step=(text.clear, PAGE)/> }.into_any(),
        (true, false) => view! { <Empty glyph=Glyph::Requests title=text.none text=text.none_text step=(member.text().common.numbers, "/numbers")/> }.into_any(),
    };
    let csv = view! { <CsvLink visit=member.visit.clone() list="shadow-requests" by=&FILTERS/> };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text>{csv}</PageHead>
        {filter_bar(&member, chosen, &numbers)}
        <section class="panel">
            {list}
            <Pager lang label=text.title first next/>
        </section>
    }
    .into_any())
}

fn filter_bar(member: &Member, chosen: [(&str, &str); 3], numbers: &[Number]) -> AnyView {
    let [(_, outcome), (_, number), (_, call)] = chosen;
    let text = &member.text().shadow;
    let option = |value: String, words: String, chosen: &str| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{words}</option> }
    };
    let outcomes = [
        ("differing", text.differing),
        ("different", text.different),
        ("failed", text.failed),
        ("recovered", text.recovered),
        ("same", text.same),
    ];
    let outcomes = outcomes.map(|(value, words)| option(value.to_owned(), words.to_owned(), outcome));
    let numbers: Vec<_> = numbers.iter().map(|each| option(each.id.to_string(), each.e164.clone(), number)).collect();
    view! {
        <form class="filters" method="get" action=PAGE role="search">
            <div class="field">
                <label class="field__label" for="outcome">{text.outcome}</label>
                <select class="field__input" id="outcome" name="outcome"><option value="">{text.all}</option>{outcomes.into_iter().collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="number_id">{text.number}</label>
                <select class="field__input" id="number_id" name="number_id"><option value="">{text.all}</option>{numbers.into_iter().collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="call_id">{text.call}</label>
                <input class="field__input" id="call_id" name="call_id" type="search" value=call.to_owned()/>
            </div>
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

fn table(member: &Member, requests: Vec<ShadowRequest>, numbers: &[Number]) -> AnyView {
    let text = &member.text().shadow;
    let lang = member.visit.lang;
    let rows = requests.into_iter().map(|request| {
        let (tone, words) = match request.outcome.as_str() {
            "same" => (Tone::Good, text.same),
            "different" => (Tone::Warn, text.different),
            "recovered" => (Tone::Neutral, text.recovered),
            _ => (Tone::Bad, text.failed),
        };
        let purpose = match request.purpose.as_str() {
            "actions" => text.actions,
            "final" => text.is_final,
            _ => text.status,
        };
        let number = numbers.iter().find(|number| number.id == request.number_id).map(|number| number.e164.clone());
        let asked = view! {
            <span class="who">
                <span>{purpose}</span>
                {number.map(|number| view! { <span class="muted small">{number}</span> })}
                <a class="small" href=format!("/calls/{}", escape(&request.call_id.to_string()))>{text.call}</a>
            </span>
        };
        let both = format!("{} / {} ms", request.live.duration_ms, request.shadow.duration_ms);
        let when = request.created_at.clone();
        let differs = (request.outcome != "same").then(|| details(member, &request));
        view! {
            <tr>
                {cell(text.when, "muted", view! { <Moment at=when lang/> })}
                {cell(text.request, "", asked)}
                {cell(text.outcome, "", view! { <span class="who who--start">{badge(tone, words.to_owned())}{differs}</span> })}
                {cell("ms", "end nowrap", both)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([Start(text.when), Start(text.request), Start(text.outcome), End("ms")]);
    view! { <table class="table table--top">{headings}<tbody>{rows}</tbody></table> }.into_any()
}

/// Both answers and where they differ.
fn details(member: &Member, request: &ShadowRequest) -> AnyView {
    let text = &member.text().shadow;
    let places = request.differences.iter().map(|one| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| text.nothing.to_owned());
        view! {
            <li>
                <code class="breakable">{one.path.clone()}</code>
                <br/>{text.live}": "<code class="breakable">{value(&one.live)}</code>
                <br/>{text.shadow}": "<code class="breakable">{value(&one.shadow)}</code>
            </li>
        }
    });
    let places = places.collect_view();
    let more = usize::try_from(request.difference_count).is_ok_and(|count| count > request.differences.len());
    let more = more.then(|| view! { <p class="muted">{fill(text.more, &request.difference_count.to_string())}</p> });
    let skipped = request.shadow.warnings.iter().map(|warning| {
        view! { <li><code>{format!("{}:{}", warning.line, warning.column)}</code>" "{warning.message.clone()}</li> }
    });
    let skipped = (!request.shadow.warnings.is_empty())
        .then(|| view! { <p class="muted">{text.skipped}</p><ul class="muted">{skipped.collect_view()}</ul> });
    let answer = request.answer.clone();
    let answer = answer.map(|answer| view! { <p class="muted">{text.answer}</p><pre tabindex="0">{answer}</pre> });
    view! {
        <details>
            <summary>{text.details}</summary>
            <dl class="facts">
                <dt>{text.live}</dt><dd>{told(&request.live)}</dd>
                <dt>{text.shadow}</dt><dd>{told(&request.shadow)}</dd>
            </dl>
            <ul>{places}</ul>
            {more}
            {skipped}
            {answer}
        </details>
    }
    .into_any()
}

/// One side in a line: its status, its verbs, or why it came to nothing.
fn told(answer: &ShadowAnswer) -> String {
    let status = answer.status.map(|status| format!("HTTP {status}"));
    let rest = match &answer.error {
        Some(error) => {
            let place = error.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            format!("{place}{} ({})", error.message, error.code)
        }
        None => answer.verbs.join(", "),
    };
    let parts: Vec<_> = status.into_iter().chain(Some(rest).filter(|rest| !rest.is_empty())).collect();
    format!("{} · {}", answer.url, parts.join(" · "))
}
