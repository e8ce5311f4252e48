//! `/pricing`: what numbers and calls cost, for everybody.

use super::{
    failure::failure_title,
    pricing_calculator::calculator,
    public::{Named, public_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        FailureNotice,
        Head::{End, Start},
        cell, heads,
    },
    format, gate,
    i18n::{PricingText, fill},
    visit::Visit,
};
use leptos::prelude::*;
use sautikit_api::{
    countries,
    pricing::{DestinationPricing, NumberPricing, Pricing},
};
use std::collections::BTreeMap;

pub(super) const PAGE: &str = "/pricing";
/// Where its prices come from.
const PAGE_API: &str = "/v1/pricing";

/// The price list; it needs no session.
#[component]
pub(crate) fn PricingPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().pricing;
    let named = Named { title: format!("{} · Sautikit", text.title), summary: text.lead };
    public_page(visit, named, "pricing", |visit, _| async move { prices(&visit).await })
}

async fn prices(visit: &Visit) -> AnyView {
    let pick = |name: &str| visit.query.get(name).unwrap_or_default().to_owned();
    let (currency, country) = (pick("currency"), pick("country"));
    let pairs = [("currency", currency.as_str()), ("country", country.as_str())];
    // Without a country, for the choice of countries.
    let all = visit.api.get::<Pricing>(with_query(PAGE_API, &[pairs[0]])).await;
    let prices = match (all, country.is_empty()) {
        (Ok(all), true) => Ok((all.clone(), all)),
        (Ok(all), false) => visit.api.get::<Pricing>(with_query(PAGE_API, &pairs)).await.map(|prices| (all, prices)),
        (Err(failure), _) => Err(failure),
    };
    match prices {
        Ok((all, prices)) => content(visit, &all, prices, &country),
        Err(failure) => failed(visit, failure),
    }
}

fn failed(visit: &Visit, failure: ApiFailure) -> AnyView {
    visit.reply.status(failure.status());
    let title = failure_title(&failure, visit.text());
    view! { <h1>{title}</h1><FailureNotice failure lang=visit.lang/> }.into_any()
}

fn content(visit: &Visit, all: &Pricing, prices: Pricing, country: &str) -> AnyView {
    let text = &visit.text().pricing;
    let json = with_query("/v1/pricing", &[("currency", &prices.currency), ("country", country)]);
    let start = (text.start, gate::SIGN_IN);
    view! {
        <div class="stack">
            <h1>{text.title}</h1>
            <p class="hero__lead">{text.lead}</p>
            {choice(text, all, &prices, country)}
        </div>
        {calculator(visit, &prices, country)}
        <section class="panel" aria-labelledby="numbers">
            <div class="panel__head"><h2 id="numbers">{text.numbers}</h2><p>{text.numbers_text}</p></div>
            {numbers(text, &prices)}
        </section>
        <section class="panel" aria-labelledby="destinations">
            <div class="panel__head"><h2 id="destinations">{text.destinations}</h2><p>{text.destinations_text}</p></div>
            {destinations(text, &prices)}
            {prices.has_more_destinations.then(|| view! { <p class="panel__body muted">{text.more}</p> })}
        </section>
        <p class="row"><a class="button button--primary" href=start.1>{start.0}</a><a class="small" href=json>{text.api}</a></p>
    }
    .into_any()
}

/// Currency and country; a plain form, so that it works without script.
fn choice(text: &'static PricingText, all: &Pricing, prices: &Pricing, country: &str) -> AnyView {
    let of_numbers = all.numbers.iter().map(|number| number.country.clone());
    let of_calls = all.destinations.iter().filter_map(|destination| destination.country.clone());
    let mut named: BTreeMap<String, String> =
        of_numbers.chain(of_calls).map(|code| (countries::name(&code).to_owned(), code)).collect();
    if !country.is_empty() {
        named.insert(countries::name(country).to_owned(), country.to_owned());
    }
    let chosen = country.to_owned();
    let countries = named
        .into_iter()
        .map(|(name, code)| view! { <option value=code.clone() selected=code == chosen>{name}</option> })
        .collect_view();
    let mut codes: Vec<String> = all.currencies.iter().map(|currency| currency.code.clone()).collect();
    if !codes.contains(&prices.currency) {
        codes.push(prices.currency.clone());
    }
    let current = prices.currency.clone();
    let currencies = codes
        .into_iter()
        .map(|code| view! { <option value=code.clone() selected=code == current>{code.clone()}</option> })
        .collect_view();
    view! {
        <form class="form form--row pricing__choice" method="get" action=PAGE>
            <label class="field"><span class="field__label">{text.currency}</span><select class="field__input" name="currency">{currencies}</select></label>
            <label class="field"><span class="field__label">{text.country}</span>
                <select class="field__input" name="country"><option value="">{text.all_countries}</option>{countries}</select></label>
            <button class="button">{text.show}</button>
        </form>
    }
    .into_any()
}

fn numbers(text: &'static PricingText, prices: &Pricing) -> AnyView {
    if prices.numbers.is_empty() {
        return view! { <p class="panel__body muted">{text.no_numbers}</p> }.into_any();
    }
    let currency = prices.currency.clone();
    let rows = prices.numbers.clone().into_iter().map(|number| {
        let NumberPricing { country_name, capabilities, monthly_price_minor, .. } = number.clone();
        let plan = billed(text, number.billing_minimum_seconds, number.billing_increment_seconds);
        view! {
            <tr>
                {cell(text.country, "strong", country_name)}
                {cell(text.monthly, "end strong", format::money(monthly_price_minor, &currency))}
                {cell(text.at_home, "end", rate(text, number.outbound_per_min_e4, &currency))}
                {cell(text.inbound, "end", rate(text, number.inbound_per_min_e4, &currency))}
                {cell(text.billed, "muted", plan)}
                {cell(text.capabilities, "muted", capabilities.join(", "))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.country),
        End(text.monthly),
        End(text.at_home),
        End(text.inbound),
        Start(text.billed),
        Start(text.capabilities),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn destinations(text: &'static PricingText, prices: &Pricing) -> AnyView {
    if prices.destinations.is_empty() {
        return view! { <p class="panel__body muted">{text.no_destinations}</p> }.into_any();
    }
    let currency = prices.currency.clone();
    let mut destinations = prices.destinations.clone();
    destinations.sort_by(|one, other| (&one.country_name, &one.prefix).cmp(&(&other.country_name, &other.prefix)));
    let rows = destinations.into_iter().map(|destination| {
        let DestinationPricing { prefix, country_name, per_min_e4, .. } = destination.clone();
        let plan = billed(text, destination.billing_minimum_seconds, destination.billing_increment_seconds);
        view! {
            <tr>
                {cell(text.country, "strong", country_name.unwrap_or_else(|| "–".to_owned()))}
                {cell(text.prefix, "figure", format!("+{prefix}"))}
                {cell(text.per_minute, "end strong", rate(text, per_min_e4, &currency))}
                {cell(text.billed, "muted", plan)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([Start(text.country), Start(text.prefix), End(text.per_minute), Start(text.billed)]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn rate(text: &'static PricingText, per_min_e4: i64, currency: &str) -> String {
    if per_min_e4 == 0 { text.free.to_owned() } else { format::rate(per_min_e4, currency) }
}

/// In words what carriers write as 60/1.
fn billed(text: &'static PricingText, minimum_seconds: i64, increment_seconds: i64) -> String {
    let (minimum, increment) = (minimum_seconds.to_string(), increment_seconds.to_string());
    match (minimum_seconds, increment_seconds) {
        (1, 1) => text.by_the_second.to_owned(),
        _ if minimum_seconds == increment_seconds => fill(text.by_steps_only, &increment),
        _ => fill(&fill(text.by_steps, &minimum), &increment),
    }
}
