//! `/operator/numbers`: every number of the inventory and where it stands.

use super::{
    member::{Member, person_page},
    operator_parts::{plain_field, standing},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Ask, CsvLink, Empty, Glyph,
        Head::{Start, Unseen},
        Moment, PageHead, Pager, cell, heads, hidden, outcome,
    },
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::supply::AdminNumber;

const PAGE: &str = "/operator/numbers";
/// Where a number can stand, as the API names it.
const STATES: [&str; 5] = ["available", "reserved", "assigned", "cooling_off", "retired"];

/// The inventory.
#[component]
pub(crate) fn OperatorNumbersPage() -> impl IntoView {
    person_page(|text| text.supply.stock, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().supply, member.visit.lang);
    let query = &member.visit.query;
    let pick = |name: &'static str| (name, query.get(name).unwrap_or_default().trim().to_owned());
    let filters = ["state", "series_id", "country", "contains", "workspace_id"].map(pick);
    let pairs = |cursor: &str, path: &str| {
        let mut pairs: Vec<(&str, &str)> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.push(("cursor", cursor));
        with_query(path, &pairs)
    };
    let answer = member.api().fetch(pairs(query.get("cursor").unwrap_or_default(), "/v1/admin/numbers")).await?;
    let numbers: Vec<AdminNumber> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| pairs(cursor, PAGE));
    let list = if numbers.is_empty() {
        view! { <Empty glyph=Glyph::Numbers title=text.no_numbers text=text.no_numbers_text/> }.into_any()
    } else {
        table(&member, numbers)
    };
    let done =
        [("reserve", text.number_reserved, ""), ("free", text.number_freed, ""), ("retire", text.number_retired, "")];
    let csv = view! { <CsvLink visit=member.visit.clone() list="stock" by=&["state", "series_id", "country", "contains", "workspace_id"]/> };
    Ok(view! {
        <PageHead title=text.stock.to_owned() text=text.stock_text>{csv}</PageHead>
        {outcome(&member.visit, &done)}
        <section class="panel">
            <div class="panel__head">{filter(&member)}</div>
            {list}
            <Pager lang label=text.stock next/>
        </section>
    }
    .into_any())
}

fn filter(member: &Member) -> AnyView {
    let text = &member.text().supply;
    let query = &member.visit.query;
    let chosen = query.get("state").unwrap_or_default().to_owned();
    let words = |state: &str| match state {
        "available" => text.available,
        "reserved" => text.reserved,
        "assigned" => text.assigned,
        "cooling_off" => text.cooling_off,
        _ => text.retired,
    };
    let options = STATES.map(|state| view! { <option value=state selected=state == chosen>{words(state)}</option> });
    let value = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let series = value("series_id");
    view! {
        <form class="form form--row" method="get" action=PAGE role="search">
            <label class="field"><span class="field__label">{text.status}</span>
                <select class="field__input" name="state"><option value="">{text.any}</option>{options.into_iter().collect_view()}</select></label>
            {plain_field("contains", text.contains, value("contains"), 20)}
            {plain_field("country", text.country, value("country"), 2)}
            {plain_field("workspace_id", text.workspace_id, value("workspace_id"), 36)}
            {(!series.is_empty()).then(|| hidden("series_id", series))}
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

fn table(member: &Member, numbers: Vec<AdminNumber>) -> AnyView {
    let text = &member.text().supply;
    let lang = member.visit.lang;
    let rows = numbers.into_iter().map(|number| {
        let until = number.kept_until.clone().map(|at| {
            view! { <span class="muted small">" " {text.until} " " <Moment at lang/></span> }
        });
        let state = view! { <span>{standing(member, &number.state)}{until}</span> };
        let about = format!("{} · {}", number.country, number.capabilities.join(", "));
        let words = view! { <span class="who"><span class="strong figure">{number.number.clone()}</span><span class="muted small">{about}</span></span> };
        let workspace = number.workspace_name.clone().unwrap_or_else(|| "–".to_owned());
        view! {
            <tr>
                {cell(text.number, "", words)}
                {cell(text.status, "", state)}
                {cell(text.workspace, "muted", view! { <span class="breakable">{workspace}</span> })}
                {cell("", "end", actions(member, &number))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings =
        heads([Start(text.number), Start(text.status), Start(text.workspace), Unseen(member.text().common.action)]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn actions(member: &Member, number: &AdminNumber) -> Option<AnyView> {
    let text = &member.text().supply;
    if !["available", "reserved", "cooling_off"].contains(&number.state.as_str()) {
        return None;
    }
    let action = |verb: &str| format!("/console/operator/numbers/{}/{verb}", number.id);
    let e164 = number.number.clone();
    let is_kept = number.state != "available";
    Some(
        view! {
            <div class="actions">
                {is_kept.then(|| view! {
                    <Ask opens=text.free label=fill(text.free_label, &e164) action=action("free") ask=text.free_ask.to_owned() fields=hidden("contains", e164.clone()).into_any()/>
                })}
                <details class="confirm">
                    <summary class="button button--small" aria-label=fill(text.reserve_label, &e164)>{text.reserve}</summary>
                    <form class="confirm__ask" method="post" action=action("reserve")>
                        <p>{text.reserve_ask}</p>
                        {hidden("contains", e164.clone())}
                        {plain_field("workspace_id", text.workspace_id, String::new(), 36)}
                        <button class="button button--small button--primary">{text.reserve}</button>
                    </form>
                </details>
                <details class="confirm">
                    <summary class="button button--small button--danger" aria-label=fill(text.retire_label, &e164)>{text.retire}</summary>
                    <form class="confirm__ask" method="post" action=action("retire")>
                        <p>{text.retire_number_ask}</p>
                        {hidden("contains", e164.clone())}
                        <button class="button button--small button--danger-solid">{text.retire_sure}</button>
                    </form>
                </details>
            </div>
        }
        .into_any(),
    )
}
