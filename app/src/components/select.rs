//! A choice out of few.

use crate::visit::Visit;
use leptos::prelude::*;

/// One labelled choice of `form`, standing where it stood when that form was refused.
#[component]
pub(crate) fn Select(
    visit: Visit,
    form: &'static str,
    name: &'static str,
    label: &'static str,
    /// Values and words.
    options: Vec<(String, String)>,
    /// What is chosen before anyone chooses.
    value: String,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    let chosen = visit.typed(form, name).unwrap_or(value);
    let note = (!hint.is_empty()).then(|| format!("{name}-note"));
    let options = options
        .into_iter()
        .map(|(value, words)| view! { <option value=value.clone() selected=value == chosen>{words}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            <select class="field__input" id=name name=name aria-describedby=note.clone()>{options}</select>
            {note.map(|id| view! { <p class="field__hint" id=id>{hint}</p> })}
        </div>
    }
}
