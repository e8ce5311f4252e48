//! `/onboarding`: the first workspace, with its country and its currency, which stays.

use super::{
    failure::failure_title,
    place::{countries, currencies, first_choice},
};
use crate::{
    api_client::ApiFailure,
    components::{EntryCard, FailureNotice, Field, Notice, Select, SignedInAs, Tone, hidden},
    forms,
    gate::{self, by_way_of},
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::accounts::Me;

/// The form; people who have a workspace are sent to it.
#[component]
pub(crate) fn OnboardingPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("{} · Sautikit", visit.text().entry.onboarding);
    let page = Suspend::new(async move {
        match visit.api.get::<Me>("/v1/auth/me").await {
            Ok(me) if me.workspace.is_some() => visit.reply.redirect(visit.beyond()),
            Ok(me) => match currencies(&visit.api).await {
                Ok(offered) => return form(visit, me, offered),
                Err(failure) => return failed(visit, failure),
            },
            Err(failure) if failure.is_signed_out() => visit.reply.redirect(by_way_of(gate::SIGN_IN, &visit.beyond())),
            Err(failure) => return failed(visit, failure),
        }
        ().into_any()
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn form(visit: Visit, me: Me, offered: Vec<(String, String)>) -> AnyView {
    const FORM: &str = forms::ONBOARDING;
    let text = &visit.text().entry;
    let failure = visit.failure_of(FORM).filter(|failure| failure.field().is_none()).cloned();
    let lang = visit.lang;
    let currency = first_choice(&offered, "KES");
    let none = offered.is_empty().then(|| {
        view! { <Notice tone=Tone::Warn title=text.no_currency.to_owned() text=text.no_currency_text.to_owned()/> }
    });
    view! {
        <EntryCard visit=visit.clone() title=text.onboarding.to_owned() text=text.onboarding_text.to_owned()>
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            {none}
            <form class="form" method="post" action=FORM>
                {hidden("form_token", visit.form_token.clone())}
                {hidden("return_to", visit.beyond())}
                <Field visit=visit.clone() form=FORM name="name" label=text.your_name autocomplete="name" autofocus=true maxlength=120 value=me.name/>
                <Field visit=visit.clone() form=FORM name="workspace_name" label=text.workspace_name hint=text.workspace_hint autocomplete="organization" maxlength=120/>
                <Select visit=visit.clone() form=FORM name="country" label=text.country options=countries("KE") value="KE".to_owned()/>
                <Select visit=visit.clone() form=FORM name="currency" label=text.currency hint=text.currency_hint options=offered value=currency/>
                <button class="button button--primary button--wide">{text.create}</button>
            </form>
            <p class="field__hint">{text.onboarding_invited}</p>
            <SignedInAs visit email=me.email/>
        </EntryCard>
    }
    .into_any()
}

fn failed(visit: Visit, failure: ApiFailure) -> AnyView {
    visit.reply.status(failure.status());
    let (title, lang) = (failure_title(&failure, visit.text()), visit.lang);
    view! { <EntryCard visit title=title.to_owned() text=String::new()><FailureNotice failure lang/></EntryCard> }
        .into_any()
}
