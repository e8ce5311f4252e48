//! A path that no page has.

use crate::{
    components::{EntryCard, Glyph, Icon},
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// 404.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    visit.reply.status(404);
    let text = &visit.text().common;
    view! {
        <Title text=format!("{} · Sautikit", text.not_found_title)/>
        <EntryCard visit title=text.not_found_title.to_owned() text=text.not_found_text.to_owned()>
            <a class="button button--wide" href="/"><Icon glyph=Glyph::Home/>{text.go_home}</a>
        </EntryCard>
    }
    .into_any()
}
