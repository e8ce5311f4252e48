//! The HTML document around every page.

use crate::{pages::App, visit::Visit};
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// Renders the document. Expects a [`Visit`] in the context.
///
/// No hydration scripts: no page has an island yet, and a page without one ships no WASM.
pub fn shell() -> impl IntoView {
    let visit = use_context::<Visit>();
    let lang = visit.as_ref().map_or("en", |visit| visit.lang.code());
    let assets = visit.map(|visit| visit.assets).unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang=lang>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=format!("{assets}/icon.svg")/>
                <link rel="stylesheet" href=format!("{assets}/app.css")/>
                <script type="module" src=format!("{assets}/times.js")></script>
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}
