//! `/signin`: ask for a magic link, then say that it is on its way.

use crate::{
    api_client::{ApiFailure, with_query},
    components::{EntryCard, FailureNotice, Field, Glyph, Icon, hidden},
    forms, gate,
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
    let (lang, failure) = (visit.lang, general_failure(&visit));
    let words = if visit.beyond() == gate::HOME { text.sign_in_text } else { text.sign_in_first };
    view! {
        <EntryCard visit=visit.clone() title=text.sign_in.to_owned() text=words.to_owned()>
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            {ways_in(&visit, String::new(), &visit.beyond())}
        </EntryCard>
    }
    .into_any()
}

/// What the form was refused for, where that is not said at the address itself.
fn general_failure(visit: &Visit) -> Option<ApiFailure> {
    visit.failure_of(forms::SIGN_IN).filter(|failure| failure.field() != Some("email")).cloned()
}

/// The ways in: a link by mail to `email`, if that is known, and Google where this installation has it. Both lead on to
/// `page`.
pub(super) fn ways_in(visit: &Visit, email: String, page: &str) -> impl IntoView + use<> {
    let text = &visit.text().entry;
    let google = visit.google_sign_in.then(|| {
        let href = with_query("/v1/auth/google/start", &[("return_to", page)]);
        view! { <a class="button button--wide" href=href rel="external">{text.continue_with_google}</a> }
    });
    view! {
        <form class="form" method="post" action=forms::SIGN_IN>
            {hidden("return_to", page.to_owned())}
            <Field visit=visit.clone() form=forms::SIGN_IN name="email" label=text.email kind="email" autocomplete="email" placeholder="amina@example.co.ke" autofocus=email.is_empty() value=email/>
            <button class="button button--primary button--wide"><Icon glyph=Glyph::Mail/>{text.send_link}</button>
        </form>
        {google}
    }
}

fn sent(visit: Visit, email: &str) -> AnyView {
    let text = &visit.text().entry;
    let development = visit.development;
    let again = visit.address();
    view! {
        <EntryCard visit title=text.sent.to_owned() text=fill(text.sent_text, email)>
            {development.then(|| view! {
                <p class="muted small">{text.sent_dev}</p>
                <a class="button button--primary button--wide" href="/dev/mail"><Icon glyph=Glyph::Mail/>{text.mails}</a>
            })}
            <a class="button button--wide" href=again>{text.other_email}</a>
        </EntryCard>
    }
    .into_any()
}
