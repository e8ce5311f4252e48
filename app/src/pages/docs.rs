//! `/docs/…`: the documentation, with the menu of all pages beside it. The text itself is English.

use super::not_found::NotFoundPage;
use crate::{
    article::{Article, Heading, MenuSection},
    components::{DevBanner, Glyph, Icon, LanguageSwitch},
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};

/// The page of the [`Article`] in the context; 404 without one.
#[component]
pub(crate) fn DocsPage() -> impl IntoView {
    let (Some(visit), Some(article)) = (use_context::<Visit>(), use_context::<Article>()) else {
        return view! { <NotFoundPage/> }.into_any();
    };
    let text = &visit.text().docs;
    // Twice in the document, shown once, as in the console's frame.
    let wide = menu(&article.menu, &visit.path).into_any();
    let phone = menu(&article.menu, &visit.path).into_any();
    view! {
        <Title text=format!("{} · Sautikit", article.title)/>
        <Meta name="description" content=article.summary/>
        <a class="skip" href="#content">{visit.text().common.skip}</a>
        <DevBanner visit=visit.clone()/>
        <header class="docs__bar">
            <a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
            <a class="docs__name" href="/docs">{text.title}</a>
            <a class="button" href="/home">{visit.text().common.open_console}</a>
        </header>
        <div class="docs">
            <details class="docs__menu docs__menu--phone">
                <summary class="menu-button"><Icon glyph=Glyph::Menu/>{text.all_pages}</summary>
                <nav aria-label=text.all_pages>{phone}</nav>
            </details>
            <nav class="docs__menu docs__menu--wide" aria-label=text.all_pages>{wide}</nav>
            <main class="docs__content" id="content"><article class="prose" lang="en" inner_html=article.html></article></main>
            {contents(text.on_this_page, article.headings)}
        </div>
        <footer class="landing__foot"><p>{visit.text().landing.emergency}</p><LanguageSwitch visit/></footer>
    }
    .into_any()
}

fn menu(sections: &[MenuSection], path: &str) -> impl IntoView + use<> {
    let section = |section: &MenuSection| {
        let links = section.pages.iter().map(|page| {
            let current = (page.href == path).then_some("page");
            view! { <li><a href=page.href.clone() aria-current=current>{page.title.clone()}</a></li> }
        });
        view! { <h2>{section.title.clone()}</h2><ul lang="en">{links.collect_view()}</ul> }
    };
    sections.iter().map(section).collect_view()
}

/// Links to the headings of this page; nothing when there is at most one.
fn contents(title: &'static str, headings: Vec<Heading>) -> impl IntoView {
    (headings.len() > 1).then(|| {
        let links = headings
            .into_iter()
            .map(|heading| view! { <li><a href=format!("#{}", heading.id)>{heading.text}</a></li> });
        view! { <aside class="docs__contents"><h2>{title}</h2><ul lang="en">{links.collect_view()}</ul></aside> }
    })
}
