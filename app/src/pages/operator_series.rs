//! `/operator/series`: blocks of numbers, loaded one by one or from a file.

use super::{
    member::{Member, person_page},
    operator_parts::{csv_field, known_currencies, mistakes, standing},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvLink, Empty, Field, Glyph,
        Head::{End, Start},
        Notice, PageHead, Pager, Select, Tone, cell, heads, hidden, outcome,
    },
    format, forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::supply::{ImportedSeries, Provider, Series, SeriesImport};

const PAGE: &str = "/operator/series";

/// Series of the installation.
#[component]
pub(crate) fn OperatorSeriesPage() -> impl IntoView {
    person_page(|text| text.supply.series, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().supply, member.visit.lang);
    let query = &member.visit.query;
    let pick = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let (provider, status, cursor) = (pick("provider_id"), pick("status"), pick("cursor"));
    let filters = [("provider_id", provider.as_str()), ("status", status.as_str())];
    let pairs = [filters[0], filters[1], ("cursor", cursor.as_str())];
    let answer = member.api().fetch(with_query("/v1/admin/series", &pairs)).await?;
    let series: Vec<Series> = answer.read()?;
    let next = answer.header("x-next-cursor");
    let next = next.map(|cursor| with_query(PAGE, &[filters[0], filters[1], ("cursor", cursor)]));
    let providers: Vec<Provider> = member.api().list("/v1/admin/providers").await?;
    let list = if series.is_empty() {
        view! { <Empty glyph=Glyph::Numbers title=text.no_series text=text.no_series_text/> }.into_any()
    } else {
        table(&member, series)
    };
    let done = [("imported", text.series_imported, text.series_created_text)];
    let csv = view! { <CsvLink visit=member.visit.clone() list="series" by=&["provider_id", "status"]/> };
    Ok(view! {
        <PageHead title=text.series.to_owned() text=text.series_text>{csv}</PageHead>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            {looked(&member)}
            <section class="panel">
                {list}
                <Pager lang label=text.series next/>
            </section>
            <div class="columns columns--even">
                {load(&member, providers)}
                {import(&member)}
            </div>
        </div>
    }
    .into_any())
}

fn table(member: &Member, series: Vec<Series>) -> AnyView {
    let text = &member.text().supply;
    let rows = series.into_iter().map(|series| {
        let range = format!("{}{} – {}", series.prefix, series.first_suffix, series.last_suffix);
        let link = view! { <span class="who"><a class="row-link strong figure" href=format!("{PAGE}/{}", series.id)>{range}</a><span class="muted small breakable">{series.provider_name.clone()}</span></span> };
        let prices = series.prices.iter().map(|price| format::money(price.monthly_price_minor, &price.currency));
        let counts = &series.numbers;
        view! {
            <tr>
                {cell(text.range, "", link)}
                {cell(text.price, "", prices.collect::<Vec<_>>().join(" · "))}
                {cell(text.available, "end", counts.available)}
                {cell(text.assigned, "end", counts.assigned)}
                {cell(text.others, "end", counts.reserved + counts.cooling_off + counts.retired)}
                {cell(text.status, "", standing(member, &series.status))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.range),
        Start(text.price),
        End(text.available),
        End(text.assigned),
        End(text.others),
        Start(text.status),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn load(member: &Member, providers: Vec<Provider>) -> AnyView {
    const FORM: &str = forms::CREATE_SERIES;
    let text = &member.text().supply;
    let visit = member.visit.clone();
    let offered: Vec<_> = providers.iter().filter(|provider| provider.status == "active").collect();
    let country = offered.first().map_or_else(|| "KE".to_owned(), |provider| provider.country.clone());
    let chosen = member.visit.query.get("provider_id").unwrap_or_default().to_owned();
    let options: Vec<_> = offered.iter().map(|provider| (provider.id.to_string(), provider.name.clone())).collect();
    let chosen = if chosen.is_empty() { options.first().map(|(id, _)| id.clone()).unwrap_or_default() } else { chosen };
    view! {
        <section class="panel" id="load">
            <div class="panel__head"><h2>{text.load_series}</h2><p>{text.load_series_text}</p></div>
            <form class="form panel__body" method="post" action=FORM>
                <Select visit=visit.clone() form=FORM name="provider_id" label=text.provider options value=chosen/>
                <Field visit=visit.clone() form=FORM name="country" label=text.country hint=text.country_hint autocomplete="off" maxlength=2 value=country/>
                <Field visit=visit.clone() form=FORM name="prefix" label=text.prefix autocomplete="off" inputmode="tel" placeholder="+25420700" maxlength=32/>
                <Field visit=visit.clone() form=FORM name="first_suffix" label=text.first_suffix autocomplete="off" inputmode="numeric" placeholder="0000" maxlength=9/>
                <Field visit=visit.clone() form=FORM name="last_suffix" label=text.last_suffix autocomplete="off" inputmode="numeric" placeholder="0999" maxlength=9/>
                <Field visit=visit.clone() form=FORM name="capabilities" label=text.capabilities hint=text.capabilities_hint autocomplete="off" required=false maxlength=120/>
                <Field visit=visit.clone() form=FORM name="trunk" label=text.trunk hint=text.trunk_hint autocomplete="off" required=false maxlength=120/>
                {price_fields(member, FORM, "KES")}
                <div class="form__actions"><button class="button button--primary">{text.load}</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// What a number costs in one currency, as it is typed.
pub(super) fn price_fields(member: &Member, form: &'static str, currency: &str) -> AnyView {
    let text = &member.text().supply;
    let visit = member.visit.clone();
    view! {
        <Select visit=visit.clone() form name="currency" label=text.currency options=known_currencies() value=currency.to_owned()/>
        <Field visit=visit.clone() form name="monthly_price" label=text.price autocomplete="off" inputmode="decimal" placeholder="100.00" maxlength=20/>
        <Field visit=visit.clone() form name="outbound_per_minute" label=text.outbound hint=text.outbound_hint autocomplete="off" inputmode="decimal" placeholder="3.00" maxlength=20/>
        <Field visit=visit.clone() form name="inbound_per_minute" label=text.inbound autocomplete="off" inputmode="decimal" placeholder="0" required=false maxlength=20/>
        <Field visit=visit.clone() form name="minimum_seconds" label=text.minimum hint=text.plan_hint autocomplete="off" inputmode="numeric" placeholder="1" required=false maxlength=4/>
        <Field visit form name="increment_seconds" label=text.increment autocomplete="off" inputmode="numeric" placeholder="1" required=false maxlength=4/>
    }
    .into_any()
}

fn import(member: &Member) -> AnyView {
    const FORM: &str = forms::IMPORT_SERIES;
    let text = &member.text().supply;
    let typed = match &member.visit.flash {
        Some(Flash::SeriesLooked(looked)) => looked.1.clone(),
        _ => member.visit.typed(FORM, "csv").unwrap_or_default(),
    };
    view! {
        <section class="panel" id="import">
            <div class="panel__head"><h2>{text.import_series}</h2><p>{text.import_series_text}</p></div>
            <form class="form panel__body" method="post" action=FORM enctype="multipart/form-data">
                {csv_field(member, typed)}
                <div class="form__actions"><button class="button">{text.look}</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// What a file would make, with the button that makes it.
fn looked(member: &Member) -> Option<AnyView> {
    let Some(Flash::SeriesLooked(looked)) = &member.visit.flash else { return None };
    let (SeriesImport { series, errors, .. }, csv) = &**looked;
    let text = &member.text().supply;
    if !errors.is_empty() {
        return Some(view! { <section class="panel panel__body">{mistakes(member, errors)}</section> }.into_any());
    }
    let rows = series.iter().map(|one| {
        let ImportedSeries { provider, first_number, last_number, numbers, currencies, .. } = one.clone();
        view! {
            <tr>
                {cell(text.provider, "", provider)}
                {cell(text.range, "strong", format!("{first_number} – {last_number}"))}
                {cell(text.available, "end", numbers)}
                {cell(text.currency, "", currencies.join(", "))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let title = fill(text.looked_series, &series.len().to_string());
    let headings = heads([Start(text.provider), Start(text.range), End(text.available), Start(text.currency)]);
    Some(
        view! {
            <section class="panel">
                <div class="panel__body stack">
                    <Notice tone=Tone::Live title/>
                    <form method="post" action=forms::IMPORT_SERIES>
                        {hidden("csv", csv.clone())}
                        {hidden("apply", "1")}
                        <button class="button button--primary">{text.apply_series}</button>
                    </form>
                </div>
                <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div>
            </section>
        }
        .into_any(),
    )
}
