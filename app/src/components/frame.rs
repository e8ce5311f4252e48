//! The frame of the console: banner, side bar, content.

use super::{Glyph, Icon, Nav, Notice, Palette, Switcher, Tone, hidden, telephone};
use crate::{
    access::is_suspended,
    format, forms,
    i18n::{Lang, Text, fill},
    visit::Visit,
};
use leptos::prelude::*;
use sautikit_api::{accounts::Me, wallet::Balance};

/// The softphone's page.
pub(crate) const PHONE: &str = "/softphone";

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
    let suspended = me.workspace.as_ref().is_some_and(is_suspended);
    let suspended = suspended.then(|| {
        let text = &text.workspace;
        view! { <Notice tone=Tone::Warn title=text.suspended.to_owned() text=text.suspended_text.to_owned()/> }
    });
    let workspace = visit.workspace.clone();
    let palette = workspace.is_some().then(|| view! { <Palette lang=visit.lang/> });
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
            <main class="content" id="content" data-workspace=workspace>{suspended}{children()}</main>
        </div>
        {palette}
    }
}

fn side_bar(visit: &Visit, text: &'static Text, me: &Me, balance: Option<&Balance>) -> impl IntoView + use<> {
    let money =
        balance.map(|balance| fill(text.common.available, &format::money(balance.available_minor, &balance.currency)));
    let person = if me.name.is_empty() { me.email.clone() } else { me.name.clone() };
    view! {
        <Switcher visit=visit.clone() me=me.clone() money/>
        <Nav visit=visit.clone() me=me.clone()/>
        <div class="account">
            <a class="account__person" href="/profile" title=me.email.clone()><Icon glyph=Glyph::Person/><span>{person}</span></a>
            <div class="account__row">
                <LanguageSwitch visit=visit.clone()/>
                <form method="post" action=forms::SIGN_OUT><button class="button button--link">{text.common.sign_out}</button></form>
            </div>
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
        <form class="languages" method="post" action=forms::LANGUAGE aria-label=visit.text().common.language>
            {hidden("return_to", visit.address())}
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
                <h1>{grouped(&title)}</h1>
                {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
            </div>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}

/// A heading whose telephone numbers stand in groups of digits.
fn grouped(title: &str) -> AnyView {
    if !title.contains('+') {
        return title.to_owned().into_any();
    }
    let words = title.split(' ').enumerate();
    words.map(|(place, word)| view! { {(place > 0).then_some(" ")}{telephone(word)} }).collect_view().into_any()
}
