//! `/operator/workspaces/{id}/money`: a workspace's wallet and its entries, how far it may be overdrawn, what operators corrected in
//! it, and another correction.

use super::{
    member::{Member, person_page},
    wallet_ledger::ledger_of,
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        Empty, FailureNotice, Field, Glyph,
        Head::{End, Start},
        Moment, Notice, PageHead, Pager, Select, Tone, cell, heads, hidden, meant, outcome,
    },
    format, forms,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    operator::{Adjustment, AdminWorkspace},
    wallet::{Balance, LedgerEntry},
};

/// Corrections of one workspace's wallet.
#[component]
pub(crate) fn OperatorMoneyPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    person_page(|text| text.operator.adjustments, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let path = format!("/v1/admin/wallets/{}/adjustments", escape(&id));
    let answer = member.api().fetch(with_query(&path, &[("cursor", cursor)])).await?;
    let adjustments: Vec<Adjustment> = answer.read()?;
    let page = format!("/operator/workspaces/{}/money", escape(&id));
    let next = answer.header("x-next-cursor").map(|cursor| with_query(&page, &[("cursor", cursor)]));
    let found: Vec<AdminWorkspace> =
        member.api().get(with_query("/v1/admin/workspaces", &[("search", id.as_str())])).await?;
    let workspace = found.into_iter().find(|workspace| workspace.id.to_string() == id);
    let name = workspace.as_ref().map_or_else(|| id.clone(), |workspace| workspace.name.clone());
    let currency = workspace.map(|workspace| workspace.currency).unwrap_or_default();
    let of_wallet = format!("/v1/admin/wallets/{}", escape(&id));
    let balance: Balance = member.api().get(of_wallet.clone()).await?;
    let before = member.visit.query.get("ledger").unwrap_or_default();
    let answer = member.api().fetch(with_query(&format!("{of_wallet}/ledger"), &[("cursor", before)])).await?;
    let entries: Vec<LedgerEntry> = answer.read()?;
    let older = answer.header("x-next-cursor").map(|cursor| with_query(&page, &[("ledger", cursor)]));
    let statements = format!("/operator/workspaces/{}/statements", escape(&id));
    let (ledger_title, statements_title) = (member.text().wallet.ledger, member.text().wallet.statements);
    let done = [("adjusted", text.adjusted, text.adjusted_text), ("overdraft", text.overdraft_changed, "")];
    let bad_amount = member.visit.query.get("done") == Some("bad_amount");
    let list = if adjustments.is_empty() {
        view! { <Empty glyph=Glyph::Wallet title=text.no_adjustments text=text.no_adjustments_text/> }.into_any()
    } else {
        table(&member, adjustments)
    };
    Ok(view! {
        <PageHead title=name parent=(text.workspaces, "/operator/workspaces")>
            <a class="button" href=statements>{statements_title}</a>
        </PageHead>
        {bad_amount.then(|| view! { <Notice tone=Tone::Bad title=member.text().wallet.bad_amount.to_owned()/> })}
        {(!bad_amount).then(|| outcome(&member.visit, &done))}
        {figures(&member, &balance)}
        <div class="columns columns--late">
            <div class="stack-lg">
                {form(&member, &id, currency)}
                {overdraft(&member, &id, &balance)}
            </div>
            <div class="stack-lg">
            <section class="panel">
                <div class="panel__head"><h2>{text.adjustments}</h2></div>
                {list}
                <Pager lang label=text.adjustments next/>
            </section>
            <section class="panel" id="ledger">
                <div class="panel__head"><h2>{ledger_title}</h2></div>
                {ledger_of(&member, &balance.currency, entries)}
                <Pager lang label=ledger_title next=older/>
            </section>
            </div>
        </div>
    }
    .into_any())
}

fn figures(member: &Member, balance: &Balance) -> AnyView {
    let text = &member.text().wallet;
    let stat = |label: &'static str, minor: i64| {
        let value = format::money(minor, &balance.currency);
        view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> }
    };
    view! {
        <section class="stats">
            {stat(text.available, balance.available_minor)}
            {stat(text.balance, balance.balance_minor)}
            {stat(text.held, balance.held_minor)}
        </section>
    }
    .into_any()
}

/// How far running calls may bring the balance below zero.
fn overdraft(member: &Member, id: &str, balance: &Balance) -> AnyView {
    const FORM: &str = forms::SET_OVERDRAFT;
    let text = &member.text().operator;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let failure = visit.failure_of(FORM).cloned();
    let now = balance.overdraft_floor_minor.map(|floor_minor| format::money(-floor_minor, &balance.currency));
    let now = now.map(|written| written.trim_start_matches(|letter: char| !letter.is_ascii_digit()).to_owned());
    let is_prepaid = balance.overdraft_policy == "none";
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.overdraft}</h2><p>{text.overdraft_text}</p></div>
            <form class="form panel__body" method="post" action=format!("/console/operator/workspaces/{id}/overdraft")>
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {is_prepaid.then(|| view! { <p class="field__hint">{text.overdraft_prepaid}</p> })}
                {hidden("currency", balance.currency.clone())}
                <Field visit form=FORM name="at_most" label=text.overdraft_at_most inputmode="decimal" autocomplete="off" maxlength=20 required=false value=now.unwrap_or_default() unit=balance.currency.clone()/>
                {meant(text.meant)}
                <div class="form__actions"><button class="button">{text.overdraft_button}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn form(member: &Member, id: &str, currency: String) -> AnyView {
    const FORM: &str = forms::ADJUST;
    let text = &member.text().operator;
    let visit = member.visit.clone();
    let kinds = ["credit", "refund", "promo", "debit", "write_off"]
        .map(|kind| (kind.to_owned(), text.adjustment(kind).to_owned()));
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.adjust}</h2><p>{text.adjust_text}</p></div>
            <form class="form panel__body" method="post" action=format!("/console/operator/workspaces/{id}/adjust")>
                {hidden("form_token", visit.form_token.clone())}
                {hidden("currency", currency.clone())}
                <Select visit=visit.clone() form=FORM name="kind" label=text.kind options=kinds.to_vec() value="credit".to_owned()/>
                <Field visit=visit.clone() form=FORM name="amount" label=text.amount inputmode="decimal" autocomplete="off" maxlength=20 unit=currency/>
                <Field visit form=FORM name="reason" label=text.reason hint=text.adjust_reason autocomplete="off" maxlength=120/>
                {meant(text.meant)}
                <div class="form__actions"><button class="button button--primary">{text.adjust_button}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn table(member: &Member, adjustments: Vec<Adjustment>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let rows = adjustments.into_iter().map(|adjustment| {
        let plus = if adjustment.amount_minor > 0 { "+" } else { "" };
        let amount = format!("{plus}{}", format::money(adjustment.amount_minor, &adjustment.currency));
        view! {
            <tr>
                {cell(text.created, "muted", view! { <Moment at=adjustment.created_at.clone() lang/> })}
                {cell(text.kind, "", text.adjustment(&adjustment.kind).to_owned())}
                {cell(text.reason, "breakable", adjustment.reason.clone())}
                {cell(text.amount, "end strong", amount)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([Start(text.when), Start(text.kind), Start(text.reason), End(text.amount)]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}
