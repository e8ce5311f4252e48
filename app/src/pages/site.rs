//! `/about`, `/status` and `/contact`.

use super::public::{Named, public_page};
use crate::{
    components::{Moment, Notice, Tone, badge},
    visit::Visit,
};
use leptos::prelude::*;

/// Who this is.
#[component]
pub(crate) fn AboutPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().site;
    let named = Named { title: format!("{} · Sautikit", text.about), summary: text.about_lead };
    public_page(visit, named, "pricing", |visit, _| async move {
        let text = visit.text();
        let site = &text.site;
        let parts = [
            (site.about_open, site.about_open_text),
            (site.about_money, site.about_money_text),
            (site.about_privacy, site.about_privacy_text),
            (site.about_not, text.landing.emergency),
        ];
        let parts = parts.map(|(title, words)| view! { <section class="panel"><div class="panel__head"><h2>{title}</h2><p>{words}</p></div></section> });
        view! {
            <div class="stack"><h1>{site.about}</h1><p class="hero__lead">{site.about_lead}</p></div>
            <div class="stack">{parts.into_iter().collect_view()}</div>
            <p class="row"><a class="button" href="/docs/licences.txt">{site.licences}</a><a class="button" href="/contact">{site.contact}</a></p>
        }
        .into_any()
    })
}

/// How the server does.
#[component]
pub(crate) fn StatusPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().site;
    let named = Named { title: format!("{} · Sautikit", text.status), summary: text.status_lead };
    public_page(visit, named, "pricing", |visit, _| async move { status(&visit) })
}

/// Seconds between two looks.
const LOOK_SECONDS: &str = "15";

fn status(visit: &Visit) -> AnyView {
    let text = &visit.text().site;
    let health = visit.health.clone().unwrap_or_default();
    let (tone, title) = match (health.database, health.is_draining) {
        (false, _) => (Tone::Bad, text.status_bad),
        (true, true) => (Tone::Warn, text.status_draining),
        (true, false) => (Tone::Good, text.status_good),
    };
    if !health.database {
        visit.reply.status(503);
    }
    let shown = |works: bool| if works { badge(Tone::Good, text.works) } else { badge(Tone::Bad, text.fails) };
    let calls = match health.calls {
        Some(works) => shown(works).into_any(),
        None => badge(Tone::Neutral, text.not_here).into_any(),
    };
    let at = health.at.clone();
    view! {
        <div class="stack"><h1>{text.status}</h1><p class="hero__lead">{text.status_lead}</p></div>
        <div class="stack" data-live="status" data-live-seconds=LOOK_SECONDS>
            <Notice tone title=title.to_owned()/>
            <section class="panel"><dl class="facts panel__body">
                <dt>{text.status_api}</dt><dd>{shown(true)}</dd>
                <dt>{text.status_database}</dt><dd>{shown(health.database)}</dd>
                <dt>{text.status_calls}</dt><dd>{calls}</dd>
                <dt>{text.status_asked}</dt><dd><Moment at lang=visit.lang exact=true/></dd>
            </dl></section>
        </div>
        <p class="muted">{text.status_probe}" "<code>"/healthz"</code>", "<code>"/readyz"</code>"."</p>
    }
    .into_any()
}

/// Whom to ask.
#[component]
pub(crate) fn ContactPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().site;
    let named = Named { title: format!("{} · Sautikit", text.contact), summary: text.contact_lead };
    public_page(visit, named, "pricing", |visit, _| async move { contact(&visit) })
}

fn contact(visit: &Visit) -> AnyView {
    let text = &visit.text().site;
    let contact = &visit.contact;
    let given = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    let email = given(&contact.email).map(
        |email| view! { <dt>{text.contact_email}</dt><dd><a href=format!("mailto:{email}")>{email.clone()}</a></dd> },
    );
    let phone = given(&contact.phone).map(|phone| {
        let href = format!("tel:{}", phone.replace(' ', ""));
        view! { <dt>{text.contact_phone}</dt><dd><a href=href>{phone}</a></dd> }
    });
    let hours = given(&contact.hours).map(|hours| view! { <dt>{text.contact_hours}</dt><dd>{hours}</dd> });
    let address = given(&contact.address).map(|address| view! { <dt>{text.contact_address}</dt><dd>{address}</dd> });
    let facts = match contact.is_empty() {
        true => view! { <p class="panel__body muted">{text.contact_none}</p> }.into_any(),
        false => view! { <dl class="facts panel__body">{email}{phone}{hours}{address}</dl> }.into_any(),
    };
    view! {
        <div class="stack"><h1>{text.contact}</h1><p class="hero__lead">{text.contact_lead}</p></div>
        <section class="panel">{facts}</section>
        <p class="muted">{text.contact_help}</p>
    }
    .into_any()
}
