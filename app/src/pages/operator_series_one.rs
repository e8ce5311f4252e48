//! `/operator/series/{id}`: one series, its prices and where it stands.

use super::{
    member::{Member, person_page},
    operator_parts::{plan, rate, standing},
    operator_series::price_fields,
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        Ask, Field,
        Head::{End, Start, Unseen},
        Moment, PageHead, cell, heads, hidden, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::supply::Series;

/// One series.
#[component]
pub(crate) fn OperatorSeriesOnePage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    person_page(|text| text.supply.series, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().supply;
    let series: Series = member.api().get(format!("/v1/admin/series/{}", escape(&id))).await?;
    let title = format!("{}{} – {}", series.prefix, series.first_suffix, series.last_suffix);
    let done = [
        ("created", text.series_created, text.series_created_text),
        ("saved", text.saved, ""),
        ("priced", text.priced, text.priced_text),
    ];
    let is_open = series.status != "retired";
    Ok(view! {
        <PageHead title parent=(text.series, "/operator/series")/>
        {outcome(&member.visit, &done)}
        <div class="columns columns--wide">
            <div class="stack-lg">
                {prices(&member, &series)}
                {is_open.then(|| add_price(&member, &series))}
            </div>
            <div class="stack">
                {facts(&member, &series)}
                {is_open.then(|| trunk(&member, &series))}
                {is_open.then(|| steps(&member, &series))}
            </div>
        </div>
    }
    .into_any())
}

fn prices(member: &Member, series: &Series) -> AnyView {
    let text = &member.text().supply;
    let action = format!("/console/operator/series/{}/price", series.id);
    let may_remove = series.prices.len() > 1 && series.status != "retired";
    let rows = series.prices.iter().map(|price| {
        let remove = may_remove.then(|| {
            let fields = view! { {hidden("currency", price.currency.clone())}{hidden("remove", "1")} }.into_any();
            view! { <Ask opens=text.remove label=fill(text.remove_label, &price.currency) action=action.clone() ask=text.remove_ask.to_owned() fields/> }
        });
        view! {
            <tr>
                {cell(text.price, "strong", format::money(price.monthly_price_minor, &price.currency))}
                {cell(text.outbound, "end", rate(price.outbound_per_min_e4, &price.currency))}
                {cell(text.inbound, "end", rate(price.inbound_per_min_e4, &price.currency))}
                {cell(text.plan, "", plan(price.billing_minimum_seconds, price.billing_increment_seconds))}
                {cell("", "end", remove)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.price),
        End(text.outbound),
        End(text.inbound),
        Start(text.plan),
        Unseen(member.text().common.action),
    ]);
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.prices_of_series}</h2></div>
            <div class="table-box"><table class="table table--narrow">{headings}<tbody>{rows}</tbody></table></div>
        </section>
    }
    .into_any()
}

fn add_price(member: &Member, series: &Series) -> AnyView {
    const FORM: &str = forms::PRICE_SERIES;
    let text = &member.text().supply;
    let first = series.prices.first().map_or("KES", |price| price.currency.as_str()).to_owned();
    view! {
        <section class="panel" id="price">
            <div class="panel__head"><h2>{text.add_currency}</h2><p>{text.priced_text}</p></div>
            <form class="form panel__body" method="post" action=format!("/console/operator/series/{}/price", series.id)>
                {price_fields(member, FORM, &first)}
                <div class="form__actions"><button class="button button--primary">{member.text().common.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn facts(member: &Member, series: &Series) -> AnyView {
    let text = &member.text().supply;
    let counts = series.numbers;
    let numbers = format!("/operator/numbers?series_id={}", series.id);
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.facts}</h2></div>
            <dl class="facts panel__body">
                <dt>{text.status}</dt><dd>{standing(member, &series.status)}</dd>
                <dt>{text.provider}</dt><dd>{series.provider_name.clone()}</dd>
                <dt>{text.country}</dt><dd>{series.country.clone()}</dd>
                <dt>{text.capabilities}</dt><dd>{series.capabilities.join(", ")}</dd>
                <dt>{text.trunk}</dt><dd>{if series.trunk.is_empty() { "–".to_owned() } else { series.trunk.clone() }}</dd>
                <dt>{text.available}</dt><dd class="figure">{counts.available}</dd>
                <dt>{text.reserved}</dt><dd class="figure">{counts.reserved}</dd>
                <dt>{text.assigned}</dt><dd class="figure">{counts.assigned}</dd>
                <dt>{text.cooling_off}</dt><dd class="figure">{counts.cooling_off}</dd>
                <dt>{text.retired}</dt><dd class="figure">{counts.retired}</dd>
                <dt>{text.from}</dt><dd><Moment at=series.created_at.clone() lang=member.visit.lang/></dd>
            </dl>
            <p class="aside panel__body"><a class="button button--small" href=numbers>{text.see_numbers}</a></p>
        </section>
    }
    .into_any()
}

/// By which trunk its calls come in.
fn trunk(member: &Member, series: &Series) -> AnyView {
    const FORM: &str = forms::SERIES_TRUNK;
    let text = &member.text().supply;
    let visit = member.visit.clone();
    view! {
        <section class="panel">
            <form class="form panel__body" method="post" action=format!("/console/operator/series/{}/trunk", series.id)>
                <Field visit form=FORM name="trunk" label=text.trunk hint=text.trunk_hint autocomplete="off" required=false maxlength=120 value=series.trunk.clone()/>
                <div class="form__actions"><button class="button button--small">{text.trunk_save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn steps(member: &Member, series: &Series) -> AnyView {
    let text = &member.text().supply;
    let action = format!("/console/operator/series/{}/status", series.id);
    let (to, words, ask) = match series.status.as_str() {
        "paused" => ("active", text.resume, text.resume_ask),
        _ => ("paused", text.pause, text.pause_text),
    };
    let name = format!("{}{}", series.prefix, series.first_suffix);
    view! {
        <section class="panel">
            <div class="panel__body stack">
                <Ask opens=words label=format!("{words} {name}") action=action.clone() ask=ask.to_owned() fields=hidden("status", to).into_any() in_flow=true/>
                <details class="confirm confirm--flow">
                    <summary class="button button--small button--danger">{text.retire}</summary>
                    <form class="confirm__ask" method="post" action=action>
                        <p>{text.retire_series_ask}</p>
                        {hidden("status", "retired")}
                        {hidden("expected", name.clone())}
                        <label class="field">
                            <span class="field__label breakable">{fill(member.text().common.confirm_label, &name)}</span>
                            <input class="field__input" name="confirm" required autocomplete="off" maxlength=64/>
                        </label>
                        <button class="button button--small button--danger-solid">{text.retire_sure}</button>
                    </form>
                </details>
            </div>
        </section>
    }
    .into_any()
}
