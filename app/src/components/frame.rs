//! The frame of the console: banner, side bar, content.

use super::{Glyph, Icon, hidden};
use crate::{
    format,
    i18n::{Lang, Text, fill},
    visit::Visit,
};
use leptos::prelude::*;
use sautikit_api::{accounts::Me, wallet::Balance};

/// Name of the softphone's window: every link to the phone carries it as its target, so that there is one phone and a
/// call outlives the page that began it (`app/js/phone_window.js`).
pub(crate) const PHONE_WINDOW: &str = "sautikit-phone";

/// Says that this is development mode, and where its mails are.
#[component]
pub(crate) fn DevBanner(visit: Visit) -> impl IntoView {
    let text = &visit.text().common;
    visit.development.then(|| {
        view! { <aside class="dev-banner" aria-label=text.dev_label><span>{text.dev_banner}</span><a href="/dev/mail">{text.dev_mail}</a></aside> }
    })
}

/// Side bar and content of a signed-in page.
#[component]
pub(crate) fn Frame(visit: Visit, me: Me, balance: Option<Balance>, children: Children) -> impl IntoView {
    let text = visit.text();
    // Twice in the document, shown once: `<details>` can't be forced open by CSS in every browser of the support table.
    let wide = side_bar(&visit, text, &me, balance.as_ref()).into_any();
    let phone = side_bar(&visit, text, &me, balance.as_ref()).into_any();
    view! {
        <a class="skip" href="#content">{text.common.skip}</a>
        <DevBanner visit/>
        <div class="frame">
            <header class="sidebar">
                <div class="sidebar__bar">
                    <a class="brand" href="/home"><Icon glyph=Glyph::Brand/>"Sautikit"</a>
                    <details class="sidebar__menu">
                        <summary class="menu-button"><Icon glyph=Glyph::Menu/>{text.common.menu}</summary>
                        <div class="sidebar__body sidebar__body--phone">{phone}</div>
                    </details>
                </div>
                <div class="sidebar__body sidebar__body--wide">{wide}</div>
            </header>
            <main class="content" id="content">{children()}</main>
        </div>
    }
}

fn side_bar(visit: &Visit, text: &'static Text, me: &Me, balance: Option<&Balance>) -> impl IntoView + use<> {
    let links = [
        ("/home", text.common.home, Glyph::Home),
        ("/calls", text.common.calls, Glyph::Calls),
        ("/numbers", text.common.numbers, Glyph::Numbers),
        ("/wallet", text.common.wallet, Glyph::Wallet),
        ("/developers/keys", text.common.keys, Glyph::Key),
        ("/docs", text.docs.title, Glyph::Book),
    ];
    let path = visit.path.clone();
    let links = links.map(|(href, words, glyph)| {
        let current = path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        view! { <a class="nav__link" href=href aria-current=current.then_some("page")><Icon glyph/>{words}</a> }
    });
    let name = me.workspace.as_ref().map(|workspace| workspace.name.clone()).unwrap_or_default();
    let money =
        balance.map(|balance| fill(text.common.available, &format::money(balance.available_minor, &balance.currency)));
    view! {
        <div class="workspace"><span class="workspace__name">{name}</span><span class="workspace__money figure" data-live="balance">{money}</span></div>
        <nav class="nav" aria-label=text.common.pages>{links.into_iter().collect_view()}</nav>
        <a class="button button--wide" href="/softphone" target=PHONE_WINDOW><Icon glyph=Glyph::Softphone/>{text.common.softphone}</a>
        <div class="account">
            <span class="account__email">{me.email.clone()}</span>
            <LanguageSwitch visit=visit.clone()/>
            <form method="post" action="/console/signout"><button class="button button--link">{text.common.sign_out}</button></form>
        </div>
    }
}

/// Chooses the language; a form, so that it works without script and is remembered in a cookie.
#[component]
pub(crate) fn LanguageSwitch(visit: Visit) -> impl IntoView {
    let current = visit.lang;
    let buttons = Lang::ALL.map(|lang| {
        view! { <button class="button button--link" name="lang" value=lang.code() lang=lang.code() aria-pressed=if lang == current { "true" } else { "false" }>{lang.name()}</button> }
    });
    view! {
        <form class="languages" method="post" action="/console/language" aria-label=visit.text().common.language>
            {hidden("return_to", visit.path.clone())}
            {buttons.into_iter().collect_view()}
        </form>
    }
}

/// Title of a page, a sentence below it, actions beside it.
#[component]
pub(crate) fn PageHead(
    title: String,
    #[prop(optional)] text: &'static str,
    /// Where the page belongs: words and target.
    #[prop(optional)]
    parent: Option<(&'static str, &'static str)>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="page-head">
            <div>
                {parent.map(|(words, href)| view! { <a class="crumb" href=href><Icon glyph=Glyph::Back/>{words}</a> })}
                <h1>{title}</h1>
                {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
            </div>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}
