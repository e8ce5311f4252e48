//! `/wallet/statements` and `/wallet/statements/{month}`: a month's money on one sheet, for the screen and for paper.

use super::{
    member::{Member, member_page},
    wallet_ledger::{kind, ledger},
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        Glyph,
        Head::{End, Start, Unseen},
        Icon, PageHead, cell, heads,
    },
    format,
    i18n::fill,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::wallet::{LedgerEntry, Statement};

/// Entries that a sheet lists; of a month with more it has the sums, and the CSV has all.
const LISTED: i64 = 500;

pub(super) const STATEMENTS: &str = "/wallet/statements";

/// Every month.
#[component]
pub(crate) fn StatementsPage() -> impl IntoView {
    member_page(|text| text.wallet.statements, list)
}

async fn list(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().wallet;
    let statements: Vec<Statement> = member.api().get("/v1/wallet/statements").await?;
    let rows = statements.into_iter().map(|statement| {
        let money = |minor: i64| format::money(minor, &statement.currency);
        let (came, went) = moved(&statement);
        view! {
            <tr>
                {cell(text.month, "strong", view! { <a class="row-link" href=format!("{STATEMENTS}/{}", statement.month)>{statement.month.clone()}</a> })}
                {cell(text.opening, "end", money(statement.opening_minor))}
                {cell(text.came, "end", money(came))}
                {cell(text.went, "end", money(went))}
                {cell(text.closing, "end strong", money(statement.closing_minor))}
                {cell("", "end", view! { <a class="button button--small" href=csv(&statement) download=file(&statement)><Icon glyph=Glyph::Download/>"CSV"</a> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings =
        heads([Start(text.month), End(text.opening), End(text.came), End(text.went), End(text.closing), Unseen("CSV")]);
    Ok(view! {
        <PageHead title=text.statements.to_owned() text=text.statements_text parent=(text.title, "/wallet")/>
        <section class="panel"><div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div></section>
    }
    .into_any())
}

/// One month.
#[component]
pub(crate) fn StatementPage() -> impl IntoView {
    let month = use_params_map().with_untracked(|params| params.get("month")).unwrap_or_default();
    member_page(|text| text.wallet.statement, move |member| sheet(member, month))
}

async fn sheet(member: Member, month: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().wallet;
    let statement: Statement = member.api().get(format!("/v1/wallet/statements/{}", escape(&month))).await?;
    let entries = match statement.entries {
        0 => None,
        1..=LISTED => {
            let mut entries: Vec<LedgerEntry> =
                member.api().list_of("/v1/wallet/ledger", &[("month", &statement.month)]).await?;
            entries.reverse();
            Some(ledger(&member, entries))
        }
        many => {
            let words = fill(text.listed_in_csv, &many.to_string());
            Some(view! { <p class="panel__body small muted">{words}</p> }.into_any())
        }
    };
    let money = |minor: i64| format::money(minor, &statement.currency);
    let workspace = member.workspace().map(|workspace| workspace.name.clone()).unwrap_or_default();
    let sums = statement.sums.iter().map(|sum| {
        view! {
            <tr>
                {cell(text.what, "", kind(&member, &sum.kind))}
                {cell(text.entries, "end", sum.entries)}
                {cell(text.change, "end strong", money(sum.amount_minor))}
            </tr>
        }
    });
    let sums = sums.collect_view();
    let total = |label: &'static str, value: String| {
        view! { <tr class="table__total"><td data-label="">{label}</td><td></td><td class="end strong" data-label="">{value}</td></tr> }
    };
    let tax = (statement.tax_minor != 0).then(|| total(text.tax, money(statement.tax_minor.abs())));
    let (came, went) = moved(&statement);
    let title = fill(text.statement_of, &statement.month);
    let (csv, file) = (csv(&statement), file(&statement));
    Ok(view! {
        <PageHead title=title parent=(text.statements, STATEMENTS)>
            <a class="button unprinted" href=csv download=file><Icon glyph=Glyph::Download/>{text.all_entries}</a>
        </PageHead>
        <article class="panel sheet">
            <dl class="facts panel__body">
                <dt>{text.of}</dt><dd class="strong">{workspace}</dd>
                <dt>{text.month}</dt><dd>{statement.month.clone()}" ("{statement.zone.clone()}")"</dd>
                <dt>{text.entries}</dt><dd class="figure">{statement.entries}</dd>
            </dl>
            <div class="table-box"><table class="table">
                {heads([Start(text.what), End(text.entries), End(text.change)])}
                <tbody>
                    {total(text.opening, money(statement.opening_minor))}
                    {sums}
                    {total(text.came, money(came))}
                    {total(text.went, money(went))}
                    {total(text.closing, money(statement.closing_minor))}
                    {tax}
                </tbody>
            </table></div>
            {entries}
            <div class="panel__body">
                <p class="small muted breakable">{text.head_hash}": "<code>{statement.head_hash.clone()}</code></p>
                <p class="small muted unprinted">{text.print_hint}</p>
            </div>
        </article>
    }
    .into_any())
}

/// What came in and what went out.
fn moved(statement: &Statement) -> (i64, i64) {
    let came = statement.sums.iter().map(|sum| sum.amount_minor.max(0)).sum();
    let went = statement.sums.iter().map(|sum| sum.amount_minor.min(0)).sum();
    (came, went)
}

fn csv(statement: &Statement) -> String {
    format!("/v1/wallet/statements/{}/entries.csv", statement.month)
}

fn file(statement: &Statement) -> String {
    format!("statement-{}.csv", statement.month)
}
