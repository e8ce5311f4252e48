//! `/operator/providers`: carriers that give numbers.

use super::{
    member::{Member, person_page},
    operator_parts::{plain_field, standing},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvLink, Empty, Field, Glyph,
        Head::{End, Start, Unseen},
        PageHead, Pager, TypedConfirm, cell, heads, outcome,
    },
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::supply::Provider;

const PAGE: &str = "/operator/providers";

/// Providers of the installation.
#[component]
pub(crate) fn OperatorProvidersPage() -> impl IntoView {
    person_page(|text| text.supply.providers, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().supply, member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/admin/providers", &[("cursor", cursor)])).await?;
    let providers: Vec<Provider> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[("cursor", cursor)]));
    let list = if providers.is_empty() {
        view! { <Empty glyph=Glyph::Workspaces title=text.no_providers text=text.no_providers_text/> }.into_any()
    } else {
        table(&member, providers)
    };
    let done =
        [("created", text.provider_created, ""), ("saved", text.saved, ""), ("retired", text.provider_retired, "")];
    let csv = view! { <CsvLink visit=member.visit.clone() list="providers"/> };
    Ok(view! {
        <PageHead title=text.providers.to_owned() text=text.providers_text>{csv}</PageHead>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            <section class="panel">
                {list}
                <Pager lang label=text.providers next/>
            </section>
            {add(&member)}
        </div>
    }
    .into_any())
}

fn table(member: &Member, providers: Vec<Provider>) -> AnyView {
    let text = &member.text().supply;
    let rows = providers.into_iter().map(|provider| {
        let series = format!("/operator/series?provider_id={}", provider.id);
        let contact = view! { <span class="breakable">{provider.contact.clone()}</span> };
        view! {
            <tr>
                {cell(text.provider, "strong", view! { <span class="breakable">{provider.name.clone()}</span> })}
                {cell(text.country, "", provider.country.clone())}
                {cell(text.contact, "muted", contact)}
                {cell(text.live_series, "end", view! { <a href=series>{provider.live_series}</a> })}
                {cell(text.status, "", standing(member, &provider.status))}
                {cell("", "end", actions(member, &provider))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.provider),
        Start(text.country),
        Start(text.contact),
        End(text.live_series),
        Start(text.status),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn actions(member: &Member, provider: &Provider) -> Option<AnyView> {
    let text = &member.text().supply;
    if provider.status == "retired" {
        return None;
    }
    let action = format!("/console/operator/providers/{}", provider.id);
    Some(
        view! {
            <div class="actions">
                <details class="confirm">
                    <summary class="button button--small" aria-label=fill(text.edit_label, &provider.name)>{text.edit}</summary>
                    <form class="confirm__ask" method="post" action=action.clone()>
                        {plain_field("name", text.provider, provider.name.clone(), 120)}
                        {plain_field("country", text.country, provider.country.clone(), 2)}
                        {plain_field("contact", text.contact, provider.contact.clone(), 120)}
                        <label class="field"><span class="field__label">{text.notes}</span>
                            <textarea class="field__input field__input--area" name="notes" rows="4" maxlength=2000>{crate::format::in_textarea(&provider.notes)}</textarea></label>
                        <button class="button button--small button--primary">{member.text().common.save}</button>
                    </form>
                </details>
                <TypedConfirm visit=member.visit.clone() opens=text.retire label=fill(text.retire_label, &provider.name)
                    action=format!("{action}/retire") name=provider.name.clone() ask=text.retire_provider_ask.to_owned() sure=text.retire_sure/>
            </div>
        }
        .into_any(),
    )
}

fn add(member: &Member) -> AnyView {
    const FORM: &str = forms::CREATE_PROVIDER;
    let text = &member.text().supply;
    let visit = member.visit.clone();
    view! {
        <section class="panel panel--form" id="add">
            <div class="panel__head"><h2>{text.add_provider}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                <Field visit=visit.clone() form=FORM name="name" label=text.provider autocomplete="off" maxlength=120/>
                <Field visit=visit.clone() form=FORM name="country" label=text.country hint=text.country_hint autocomplete="off" maxlength=2 value="KE".to_owned()/>
                <Field visit=visit.clone() form=FORM name="contact" label=text.contact hint=text.contact_hint autocomplete="off" required=false maxlength=120/>
                <Field visit form=FORM name="notes" label=text.notes autocomplete="off" required=false maxlength=2000/>
                <div class="form__actions"><button class="button button--primary">{text.add_provider}</button></div>
            </form>
        </section>
    }
    .into_any()
}
