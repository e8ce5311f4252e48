//! Boxes that tell the outcome of something.

use super::{Glyph, Icon, Tone};
use crate::{
    api_client::{ApiFailure, with_query},
    forms,
    i18n::{Lang, fill, refusal},
    visit::{Flash, Visit},
};
use leptos::prelude::*;

/// The request log.
const REQUESTS: &str = "/developers/requests";
/// Forms of people who are not in yet.
const GATES: [&str; 3] = [forms::SIGN_IN, forms::VERIFY, forms::ONBOARDING];

/// A sentence with a heading.
#[component]
pub(crate) fn Notice(tone: Tone, title: String, #[prop(optional)] text: String) -> impl IntoView {
    let (class, glyph, role) = match tone {
        Tone::Good => ("notice notice--good", Glyph::Check, "status"),
        Tone::Bad => ("notice notice--bad", Glyph::Alert, "alert"),
        Tone::Warn => ("notice notice--warn", Glyph::Alert, "status"),
        Tone::Neutral | Tone::Live => ("notice", Glyph::Info, "status"),
    };
    view! {
        <div class=class role=role>
            <Icon glyph/>
            <div><div class="notice__title">{title}</div>{(!text.is_empty()).then(|| view! { <p>{text}</p> })}</div>
        </div>
    }
}

/// What the form that led here came to: why it was refused, or the words in `known` for the `done` of the page's query.
pub(crate) fn outcome(visit: &Visit, known: &[(&str, &'static str, &'static str)]) -> impl IntoView + use<> {
    let lang = visit.lang;
    if let Some(Flash::Failed { failure, .. }) = &visit.flash {
        return view! { <FailureNotice failure=failure.clone() lang/> }.into_any();
    }
    let common = &visit.text().common;
    match visit.query.get("done") {
        Some("mistyped") => {
            view! { <Notice tone=Tone::Bad title=common.mistyped.to_owned() text=common.mistyped_text.to_owned()/> }
                .into_any()
        }
        Some(done) => known
            .iter()
            .find(|(name, ..)| *name == done)
            .map(|(_, title, text)| view! { <Notice tone=Tone::Good title=(*title).to_owned() text=(*text).to_owned()/> })
            .into_any(),
        None => ().into_any(),
    }
}

/// A failed request: its message, code, request id, which leads to its entry in the log, and the link to the error's page.
#[component]
pub(crate) fn FailureNotice(failure: ApiFailure, lang: Lang) -> impl IntoView {
    let text = &lang.text().common;
    let own = failure.own_words(lang).map(str::to_owned);
    let (message, foot) = match failure {
        ApiFailure::Unreadable(_) => (text.error_unreadable.into_any(), None),
        ApiFailure::Refused { status, detail } => {
            let id = fill(text.request_id, &detail.request_id);
            let id = match logged(status, &detail.request_id) {
                Some(href) => view! { <a href=href>{id}</a> }.into_any(),
                None => view! { <span>{id}</span> }.into_any(),
            };
            let words = refusal(lang, &detail.code);
            let foot = view! {
                <div class="notice__foot">
                    <code>{detail.code}</code>
                    {id}
                    <a href=detail.docs_url>{text.error_page}</a>
                </div>
            };
            // Its particulars stand in the API's own words, which are English.
            let message = match (own, words) {
                (Some(own), _) => own.into_any(),
                (None, Some(words)) => {
                    view! { {words}" "<span class="muted small" lang="en">{detail.message}</span> }.into_any()
                }
                (None, None) => detail.message.into_any(),
            };
            (message, Some(foot))
        }
    };
    view! {
        <div class="notice notice--bad" role="alert">
            <Icon glyph=Glyph::Alert/>
            <div><div class="notice__title">{text.error_title}</div><p>{message}</p>{foot}</div>
        </div>
    }
}

/// Where the log shows the request with this id: a refused form and a fault are in it, once somebody is signed in.
fn logged(status: u16, request_id: &str) -> Option<String> {
    let visit = use_context::<Visit>()?;
    let is_of_form = matches!(&visit.flash, Some(Flash::Failed { form, .. }) if !GATES.contains(&form.as_str()));
    let is_real = request_id.starts_with("req_") && status != 401;
    (is_real && (is_of_form || status >= 500)).then(|| with_query(REQUESTS, &[("request_id", request_id)]))
}
