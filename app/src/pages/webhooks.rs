//! `/developers/webhooks`: the workspace's endpoints, a new one, and the default secret.

use super::webhook::preview;
use super::{
    member::{Member, member_page},
    webhook_parts::{default_secret, event_choices, events_of, health_line, status},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Copied, CsvLink, Empty, FailureNotice, Field, Glyph, Head::Start, Icon, PageHead, Pager, cell, heads, hidden,
        of_workspace, outcome,
    },
    forms,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    rights::Scope,
    webhooks::{EventKindShown, Webhook},
};

const PAGE: &str = "/developers/webhooks";

/// All endpoints.
#[component]
pub(crate) fn WebhooksPage() -> impl IntoView {
    member_page(|text| text.webhooks.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().webhooks, member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/webhooks", &[("cursor", cursor), ("limit", "20")])).await?;
    let endpoints: Vec<Webhook> = answer.read()?;
    let kinds: Vec<EventKindShown> = member.api().get("/v1/webhooks/kinds").await?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[("cursor", cursor)]));
    let first = (!cursor.is_empty()).then(|| PAGE.to_owned());
    let may_write = member.may(Scope::WebhooksWrite);
    let made = match &member.visit.flash {
        Some(Flash::SecretShown(secret)) => Some(view! {
            <section class="secret" role="status">
                <h2>{text.default_made}</h2>
                <p>{text.created_text}</p>
                <div class="secret__value"><Copied id="new-secret" value=secret.clone() lang/></div>
            </section>
        }),
        _ => None,
    };
    let add = (may_write && !endpoints.is_empty())
        .then(|| view! { <a class="button button--primary" href="#create"><Icon glyph=Glyph::Plus/>{text.create}</a> });
    // The page of an endpoint shows them too.
    let is_new = endpoints.is_empty();
    let csv = view! { <CsvLink visit=member.visit.clone() list="webhooks"/> };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text>
            {csv}
            <a class="button" href="/docs/concepts/webhooks"><Icon glyph=Glyph::Book/>{text.guide}</a>
            <a class="button" href="/developers/deliveries"><Icon glyph=Glyph::Requests/>{text.deliveries}</a>
            {add}
        </PageHead>
        {made}
        {outcome(&member.visit, &[("deleted", text.deleted, text.deleted_text)])}
        <div class="stack-lg">
            <section class="panel">
                <div data-live="webhooks" data-live-changes=cursor.is_empty().then_some("deliveries")>{list(&member, endpoints)}</div>
                <Pager lang label=text.title first next/>
            </section>
            {may_write.then(|| create_form(&member, &kinds))}
            {is_new.then(|| preview(&member, &kinds))}
            {may_write.then(|| default_secret(&member))}
        </div>
    }
    .into_any())
}

fn list(member: &Member, endpoints: Vec<Webhook>) -> AnyView {
    let text = &member.text().webhooks;
    if endpoints.is_empty() {
        let words = if member.may(Scope::WebhooksWrite) { text.none_text } else { text.none_may };
        return view! { <Empty glyph=Glyph::Requests title=text.none text=words/> }.into_any();
    }
    let rows = endpoints.into_iter().map(|endpoint| {
        let below = if endpoint.number_id.is_some() { text.of_number.to_owned() } else { endpoint.description.clone() };
        let href = format!("{PAGE}/{}", endpoint.id);
        let name = view! { <span class="who"><a class="row-link strong breakable" href=href>{endpoint.url.clone()}</a><span class="muted small">{below}</span></span> };
        view! {
            <tr>
                {cell(text.endpoint, "", name)}
                {cell(text.events, "muted", events_of(member, &endpoint))}
                {cell(text.health, "muted", health_line(member, &endpoint))}
                {cell(text.status, "", status(member, &endpoint))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([Start(text.endpoint), Start(text.events), Start(text.health), Start(text.status)]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn create_form(member: &Member, kinds: &[EventKindShown]) -> AnyView {
    const FORM: &str = forms::CREATE_WEBHOOK;
    let text = &member.text().webhooks;
    let visit = member.visit.clone();
    let failure = visit.failure_of(FORM).filter(|failure| failure.field().is_none()).cloned();
    let lang = visit.lang;
    let chosen = visit.typed_all(FORM, "events");
    view! {
        <section class="panel" id="create">
            <div class="panel__head"><h2>{text.create}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {of_workspace(&visit)}
                {hidden("form_token", visit.form_token.clone())}
                <Field visit=visit.clone() form=FORM name="url" kind="url" label=text.url hint=text.url_hint placeholder="https://" maxlength=2048/>
                <div class="form form--row form--top">
                    <Field visit=visit.clone() form=FORM name="description" label=text.description hint=text.description_hint required=false autocomplete="off" maxlength=200/>
                    <Field visit form=FORM name="rate_per_second" label=text.rate hint=text.rate_hint inputmode="numeric" required=false autocomplete="off" maxlength=4/>
                </div>
                {event_choices(member, kinds, &chosen)}
                <div class="form__actions"><button class="button button--primary">{text.create_button}</button></div>
            </form>
        </section>
    }
    .into_any()
}
