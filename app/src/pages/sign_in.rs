//! `/signin`: ask for a magic link, then say that it is on its way.

use crate::{
    components::{EntryCard, FailureNotice, Field, Glyph, Icon},
    forms,
    i18n::fill,
    visit::{Flash, Visit},
};
use leptos::prelude::*;
use leptos_meta::Title;

/// Both states of signing in by mail.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().entry;
    let page = match visit.flash.clone() {
        Some(Flash::MailSent(email)) => sent(visit.clone(), &email),
        _ => ask(visit.clone()),
    };
    view! { <Title text=format!("{} · Sautikit", text.sign_in)/>{page} }.into_any()
}

fn ask(visit: Visit) -> AnyView {
    let text = &visit.text().entry;
    let failure = visit.failure_of(forms::SIGN_IN).cloned();
    let lang = visit.lang;
    let google_sign_in = visit.google_sign_in;
    view! {
        <EntryCard visit=visit.clone() title=text.sign_in.to_owned() text=text.sign_in_text.to_owned()>
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            <form class="form" method="post" action=forms::SIGN_IN>
                <Field visit form=forms::SIGN_IN name="email" label=text.email kind="email" autocomplete="email" placeholder="amina@example.co.ke" autofocus=true/>
                <button class="button button--primary button--wide"><Icon glyph=Glyph::Mail/>{text.send_link}</button>
            </form>
            {google_sign_in.then(|| view! {
                <a class="button button--wide" href="/v1/auth/google/start" rel="external">{text.continue_with_google}</a>
            })}
        </EntryCard>
    }
    .into_any()
}

fn sent(visit: Visit, email: &str) -> AnyView {
    let text = &visit.text().entry;
    let development = visit.development;
    view! {
        <EntryCard visit title=text.sent.to_owned() text=fill(text.sent_text, email)>
            {development.then(|| view! {
                <p class="muted small">{text.sent_dev}</p>
                <a class="button button--primary button--wide" href="/dev/mail"><Icon glyph=Glyph::Mail/>"/dev/mail"</a>
            })}
            <a class="button button--wide" href="/signin">{text.other_email}</a>
        </EntryCard>
    }
    .into_any()
}
