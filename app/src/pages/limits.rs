//! `/wallet/limits`: what calls may, what is used of it, and the freeze after an attack. Its parts serve operators too.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Field,
        Head::{End, Start},
        Moment, Notice, PageHead, Select, Tone, cell, heads, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    limits::{Freeze, LimitSet, Limits},
    rights::Scope,
};

/// Limits.
#[component]
pub(crate) fn LimitsPage() -> impl IntoView {
    member_page(|text| text.limits.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().limits;
    let limits: Limits = member.api().get("/v1/wallet/limits").await?;
    let may_set = member.may(Scope::LimitsWrite);
    let unfreezes = member.may(Scope::CallsUnfreeze).then(|| forms::UNFREEZE.to_owned());
    let form = may_set.then(|| {
        let heading = (text.own, text.own_text);
        let bounds = Some(&limits.ceiling);
        limits_form(
            &member,
            forms::SET_LIMITS,
            forms::SET_LIMITS.to_owned(),
            heading,
            (&limits.own, bounds),
            &limits.currency,
        )
    });
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text parent=(member.text().common.wallet, "/wallet")/>
        {outcome(&member.visit, &[("saved", text.saved, ""), ("unfrozen", text.unfrozen, "")])}
        <div class="stack-lg">
            {limits.frozen.as_ref().map(|freeze| frozen(&member, freeze, unfreezes))}
            <div class="columns columns--late">
                <div class="stack-lg">
                    {form}
                    {(!may_set).then(|| view! { <p class="muted">{text.reader}</p> })}
                </div>
                {in_force(&member, &limits)}
            </div>
        </div>
    }
    .into_any())
}

/// The freeze, and the way out of it for who may.
pub(super) fn frozen(member: &Member, freeze: &Freeze, unfreezes: Option<String>) -> AnyView {
    let text = &member.text().limits;
    let visit = member.visit.clone();
    let seen = match freeze.reason.as_str() {
        "destinations_abroad" => text.destinations_abroad,
        "new_countries" => text.new_countries,
        "sequential_numbers" => text.sequential_numbers,
        _ => text.short_calls,
    };
    let seen = fill(seen, &freeze.count.to_string());
    let way_out = match unfreezes {
        Some(action) => view! {
            <details class="confirm">
                <summary class="button button--danger">{text.unfreeze}</summary>
                <form class="confirm__ask" method="post" action=action>
                    <p>{text.unfreeze_ask}</p>
                    {of_workspace(&visit)}
                    <button class="button button--small button--danger-solid">{text.unfreeze}</button>
                </form>
            </details>
        }
        .into_any(),
        None => view! { <p class="muted">{text.unfreeze_owner}</p> }.into_any(),
    };
    view! {
        <section class="stack">
            <Notice tone=Tone::Bad title=text.frozen.to_owned() text=fill(text.frozen_text, &seen)/>
            {way_out}
        </section>
    }
    .into_any()
}

/// What counts, beside what is used of it.
pub(super) fn in_force(member: &Member, limits: &Limits) -> AnyView {
    let text = &member.text().limits;
    let lang = member.visit.lang;
    let (set, used) = (&limits.in_force, &limits.used);
    let money = |minor: i64| format::money(minor, &limits.currency);
    let some = |figure: Option<i64>| figure.map_or_else(|| text.none.to_owned(), |figure| figure.to_string());
    let allowed = |flag: Option<bool>| if flag == Some(true) { text.allowed } else { text.blocked }.to_owned();
    let countries = match set.countries.as_deref() {
        Some([all]) if all == "*" => text.every.to_owned(),
        Some([]) | None => text.no_country.to_owned(),
        Some(codes) => codes.join(", "),
    };
    let held = (used.held_minor > 0).then(|| fill(text.held, &money(used.held_minor)));
    let spent = view! { <span>{money(used.spent_today_minor)}{held.map(|held| view! { <br/><span class="muted small">{held}</span> })}</span> };
    let row = |name: &'static str, most: String, used: AnyView| {
        view! { <tr>{cell(text.limit, "", name)}{cell(text.most, "end", most)}{cell(text.used, "end", used)}</tr> }
    };
    let dash = || "–".into_any();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.in_force}</h2><p>{text.resets}" "<Moment at=used.resets_at.clone() lang/></p></div>
            <div class="table-box"><table class="table">
                {heads([Start(text.limit), End(text.most), End(text.used)])}
                <tbody>
                    {row(text.spend, set.spend_per_day_minor.map_or_else(|| text.none.to_owned(), money), spent.into_any())}
                    {row(text.concurrent, some(set.concurrent_calls), used.concurrent_calls.to_string().into_any())}
                    {row(text.per_second, some(set.calls_per_second), dash())}
                    {row(text.countries, countries, dash())}
                    {row(text.premium, allowed(set.premium), dash())}
                    {row(text.satellite, allowed(set.satellite), dash())}
                </tbody>
            </table></div>
        </section>
    }
    .into_any()
}

/// The form of one side, filled with what it has set; `bounds` are the other side's, to be named where they bind.
pub(super) fn limits_form(
    member: &Member,
    form: &'static str,
    action: String,
    (title, about): (&'static str, &'static str),
    (set, bounds): (&LimitSet, Option<&LimitSet>),
    currency: &str,
) -> AnyView {
    let text = &member.text().limits;
    let visit = member.visit.clone();
    let plain = |minor: i64| {
        let shown = format::money(minor, currency);
        shown.split_once(' ').map_or(shown.clone(), |(_, amount)| amount.to_owned())
    };
    let figure = |figure: Option<i64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    let flag = |flag: Option<bool>| match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    // A workspace can't open what its operator has closed, so it is not offered.
    let options = |may: bool| {
        let open = if bounds.is_some() { text.as_operator } else { text.as_settings };
        let mut options = vec![(String::new(), open.to_owned())];
        if may {
            options.push(("yes".to_owned(), text.allowed.to_owned()));
        }
        options.push(("no".to_owned(), text.blocked.to_owned()));
        options
    };
    let may = |of: fn(&LimitSet) -> Option<bool>| bounds.is_none_or(|bounds| of(bounds) == Some(true));
    let codes = set.countries.as_ref().map(|codes| codes.join(", ")).unwrap_or_default();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{title}</h2><p>{about}</p></div>
            <form class="form panel__body" method="post" action=action>
                {of_workspace(&visit)}
                {hidden("currency", currency)}
                <Field visit=visit.clone() form name="spend_per_day_minor" label=text.spend required=false inputmode="decimal" autocomplete="off" unit=currency.to_owned() value=set.spend_per_day_minor.map(plain).unwrap_or_default() maxlength=24/>
                <Field visit=visit.clone() form name="concurrent_calls" label=text.concurrent required=false inputmode="numeric" autocomplete="off" value=figure(set.concurrent_calls) maxlength=7/>
                <Field visit=visit.clone() form name="calls_per_second" label=text.per_second required=false inputmode="numeric" autocomplete="off" value=figure(set.calls_per_second) maxlength=6/>
                <Field visit=visit.clone() form name="countries" label=text.countries hint=text.countries_hint required=false autocomplete="off" value=codes maxlength=1200/>
                <Select visit=visit.clone() form name="premium" label=text.premium options=options(may(|set| set.premium)) value=flag(set.premium).to_owned()/>
                <Select visit form name="satellite" label=text.satellite options=options(may(|set| set.satellite)) value=flag(set.satellite).to_owned()/>
                <div class="form__actions"><button class="button button--primary">{text.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}
