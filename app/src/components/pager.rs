//! The way through a list of several pages.

use crate::i18n::Lang;
use leptos::prelude::*;

/// Links to the first and the next page; nothing where there is neither.
#[component]
pub(crate) fn Pager(
    lang: Lang,
    /// What is paged through.
    label: &'static str,
    /// Where it begins, when this is not the beginning.
    #[prop(default = None)]
    first: Option<String>,
    next: Option<String>,
) -> impl IntoView {
    let text = &lang.text().common;
    let links = [(first, text.first_page), (next, text.next_page)];
    let links: Vec<_> = links.into_iter().filter_map(|(href, words)| Some((href?, words))).collect();
    (!links.is_empty()).then(|| {
        let links =
            links.into_iter().map(|(href, words)| view! { <a class="button button--small" href=href>{words}</a> });
        view! { <nav class="pager" aria-label=label>{links.collect_view()}</nav> }
    })
}
