//! What the operators' pages about numbers and prices share.

use super::member::Member;
pub(super) use crate::format::rate;
use crate::{
    components::{Head::Start, Notice, Tone, badge, cell, heads},
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{money::Currency, supply::LineError};

/// Mistakes of a file that are shown; more of them say nothing new.
const MISTAKES_SHOWN: usize = 50;

/// A state of a provider, a series or a number.
pub(super) fn standing(member: &Member, status: &str) -> AnyView {
    let text = &member.text().supply;
    let (tone, words) = match status {
        "active" => (Tone::Good, text.active),
        "available" => (Tone::Good, text.available),
        "paused" => (Tone::Warn, text.paused),
        "reserved" => (Tone::Live, text.reserved),
        "assigned" => (Tone::Live, text.assigned),
        "cooling_off" => (Tone::Warn, text.cooling_off),
        "retired" => (Tone::Neutral, text.retired),
        other => return badge(Tone::Neutral, other).into_any(),
    };
    badge(tone, words).into_any()
}

/// A labelled input without ids, for forms that stand in rows.
pub(super) fn plain_field(name: &'static str, label: &'static str, value: String, maxlength: u32) -> AnyView {
    view! {
        <label class="field"><span class="field__label">{label}</span>
            <input class="field__input" name=name value=value autocomplete="off" maxlength=maxlength/></label>
    }
    .into_any()
}

/// The currencies that the code knows, as choices.
pub(super) fn known_currencies() -> Vec<(String, String)> {
    Currency::ALL.iter().map(|known| (known.code().to_owned(), known.code().to_owned())).collect()
}

/// `60/1`, as carriers write it.
pub(super) fn plan(minimum_seconds: i64, increment_seconds: i64) -> String {
    format!("{minimum_seconds}/{increment_seconds}")
}

/// What is wrong with a file, line by line.
pub(super) fn mistakes(member: &Member, errors: &[LineError]) -> AnyView {
    let text = &member.text().supply;
    let left_out = errors.len().saturating_sub(MISTAKES_SHOWN);
    let rows = errors.iter().take(MISTAKES_SHOWN).map(|error| {
        view! {
            <tr>
                {cell(text.line, "", error.line)}
                {cell(text.column, "", error.column.clone().unwrap_or_default())}
                {cell(text.mistake, "breakable", error.message.clone())}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Notice tone=Tone::Bad title=text.mistakes.to_owned()/>
        <div class="table-box"><table class="table">{heads([Start(text.line), Start(text.column), Start(text.mistake)])}<tbody>{rows}</tbody></table></div>
        {(left_out > 0).then(|| view! { <p class="muted small">{fill(text.more_lines, &left_out.to_string())}</p> })}
    }
    .into_any()
}

/// The lines of a file: pasted, or chosen.
pub(super) fn csv_field(member: &Member, value: String) -> AnyView {
    let text = &member.text().supply;
    view! {
        <label class="field"><span class="field__label">{text.csv}</span>
            <textarea class="field__input field__input--area field__input--code" name="csv" rows="8" spellcheck="false" autocomplete="off">{crate::format::in_textarea(&value)}</textarea></label>
        <label class="field"><span class="field__label">{text.file}</span>
            <input class="field__input" type="file" name="file" accept=".csv,text/csv,text/plain"/></label>
    }
    .into_any()
}
