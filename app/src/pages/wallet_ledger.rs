//! The ledger's entries, each saying what it paid.

use super::member::Member;
use crate::{
    api_client::escape,
    components::{
        Empty, Glyph,
        Head::{End, Start},
        Moment, by_day, cell, heads,
    },
    format,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::wallet::LedgerEntry;

pub(super) fn ledger(member: &Member, entries: Vec<LedgerEntry>) -> AnyView {
    entries_of(member, &member.currency(), true, entries)
}

/// A workspace's entries as its operator sees them, who has no page of what they paid.
pub(super) fn ledger_of(member: &Member, currency: &str, entries: Vec<LedgerEntry>) -> AnyView {
    entries_of(member, currency, false, entries)
}

fn entries_of(member: &Member, currency: &str, has_pages: bool, entries: Vec<LedgerEntry>) -> AnyView {
    let text = &member.text().wallet;
    let lang = member.visit.lang;
    if entries.is_empty() {
        return view! { <Empty glyph=Glyph::Wallet title=text.none text=text.none_text/> }.into_any();
    }
    let rows = entries.into_iter().map(|entry| {
        let plus = if entry.amount_minor > 0 { "+" } else { "" };
        let tax = (entry.tax_minor != 0)
            .then(|| view! { <br/><span class="muted small">{fill(text.with_tax, &format::money(entry.tax_minor.abs(), currency))}</span> });
        let change = view! { <span>{plus}{format::money(entry.amount_minor, currency)}{tax}</span> };
        let what = view! { <span>{kind(member, &entry.kind)}<br/><span class="muted small breakable">{if has_pages { paid(member, &entry) } else { entry.reference.clone().into_any() }}</span></span> };
        let at = entry.created_at.clone();
        let row = view! {
            <tr>
                {cell(text.when, "muted", view! { <Moment at=entry.created_at lang clock=true/> })}
                {cell(text.what, "", what)}
                {cell(text.change, "end strong", change)}
                {cell(text.after, "end nowrap", format::money(entry.balance_after_minor, currency))}
            </tr>
        };
        (at, row.into_any())
    });
    let rows = by_day(rows, 4, lang);
    view! { <div class="table-box"><table class="table">{heads([Start(text.when), Start(text.what), End(text.change), End(text.after)])}{rows}</table></div> }.into_any()
}

/// A kind of entry in words.
pub(super) fn kind(member: &Member, kind: &str) -> &'static str {
    let text = &member.text().wallet;
    match kind {
        "top_up" => text.kind_top_up,
        "call" => text.kind_call,
        "rental" => text.kind_rental,
        "adjustment" => text.kind_adjustment,
        "refund" => text.kind_refund,
        "reversal" => text.kind_reversal,
        _ => text.kind_storage,
    }
}

/// What an entry paid, with a link where there is a page of it.
fn paid(member: &Member, entry: &LedgerEntry) -> AnyView {
    let text = &member.text().wallet;
    let parts: Vec<&str> = entry.cause.split(':').collect();
    match *parts.as_slice() {
        // A call's reference names it in paths too.
        ["call", _] => view! { <a href=format!("/calls/{}", escape(&entry.reference))>{text.see_call}</a> }.into_any(),
        ["rental", number, month] => {
            let words = format!("{} · {month}", entry.reference);
            // One that was released since has no page any more, which the page says.
            view! { <a href=format!("/numbers/{}", escape(number))>{words}</a> }.into_any()
        }
        ["topup", id] => {
            let words = if entry.reference.is_empty() { text.see_top_up.to_owned() } else { entry.reference.clone() };
            view! { <a href=format!("/wallet?top_up={}", escape(id))>{words}</a> }.into_any()
        }
        _ => entry.reference.clone().into_any(),
    }
}
