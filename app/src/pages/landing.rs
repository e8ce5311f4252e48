//! `/`: what this is, for people who have never seen it.

use super::{
    landing_call::shown_call,
    public::{Named, public_page},
};
use crate::{
    components::{CodeBlock, Glyph, Icon},
    gate,
    i18n::Text,
    visit::Visit,
};
use leptos::prelude::*;

/// The start page; people who are signed in get the way into their console.
#[component]
pub(crate) fn LandingPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().landing;
    let named = Named { title: format!("Sautikit · {}", text.title), summary: text.lead };
    public_page(visit, named, "", |visit, signed_in| async move { content(visit, signed_in) })
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
        <section class="hero">
            <div class="hero__words">
                <h1>{text.headline}</h1>
                <p class="hero__lead">{text.lead}</p>
                <div class="row">
                    <a class="button button--primary button--large" href=href>{words}</a>
                    <a class="button button--large" href="/docs/guides/quickstart">{visit.text().docs.quickstart}</a>
                </div>
            </div>
            <figure class="hero__code">
                <figcaption>{text.code_title}</figcaption>
                <CodeBlock id="curl" label=text.code_title code=curl lang/>
            </figure>
        </section>
        {shown_call(lang)}
        <section class="features">{features(visit.text())}</section>
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
