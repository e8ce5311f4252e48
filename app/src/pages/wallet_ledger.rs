//! The ledger's entries, each saying what it paid.

use super::member::Member;
use crate::{
    api_client::{escape, with_query},
    components::{
        Empty, Glyph,
        Head::{End, Start},
        Moment, by_day, cell, heads,
    },
    format,
    i18n::{WalletText, fill},
};
use leptos::prelude::*;
use sautikit_api::{calls::Call, rights::Scope, wallet::LedgerEntry};
use std::collections::HashMap;

pub(super) async fn ledger(member: &Member, entries: Vec<LedgerEntry>) -> AnyView {
    let calls = calls_of(member, &entries).await;
    entries_of(member, &member.currency(), Some(&calls), entries)
}

/// Calls that are looked at to say what the entries of a page paid: a page of the API's.
const MOST_CALLS: &str = "200";

/// The calls that these entries paid, as far as they are among the newest before the last of them; none for whoever may not
/// read calls.
async fn calls_of(member: &Member, entries: &[LedgerEntry]) -> HashMap<String, Call> {
    let newest = entries.iter().filter(|entry| entry.kind == "call").map(|entry| entry.created_at.as_str()).max();
    let Some(newest) = newest.filter(|_| member.may(Scope::CallsRead)) else { return HashMap::new() };
    let path = with_query("/v1/calls", &[("to_date", newest), ("limit", MOST_CALLS)]);
    let calls: Vec<Call> = member.api().get(path).await.unwrap_or_default();
    let by_entry = |call: Call| Some((call.ledger_entry_id?.to_string(), call));
    calls.into_iter().filter_map(by_entry).collect()
}

/// A workspace's entries as its operator sees them, who has no page of what they paid.
pub(super) fn ledger_of(member: &Member, currency: &str, entries: Vec<LedgerEntry>) -> AnyView {
    entries_of(member, currency, None, entries)
}

/// `calls` by the entry that paid them; none where there are no pages of what was paid.
fn entries_of(
    member: &Member,
    currency: &str,
    calls: Option<&HashMap<String, Call>>,
    entries: Vec<LedgerEntry>,
) -> AnyView {
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
        let what = view! { <span>{kind(member, &entry.kind)}<br/><span class="muted small breakable">{match calls { Some(calls) => paid(member, &entry, calls), None => entry.reference.clone().into_any() }}</span></span> };
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
fn paid(member: &Member, entry: &LedgerEntry, calls: &HashMap<String, Call>) -> AnyView {
    let text = &member.text().wallet;
    let parts: Vec<&str> = entry.cause.split(':').collect();
    match *parts.as_slice() {
        // A call's reference names it in paths too.
        ["call", _] => {
            let words = calls.get(&entry.id.to_string()).map(|call| call_words(text, call));
            let words = words.unwrap_or_else(|| text.see_call.to_owned());
            view! { <a href=format!("/calls/{}", escape(&entry.reference))>{words}</a> }.into_any()
        }
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

/// `+254722000042 · 0:24 at KES 3.00/min`, of several legs the first that costs.
fn call_words(text: &WalletText, call: &Call) -> String {
    let other = if call.direction == "inbound" { &call.from } else { &call.to };
    let lasted = format::duration(call.duration_seconds.unwrap_or_default());
    let rate = call.legs.iter().map(|leg| leg.rate_per_min_e4).find(|rate| *rate > 0);
    match rate {
        Some(rate) => {
            let rate = fill(text.per_minute, &format::rate(rate, &call.currency));
            format!("{other} · {lasted} {rate}")
        }
        None => format!("{other} · {lasted}"),
    }
}
