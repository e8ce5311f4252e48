//! `/operator/prices`: what destinations cost: the list, a price more, a whole list from a file.

use super::{
    member::{Member, person_page},
    operator_parts::{csv_field, known_currencies, plain_field, plan, rate},
    operator_prices_difference::looked,
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Ask, CsvLink, Empty, Field, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Pager, Select, cell, heads, hidden, outcome,
    },
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{countries, money::Currency, pricing::Price};

const PAGE: &str = "/operator/prices";

/// Prices of destinations.
#[component]
pub(crate) fn OperatorPricesPage() -> impl IntoView {
    person_page(|text| text.supply.prices, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().supply, member.visit.lang);
    let query = &member.visit.query;
    let pick = |name: &'static str| (name, query.get(name).unwrap_or_default().trim().to_owned());
    let filters = ["prefix", "currency", "workspace_id", "at"].map(pick);
    let pairs = |cursor: &str, path: &str| {
        let mut pairs: Vec<(&str, &str)> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.push(("cursor", cursor));
        with_query(path, &pairs)
    };
    let answer = member.api().fetch(pairs(query.get("cursor").unwrap_or_default(), "/v1/admin/prices")).await?;
    let prices: Vec<Price> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| pairs(cursor, PAGE));
    let list = if prices.is_empty() {
        view! { <Empty glyph=Glyph::Wallet title=text.no_prices text=text.no_prices_text/> }.into_any()
    } else {
        table(&member, prices)
    };
    let done = [
        ("created", text.price_created, text.price_created_text),
        ("ended", text.price_ended, ""),
        ("imported", text.prices_imported, text.price_created_text),
    ];
    let csv =
        view! { <CsvLink visit=member.visit.clone() list="prices" by=&["prefix", "currency", "workspace_id", "at"]/> };
    Ok(view! {
        <PageHead title=text.prices.to_owned() text=text.prices_text>{csv}</PageHead>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            {looked(&member)}
            <section class="panel">
                <div class="panel__head">{filter(&member)}</div>
                {list}
                <Pager lang label=text.prices next/>
            </section>
            <div class="columns columns--even">
                {add(&member)}
                {import(&member)}
            </div>
        </div>
    }
    .into_any())
}

fn filter(member: &Member) -> AnyView {
    let text = &member.text().supply;
    let query = &member.visit.query;
    let value = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let chosen = value("currency");
    let options = known_currencies()
        .into_iter()
        .map(|(code, words)| view! { <option value=code.clone() selected=code == chosen>{words}</option> })
        .collect_view();
    view! {
        <form class="form form--row" method="get" action=PAGE role="search">
            {plain_field("prefix", text.prefix, value("prefix"), 16)}
            <label class="field"><span class="field__label">{text.currency}</span>
                <select class="field__input" name="currency"><option value="">{text.any}</option>{options}</select></label>
            {plain_field("workspace_id", text.workspace_id, value("workspace_id"), 36)}
            <label class="field"><span class="field__label">{text.from}</span>
                <input class="field__input" type="date" name="at" value=value("at")/></label>
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

fn table(member: &Member, prices: Vec<Price>) -> AnyView {
    let text = &member.text().supply;
    let lang = member.visit.lang;
    let rows = prices.into_iter().map(|price| {
        let country = price.country.as_deref().map(|code| countries::name(code).to_owned()).unwrap_or_default();
        let prefix = view! { <span class="who"><span class="strong figure">{format!("+{}", price.prefix)}</span><span class="muted small">{country}</span></span> };
        let owner = match price.workspace_id {
            Some(id) => view! { <code class="small breakable">{id.to_string()}</code> }.into_any(),
            None => text.everybody.into_any(),
        };
        let until = match price.valid_until.clone() {
            Some(at) => view! { <Moment at lang/> }.into_any(),
            None => text.for_good.into_any(),
        };
        view! {
            <tr>
                {cell(text.prefix, "", prefix)}
                {cell(text.per_minute, "end strong", rate(price.per_min_e4, &price.currency))}
                {cell(text.plan, "", plan(price.billing_minimum_seconds, price.billing_increment_seconds))}
                {cell(text.workspace, "muted", owner)}
                {cell(text.from, "muted", view! { <Moment at=price.valid_from.clone() lang/> })}
                {cell(text.to, "muted", until)}
                {cell("", "end", end(member, &price))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.prefix),
        End(text.per_minute),
        Start(text.plan),
        Start(text.workspace),
        Start(text.from),
        Start(text.to),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn end(member: &Member, price: &Price) -> Option<AnyView> {
    let text = &member.text().supply;
    let written = Currency::parse(&price.currency).map(|currency| currency.format_e4(price.per_min_e4));
    let owner = price.workspace_id.map(|id| id.to_string()).unwrap_or_default();
    let form = view! {
        <div class="actions">
            <details class="confirm">
                <summary class="button button--small" aria-label=fill(text.change_label, &price.prefix)>{text.change_price}</summary>
                <form class="confirm__ask" method="post" action=forms::CREATE_PRICE>
                    <p>{text.change_ask}</p>
                    {hidden("prefix", format!("+{}", price.prefix))}
                    {hidden("currency", price.currency.clone())}
                    {hidden("workspace_id", owner)}
                    {hidden("minimum_seconds", price.billing_minimum_seconds.to_string())}
                    {hidden("increment_seconds", price.billing_increment_seconds.to_string())}
                    <label class="field"><span class="field__label">{text.per_minute}</span><input class="field__input" name="per_minute" inputmode="decimal" required autocomplete="off" maxlength=20 value=written/></label>
                    <button class="button button--small button--primary">{member.text().common.save}</button>
                </form>
            </details>
            <Ask opens=text.end label=fill(text.end_label, &price.prefix) action=format!("/console/operator/prices/{}/end", price.id) ask=text.end_ask.to_owned()/>
        </div>
    };
    price.valid_until.is_none().then(|| form.into_any())
}

fn add(member: &Member) -> AnyView {
    const FORM: &str = forms::CREATE_PRICE;
    let text = &member.text().supply;
    let visit = member.visit.clone();
    view! {
        <section class="panel" id="add">
            <div class="panel__head"><h2>{text.add_price}</h2><p>{text.add_price_text}</p></div>
            <form class="form panel__body" method="post" action=FORM>
                <Field visit=visit.clone() form=FORM name="prefix" label=text.prefix autocomplete="off" inputmode="tel" placeholder="+255" maxlength=20/>
                <Select visit=visit.clone() form=FORM name="currency" label=text.currency options=known_currencies() value="KES".to_owned()/>
                <Field visit=visit.clone() form=FORM name="per_minute" label=text.per_minute autocomplete="off" inputmode="decimal" placeholder="9.00" maxlength=20/>
                <Field visit=visit.clone() form=FORM name="minimum_seconds" label=text.minimum hint=text.plan_hint autocomplete="off" inputmode="numeric" placeholder="1" required=false maxlength=4/>
                <Field visit=visit.clone() form=FORM name="increment_seconds" label=text.increment autocomplete="off" inputmode="numeric" placeholder="1" required=false maxlength=4/>
                <Field visit=visit.clone() form=FORM name="valid_from" label=text.valid_from kind="date" required=false/>
                <Field visit=visit.clone() form=FORM name="valid_until" label=text.valid_until kind="date" required=false/>
                <Field visit form=FORM name="workspace_id" label=text.workspace_id hint=text.own_hint autocomplete="off" required=false maxlength=36/>
                <div class="form__actions"><button class="button button--primary">{text.add_price}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn import(member: &Member) -> AnyView {
    const FORM: &str = forms::IMPORT_PRICES;
    let text = &member.text().supply;
    let visit = member.visit.clone();
    let (csv, ends_missing, from) = match &visit.flash {
        Some(Flash::PricesLooked(looked)) => {
            let asked = &looked.1;
            (asked.csv.clone(), asked.end_missing, asked.valid_from.clone().unwrap_or_default())
        }
        _ => (visit.typed(FORM, "csv").unwrap_or_default(), false, String::new()),
    };
    view! {
        <section class="panel" id="import">
            <div class="panel__head"><h2>{text.import_prices}</h2><p>{text.import_prices_text}</p></div>
            <form class="form panel__body" method="post" action=FORM enctype="multipart/form-data">
                {csv_field(member, csv)}
                <label class="choice"><input type="checkbox" name="end_missing" value="1" checked=ends_missing/>{text.end_missing}</label>
                <Field visit form=FORM name="import_from" label=text.valid_from kind="date" required=false value=from/>
                <div class="form__actions"><button class="button">{text.look}</button></div>
            </form>
        </section>
    }
    .into_any()
}
