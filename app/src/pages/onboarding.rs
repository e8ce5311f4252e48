//! `/onboarding`: the first workspace, with its country and its currency, which stays.

use crate::{
    components::{EntryCard, FailureNotice, Field, hidden},
    forms,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::{accounts::Me, money::Currency};

/// Countries that the console offers (ISO 3166-1 alpha-2); the API decides.
const COUNTRIES: [(&str, &str); 6] =
    [("KE", "Kenya"), ("UG", "Uganda"), ("TZ", "Tanzania"), ("NG", "Nigeria"), ("GH", "Ghana"), ("ZA", "South Africa")];

/// The form; people who have a workspace are sent to it.
#[component]
pub(crate) fn OnboardingPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("{} · Sautikit", visit.text().entry.onboarding);
    let page = Suspend::new(async move {
        match visit.api.get::<Me>("/v1/auth/me").await {
            Ok(me) if me.workspace.is_some() => visit.reply.redirect("/home"),
            Ok(_) => return form(visit),
            Err(_) => visit.reply.redirect("/signin"),
        }
        ().into_any()
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn form(visit: Visit) -> AnyView {
    const FORM: &str = forms::ONBOARDING;
    let text = &visit.text().entry;
    let failure = visit.failure_of(FORM).filter(|failure| failure.field().is_none()).cloned();
    let lang = visit.lang;
    let country = visit.typed(FORM, "country").unwrap_or_else(|| "KE".to_owned());
    let currency = visit.typed(FORM, "currency").unwrap_or_else(|| "KES".to_owned());
    view! {
        <EntryCard visit=visit.clone() title=text.onboarding.to_owned() text=text.onboarding_text.to_owned()>
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            <form class="form" method="post" action=FORM>
                {hidden("form_token", visit.form_token.clone())}
                <Field visit=visit.clone() form=FORM name="name" label=text.your_name autocomplete="name" autofocus=true maxlength=120/>
                <Field visit form=FORM name="workspace_name" label=text.workspace_name hint=text.workspace_hint autocomplete="organization" maxlength=120/>
                <div class="field">
                    <label class="field__label" for="country">{text.country}</label>
                    <select class="field__input" id="country" name="country">
                        {COUNTRIES.map(|(code, name)| view! { <option value=code selected=code == country>{name}</option> }).into_iter().collect_view()}
                    </select>
                </div>
                <div class="field">
                    <label class="field__label" for="currency">{text.currency}</label>
                    <select class="field__input" id="currency" name="currency" aria-describedby="currency-note">
                        {Currency::ALL.iter().map(|offered| view! { <option value=offered.code() selected=offered.code() == currency>{offered.code()}</option> }).collect_view()}
                    </select>
                    <p class="field__hint" id="currency-note">{text.currency_hint}</p>
                </div>
                <button class="button button--primary button--wide">{text.create}</button>
            </form>
        </EntryCard>
    }
    .into_any()
}
