//! `/wallet`: balance, top-up with its live status, ledger. Statements are pages of their own.

use super::{
    ledger::LEDGER,
    member::{Member, member_page},
    statements::STATEMENTS,
    wallet_ledger::ledger,
    wallet_spend::daily_spend,
    wallet_top_ups::top_ups,
    wallet_waiting::waiting,
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{Copied, CsvButton, FailureNotice, Field, Notice, PageHead, Pager, Tone, hidden, of_workspace},
    format, forms,
    i18n::{fill, payment_failure},
    visit::Pays,
};
use leptos::prelude::*;
use sautikit_api::{
    money::Currency,
    rights::Scope,
    wallet::{LedgerEntry, Paybill, TopUp},
};

/// Seconds between two looks at a pending top-up (`app/js/live.js`).
const PENDING_LOOK_SECONDS: &str = "1";
/// While calls run, which are billed a moment after their end.
const LIVE_LOOK_SECONDS: &str = "2";

/// Wallet.
#[component]
pub(crate) fn WalletPage() -> impl IntoView {
    member_page(|text| text.common.wallet, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (member.text(), member.visit.lang);
    let query = &member.visit.query;
    let top_up = match query.get("top_up") {
        Some(id) => member.api().get::<TopUp>(format!("/v1/wallet/top-ups/{}", escape(id))).await.ok(),
        None => None,
    };
    let cursor = query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/wallet/ledger", &[("cursor", cursor)])).await?;
    let entries: Vec<LedgerEntry> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query("/wallet", &[("cursor", cursor)]));
    let may_top_up = member.may(Scope::WalletWrite);
    // Where there is no Paybill, nothing is said of it.
    let paybill = member.api().get::<Paybill>("/v1/wallet/paybill").await.ok();
    let beside = may_top_up || paybill.is_some();
    // Money that is held moves soon. Whoever looks back finds the newest in any case.
    let is_moving = member.balance.as_ref().is_some_and(|balance| balance.held_minor != 0);
    let look = is_moving.then_some(LIVE_LOOK_SECONDS);
    // What a call took is shown when it is told.
    Ok(view! {
        <PageHead title=text.wallet.title.to_owned() text=text.wallet.text>
            <a class="button" href="/wallet/limits">{text.limits.title}</a>
            <a class="button" href="/wallet/alerts">{text.limits.alerts}</a>
        </PageHead>
        {top_up.map(|top_up| progress(&member, &top_up, paybill.as_ref()))}
        <div class="stack-lg">
            <div data-live="figures" data-live-seconds=look data-live-changes="wallet">{figures(&member)}</div>
            <div class=if beside { "columns columns--late" } else { "stack-lg" }>
                <div class="stack-lg">
                    {may_top_up.then(|| top_up_form(&member))}
                    {paybill.map(|paybill| paybill_panel(&member, paybill, may_top_up))}
                </div>
                <div class="stack-lg">
                {daily_spend(&member).await}
                {top_ups(&member).await?}
                <section class="panel" data-live="ledger">
                    <div class="panel__head"><h2>{text.wallet.ledger}</h2><div class="row"><CsvButton list="ledger" filters=Vec::new() lang/><a class="button" href=LEDGER>{text.wallet.filter}</a><a class="button" href=STATEMENTS>{text.wallet.statements}</a></div></div>
                    {ledger(&member, entries).await}
                    <Pager lang label=text.wallet.ledger next/>
                </section>
                </div>
            </div>
        </div>
    }
    .into_any())
}

/// Looks again by itself until the payment is settled.
fn progress(member: &Member, top_up: &TopUp, paybill: Option<&Paybill>) -> AnyView {
    let pending = top_up.status == "pending";
    view! { <div data-live="top-up" data-live-seconds=pending.then_some(PENDING_LOOK_SECONDS) data-live-changes="wallet">{outcome(member, top_up, paybill)}</div> }
        .into_any()
}

fn outcome(member: &Member, top_up: &TopUp, paybill: Option<&Paybill>) -> AnyView {
    let text = &member.text().wallet;
    let amount = format::money(top_up.amount_minor, &top_up.currency);
    match top_up.status.as_str() {
        "succeeded" => {
            view! { <Notice tone=Tone::Good title=text.succeeded.to_owned() text=fill(text.succeeded_text, &amount)/> }
                .into_any()
        }
        "failed" => {
            let reason = top_up.failure_reason.as_deref();
            let reason = reason.map(|reason| format!("{} ", payment_failure(member.visit.lang, reason))).unwrap_or_default();
            let what_now = if top_up.may_be_paid { text.may_be_paid } else { text.failed_text };
            view! { <Notice tone=Tone::Bad title=text.failed.to_owned() text=format!("{reason}{what_now}")/> }
                .into_any()
        }
        _ if top_up.authorization_url.is_some() => view! {
            <Notice tone=Tone::Live title=text.pending.to_owned() text=fill(text.page_text, &amount)/>
            <p class="aside"><a class="button button--primary" href=top_up.authorization_url.clone()>{text.open_page}</a></p>
        }
        .into_any(),
        _ => waiting(member, top_up, paybill),
    }
}

fn figures(member: &Member) -> Option<AnyView> {
    let text = &member.text().wallet;
    let balance = member.balance.as_ref()?;
    let threshold = balance
        .low_balance_threshold_minor
        .map_or_else(|| text.off.to_owned(), |minor| format::money(minor, &balance.currency));
    let stat = |label: &'static str, value: String| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    let figures = view! {
        <section class="stats">
            {stat(text.available, format::money(balance.available_minor, &balance.currency))}
            {stat(text.balance, format::money(balance.balance_minor, &balance.currency))}
            {stat(text.held, format::money(balance.held_minor, &balance.currency))}
            {stat(text.threshold, threshold)}
        </section>
    };
    Some(figures.into_any())
}

/// Amounts that people choose, the usual one second: as much as a month of a number and some calls costs, and more.
fn amounts(currency: &str) -> [&'static str; 5] {
    match Currency::parse(currency) {
        Some(Currency::USD) => ["10", "25", "50", "100", "250"],
        Some(Currency::UGX | Currency::TZS) => ["20,000", "50,000", "100,000", "250,000", "500,000"],
        Some(Currency::NGN) => ["5,000", "10,000", "25,000", "50,000", "100,000"],
        _ => ["500", "1,000", "2,500", "5,000", "10,000"],
    }
}

fn top_up_form(member: &Member) -> AnyView {
    const FORM: &str = forms::TOP_UP;
    let text = &member.text().wallet;
    let visit = member.visit.clone();
    let failure = visit.failure_of(FORM).cloned();
    let lang = visit.lang;
    // M-Pesa moves shillings of Kenya only.
    let mpesa = if member.currency() == "KES" { visit.mpesa } else { Pays::Not };
    let paystack = visit.paystack;
    let note = match (mpesa, paystack) {
        (Pays::Real, _) => text.top_up_text,
        (Pays::Not, Pays::Real) => text.page_note,
        (Pays::Simulated, _) | (Pays::Not, Pays::Simulated) => text.simulated,
        (Pays::Not, Pays::Not) => text.no_way,
    };
    if (mpesa, paystack) == (Pays::Not, Pays::Not) {
        return view! { <section class="panel" id="top-up"><div class="panel__head"><h2>{text.top_up}</h2><p>{note}</p></div></section> }
            .into_any();
    }
    let has_push = mpesa != Pays::Not;
    let amounts = amounts(&member.currency());
    let asked = visit.query.get("amount").filter(|amount| format::parse_major(amount, &member.currency()).is_some());
    // Enough for a number and some calls, whatever a unit of the currency is worth.
    let usual = asked.unwrap_or(amounts[1]).to_owned();
    let chips = amounts.map(|amount| {
        let href = with_query("/wallet", &[("amount", amount)]);
        view! { <li><a class="chip figure" href=format!("{href}#top-up") data-fill="amount" data-value=amount>{amount}</a></li> }
    });
    let page_words =
        if (mpesa, paystack) == (Pays::Real, Pays::Simulated) { text.pay_page_simulated } else { text.pay_page };
    view! {
        <section class="panel" id="top-up">
            <div class="panel__head"><h2>{text.top_up}</h2><p>{note}</p></div>
            <div class="panel__body">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {visit.query.get("bad_amount").map(|_| view! { <Notice tone=Tone::Bad title=text.bad_amount.to_owned()/> })}
                <form class="form" method="post" action=FORM>
                    {of_workspace(&visit)}
                    {hidden("form_token", visit.form_token.clone())}
                    {hidden("currency", member.currency())}
                    <Field visit=visit.clone() form=FORM name="amount" label=text.amount inputmode="decimal" autocomplete="off" value=usual unit=member.currency() maxlength=20/>
                    <ul class="chips" aria-label=text.amounts>{chips.into_iter().collect_view()}</ul>
                    {has_push.then(|| view! {
                        <Field visit form=FORM name="phone" label=text.phone kind="tel" autocomplete="tel" placeholder="0722 000 000" maxlength=20/>
                        <button class="button button--primary" name="method" value="mpesa">{text.pay}</button>
                    })}
                    {(paystack != Pays::Not).then(|| view! {
                        <button class=if has_push { "button" } else { "button button--primary" } name="method" value="paystack">{page_words}</button>
                    })}
                </form>
            </div>
        </section>
    }
    .into_any()
}

/// How to pay from any telephone, and what to do when such a payment is nowhere to be seen.
fn paybill_panel(member: &Member, paybill: Paybill, may_claim: bool) -> AnyView {
    const FORM: &str = forms::CLAIM_PAYMENT;
    let text = &member.text().wallet;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let failure = visit.failure_of(FORM).cloned();
    let outcome = match visit.query.get("claimed") {
        Some("credited") => Some((Tone::Good, text.claim_credited)),
        Some("waiting") => Some((Tone::Neutral, text.claim_waiting)),
        Some("bad_amount") => Some((Tone::Bad, text.bad_amount)),
        _ => None,
    };
    let is_open = failure.is_some() || outcome.is_some();
    let claim = may_claim.then(|| {
        view! {
            <details class="disclosure" open=is_open>
                <summary>{text.claim}</summary>
                <p class="small muted">{text.claim_text}</p>
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {outcome.map(|(tone, title)| view! { <Notice tone title=title.to_owned()/> })}
                <form class="form" method="post" action=FORM>
                    {of_workspace(&visit)}
                    {hidden("form_token", visit.form_token.clone())}
                    {hidden("currency", paybill.currency.clone())}
                    <Field visit=visit.clone() form=FORM name="receipt" label=text.claim_receipt autocomplete="off" placeholder="RKT1ABCDEF" maxlength=20/>
                    <Field visit=visit.clone() form=FORM name="claim_amount" label=text.amount inputmode="decimal" autocomplete="off" unit=paybill.currency.clone() maxlength=20/>
                    <Field visit=visit.clone() form=FORM name="claim_phone" label=text.claim_phone kind="tel" autocomplete="tel" placeholder="0722 000 000" maxlength=20/>
                    <button class="button">{text.claim_send}</button>
                </form>
            </details>
        }
    });
    view! {
        <section class="panel" id="paybill">
            <div class="panel__head"><h2>{text.paybill}</h2><p>{text.paybill_text}</p></div>
            <div class="panel__body">
                <dl class="facts">
                    <dt>{text.paybill_number}</dt><dd><Copied id="paybill-number" value=paybill.shortcode.clone() lang/></dd>
                    <dt>{text.paybill_account}</dt><dd><Copied id="paybill-account" value=paybill.account_reference.clone() lang/></dd>
                </dl>
                {claim}
            </div>
        </section>
    }
    .into_any()
}
