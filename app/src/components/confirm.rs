//! A question before the deed, without script: `<details>` opens onto the button that does it.

use super::{hidden, of_workspace};
use crate::{i18n::fill, visit::Visit};
use leptos::prelude::*;

/// A button that asks for the name of what is at stake before it does anything; the form that it posts to compares the two
/// (`forms::is_confirmed`).
#[component]
pub(crate) fn TypedConfirm(
    visit: Visit,
    /// Words of the button that opens the question.
    opens: &'static str,
    /// The same with what it is about, for people who hear one button at a time.
    #[prop(optional)]
    label: String,
    /// Where the form posts to.
    action: String,
    /// What has to be typed.
    name: String,
    /// What will happen.
    ask: String,
    /// Words of the button that does it.
    sure: &'static str,
) -> impl IntoView {
    let asked = fill(visit.text().common.confirm_label, &name);
    view! {
        <details class="confirm">
            <summary class="button button--small button--danger" aria-label=(!label.is_empty()).then_some(label)>{opens}</summary>
            <form class="confirm__ask" method="post" action=action>
                <p>{ask}</p>
                {of_workspace(&visit)}
                {hidden("expected", name)}
                <label class="field">
                    <span class="field__label breakable">{asked}</span>
                    <input class="field__input" name="confirm" required autocomplete="off" autocapitalize="off" spellcheck="false" maxlength=254/>
                </label>
                <button class="button button--small button--danger-solid">{sure}</button>
            </form>
        </details>
    }
}

/// A button that asks whether it is meant before it does anything.
#[component]
pub(crate) fn Ask(
    /// Words of the button that opens the question, and of the one that does it.
    opens: &'static str,
    /// The same with what it is about, for people who hear one button at a time.
    label: String,
    /// Where the form posts to.
    action: String,
    /// What will happen.
    ask: String,
    /// Fields that go with it.
    #[prop(optional)]
    fields: Option<AnyView>,
    /// It stands in a panel, where there is no room beside the button.
    #[prop(optional)]
    in_flow: bool,
) -> impl IntoView {
    let class = if in_flow { "confirm confirm--flow" } else { "confirm" };
    view! {
        <details class=class>
            <summary class="button button--small" aria-label=label.clone()>{opens}</summary>
            <form class="confirm__ask" method="post" action=action>
                <p>{ask}</p>
                {fields}
                <button class="button button--small button--primary" aria-label=label>{opens}</button>
            </form>
        </details>
    }
}

/// A question within a form that is filled in: it is not sent before this is ticked.
pub(crate) fn meant(words: &'static str) -> AnyView {
    view! { <label class="choice"><input type="checkbox" required/>{words}</label> }.into_any()
}
