//! What a file of prices would change, line by line, with the button that changes it.

use super::{
    member::Member,
    operator_parts::{mistakes, plan, rate},
};
use crate::{
    components::{
        Head::{End, Start},
        Moment, Notice, Tone, badge, cell, heads, hidden,
    },
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::pricing::{ImportPrices, PriceDifference, PriceImport, PriceTerms};

/// Lines that a page shows: more are a file to read, not a page. All of them are changed.
const LINES_SHOWN: usize = 200;

/// The difference, when a file was just looked at.
pub(super) fn looked(member: &Member) -> Option<AnyView> {
    let Some(Flash::PricesLooked(looked)) = &member.visit.flash else { return None };
    let (import, asked) = &**looked;
    let text = &member.text().supply;
    if !import.errors.is_empty() {
        let errors = mistakes(member, &import.errors);
        return Some(view! { <section class="panel panel__body">{errors}</section> }.into_any());
    }
    let title = if import.lines.is_empty() { text.difference_none } else { text.difference };
    let apply = (!import.lines.is_empty()).then(|| apply(member, asked));
    Some(
        view! {
            <section class="panel" id="difference">
                <div class="panel__body stack">
                    <Notice tone=Tone::Live title=title.to_owned() text=counts(member, import)/>
                    {apply}
                </div>
                {(!import.lines.is_empty()).then(|| table(member, &import.lines))}
            </section>
        }
        .into_any(),
    )
}

fn counts(member: &Member, import: &PriceImport) -> String {
    let text = &member.text().supply;
    let counted = [
        (text.added, import.added),
        (text.changed, import.changed),
        (text.ended, import.ended),
        (text.unchanged, import.unchanged),
    ];
    counted.map(|(words, count)| format!("{words} {count}")).join(" · ")
}

fn apply(member: &Member, asked: &ImportPrices) -> AnyView {
    let text = &member.text().supply;
    let ImportPrices { csv, end_missing, valid_from, .. } = asked.clone();
    view! {
        <form method="post" action=forms::IMPORT_PRICES>
            {hidden("csv", csv)}
            {hidden("apply", "1")}
            {end_missing.then(|| hidden("end_missing", "1"))}
            {valid_from.map(|from| hidden("import_from", from))}
            <button class="button button--primary">{text.apply_prices}</button>
        </form>
    }
    .into_any()
}

fn table(member: &Member, lines: &[PriceDifference]) -> AnyView {
    let text = &member.text().supply;
    let lang = member.visit.lang;
    let left_out = lines.len().saturating_sub(LINES_SHOWN);
    let rows = lines.iter().take(LINES_SHOWN).cloned().map(|line| {
        let (tone, words) = match line.change.as_str() {
            "added" => (Tone::Good, text.added),
            "changed" => (Tone::Live, text.changed),
            _ => (Tone::Warn, text.ended),
        };
        let currency = line.currency.clone();
        let terms = move |terms: Option<PriceTerms>| {
            terms.map_or_else(
                || "–".to_owned(),
                |terms| {
                    let plan = plan(terms.billing_minimum_seconds, terms.billing_increment_seconds);
                    format!("{} · {plan}", rate(terms.per_min_e4, &currency))
                },
            )
        };
        view! {
            <tr>
                {cell(text.line, "muted", line.line.map_or_else(|| "–".to_owned(), |number| number.to_string()))}
                {cell(text.change, "", badge(tone, words))}
                {cell(text.prefix, "strong figure", format!("+{}", line.prefix))}
                {cell(text.before, "end muted", terms(line.before))}
                {cell(text.after, "end strong", terms(line.after))}
                {cell(text.from, "muted", view! { <Moment at=line.from lang/> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.line),
        Start(text.change),
        Start(text.prefix),
        End(text.before),
        End(text.after),
        Start(text.from),
    ]);
    view! {
        <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div>
        {(left_out > 0).then(|| view! { <p class="panel__body muted small">{fill(text.more_lines, &left_out.to_string())}</p> })}
    }
    .into_any()
}
