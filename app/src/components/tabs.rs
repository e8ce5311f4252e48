//! Views of one thing beside each other: links, so that each has an address and works without script.

use leptos::prelude::*;

/// Links to the views, the current one marked.
#[component]
pub(crate) fn Tabs(
    /// What they are views of.
    label: &'static str,
    /// Address, words, and whether it is the one that is shown.
    tabs: Vec<(String, &'static str, bool)>,
) -> impl IntoView {
    let links = tabs.into_iter().map(|(href, words, is_current)| {
        view! { <a class="tab" href=href aria-current=is_current.then_some("page")>{words}</a> }
    });
    view! { <nav class="tabs" aria-label=label>{links.collect_view()}</nav> }
}
