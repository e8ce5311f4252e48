//! The HTML document around every page.

use crate::{pages::App, visit::Visit};
use leptos::{config::LeptosOptions, prelude::*};
use leptos_meta::MetaTags;

/// Renders the document; `options.site_pkg_dir` has to be the asset folder of [`Visit::assets`] without its first slash.
/// Expects a [`Visit`] in the context; during route generation there is none, and none is needed.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let visit = use_context::<Visit>();
    let lang = visit.as_ref().map_or("en", |visit| visit.lang.code());
    let assets = visit.as_ref().map(|visit| visit.assets.clone()).unwrap_or_default();
    let islands = visit.is_some_and(|visit| visit.islands);
    view! {
        <!DOCTYPE html>
        <html lang=lang>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=format!("{assets}/icon.svg")/>
                <link rel="preload" href=format!("{assets}/inter.woff2") r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href=format!("{assets}/app.css")/>
                {islands.then(|| view! { <HydrationScripts options islands=true/> })}
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}
