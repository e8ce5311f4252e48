//! `/developers/webhooks/{id}`: one endpoint, how it does, and what was sent there.

use super::{
    member::{Member, member_page},
    webhook_deliveries::{Deliveries, On},
    webhook_parts::{event_choices, events_of, of_last, off_because, percent, rotate_form, status},
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{Copied, FailureNotice, Field, Moment, PageHead, TypedConfirm, hidden, of_workspace, outcome},
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    rights::Scope,
    webhooks::{EventKindShown, SecretOf, Webhook, WebhookStatus},
};

/// One endpoint.
#[component]
pub(crate) fn WebhookPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    member_page(|text| text.webhooks.title, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().webhooks;
    let endpoint: Webhook = member.api().get(format!("/v1/webhooks/{}", escape(&id))).await?;
    let kinds: Vec<EventKindShown> = member.api().get("/v1/webhooks/kinds").await?;
    let deliveries = Deliveries::of(&member, &endpoint).await?;
    let may_write = member.may(Scope::WebhooksWrite);
    let done = [
        ("saved", text.saved, text.saved_text),
        ("tested", text.tested, text.tested_text),
        ("retried", text.retried, text.retried_text),
        ("retried_part", text.retried_part, text.retried_part_text),
    ];
    let has_secret = matches!(member.visit.flash, Some(Flash::WebhookShown(_)));
    let outcome = (!has_secret).then(|| outcome(&member.visit, &done));
    let head = if endpoint.description.is_empty() { endpoint.url.clone() } else { endpoint.description.clone() };
    let switch = may_write.then(|| switch(&member, &endpoint));
    Ok(view! {
        <PageHead title=head parent=(text.title, "/developers/webhooks")>
            {switch}
        </PageHead>
        {outcome}
        {secret_made(&member)}
        <div class="stack-lg">
            <div class="columns">
                <div class="stack-lg">
                    {if may_write { settings(&member, &endpoint, &kinds) } else { facts_of_settings(&member, &endpoint) }}
                </div>
                <div class="stack">
                    {health(&member, &endpoint)}
                    {may_write.then(|| test(&member, &endpoint, &kinds))}
                    {preview(&member, &kinds)}
                    {secret(&member, &endpoint, may_write)}
                </div>
            </div>
            {deliveries.show(&member, On::Endpoint(&endpoint), &kinds)}
            {(may_write && endpoint.number_id.is_none()).then(|| delete(&member, &endpoint))}
        </div>
    }
    .into_any())
}

fn secret_made(member: &Member) -> Option<AnyView> {
    let Some(Flash::WebhookShown(made)) = &member.visit.flash else { return None };
    let text = &member.text().webhooks;
    let lang = member.visit.lang;
    let secret = made.secret.clone()?;
    let former = made.webhook.former_secret_until.clone();
    let shown = view! {
        <section class="secret" role="status">
            <h2>{text.created}</h2>
            <p>{text.created_text}" "<a href="/docs/concepts/webhooks">{text.guide}</a></p>
            <div class="secret__value"><Copied id="new-secret" value=secret lang/></div>
            {former.map(|until| view! { <p>{text.former_until}" "<Moment at=until lang/>"."</p> })}
        </section>
    };
    Some(shown.into_any())
}

fn switch(member: &Member, endpoint: &Webhook) -> AnyView {
    let text = &member.text().webhooks;
    let (status, words) = match endpoint.status {
        WebhookStatus::Enabled => ("disabled", text.switch_off),
        WebhookStatus::Disabled => ("enabled", text.switch_on),
    };
    view! {
        <form method="post" action=format!("/console/webhooks/{}/switch", endpoint.id)>
            {of_workspace(&member.visit)}
            {hidden("status", status)}
            <button class="button">{words}</button>
        </form>
    }
    .into_any()
}

fn settings(member: &Member, endpoint: &Webhook, kinds: &[EventKindShown]) -> AnyView {
    const FORM: &str = forms::CHANGE_WEBHOOK;
    let text = &member.text().webhooks;
    let visit = member.visit.clone();
    let (lang, is_of_number) = (visit.lang, endpoint.number_id.is_some());
    let failure = visit.failure_of(FORM).filter(|failure| failure.field().is_none()).cloned();
    let typed = visit.typed_all(FORM, "events");
    let chosen = if typed.is_empty() { endpoint.events.clone() } else { typed };
    let rate = endpoint.rate_per_second.map(|rate| rate.to_string()).unwrap_or_default();
    let url = if is_of_number {
        view! { {hidden("of_number", "1")}<p><code class="breakable">{endpoint.url.clone()}</code></p><p class="muted">{text.of_number}</p> }
            .into_any()
    } else {
        view! { <Field visit=visit.clone() form=FORM name="url" kind="url" label=text.url maxlength=2048 value=endpoint.url.clone()/> }
            .into_any()
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.settings}</h2></div>
            <form class="form panel__body" method="post" action=format!("/console/webhooks/{}", endpoint.id)>
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {of_workspace(&visit)}
                {url}
                <div class="form form--row form--top">
                    <Field visit=visit.clone() form=FORM name="description" label=text.description hint=text.description_hint required=false autocomplete="off" maxlength=200 value=endpoint.description.clone()/>
                    <Field visit form=FORM name="rate_per_second" label=text.rate hint=text.rate_hint inputmode="numeric" required=false autocomplete="off" maxlength=4 value=rate/>
                </div>
                {(!is_of_number).then(|| event_choices(member, kinds, &chosen))}
                <div class="form__actions"><button class="button button--primary">{text.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn facts_of_settings(member: &Member, endpoint: &Webhook) -> AnyView {
    let text = &member.text().webhooks;
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.settings}</h2></div>
            <dl class="facts panel__body">
                <dt>{text.url}</dt><dd><code class="breakable">{endpoint.url.clone()}</code></dd>
                <dt>{text.events}</dt><dd>{events_of(member, endpoint)}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn health(member: &Member, endpoint: &Webhook) -> AnyView {
    let text = &member.text().webhooks;
    let (lang, health) = (member.visit.lang, &endpoint.health);
    let share = health.success_rate.map(|rate| format!("{} {}", percent(rate), of_last(member, health.deliveries)));
    let ms = |ms: Option<i64>| ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
    let moment =
        |words: &'static str, at: Option<String>| at.map(|at| view! { <dt>{words}</dt><dd><Moment at lang/></dd> });
    view! {
        <section class="panel" data-live="health" data-live-changes="deliveries">
            <div class="panel__head"><h2>{text.health}</h2>{status(member, endpoint)}{off_because(member, endpoint).map(|words| view! { <p>{words}</p> })}</div>
            <dl class="facts panel__body">
                <dt>{text.success}</dt><dd>{share.unwrap_or_else(|| text.untried.to_owned())}</dd>
                <dt>{text.p50}</dt><dd>{ms(health.p50_ms)}</dd>
                <dt>{text.p95}</dt><dd>{ms(health.p95_ms)}</dd>
                {moment(text.failing_since, health.failing_since.clone())}
                {moment(text.paused_until, health.paused_until.clone())}
            </dl>
        </section>
    }
    .into_any()
}

fn test(member: &Member, endpoint: &Webhook, kinds: &[EventKindShown]) -> AnyView {
    /// What the API sends when nothing is said.
    const USUAL: &str = "call.completed";
    let text = &member.text().webhooks;
    let options = kinds.iter().map(|kind| {
        view! { <option value=kind.event.clone() selected=kind.event == USUAL>{kind.event.clone()}</option> }
    });
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.test}</h2><p>{text.test_text}</p></div>
            <form class="form form--row panel__body" method="post" action=format!("/console/webhooks/{}/test", endpoint.id)>
                {of_workspace(&member.visit)}
                {hidden("form_token", format!("{}-test", member.visit.form_token))}
                <label class="field"><span class="field__label">{text.event}</span><select class="field__input" name="event">{options.collect_view()}</select></label>
                <button class="button">{text.test_button}</button>
            </form>
        </section>
    }
    .into_any()
}

/// What is sent of each kind, with made-up values.
pub(super) fn preview(member: &Member, kinds: &[EventKindShown]) -> AnyView {
    let text = &member.text().webhooks;
    let each = kinds.iter().map(|kind| {
        let body = serde_json::to_string_pretty(&kind.example).unwrap_or_default();
        let name = kind.event.clone();
        view! {
            <details class="panel__body">
                <summary><code>{name.clone()}</code>" "<span class="muted small">{fill(text.version, &kind.version.to_string())}</span></summary>
                <pre class="codeblock__lines" tabindex="0" role="region" aria-label=name><code>{body}</code></pre>
            </details>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.preview}</h2><p>{text.preview_text}</p></div>
            {each.collect_view()}
        </section>
    }
    .into_any()
}

fn secret(member: &Member, endpoint: &Webhook, may_write: bool) -> AnyView {
    let text = &member.text().webhooks;
    let lang = member.visit.lang;
    let whose = match endpoint.secret_of {
        SecretOf::Endpoint => text.secret_endpoint,
        SecretOf::Number => text.secret_number,
        SecretOf::Workspace => text.secret_workspace,
    };
    let former = endpoint.former_secret_until.clone();
    let token = format!("{}-secret", member.visit.form_token);
    let action = format!("/console/webhooks/{}/rotate-secret", endpoint.id);
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.secret}</h2><p>{text.secret_of}" "{whose}"."</p></div>
            <div class="panel__body stack">
                {former.map(|until| view! { <p>{text.former_until}" "<Moment at=until lang/>"."</p> })}
                {may_write.then(|| view! { <p class="muted">{text.secret_text}</p> })}
                {may_write.then(|| rotate_form(member, action, token))}
            </div>
        </section>
    }
    .into_any()
}

fn delete(member: &Member, endpoint: &Webhook) -> AnyView {
    let text = &member.text().webhooks;
    view! {
        <section class="panel panel--danger" id="delete">
            <div class="panel__head">
                <h2>{text.delete}</h2>
                <TypedConfirm visit=member.visit.clone() opens=text.delete action=format!("/console/webhooks/{}/delete", endpoint.id)
                    name=endpoint.url.clone() ask=fill(text.delete_ask, &endpoint.url) sure=text.delete/>
                <p>{text.delete_text}</p>
            </div>
        </section>
    }
    .into_any()
}
