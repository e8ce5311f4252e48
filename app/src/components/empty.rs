//! An empty list says what to do next.

use super::{Glyph, Icon, PHONE, PHONE_WINDOW};
use leptos::prelude::*;

/// The state of a list without entries, with an optional next step.
#[component]
pub(crate) fn Empty(
    glyph: Glyph,
    title: &'static str,
    text: &'static str,
    /// Words and target of the next step.
    #[prop(optional)]
    step: Option<(&'static str, &'static str)>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty__icon"><Icon glyph/></span>
            <h2 class="empty__title">{title}</h2>
            <p>{text}</p>
            {step.map(|(words, href)| {
                let target = (href == PHONE).then_some(PHONE_WINDOW);
                view! { <a class="button button--primary" href=href target=target>{words}</a> }
            })}
        </div>
    }
}
