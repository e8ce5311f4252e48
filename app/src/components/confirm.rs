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
