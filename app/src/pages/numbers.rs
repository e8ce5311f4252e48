//! `/numbers`: what the workspace owns, and the inventory to claim from.

use super::member::{Member, member_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Empty, FailureNotice, Glyph,
        Head::{End, Start, Unseen},
        PageHead, Tone, badge, cell, heads, hidden, of_workspace,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::{AvailableNumber, Number},
    rights::Scope,
};

/// Numbers.
#[component]
pub(crate) fn NumbersPage() -> impl IntoView {
    member_page(|text| text.common.numbers, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().numbers;
    let contains = member.visit.query.get("contains").unwrap_or_default().to_owned();
    let mine: Vec<Number> = member.api().get("/v1/numbers?limit=200").await?;
    let available: Vec<AvailableNumber> =
        member.api().get(with_query("/v1/numbers/available", &[("contains", &contains)])).await?;
    let failure = member.visit.failure_of(forms::CLAIM).cloned();
    let lang = member.visit.lang;
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <div class="stack-lg">
            <section class="panel">
                <div class="panel__head"><h2>{text.mine}</h2></div>
                {own(&member, mine)}
            </section>
            <section class="panel" id="available">
                <div class="panel__head">
                    <h2>{text.available}</h2>
                    <form class="row" method="get" action="/numbers#available" role="search">
                        <label class="visually-hidden" for="contains">{text.contains}</label>
                        <input class="field__input field__input--short" id="contains" name="contains" type="search" inputmode="tel" placeholder=text.contains value=contains/>
                        <button class="button">{text.search}</button>
                    </form>
                    <p>{text.due_hint}</p>
                </div>
                {inventory(&member, available)}
            </section>
        </div>
    }
    .into_any())
}

fn own(member: &Member, mine: Vec<Number>) -> AnyView {
    let text = &member.text().numbers;
    if mine.is_empty() {
        return view! { <Empty glyph=Glyph::Numbers title=text.none text=text.none_text/> }.into_any();
    }
    let rows = mine.into_iter().map(|number| {
        let routing = match (&number.voice_callback_url, number.ring_devices) {
            (Some(url), _) => url.clone(),
            (None, true) => text.to_devices.to_owned(),
            (None, false) => text.not_routed.to_owned(),
        };
        let link = view! { <a class="figure" href=format!("/numbers/{}", number.id)>{number.e164.clone()}</a> };
        view! {
            <tr>
                {cell(text.number, "strong", link)}
                {cell(text.status, "", status(&number.status, member))}
                {cell(text.routing, "muted", view! { <span class="breakable">{routing}</span> })}
                {cell(text.monthly, "end", format::money(number.monthly_price_minor, &number.currency))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <table class="table">{heads([Start(text.number), Start(text.status), Start(text.routing), End(text.monthly)])}<tbody>{rows}</tbody></table> }.into_any()
}

/// The state of a number, shared with its own page.
pub(super) fn status(status: &str, member: &Member) -> AnyView {
    let text = &member.text().numbers;
    match status {
        "active" => badge(Tone::Good, text.active).into_any(),
        "suspended" => badge(Tone::Warn, text.suspended).into_any(),
        other => badge(Tone::Neutral, other).into_any(),
    }
}

fn inventory(member: &Member, available: Vec<AvailableNumber>) -> AnyView {
    let text = &member.text().numbers;
    if available.is_empty() {
        return view! { <Empty glyph=Glyph::Numbers title=text.none_found text=text.none_found_text/> }.into_any();
    }
    let token = member.visit.form_token.clone();
    let may_claim = member.may(Scope::NumbersWrite);
    let rows = available.into_iter().map(|number| {
        // One key per number: claiming a second number from the same page is another intention.
        let key = format!("{token}-{}", number.id);
        let claim = may_claim.then(|| {
            view! {
                <form method="post" action=forms::CLAIM>
                    {of_workspace(&member.visit)}
                    {hidden("id", number.id.to_string())}
                    {hidden("form_token", key)}
                    <button class="button button--small" aria-label=fill(text.claim_label, &number.e164)>{text.claim}</button>
                </form>
            }
        });
        view! {
            <tr>
                {cell(text.number, "strong", number.e164.clone())}
                {cell(text.outbound, "end", format::money(number.outbound_per_min_minor, &number.currency))}
                {cell(text.monthly, "end", format::money(number.monthly_price_minor, &number.currency))}
                {cell(text.due_now, "end strong", format::money(number.due_now_minor, &number.currency))}
                {cell("", "end", claim)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <table class="table">{heads([Start(text.number), End(text.outbound), End(text.monthly), End(text.due_now), Unseen(member.text().common.action)])}<tbody>{rows}</tbody></table> }.into_any()
}
