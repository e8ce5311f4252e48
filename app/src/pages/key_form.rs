//! The form that creates an API key. It offers the scopes that the visitor's role has: nobody gives more than they have.

use super::member::Member;
use crate::{
    components::{Field, hidden, of_workspace},
    forms,
};
use leptos::prelude::*;
use sautikit_api::rights::RIGHTS;

pub(super) fn create_form(member: &Member) -> AnyView {
    const FORM: &str = forms::CREATE_KEY;
    let text = &member.text().keys;
    let visit = member.visit.clone();
    let role = member.workspace().map(|workspace| workspace.role);
    let chosen = visit.typed_all(FORM, "scope");
    let offered = RIGHTS.iter().filter(|right| right.for_keys && role.is_some_and(|role| right.scope.is_of(role)));
    let scopes = offered.map(|right| {
        let checked = chosen.iter().any(|name| name == right.name);
        view! {
            <label class="choice">
                <input type="checkbox" name="scope" value=right.name checked=checked/>
                <span class="who"><code>{right.name}</code><span class="muted small">{member.text().rights.what(right.scope)}</span></span>
            </label>
        }
    });
    let scopes = scopes.collect_view();
    view! {
        <section class="panel" id="create">
            <div class="panel__head"><h2>{text.create}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                {of_workspace(&visit)}
                {hidden("form_token", visit.form_token.clone())}
                <div class="form form--row form--top">
                    <Field visit=visit.clone() form=FORM name="name" label=text.name hint=text.name_hint autocomplete="off" maxlength=80/>
                    <Field visit form=FORM name="expires_on" kind="date" label=text.expires_on hint=text.expires_hint required=false/>
                </div>
                <fieldset class="choices choices--wide">
                    <legend class="field__label">{text.scopes}</legend>
                    {scopes}
                </fieldset>
                <p class="field__hint">{text.scopes_hint}</p>
                <div class="form__actions"><button class="button button--primary">{text.create_button}</button></div>
            </form>
        </section>
    }
    .into_any()
}
