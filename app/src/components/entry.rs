//! The narrow page of people who are not in yet.

use super::{DevBanner, Glyph, Icon, LanguageSwitch};
use crate::{forms, i18n::fill, visit::Visit};
use leptos::prelude::*;

/// Brand, one card, language switch.
#[component]
pub(crate) fn EntryCard(visit: Visit, title: String, text: String, children: Children) -> impl IntoView {
    view! {
        <DevBanner visit=visit.clone()/>
        <main class="entry" id="content">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <section class="entry__card">
                <div class="entry__head"><h1>{title}</h1>{(!text.is_empty()).then(|| view! { <p class="muted">{text}</p> })}</div>
                {children()}
            </section>
            <LanguageSwitch visit/>
        </main>
    }
}

/// Who is signed in, and the way out: a person with two addresses may have come with the wrong one.
#[component]
pub(crate) fn SignedInAs(visit: Visit, email: String) -> impl IntoView {
    let text = visit.text();
    view! {
        <form class="entry__who" method="post" action=forms::SIGN_OUT>
            <span class="breakable">{fill(text.entry.signed_in_as, &email)}</span>
            <button class="button button--link">{text.common.sign_out}</button>
        </form>
    }
}
