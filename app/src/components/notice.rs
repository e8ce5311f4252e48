//! Boxes that tell the outcome of something.

use super::{Glyph, Icon, Tone};
use crate::{
    api_client::ApiFailure,
    i18n::{Lang, fill},
    visit::{Flash, Visit},
};
use leptos::prelude::*;

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

/// A failed request: its message, code, request id and the link to the error's page.
#[component]
pub(crate) fn FailureNotice(failure: ApiFailure, lang: Lang) -> impl IntoView {
    let text = &lang.text().common;
    let (message, foot) = match failure {
        ApiFailure::Unreadable(_) => (text.error_unreadable.to_owned(), None),
        ApiFailure::Refused { detail, .. } => {
            let foot = view! {
                <div class="notice__foot">
                    <code>{detail.code}</code>
                    <span>{fill(text.request_id, &detail.request_id)}</span>
                    <a href=detail.docs_url>{text.error_page}</a>
                </div>
            };
            (detail.message, Some(foot))
        }
    };
    view! {
        <div class="notice notice--bad" role="alert">
            <Icon glyph=Glyph::Alert/>
            <div><div class="notice__title">{text.error_title}</div><p>{message}</p>{foot}</div>
        </div>
    }
}
