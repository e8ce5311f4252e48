//! What all public pages share: bar, foot, and how other sites show a link to them.

use crate::{
    components::{DevBanner, Glyph, Icon, LanguageSwitch},
    gate,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use sautikit_api::accounts::Me;
use std::future::Future;

/// What changed for users.
const CHANGELOG: &str = "/docs/changelog";

/// What a public page is called, for its window, search engines and messengers.
pub(super) struct Named {
    pub(super) title: String,
    pub(super) summary: &'static str,
}

/// Renders `body` between bar and foot; it needs no session, and is told whether there is one.
pub(super) fn public_page<Body, Rendering>(visit: Visit, named: Named, class: &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Visit, bool) -> Rendering + Send + 'static,
    Rendering: Future<Output = AnyView> + Send + 'static,
{
    let Named { title, summary } = named;
    let told = told_elsewhere(&visit, title, summary.to_owned());
    let page = Suspend::new(async move {
        let signed_in = visit.api.get::<Me>("/v1/auth/me").await.is_ok();
        let content = body(visit.clone(), signed_in).await;
        around(visit, signed_in, class, content)
    });
    view! {
        {told}
        <Suspense>{page}</Suspense>
    }
    .into_any()
}

/// What windows, search engines and messengers tell of the page.
pub(super) fn told_elsewhere(visit: &Visit, title: String, summary: String) -> AnyView {
    let url = format!("{}{}", visit.public_url, visit.path);
    let picture = visit.picture.as_ref().map(|path| format!("{}{path}", visit.public_url));
    let alt = title.clone();
    let card = if picture.is_some() { "summary_large_image" } else { "summary" };
    view! {
        <Title text=title.clone()/>
        <Meta name="description" content=summary.clone()/>
        <Meta property="og:type" content="website"/>
        <Meta property="og:site_name" content="Sautikit"/>
        <Meta property="og:title" content=title/>
        <Meta property="og:description" content=summary/>
        <Meta property="og:url" content=url/>
        <Meta name="twitter:card" content=card/>
        {picture.map(|picture| view! {
            <Meta property="og:image" content=picture/>
            <Meta property="og:image:type" content="image/png"/>
            <Meta property="og:image:width" content="1200"/>
            <Meta property="og:image:height" content="630"/>
            <Meta property="og:image:alt" content=alt/>
        })}
    }
    .into_any()
}

fn around(visit: Visit, signed_in: bool, class: &'static str, content: AnyView) -> AnyView {
    let text = visit.text();
    let (words, href) =
        if signed_in { (text.common.open_console, gate::HOME) } else { (text.entry.sign_in_short, gate::SIGN_IN) };
    let link = |href: &'static str, words: &'static str| {
        let current = (visit.path == href).then_some("page");
        view! { <a href=href aria-current=current>{words}</a> }
    };
    let bar = [("/docs", text.docs.title), ("/pricing", text.pricing.title), (CHANGELOG, text.site.changelog)];
    let bar = bar.map(|(href, words)| link(href, words)).into_iter().collect_view();
    let foot = [("/about", text.site.about), ("/status", text.site.status), ("/contact", text.site.contact)];
    let foot = foot.map(|(href, words)| link(href, words)).into_iter().collect_view();
    view! {
        <a class="skip" href="#content">{text.common.skip}</a>
        <DevBanner visit=visit.clone()/>
        <header class="landing__bar">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <nav class="landing__nav" aria-label=text.common.pages>
                {bar}
                <a class="button" href=href>{words}</a>
            </nav>
        </header>
        <main id="content" class=class>{content}</main>
        <footer class="landing__foot">
            <p>{text.landing.emergency}</p>
            <nav class="landing__nav" aria-label="Sautikit">{foot}</nav>
            <LanguageSwitch visit/>
        </footer>
    }
    .into_any()
}
