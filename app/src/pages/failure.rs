//! What a person sees when no page answers: a refused form, a method that nothing takes, a defect of ours.

use crate::{
    api_client::ApiFailure,
    components::{EntryCard, FailureNotice, Glyph, Icon},
    gate,
    i18n::Text,
    visit::{Flash, Visit},
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};

/// What kind of failure it is, in words for a heading.
pub(super) fn failure_title(failure: &ApiFailure, text: &'static Text) -> &'static str {
    match failure.status() {
        404 => text.common.not_found_title,
        500.. => text.common.broken_title,
        _ => text.common.refused_title,
    }
}

/// The failure in the visit's flash, with its code and request id.
#[component]
pub(crate) fn FailurePage() -> impl IntoView {
    provide_meta_context();
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let Some(Flash::Failed { failure, .. }) = visit.flash.clone() else { return ().into_any() };
    let text = &visit.text().common;
    let title = failure_title(&failure, visit.text());
    let words = match failure.status() {
        404 => text.not_found_text,
        500.. => text.broken_text,
        _ => text.refused_text,
    };
    let lang = visit.lang;
    // Back from Google: the console, or, for whoever is not signed in yet, the ways in.
    let (way, href) = match visit.path.starts_with("/v1/auth/google/") {
        true => (text.open_console, gate::HOME),
        false => (text.go_home, "/"),
    };
    view! {
        <Title text=format!("{title} · Sautikit")/>
        <EntryCard visit title=title.to_owned() text=words.to_owned()>
            <FailureNotice failure lang/>
            <a class="button button--wide" href=href><Icon glyph=Glyph::Home/>{way}</a>
        </EntryCard>
    }
    .into_any()
}
