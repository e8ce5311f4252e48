//! Deliveries: the list of an endpoint's, or of all endpoints', and one with its attempts (`/developers/deliveries/{id}`).

use super::{
    member::{Member, member_page},
    webhook_parts::{answer_of, delivery_badge},
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        CodeBlock, Empty, Field, Glyph,
        Head::{End, Start},
        Moment, PageHead, Pager, by_day, cell, heads, hidden, of_workspace, outcome,
    },
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    rights::Scope,
    webhooks::{Delivery, DeliveryAttempt, DeliveryDetail, EventKindShown, Webhook},
};

/// Query parameters that the list passes on to the API, named alike.
const FILTERS: [&str; 6] = ["status", "event", "from", "to", "call_id", "event_id"];

/// The page of all deliveries of the workspace.
pub(super) const PAGE: &str = "/developers/deliveries";
/// The endpoint that this page is narrowed to, in its query and its forms.
pub(super) const ENDPOINT: &str = "webhook_id";

/// Where deliveries are shown.
#[derive(Clone, Copy)]
pub(super) enum On<'a> {
    /// On the page of their endpoint.
    Endpoint(&'a Webhook),
    /// On the page of all, with those that it can be narrowed to.
    All(&'a [Webhook]),
}

/// A page of deliveries.
pub(super) struct Deliveries {
    rows: Vec<Delivery>,
    first: Option<String>,
    next: Option<String>,
    filtered: bool,
}

impl Deliveries {
    /// Those of one endpoint.
    pub(super) async fn of(member: &Member, endpoint: &Webhook) -> Result<Self, ApiFailure> {
        let path = format!("/v1/webhooks/{}/deliveries", endpoint.id);
        Self::read(member, &path, (&format!("/developers/webhooks/{}", endpoint.id), "")).await
    }

    /// Those of all endpoints, or of the one that the query names.
    pub(super) async fn of_all(member: &Member) -> Result<Self, ApiFailure> {
        let endpoint = member.visit.query.get(ENDPOINT).unwrap_or_default();
        let path = match endpoint {
            "" => "/v1/webhooks/deliveries".to_owned(),
            id => format!("/v1/webhooks/{}/deliveries", escape(id)),
        };
        Self::read(member, &path, (PAGE, endpoint)).await
    }

    /// The list at `path`, as the query narrows it; `page` shows it, narrowed to an endpoint where one is named.
    async fn read(member: &Member, path: &str, (page, endpoint): (&str, &str)) -> Result<Self, ApiFailure> {
        let query = &member.visit.query;
        let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default()));
        let cursor = query.get("cursor").unwrap_or_default();
        let with = |path: &str, endpoint: &str, cursor: &str| {
            let beside = [(ENDPOINT, endpoint), ("cursor", cursor)];
            let pairs: Vec<(&str, &str)> = chosen.iter().copied().chain(beside).collect();
            with_query(path, &pairs)
        };
        let answer = member.api().fetch(with(path, "", cursor)).await?;
        let next = answer.header("x-next-cursor").map(|cursor| format!("{}#deliveries", with(page, endpoint, cursor)));
        Ok(Self {
            rows: answer.read()?,
            first: (!cursor.is_empty()).then(|| format!("{}#deliveries", with(page, endpoint, ""))),
            next,
            filtered: !endpoint.is_empty() || chosen.iter().any(|(_, value)| !value.is_empty()),
        })
    }

    pub(super) fn show(self, member: &Member, on: On<'_>, kinds: &[EventKindShown]) -> AnyView {
        let text = &member.text().webhooks;
        let lang = member.visit.lang;
        let Self { rows, first, next, filtered } = self;
        let bar = (filtered || !rows.is_empty()).then(|| filter_bar(member, on, kinds));
        let may_retry = member.may(Scope::WebhooksWrite) && !rows.is_empty();
        let list = match (rows.is_empty(), filtered) {
            (false, _) => table(member, on, rows),
            (true, true) => view! { <Empty glyph=Glyph::Requests title=text.none_match text=""/> }.into_any(),
            (true, false) => {
                view! { <Empty glyph=Glyph::Requests title=text.no_deliveries text=text.no_deliveries_text/> }
                    .into_any()
            }
        };
        // The page of all has it as its own.
        let head = matches!(on, On::Endpoint(_)).then(|| {
            view! { <div class="panel__head"><h2>{text.deliveries}</h2><p>{text.deliveries_text}</p></div> }
        });
        // What is new stands on the first page.
        let follows = first.is_none().then_some("deliveries");
        view! {
            <section class="panel" id="deliveries">
                {head}
                {bar}
                <div data-live="deliveries" data-live-changes=follows>{list}</div>
                <Pager lang label=text.deliveries first next/>
                {may_retry.then(|| retry_all(member, on, kinds))}
            </section>
        }
        .into_any()
    }
}

fn filter_bar(member: &Member, on: On<'_>, kinds: &[EventKindShown]) -> AnyView {
    let text = &member.text().webhooks;
    let [status, event] = ["status", "event"].map(|name| member.visit.query.get(name).unwrap_or_default().to_owned());
    let statuses = [
        ("pending", text.pending),
        ("delivered", text.delivered),
        ("failed", text.failed),
        ("exhausted", text.exhausted),
    ];
    let statuses = statuses
        .map(|(value, words)| view! { <option value=value selected=value == status>{words}</option> })
        .into_iter()
        .collect_view();
    let events = event_options(kinds, &event);
    let given = |name: &str| member.visit.query.get(name).unwrap_or_default().to_owned();
    let others = [
        ("from", "date", text.since),
        ("to", "date", text.until),
        ("call_id", "text", text.of_call),
        ("event_id", "text", text.of_event),
    ]
    .map(|(name, kind, label)| {
        view! {
            <label class="field"><span class="field__label">{label}</span><input class="field__input" name=name type=kind value=given(name)/></label>
        }
    });
    let (action, endpoint) = match on {
        On::Endpoint(_) => ("#deliveries", None),
        On::All(endpoints) => (PAGE, Some(endpoint_choice(member, endpoints))),
    };
    view! {
        <form class="filters panel__body" method="get" action=action role="search">
            {endpoint}
            <div class="field">
                <label class="field__label" for="status">{text.status}</label>
                <select class="field__input" id="status" name="status"><option value="">{text.any}</option>{statuses}</select>
            </div>
            <div class="field">
                <label class="field__label" for="event">{text.event}</label>
                <select class="field__input" id="event" name="event"><option value="">{text.any}</option>{events}</select>
            </div>
            {others.into_iter().collect_view()}
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

/// The choice of an endpoint; none is all.
fn endpoint_choice(member: &Member, endpoints: &[Webhook]) -> AnyView {
    let text = &member.text().webhooks;
    let chosen = member.visit.query.get(ENDPOINT).unwrap_or_default().to_owned();
    let options = endpoints.iter().map(|endpoint| {
        let id = endpoint.id.to_string();
        let words = if endpoint.description.is_empty() { endpoint.url.clone() } else { endpoint.description.clone() };
        view! { <option value=id.clone() selected=id == chosen>{words}</option> }
    });
    let options = options.collect_view();
    view! {
        <label class="field"><span class="field__label">{text.endpoint}</span><select class="field__input" name=ENDPOINT><option value="">{text.any}</option>{options}</select></label>
    }
    .into_any()
}

fn event_options(kinds: &[EventKindShown], chosen: &str) -> AnyView {
    kinds
        .iter()
        .map(|kind| view! { <option value=kind.event.clone() selected=kind.event == chosen>{kind.event.clone()}</option> })
        .collect_view()
        .into_any()
}

fn table(member: &Member, on: On<'_>, rows: Vec<Delivery>) -> AnyView {
    let text = &member.text().webhooks;
    let lang = member.visit.lang;
    let names_endpoint = matches!(on, On::All(_));
    let rows = rows.into_iter().map(|row| {
        let href = format!("/developers/deliveries/{}", row.id);
        let event = view! { <span class="who"><a class="row-link" href=href><code>{row.event.clone()}</code></a><code class="muted small breakable">{row.event_id.clone()}</code></span> };
        let answer = answer_of(member, row.last_status, row.last_error.as_deref());
        let at = row.created_at.clone();
        let endpoint = names_endpoint.then(|| {
            let href = format!("/developers/webhooks/{}", row.webhook_id);
            let url = view! { <a class="breakable" href=href>{row.url.clone()}</a> };
            cell(text.endpoint, "small", url)
        });
        let line = view! {
            <tr>
                {cell(text.when, "muted", view! { <Moment at=row.created_at.clone() lang clock=true/> })}
                {cell(text.event, "", event)}
                {endpoint}
                {cell(text.status, "", delivery_badge(member, &row.status))}
                {cell(text.answer, "", answer)}
                {cell(text.attempts, "end", row.attempts)}
            </tr>
        };
        (at, line.into_any())
    });
    let (rows, headings) = if names_endpoint {
        let columns = [text.when, text.event, text.endpoint, text.status, text.answer].map(Start);
        let [when, event, endpoint, status, answer] = columns;
        let headings = heads([when, event, endpoint, status, answer, End(text.attempts)]).into_any();
        (by_day(rows, 6, lang), headings)
    } else {
        let columns = [text.when, text.event, text.status, text.answer].map(Start);
        let [when, event, status, answer] = columns;
        (by_day(rows, 5, lang), heads([when, event, status, answer, End(text.attempts)]).into_any())
    };
    view! { <div class="table-box"><table class="table table--top">{headings}{rows}</table></div> }.into_any()
}

fn retry_all(member: &Member, on: On<'_>, kinds: &[EventKindShown]) -> AnyView {
    let text = &member.text().webhooks;
    let visit = member.visit.clone();
    let missing = || {
        view! { <label class="choice"><input type="checkbox" name="missing" value="1" checked=true/>{text.retry_missing}</label> }
    };
    let (form, action, endpoint, missing) = match on {
        On::Endpoint(endpoint) => {
            let action = format!("/console/webhooks/{}/retry", endpoint.id);
            (forms::RETRY_DELIVERIES, action, None, Some(missing()))
        }
        On::All(endpoints) => {
            let endpoint = Some(endpoint_choice(member, endpoints));
            (forms::RETRY_ALL_DELIVERIES, forms::RETRY_ALL_DELIVERIES.to_owned(), endpoint, None)
        }
    };
    let events = event_options(kinds, visit.query.get("event").unwrap_or_default());
    view! {
        <form class="form form--wrap panel__body" method="post" action=action>
            {of_workspace(&visit)}
            {hidden("form_token", format!("{}-retry", visit.form_token))}
            {endpoint}
            <Field visit=visit.clone() form=form name="since" kind="date" label=text.since hint=text.retry_all_text/>
            <Field visit form=form name="to" kind="date" label=text.until required=false/>
            <label class="field"><span class="field__label">{text.event}</span><select class="field__input" name="event"><option value="">{text.any}</option>{events}</select></label>
            {missing}
            <button class="button">{text.retry_all}</button>
        </form>
    }
    .into_any()
}

/// One delivery.
#[component]
pub(crate) fn DeliveryPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    member_page(|text| text.webhooks.delivery, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().webhooks;
    let lang = member.visit.lang;
    let DeliveryDetail { delivery, body, log } =
        member.api().get(format!("/v1/webhooks/deliveries/{}/attempts", escape(&id))).await?;
    let is_retryable = matches!(delivery.status.as_str(), "failed" | "exhausted");
    let retry = (is_retryable && member.may(Scope::WebhooksWrite)).then(|| retry_form(&member, &delivery));
    let parent = format!("/developers/webhooks/{}", delivery.webhook_id);
    let next = delivery.next_attempt_at.clone();
    let follows = (delivery.status == "pending").then_some("deliveries");
    let attempts = if log.is_empty() {
        view! { <p class="panel__body muted">{text.no_attempts}</p> }.into_any()
    } else {
        log.into_iter().rev().map(|one| attempt(&member, one)).collect_view().into_any()
    };
    let body = match body {
        Some(body) => {
            let label = text.copy_body;
            let shown = indented(&body);
            // What is signed are the bytes as they were sent, and not as they are read best.
            view! {
                <CodeBlock id="body" label code=shown lang/>
                <details class="disclosure"><summary>{text.as_sent}</summary><CodeBlock id="body-as-sent" label=text.as_sent code=body lang/></details>
            }
            .into_any()
        }
        None => view! { <p class="muted">{text.body_gone}</p> }.into_any(),
    };
    Ok(view! {
        <PageHead title=delivery.event.clone() parent=(text.deliveries, PAGE)>{retry}</PageHead>
        {outcome(&member.visit, &[("retried", text.retried, text.retried_text)])}
        <div class="stack-lg" data-live="delivery" data-live-changes=follows>
            <section class="panel">
                <div class="panel__head"><h2>{text.request}</h2>{delivery_badge(&member, &delivery.status)}</div>
                <div class="panel__body stack">
                    <dl class="facts">
                        <dt>{text.endpoint}</dt><dd><a class="breakable" href=parent>{delivery.url.clone()}</a></dd>
                        <dt>"Content-Type"</dt><dd><code>"application/json"</code></dd>
                        <dt>"X-Sautikit-Event"</dt><dd><code class="breakable">{delivery.event.clone()}</code></dd>
                        <dt>"X-Sautikit-Delivery"</dt><dd><code class="breakable">{delivery.id.to_string()}</code></dd>
                        <dt>{text.event}</dt><dd><code class="breakable">{delivery.event_id.clone()}</code></dd>
                        <dt>{text.when}</dt><dd><Moment at=delivery.created_at.clone() lang/></dd>
                        {next.map(|at| view! { <dt>{text.next_attempt}</dt><dd><Moment at lang/></dd> })}
                    </dl>
                    {body}
                </div>
            </section>
            <section class="panel">
                <div class="panel__head"><h2>{text.attempts}</h2></div>
                {attempts}
            </section>
        </div>
    }
    .into_any())
}

fn attempt(member: &Member, attempt: DeliveryAttempt) -> AnyView {
    let text = &member.text().webhooks;
    let lang = member.visit.lang;
    let answer = answer_of(member, attempt.status, attempt.error.as_deref());
    let kept = attempt.answer.filter(|answer| !answer.is_empty());
    let headers = attempt.answer_headers.filter(|headers| !headers.is_empty());
    let signature = attempt.signature.map(|signature| view! { <p class="small"><code>{signature}</code></p> });
    view! {
        <div class="panel__body stack">
            <p><span class="strong">{fill(text.attempt, &attempt.number.to_string())}": "{answer}</span>" "<span class="muted small">{fill(text.took, &attempt.duration_ms.to_string())}", "{text.signed_with}" "<code>{attempt.secret}</code>", "<Moment at=attempt.started_at lang/></span></p>
            {signature}
            {headers.map(|headers| view! { <pre class="codeblock__lines" tabindex="0" role="region" aria-label=text.answer_headers><code>{headers}</code></pre> })}
            {kept.map(|answer| view! { <pre class="codeblock__lines" tabindex="0" role="region" aria-label=text.answer><code>{answer}</code></pre> })}
        </div>
    }
    .into_any()
}

fn retry_form(member: &Member, delivery: &Delivery) -> AnyView {
    let text = &member.text().webhooks;
    view! {
        <form method="post" action=format!("/console/deliveries/{}/retry", delivery.id)>
            {of_workspace(&member.visit)}
            {hidden("form_token", member.visit.form_token.clone())}
            <button class="button button--primary">{text.retry}</button>
        </form>
    }
    .into_any()
}

/// The body with its members on lines of their own, in the order in which they are sent.
fn indented(body: &str) -> String {
    let (mut text, mut depth, mut in_string, mut escaped) = (String::with_capacity(body.len() * 2), 0, false, false);
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    };
    for letter in body.chars() {
        match letter {
            _ if in_string => {
                in_string = escaped || letter != '"';
                escaped = letter == '\\' && !escaped;
                text.push(letter);
                continue;
            }
            '"' => in_string = true,
            '}' | ']' => {
                depth = usize::saturating_sub(depth, 1);
                line(&mut text, depth);
            }
            _ => {}
        }
        text.push(letter);
        match letter {
            '{' | '[' => {
                depth += 1;
                line(&mut text, depth);
            }
            ',' => line(&mut text, depth),
            ':' => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn members_stand_on_lines_of_their_own_in_their_order() {
        let body = r#"{"b":"a,\"{}","a":[1,{"c":null}]}"#;
        let shown = "{\n  \"b\": \"a,\\\"{}\",\n  \"a\": [\n    1,\n    {\n      \"c\": null\n    }\n  ]\n}";
        assert_eq!(indented(body), shown);
    }
}
