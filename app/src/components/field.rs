//! Form fields: label, input, hint, and the error at its place.

use crate::{api_client::ApiFailure, i18n::refusal, visit::Visit};
use leptos::prelude::*;

/// One labelled text input of `form`, filled again and marked when that form was refused because of it.
#[component]
pub(crate) fn Field(
    visit: Visit,
    form: &'static str,
    /// The name in the form and in the API's `error.field`.
    name: &'static str,
    label: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(optional)] inputmode: &'static str,
    #[prop(default = true)] required: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(default = 254)] maxlength: u32,
    /// What stands in it before anyone types.
    #[prop(optional)]
    value: String,
    /// A unit before the input, for instance the currency.
    #[prop(optional)]
    unit: String,
) -> impl IntoView {
    let failure = visit.failure_of(form).filter(|failure| failure.field() == Some(name));
    let error = failure.and_then(|failure| match (failure.own_words(visit.lang), failure) {
        (Some(own), _) => Some((None, own.to_owned())),
        (None, ApiFailure::Refused { detail, .. }) => Some((refusal(visit.lang, &detail.code), detail.message.clone())),
        (None, ApiFailure::Unreadable(_)) => None,
    });
    let value = visit.typed(form, name).unwrap_or(value);
    let described_by = (error.is_some() || !hint.is_empty()).then(|| format!("{name}-note"));
    let note_id = described_by.clone();
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    let input = view! {
        <input class="field__input" id=name name=name type=kind value=value placeholder=some(placeholder) required=required
            autocomplete=some(autocomplete) inputmode=some(inputmode) autofocus=autofocus maxlength=maxlength
            aria-invalid=error.is_some().then_some("true") aria-describedby=described_by/>
    };
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            {if unit.is_empty() {
                input.into_any()
            } else {
                view! { <div class="field__money"><span class="field__unit">{unit}</span>{input}</div> }.into_any()
            }}
            {match error {
                // What exactly is wrong stands in the API's own words, which are English.
                Some((Some(words), error)) => {
                    Some(view! { <p class="field__error" id=note_id>{words}" "<span lang="en">{error}</span></p> }.into_any())
                }
                Some((None, error)) => Some(view! { <p class="field__error" id=note_id>{error}</p> }.into_any()),
                None if !hint.is_empty() => Some(view! { <p class="field__hint" id=note_id>{hint}</p> }.into_any()),
                None => None,
            }}
        </div>
    }
}

/// The workspace that a form acts in: the one that its page showed, whatever another tab has chosen since.
pub(crate) fn of_workspace(visit: &Visit) -> impl IntoView + use<> {
    visit.workspace.clone().map(|id| hidden(crate::forms::WORKSPACE, id))
}

/// A value that the form carries unseen.
pub(crate) fn hidden(name: &'static str, value: impl Into<String>) -> impl IntoView {
    view! { <input type="hidden" name=name value=value.into()/> }
}
