//! `/`: what this is, for people who have never seen it.

use crate::{
    components::{CodeBlock, DevBanner, Glyph, Icon, LanguageSwitch},
    gate,
    i18n::Text,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::accounts::Me;

/// The start page; people who are signed in get the way into their console.
#[component]
pub(crate) fn LandingPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("Sautikit · {}", visit.text().landing.title);
    let page = Suspend::new(async move {
        let signed_in = visit.api.get::<Me>("/v1/auth/me").await.is_ok();
        content(visit, signed_in)
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn content(visit: Visit, signed_in: bool) -> AnyView {
    let text = &visit.text().landing;
    let lang = visit.lang;
    let (words, href) =
        if signed_in { (visit.text().common.open_console, gate::HOME) } else { (text.start, gate::SIGN_IN) };
    let curl = format!(
        "curl {}/v1/calls \\\n  -H \"Authorization: Bearer $SAUTIKIT_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\n    \"from\": \"+254700000001\",\n    \"to\": \"+254722000042\",\n    \"actions\": [{{\"say\": {{\"text\": \"Habari!\"}}}}]\n  }}'",
        visit.public_url
    );
    view! {
        <DevBanner visit=visit.clone()/>
        <header class="landing__bar">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <nav class="landing__nav" aria-label=visit.text().common.pages>
                <a href="/pricing">{visit.text().pricing.title}</a>
                <a href="/docs">{visit.text().docs.title}</a>
                <a class="button" href=href>{if signed_in { words } else { visit.text().entry.sign_in_short }}</a>
            </nav>
        </header>
        <main id="content">
            <section class="hero">
                <div class="hero__words">
                    <h1>{text.headline}</h1>
                    <p class="hero__lead">{text.lead}</p>
                    <div class="row">
                        <a class="button button--primary button--large" href=href>{words}</a>
                        <a class="button button--large" href="/docs">{visit.text().docs.title}</a>
                    </div>
                </div>
                <figure class="hero__code">
                    <figcaption>{text.code_title}</figcaption>
                    <CodeBlock id="curl" label=text.code_title code=curl lang/>
                </figure>
            </section>
            <section class="features">{features(visit.text())}</section>
        </main>
        <footer class="landing__foot"><p>{text.emergency}</p><a href="/pricing">{visit.text().pricing.title}</a><LanguageSwitch visit/></footer>
    }
    .into_any()
}

fn features(text: &'static Text) -> impl IntoView {
    let text = &text.landing;
    [
        (Glyph::Numbers, text.numbers_title, text.numbers_text),
        (Glyph::Calls, text.calls_title, text.calls_text),
        (Glyph::Code, text.browser_title, text.browser_text),
        (Glyph::Wallet, text.money_title, text.money_text),
    ]
    .map(|(glyph, title, words)| view! { <article class="feature"><Icon glyph/><h2>{title}</h2><p>{words}</p></article> })
    .into_iter()
    .collect_view()
}
