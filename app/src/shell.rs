//! The HTML document around every page.

use crate::{
    pages::{App, FailurePage},
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// The script of every page, which brings all others of its kind.
const SCRIPT: &str = "app";
/// The same of the documentation alone: its search, and the language of its examples.
const DOCS_SCRIPT: &str = "docs";

/// Renders the page that the path names. Expects a [`Visit`] in the context.
pub fn shell() -> impl IntoView {
    document(view! { <App/> })
}

/// Renders the failure in the visit's flash, whatever the path: for requests that no page answers.
pub fn failure_shell() -> impl IntoView {
    document(view! { <FailurePage/> })
}

/// No hydration scripts: no page has an island yet, and a page without one ships no WASM.
fn document(body: impl IntoView) -> impl IntoView {
    let visit = use_context::<Visit>();
    let lang = visit.as_ref().map_or("en", |visit| visit.lang.code());
    let of_docs = visit.as_ref().filter(|visit| visit.path.starts_with("/docs")).map(|_| DOCS_SCRIPT);
    let style = visit.as_ref().and_then(|visit| visit.style.clone());
    let assets = visit.map(|visit| visit.assets).unwrap_or_default();
    let sheet = format!("{assets}/app.css");
    let style = match style {
        // What the next page links to is fetched when this one is there.
        Some(css) => view! {
            <style inner_html=css.to_string()></style>
           <link rel="prefetch" href=sheet/>
        }
        .into_any(),
        None => view! { <link rel="stylesheet" href=sheet/> }.into_any(),
    };
    let scripts = [SCRIPT].into_iter().chain(of_docs);
    let scripts = scripts.map(|name| view! { <script type="module" src=format!("{assets}/{name}.js")></script> });
    view! {
        <!DOCTYPE html>
        <html lang=lang>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=format!("{assets}/icon.svg")/>
                {style}
                {scripts.collect_view()}
                <MetaTags/>
            </head>
            <body>{body}</body>
        </html>
    }
}
