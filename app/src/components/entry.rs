//! The narrow page of people who are not in yet.

use super::{DevBanner, Glyph, Icon, LanguageSwitch};
use crate::visit::Visit;
use leptos::prelude::*;

/// Brand, one card, language switch.
#[component]
pub(crate) fn EntryCard(visit: Visit, title: String, text: String, children: Children) -> impl IntoView {
    view! {
        <DevBanner visit=visit.clone()/>
        <main class="entry" id="content">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <section class="entry__card">
                <div class="entry__head"><h1>{title}</h1><p class="muted">{text}</p></div>
                {children()}
            </section>
            <LanguageSwitch visit/>
        </main>
    }
}
