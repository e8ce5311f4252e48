//! `/docs/…`: the documentation, with the menu of all pages beside it.

use super::{docs_run, not_found::NotFoundPage, public::told_elsewhere, reference};
use crate::{
    article::{Article, Heading, MenuSection},
    components::{DevBanner, Glyph, Icon, LanguageSwitch},
    visit::Visit,
};
use leptos::prelude::*;
use sautikit_api::numbers::Number;

/// The page of the [`Article`] in the context; 404 without one.
#[component]
pub(crate) fn DocsPage() -> impl IntoView {
    let (Some(visit), Some(article)) = (use_context::<Visit>(), use_context::<Article>()) else {
        return view! { <NotFoundPage/> }.into_any();
    };
    let title = format!("{} · Sautikit", article.title);
    let told = told_elsewhere(&visit, title, article.summary.clone());
    let page = Suspend::new(async move {
        let own = Own::of(&visit, &article).await;
        let mut slots = Vec::new();
        if article.html.contains(docs_run::KEY_PLACE) && own.is_signed_in {
            slots.push((docs_run::KEY_PLACE, docs_run::key(&visit)));
        }
        if article.html.contains(docs_run::PLACE) {
            slots.push((docs_run::PLACE, docs_run::run(&visit, own.number.as_deref()).await));
        }
        content(visit, article, own.number, slots)
    });
    view! {
        {told}
        <Suspense>{page}</Suspense>
    }
    .into_any()
}

/// The number that examples call from, until somebody has one.
pub(super) const SAMPLE_NUMBER: &str = "+254700000001";

fn calls_from_one(article: &Article) -> bool {
    let requests = article.group.iter().flat_map(|group| &group.operations);
    article.html.contains(SAMPLE_NUMBER)
        || requests.flat_map(|one| &one.examples).any(|(_, code)| code.contains(SAMPLE_NUMBER))
}

/// What examples have of the visitor.
struct Own {
    is_signed_in: bool,
    number: Option<String>,
}

impl Own {
    /// Asked for where the article calls from a number only.
    async fn of(visit: &Visit, article: &Article) -> Self {
        if !calls_from_one(article) {
            return Self { is_signed_in: false, number: None };
        }
        let numbers = visit.api.get::<Vec<Number>>("/v1/numbers?limit=1").await;
        let is_signed_in = numbers.is_ok();
        Self { is_signed_in, number: numbers.unwrap_or_default().into_iter().next().map(|own| own.e164) }
    }
}

/// The text with its own parts where it has places for them, in the order of the text.
fn written(lang: &'static str, html: String, slots: Vec<(&'static str, AnyView)>) -> AnyView {
    if slots.is_empty() {
        return view! { <article class="prose" lang=lang inner_html=html></article> }.into_any();
    }
    let mut parts = Vec::new();
    let mut rest = html;
    for (place, part) in slots {
        let Some((before, after)) = rest.split_once(place) else { continue };
        let before = before.to_owned();
        rest = after.to_owned();
        parts.push(view! { <div class="prose" lang=lang inner_html=before></div> }.into_any());
        parts.push(part);
    }
    view! { <article>{parts}<div class="prose" lang=lang inner_html=rest></div></article> }.into_any()
}

fn content(visit: Visit, article: Article, own: Option<String>, slots: Vec<(&'static str, AnyView)>) -> AnyView {
    let text = &visit.text().docs;
    // Twice in the document, shown once, as in the console's frame.
    let wide = menu(&article.menu, &visit.path).into_any();
    let phone = menu(&article.menu, &visit.path).into_any();
    let query = visit.query.get("q").unwrap_or_default().to_owned();
    let own = own.filter(|own| own != SAMPLE_NUMBER);
    let html = own.as_deref().map_or_else(|| article.html.clone(), |own| article.html.replace(SAMPLE_NUMBER, own));
    let requests = article.group.as_ref().map(|group| reference::group(&visit, group, own.as_deref()));
    let own_number = own.map(|_| view! { <p class="docs__own small muted">{text.own_number}</p> });
    let html = if slots.is_empty() { html } else { docs_run::with_own_key(&visit, &html) };
    let written = written(article.lang, html, slots);
    // What stands on it is listed above its requests.
    let (class, headings) =
        if requests.is_some() { ("docs docs--reference", Vec::new()) } else { ("docs", article.headings) };
    view! {
        <a class="skip" href="#content">{visit.text().common.skip}</a>
        <DevBanner visit=visit.clone()/>
        <header class="docs__bar">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <a class="docs__name" href="/docs">{text.title}</a>
            <form class="docs__search" role="search" method="get" action="/docs/search" data-docs-search data-index=article.index data-none=text.search_none>
                <input class="field__input" name="q" type="search" aria-label=text.search placeholder=text.search autocomplete="off" maxlength=100 value=query/>
                <ul class="docs__found" aria-label=text.search hidden></ul>
            </form>
            <a class="button" href="/home">{visit.text().common.open_console}</a>
        </header>
        <div class=class>
            <details class="docs__menu docs__menu--phone">
                <summary class="menu-button"><Icon glyph=Glyph::Menu/>{text.all_pages}</summary>
                <nav aria-label=text.all_pages>{phone}</nav>
            </details>
            <nav class="docs__menu docs__menu--wide" aria-label=text.all_pages>{wide}</nav>
            <main class="docs__content" id="content">{own_number}{written}{requests}</main>
            {contents(text.on_this_page, article.lang, headings)}
        </div>
        <footer class="landing__foot"><p>{visit.text().landing.emergency}</p><LanguageSwitch visit/></footer>
    }
    .into_any()
}

fn menu(sections: &[MenuSection], path: &str) -> impl IntoView + use<> {
    let section = |section: &MenuSection| {
        let links = section.pages.iter().map(|page| {
            let current = (page.href == path).then_some("page");
            view! { <li lang=page.lang><a href=page.href.clone() aria-current=current>{page.title.clone()}</a></li> }
        });
        view! { <h2>{section.title.clone()}</h2><ul>{links.collect_view()}</ul> }
    };
    sections.iter().map(section).collect_view()
}

/// Links to the headings of this page; nothing when there is at most one.
fn contents(title: &'static str, lang: &'static str, headings: Vec<Heading>) -> impl IntoView {
    (headings.len() > 1).then(|| {
        let links = headings
            .into_iter()
            .map(|heading| view! { <li><a href=format!("#{}", heading.id)>{heading.text}</a></li> });
        view! { <aside class="docs__contents"><h2>{title}</h2><ul lang=lang>{links.collect_view()}</ul></aside> }
    })
}
