//! The palette and the list of keys: dialogs that `app/js/palette.js` and `app/js/keys.js` open over any page of the console.
//! Without script the search is a page (`/search`).

use super::{Glyph, Icon};
use crate::i18n::Lang;
use leptos::prelude::*;

/// Both dialogs, closed.
#[component]
pub(crate) fn Palette(lang: Lang) -> impl IntoView {
    let text = &lang.text().search;
    let keys = [
        ("Ctrl K", text.keys_palette),
        ("g h", text.keys_home),
        ("g c", text.keys_calls),
        ("g n", text.keys_numbers),
        ("g w", text.keys_wallet),
        ("g r", text.keys_requests),
        ("g s", text.keys_phone),
        ("g d", text.keys_docs),
        ("j  k", text.keys_rows),
        ("Enter", text.keys_open),
        ("?", text.keys_help),
    ];
    let keys = keys.map(|(keys, words)| {
        let keys = keys.split(' ').filter(|key| !key.is_empty()).map(|key| view! { <kbd>{key}</kbd> });
        view! { <dt>{keys.collect_view()}</dt><dd>{words}</dd> }
    });
    view! {
        <dialog class="palette" id="palette" aria-label=text.title>
            <form method="get" action="/search" role="search">
                <Icon glyph=Glyph::Search/>
                <input class="palette__input" name="q" type="search" autocomplete="off" maxlength=200 aria-label=text.label placeholder=text.label/>
            </form>
            <div class="palette__found" role="status" aria-label=text.found data-none=text.none></div>
        </dialog>
        <dialog class="palette palette--keys" id="keys" aria-labelledby="keys-title">
            <div class="panel__head">
                <h2 id="keys-title">{text.keys}</h2>
                <form method="dialog"><button class="button button--small">{text.close}</button></form>
            </div>
            <dl class="keys panel__body">{keys.into_iter().collect_view()}</dl>
            <label class="choice panel__body"><input type="checkbox" data-keys-on checked/>{text.keys_off}</label>
        </dialog>
    }
}
