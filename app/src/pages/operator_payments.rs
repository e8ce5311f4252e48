//! `/operator/payments`: money that waits for people, and a provider's statement against the wallets.

use super::member::{Member, person_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvLink, Empty, FailureNotice, Glyph,
        Head::{End, Start, Unseen},
        Moment, Notice, PageHead, Pager, Tone, cell, heads, outcome,
    },
    format, forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::operator::{FoundPayments, PaymentProvider, ReconciledSums, Reconciliation, UnmatchedPayment};

const PAGE: &str = "/operator/payments";

/// Payments of the installation.
#[component]
pub(crate) fn OperatorPaymentsPage() -> impl IntoView {
    person_page(|text| text.operator.payments, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/admin/payments/unmatched", &[("cursor", cursor)])).await?;
    let waiting: Vec<UnmatchedPayment> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[("cursor", cursor)]));
    let done = [("assigned", text.assigned, text.assigned_text), ("dismissed", text.dismissed, "")];
    // What went wrong with a statement is said beside it.
    let of_page = member.visit.failure_of(forms::RECONCILE).is_none().then(|| outcome(&member.visit, &done));
    let list = if waiting.is_empty() {
        view! { <Empty glyph=Glyph::Check title=text.none_waiting text=text.none_waiting_text/> }.into_any()
    } else {
        table(&member, waiting)
    };
    let csv = view! { <CsvLink visit=member.visit.clone() list="unmatched-payments"/> };
    Ok(view! {
        <PageHead title=text.payments.to_owned() text=text.payments_text>{csv}</PageHead>
        {of_page}
        <div class="stack-lg">
            <section class="panel">
                <div class="panel__head"><h2>{text.waiting}</h2></div>
                {list}
                <Pager lang label=text.waiting next/>
            </section>
            {find(&member).await?}
            {reconcile(&member)}
            {providers(&member).await}
        </div>
    }
    .into_any())
}

fn table(member: &Member, waiting: Vec<UnmatchedPayment>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let rows = waiting.into_iter().map(|payment| {
        let reason = payment.reason.as_deref().map(|reason| text.reason_of(reason).to_owned()).unwrap_or_default();
        let what = view! { <span class="who"><code class="strong">{payment.receipt.clone()}</code><span class="muted small">{payment.provider.clone()}" · "{reason}</span></span> };
        let who = view! { <span class="who"><span>{payment.payer_name.clone()}</span><span class="muted small">{payment.payer_phone.clone()}</span></span> };
        view! {
            <tr>
                {cell(text.receipt, "", what)}
                {cell(text.amount, "end strong", format::money(payment.amount_minor, &payment.currency))}
                {cell(text.account, "breakable", view! { <code>{payment.account_reference.clone()}</code> })}
                {cell(text.payer, "", who)}
                {cell(text.paid, "muted", view! { <Moment at=payment.paid_at.clone() lang/> })}
                {cell("", "end", decide(member, &payment))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.receipt),
        End(text.amount),
        Start(text.account),
        Start(text.payer),
        Start(text.paid),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

/// Whose it is, or that it is nobody's.
fn decide(member: &Member, payment: &UnmatchedPayment) -> AnyView {
    let text = &member.text().operator;
    let path = format!("/console/operator/payments/{}", payment.id);
    let claims = payment.claims.iter().map(|claim| {
        view! { <option value=claim.workspace_id.to_string()>{claim.workspace_name.clone()}</option> }
    });
    let claims = claims.collect_view();
    let list = format!("claims-{}", payment.id);
    // Who says it is theirs, and from which telephone they say it was paid: to compare with what the provider told.
    let hint = (!payment.claims.is_empty()).then(|| {
        let claims = payment.claims.iter().map(|claim| {
            view! { <li><span class="strong">{claim.workspace_name.clone()}</span>" · "{claim.phone.clone()}" · "{claim.workspace_id.to_string()}</li> }
        });
        view! { <div class="field__hint">{text.claimed}<ul>{claims.collect_view()}</ul></div> }
    });
    let suggested = payment.claimed_by.first().map(ToString::to_string).unwrap_or_default();
    view! {
        <div class="actions">
            <details class="confirm">
                <summary class="button button--small" aria-label=fill(text.assign_label, &payment.receipt)>{text.assign}</summary>
                <form class="confirm__ask" method="post" action=format!("{path}/assign")>
                    <p>{text.assign_ask}</p>
                    <label class="field"><span class="field__label">{text.assign_to}</span><input class="field__input" name="workspace" required autocomplete="off" maxlength=40 list=list.clone() value=suggested/></label>
                    <datalist id=list>{claims}</datalist>
                    {hint}
                    <button class="button button--small button--primary">{text.assign_sure}</button>
                </form>
            </details>
            <details class="confirm">
                <summary class="button button--small button--danger" aria-label=fill(text.dismiss_label, &payment.receipt)>{text.dismiss}</summary>
                <form class="confirm__ask" method="post" action=format!("{path}/dismiss")>
                    <p>{text.dismiss_ask}</p>
                    <label class="field"><span class="field__label">{text.reason}</span><input class="field__input" name="reason" required autocomplete="off" maxlength=120/></label>
                    <button class="button button--small button--danger-solid">{text.dismiss_sure}</button>
                </form>
            </details>
        </div>
    }
    .into_any()
}

/// What became of a payment that somebody asks after.
async fn find(member: &Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().operator;
    let typed = member.visit.query.get("receipt").unwrap_or_default().trim();
    let found = match typed {
        "" => None,
        receipt => {
            match member.api().get::<FoundPayments>(with_query("/v1/admin/payments", &[("receipt", receipt)])).await {
                Ok(found) => Some(became(member, found)),
                Err(failure) => Some(view! { <FailureNotice failure lang=member.visit.lang/> }.into_any()),
            }
        }
    };
    Ok(view! {
        <section class="panel" id="find">
            <div class="panel__head"><h2>{text.find_payment}</h2><p>{text.find_text}</p></div>
            <div class="panel__body stack">
                <form class="form form--row" method="get" action=format!("{PAGE}#find") role="search">
                    <label class="field"><span class="field__label">{text.receipt}</span>
                        <input class="field__input" name="receipt" required autocomplete="off" maxlength=100 placeholder="RKT1ABCDEF" value=typed.to_owned()/></label>
                    <button class="button">{text.find}</button>
                </form>
                {found}
            </div>
        </section>
    }
    .into_any())
}

fn became(member: &Member, found: FoundPayments) -> AnyView {
    let (text, words, lang) = (&member.text().operator, &member.text().wallet, member.visit.lang);
    if found.top_ups.is_empty() && found.waiting.is_empty() {
        return view! { <Notice tone=Tone::Neutral title=text.found_nowhere.to_owned() text=text.found_nowhere_text.to_owned()/> }
            .into_any();
    }
    let row = |receipt: String, amount: String, place: AnyView, at: String| {
        view! {
            <tr>
                {cell(text.receipt, "", view! { <code class="strong">{receipt}</code> })}
                {cell(text.amount, "end strong", amount)}
                {cell(text.place, "breakable", place)}
                {cell(text.when, "muted", view! { <Moment at lang/> })}
            </tr>
        }
    };
    let top_ups = found.top_ups.into_iter().map(|found| {
        let top_up = found.top_up;
        let state = match top_up.status.as_str() {
            "succeeded" => words.top_up_succeeded,
            "failed" => words.top_up_failed,
            _ => words.top_up_pending,
        };
        let back = (found.reversed_minor != 0)
            .then(|| fill(text.taken_back, &format::money(found.reversed_minor, &top_up.currency)));
        let wallet = format!("/operator/workspaces/{}/money", found.workspace_id);
        let place = view! {
            <span class="who"><a href=wallet>{found.workspace_id.to_string()}</a><span class="muted small">{state}" "{top_up.failure_reason.clone()}" "{back}</span></span>
        };
        let amount = format::money(top_up.amount_minor, &top_up.currency);
        let at = top_up.settled_at.clone().unwrap_or_else(|| top_up.created_at.clone());
        row(top_up.receipt.clone().unwrap_or_default(), amount, place.into_any(), at)
    });
    let top_ups = top_ups.collect_view();
    let waiting = found.waiting.into_iter().map(|payment| {
        let state = if payment.status == "dismissed" { text.dismissed } else { text.waiting };
        let reason = payment.reason.as_deref().map(|reason| text.reason_of(reason).to_owned());
        let place = view! { <span class="who"><span>{state}</span><span class="muted small">{reason}</span></span> };
        let amount = format::money(payment.amount_minor, &payment.currency);
        row(payment.receipt.clone(), amount, place.into_any(), payment.paid_at.clone())
    });
    let waiting = waiting.collect_view();
    let headings = heads([Start(text.receipt), End(text.amount), Start(text.place), Start(text.when)]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{top_ups}{waiting}</tbody></table></div> }
        .into_any()
}

/// Whether providers take this server's credentials: asked when the operator asks, not with every look at the page.
async fn providers(member: &Member) -> AnyView {
    const METHODS: [(&str, &str); 2] = [("mpesa", "M-Pesa"), ("paystack", "Paystack")];
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let asked = member.visit.query.get("check").unwrap_or_default();
    let told = match METHODS.iter().find(|(method, _)| *method == asked) {
        None => None,
        Some((method, _)) => {
            let path = format!("/v1/admin/payment-providers/{method}");
            Some(match member.api().get::<PaymentProvider>(path).await {
                Ok(provider) => {
                    view! { <Notice tone=Tone::Good title=fill(text.provider_fits, &provider.name) text=String::new()/> }.into_any()
                }
                Err(failure) => view! { <FailureNotice failure lang/> }.into_any(),
            })
        }
    };
    let links = METHODS.map(|(method, name)| {
        let href = format!("{}#providers", with_query(PAGE, &[("check", method)]));
        view! { <a class="button" href=href>{fill(text.provider_check, name)}</a> }
    });
    view! {
        <section class="panel" id="providers">
            <div class="panel__head"><h2>{text.providers_check}</h2><p>{text.providers_check_text}</p></div>
            <div class="panel__body stack">{told}<div class="row">{links.collect_view()}</div></div>
        </section>
    }
    .into_any()
}

fn reconcile(member: &Member) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let failure = member.visit.failure_of(forms::RECONCILE).cloned();
    let found = match &member.visit.flash {
        Some(Flash::Reconciled(found)) => Some(reconciled(member, found)),
        _ => None,
    };
    view! {
        <section class="panel" id="reconcile">
            <div class="panel__head"><h2>{text.reconcile}</h2><p>{text.reconcile_text}</p></div>
            <div class="panel__body stack">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                {found}
                <form class="form" method="post" action=format!("{}#reconcile", forms::RECONCILE) enctype="multipart/form-data">
                    <label class="field"><span class="field__label">{text.statement_file}</span><input class="field__input" type="file" name="file" accept=".csv,text/csv,text/plain"/></label>
                    <details class="disclosure">
                        <summary>{text.statement_paste}</summary>
                        <label class="field"><span class="visually-hidden">{text.statement_paste}</span><textarea class="field__input" name="statement" rows="6" spellcheck="false"></textarea></label>
                    </details>
                    <label class="choice"><input type="checkbox" name="take" value="yes"/>{text.take}</label>
                    <div class="form__actions"><button class="button button--primary">{text.reconcile_button}</button></div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

fn reconciled(member: &Member, found: &Reconciliation) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let sums = |of: fn(&ReconciledSums) -> i64| {
        let sums = found.totals.iter().map(|totals| format::money(of(totals), &totals.currency));
        sums.collect::<Vec<_>>().join(" · ")
    };
    let (agree, on_statement) = (sums(|totals| totals.matched_minor), sums(|totals| totals.statement_minor));
    let in_wallets = sums(|totals| totals.booked_minor);
    let notice = if found.differences.is_empty() {
        let words = fill(text.reconciled_text, &agree);
        view! { <Notice tone=Tone::Good title=text.reconciled.to_owned() text=words/> }
    } else {
        let words = fill(text.differs_text, &found.differences.len().to_string());
        view! { <Notice tone=Tone::Bad title=text.differs.to_owned() text=words/> }
    };
    let rows = found.differences.iter().map(|difference| {
        let amount = |minor: Option<i64>| {
            minor.map_or_else(|| "–".to_owned(), |minor| format::money(minor, &difference.currency))
        };
        view! {
            <tr>
                {cell(text.receipt, "", view! { <code class="strong">{difference.receipt.clone()}</code> })}
                {cell(text.on_statement, "end", amount(difference.statement_minor))}
                {cell(text.in_wallets, "end", amount(difference.booked_minor))}
                {cell(text.why, "breakable", difference.message.clone())}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let table = (!found.differences.is_empty()).then(|| {
        let headings = heads([Start(text.receipt), End(text.on_statement), End(text.in_wallets), Start(text.why)]);
        view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }
    });
    let taken = (found.taken_payments + found.taken_returns > 0).then(|| {
        let words = format!("{} · {}", found.taken_payments, found.taken_returns);
        view! { <Notice tone=Tone::Live title=fill(text.taken, &words) text=text.taken_text.to_owned()/> }
    });
    view! {
        {notice}
        {taken}
        <dl class="facts">
            <dt>{text.span}</dt><dd><Moment at=found.from.clone() lang/>" – "<Moment at=found.to.clone() lang/></dd>
            <dt>{text.on_statement}</dt><dd class="figure">{found.payments}" · "{on_statement}</dd>
            <dt>{text.in_wallets}</dt><dd class="figure">{in_wallets}</dd>
            <dt>{text.agree}</dt><dd class="figure">{found.matched}" · "{agree}</dd>
            <dt>{text.other_lines}</dt><dd class="figure">{found.skipped}</dd>
        </dl>
        {table}
    }
    .into_any()
}
