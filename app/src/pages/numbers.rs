//! `/numbers`: what the workspace owns, and the inventory to claim from.

use super::member::{Member, member_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvButton, Empty, FailureNotice, Glyph,
        Head::{End, Start, Unseen},
        Moment, Notice, PageHead, Pager, Tone, badge, cell, heads, hidden, of_workspace, telephone,
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
    let (text, lang) = (&member.text().numbers, member.visit.lang);
    let search = Search::of(&member);
    let mine_cursor = member.visit.query.get("mine").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/numbers", &[("cursor", mine_cursor)])).await?;
    let mine: Vec<Number> = answer.read()?;
    let more_of_mine = answer.header("x-next-cursor").map(|cursor| with_query("/numbers", &[("mine", cursor)]));
    let first_of_mine = (!mine_cursor.is_empty()).then(|| "/numbers".to_owned());
    let answer = member.api().fetch(search.asked("/v1/numbers/available")).await?;
    let available: Vec<AvailableNumber> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| format!("{}#available", search.page(cursor)));
    let failure = member.visit.failure_of(forms::CLAIM).cloned();
    let released = member.visit.query.get("done") == Some("released");
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text><CsvButton list="numbers" filters=Vec::new() lang/></PageHead>
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        {released.then(|| view! { <Notice tone=Tone::Good title=text.released.to_owned() text=text.released_text.to_owned()/> })}
        <div class="stack-lg">
            <section class="panel">
                <div class="panel__head"><h2>{text.mine}</h2></div>
                {own(&member, mine)}
                <Pager lang label=text.mine first=first_of_mine next=more_of_mine/>
            </section>
            <section class="panel" id="available">
                <div class="panel__head">
                    <h2>{text.available}</h2>
                    <p>{text.due_hint}</p>
                    {search_form(&member, &search)}
                </div>
                {inventory(&member, available)}
                <Pager lang label=text.available next/>
            </section>
        </div>
    }
    .into_any())
}

/// What narrows and orders the inventory, as it was typed.
struct Search {
    contains: String,
    country: String,
    capability: String,
    max_price: String,
    /// What `max_price` is in minor units; empty where it is no amount.
    max_price_minor: String,
    sort: String,
    cursor: String,
}

impl Search {
    fn of(member: &Member) -> Self {
        let pick = |name: &str| member.visit.query.get(name).unwrap_or_default().trim().to_owned();
        let max_price = pick("max_price");
        let minor = format::parse_major(&max_price, &member.currency());
        Self {
            contains: pick("contains"),
            country: pick("country").to_uppercase(),
            capability: pick("capability"),
            max_price_minor: minor.map(|minor| minor.to_string()).unwrap_or_default(),
            max_price,
            sort: pick("sort"),
            cursor: pick("cursor"),
        }
    }

    /// The API's address.
    fn asked(&self, path: &str) -> String {
        with_query(
            path,
            &[
                ("contains", &self.contains),
                ("country", &self.country),
                ("capability", &self.capability),
                ("max_monthly_price_minor", &self.max_price_minor),
                ("sort", &self.sort),
                ("cursor", &self.cursor),
            ],
        )
    }

    /// This page's address, from that cursor on.
    fn page(&self, cursor: &str) -> String {
        with_query(
            "/numbers",
            &[
                ("contains", &self.contains),
                ("country", &self.country),
                ("capability", &self.capability),
                ("max_price", &self.max_price),
                ("sort", &self.sort),
                ("cursor", cursor),
            ],
        )
    }
}

fn search_form(member: &Member, search: &Search) -> AnyView {
    let text = &member.text().numbers;
    let by_price = search.sort == "price";
    view! {
        <form class="form form--row form--search" method="get" action="/numbers#available" role="search">
            <label class="field"><span class="field__label">{text.contains}</span>
                <input class="field__input" name="contains" type="search" inputmode="tel" value=search.contains.clone()/></label>
            <label class="field"><span class="field__label">{text.country}</span>
                <input class="field__input" name="country" autocomplete="off" maxlength=2 placeholder="KE" value=search.country.clone()/></label>
            <label class="field"><span class="field__label">{text.capability}</span>
                <input class="field__input" name="capability" autocomplete="off" maxlength=16 placeholder="voice" value=search.capability.clone()/></label>
            <label class="field"><span class="field__label">{fill(text.max_price, &member.currency())}</span>
                <input class="field__input" name="max_price" inputmode="decimal" autocomplete="off" maxlength=20 value=search.max_price.clone()/></label>
            <label class="field"><span class="field__label">{text.sort}</span>
                <select class="field__input" name="sort">
                    <option value="">{text.by_number}</option>
                    <option value="price" selected=by_price>{text.by_price}</option>
                </select></label>
            <button class="button">{text.search}</button>
        </form>
    }
    .into_any()
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
        let link =
            view! { <a class="figure row-link" href=format!("/numbers/{}", number.id)>{telephone(&number.e164)}</a> };
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
    view! { <div class="table-box"><table class="table">{heads([Start(text.number), Start(text.status), Start(text.routing), End(text.monthly)])}<tbody>{rows}</tbody></table></div> }.into_any()
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
    let may_claim = member.may(Scope::NumbersWrite);
    let rows = available.into_iter().map(|number| {
        let kept = match number.state.as_str() {
            "reserved" => Some(badge(Tone::Live, text.reserved)),
            "cooling_off" => Some(badge(Tone::Live, text.cooling_off)),
            _ => None,
        };
        let words = view! { <span class="who"><span class="strong figure">{number.number.clone()}</span><span>{kept}</span></span> };
        view! {
            <tr>
                {cell(text.number, "", words)}
                {cell(text.country, "muted", number.country.clone())}
                {cell(text.outbound, "end", format::rate(number.outbound_per_min_e4, &number.currency))}
                {cell(text.monthly, "end", format::money(number.monthly_price_minor, &number.currency))}
                {cell(text.due_now, "end strong", format::money(number.due_now_minor, &number.currency))}
                {cell("", "end", may_claim.then(|| claim(member, &number)))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.number),
        Start(text.country),
        End(text.outbound),
        End(text.monthly),
        End(text.due_now),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

/// The question before money moves: what is debited now, and what comes when.
fn claim(member: &Member, number: &AvailableNumber) -> AnyView {
    let (text, lang) = (&member.text().numbers, member.visit.lang);
    // One key per number: claiming a second number from the same page is another intention.
    let key = format!("{}-{}", member.visit.form_token, number.id);
    let money = |minor: i64| format::money(minor, &number.currency);
    view! {
        <details class="confirm">
            <summary class="button button--small" aria-label=fill(text.claim_label, &number.e164)>{text.claim}</summary>
            <form class="confirm__ask" method="post" action=forms::CLAIM>
                <p>{fill(text.claim_now, &money(number.due_now_minor))}</p>
                <p class="muted small">{fill(text.claim_next, &money(number.next_charge_minor))}" "<Moment at=number.next_charge_at.clone() lang/></p>
                {of_workspace(&member.visit)}
                {hidden("id", number.id.to_string())}
                {hidden("form_token", key)}
                <button class="button button--small button--primary">{fill(text.claim_sure, &money(number.due_now_minor))}</button>
            </form>
        </details>
    }
    .into_any()
}
