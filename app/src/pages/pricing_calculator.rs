//! What so many calls of so long would cost, by the price list; a plain form, so that it works without script.

use super::pricing::PAGE;
use crate::{components::hidden, estimate::Plan, format, i18n::fill, visit::Visit};
use leptos::prelude::*;
use sautikit_api::pricing::{DestinationPricing, Pricing};

/// What the form begins with: two minutes.
const USUAL_SECONDS: i64 = 120;
const USUAL_CALLS: i64 = 100;
/// Most that is calculated: a day each, ten million of them.
const MOST_SECONDS: i64 = 86_400;
const MOST_CALLS: i64 = 10_000_000;

/// The panel, where there is something to call.
pub(super) fn calculator(visit: &Visit, prices: &Pricing, country: &str) -> Option<AnyView> {
    let text = &visit.text().site;
    let query = &visit.query;
    let wanted = query.get("to").unwrap_or_default();
    let chosen = prices.destinations.iter().find(|one| one.prefix == wanted).or(prices.destinations.first())?;
    let number = |name: &str, usual: i64, most: i64| {
        let typed = query.get(name).and_then(|text| text.trim().parse().ok());
        typed.unwrap_or(usual).clamp(0, most)
    };
    let (seconds, calls) = (number("seconds", USUAL_SECONDS, MOST_SECONDS), number("calls", USUAL_CALLS, MOST_CALLS));
    let mut destinations = prices.destinations.clone();
    destinations.sort_by(|one, other| (&one.country_name, &one.prefix).cmp(&(&other.country_name, &other.prefix)));
    let options = destinations.into_iter().map(|one| {
        let selected = one.prefix == chosen.prefix;
        view! { <option value=one.prefix.clone() selected=selected>{name(&one)}</option> }
    });
    let options = options.collect_view();
    let (currency, country) = (prices.currency.clone(), country.to_owned());
    Some(
        view! {
            <section class="panel" aria-labelledby="calculator">
                <div class="panel__head"><h2 id="calculator">{text.calculator}</h2><p>{text.calculator_text}</p></div>
                <div class="panel__body stack">
                    <form class="form form--row" method="get" action=format!("{PAGE}#calculator")>
                        {hidden("currency", currency)}
                        {hidden("country", country)}
                        <label class="field"><span class="field__label">{text.calculator_to}</span><select class="field__input" name="to">{options}</select></label>
                        <label class="field"><span class="field__label">{text.calculator_seconds}</span><input class="field__input" name="seconds" type="number" inputmode="numeric" min="0" max=MOST_SECONDS value=seconds/></label>
                        <label class="field"><span class="field__label">{text.calculator_calls}</span><input class="field__input" name="calls" type="number" inputmode="numeric" min="0" max=MOST_CALLS value=calls/></label>
                        <button class="button">{text.calculate}</button>
                    </form>
                    {outcome(visit, chosen, (seconds, calls), &prices.currency)}
                </div>
            </section>
        }
        .into_any(),
    )
}

/// `Kenya +2547`.
fn name(destination: &DestinationPricing) -> String {
    match &destination.country_name {
        Some(country) => format!("{country} +{}", destination.prefix),
        None => format!("+{}", destination.prefix),
    }
}

fn outcome(visit: &Visit, to: &DestinationPricing, (seconds, calls): (i64, i64), currency: &str) -> Option<AnyView> {
    let text = &visit.text().site;
    let plan = Plan {
        per_minute_e4: to.per_min_e4,
        minimum_seconds: to.billing_minimum_seconds,
        increment_seconds: to.billing_increment_seconds,
    };
    let (billed, one) = (plan.billed_seconds(seconds)?, plan.cost_minor(seconds)?);
    let all = one.checked_mul(calls)?;
    let stat = |label: String, value: String, note: String| {
        view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span><span class="stat__note">{note}</span></div> }
    };
    let billed = fill(text.billed_seconds, &billed.to_string());
    let of_all = fill(text.all_calls, &calls.to_string());
    Some(
        view! {
            <div class="stats" role="status">
                {stat(text.one_call.to_owned(), format::money(one, currency), billed)}
                {stat(of_all, format::money(all, currency), name(to))}
            </div>
        }
        .into_any(),
    )
}
