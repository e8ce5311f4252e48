//! Things that people copy: a value or a block of code with a button beside it (`app/js/copy.js`).
//!
//! The button copies the text of the element with the id that it names; without script it is not shown.

use super::{Glyph, Icon};
use crate::i18n::Lang;
use leptos::prelude::*;

/// Copies the text of the element with the id `of`.
#[component]
pub(crate) fn CopyButton(
    /// Id of the element, unique on the page.
    #[prop(into)]
    of: String,
    lang: Lang,
) -> impl IntoView {
    let text = &lang.text().common;
    view! {
        <button class="copy" type="button" data-copy=of data-done=text.copied><Icon glyph=Glyph::Copy/><span aria-live="polite">{text.copy}</span></button>
    }
}

/// A short value, for instance an id, with its button.
#[component]
pub(crate) fn Copied(#[prop(into)] id: String, value: String, lang: Lang) -> impl IntoView {
    view! { <span class="copied"><code id=id.clone()>{value}</code><CopyButton of=id lang/></span> }
}

/// Lines of code, scrolled sideways by keyboard too, with their button.
#[component]
pub(crate) fn CodeBlock(#[prop(into)] id: String, label: &'static str, code: String, lang: Lang) -> impl IntoView {
    view! {
        <div class="codeblock">
            <pre class="codeblock__lines" tabindex="0" role="region" aria-label=label><code id=id.clone()>{code}</code></pre>
            <CopyButton of=id lang/>
        </div>
    }
}
