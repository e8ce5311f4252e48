//! `/workspaces/new`: a further workspace.

use super::{
    member::{Member, member_page},
    place::{countries, currencies, first_choice},
};
use crate::{
    api_client::ApiFailure,
    components::{Field, PageHead, Select, hidden, outcome},
    forms,
};
use leptos::prelude::*;

/// A further workspace.
#[component]
pub(crate) fn NewWorkspacePage() -> impl IntoView {
    member_page(|text| text.workspace.create, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    const FORM: &str = forms::CREATE_WORKSPACE;
    let text = member.text();
    let visit = member.visit.clone();
    // Who opens a second one mostly stays in their country.
    let (country, currency) =
        member.workspace().map_or_else(Default::default, |current| (current.country.clone(), current.currency.clone()));
    let offered = currencies(member.api()).await?;
    let currency = first_choice(&offered, &currency);
    Ok(view! {
        <PageHead title=text.workspace.create.to_owned() text=text.workspace.create_text/>
        {outcome(&visit, &[])}
        <section class="panel panel--form">
            <form class="form panel__body" method="post" action=FORM>
                {hidden("form_token", visit.form_token.clone())}
                <Field visit=visit.clone() form=FORM name="name" label=text.entry.workspace_name hint=text.entry.workspace_hint autocomplete="organization" autofocus=true maxlength=120/>
                <Select visit=visit.clone() form=FORM name="country" label=text.workspace.country options=countries(&country) value=country/>
                <Select visit form=FORM name="currency" label=text.workspace.currency hint=text.entry.currency_hint options=offered value=currency/>
                <div class="form__actions"><button class="button button--primary">{text.entry.create}</button></div>
            </form>
        </section>
    }
    .into_any())
}
