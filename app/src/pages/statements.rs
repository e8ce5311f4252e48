//! `/wallet/statements` and `/wallet/statements/{month}`: a month's money on one sheet, for the screen and for paper; and the same
//! of one workspace for operators, below `/operator/workspaces/{id}/statements`.

use super::{
    member::{Member, member_page, person_page},
    wallet_ledger::{kind, ledger, ledger_of},
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
use sautikit_api::{
    operator::AdminWorkspace,
    wallet::{LedgerEntry, Statement, Supplier},
};

/// Entries that a sheet lists; of a month with more it has the sums, and the CSV has all.
const LISTED: i64 = 500;

pub(super) const STATEMENTS: &str = "/wallet/statements";

/// Whose statements are shown, and where they stand.
struct Books {
    /// The wallet in the API.
    api: String,
    /// Its statements' page; those of the months stand below it.
    page: String,
    /// The workspace's name.
    name: String,
    /// Whether an operator looks, who has no pages of what the entries paid.
    is_operator: bool,
}

impl Books {
    /// The member's own.
    fn own(member: &Member) -> Self {
        let name = member.workspace().map(|workspace| workspace.name.clone()).unwrap_or_default();
        Self { api: "/v1/wallet".to_owned(), page: STATEMENTS.to_owned(), name, is_operator: false }
    }

    /// Those of a workspace of the installation.
    async fn of(member: &Member, id: &str) -> Result<Self, ApiFailure> {
        let id = escape(id);
        let workspace: AdminWorkspace = member.api().get(format!("/v1/admin/workspaces/{id}")).await?;
        Ok(Self {
            api: format!("/v1/admin/wallets/{id}"),
            page: format!("/operator/workspaces/{id}/statements"),
            name: workspace.name,
            is_operator: true,
        })
    }

    fn csv(&self, statement: &Statement) -> String {
        format!("{}/statements/{}/entries.csv", self.api, statement.month)
    }
}

/// Every month.
#[component]
pub(crate) fn StatementsPage() -> impl IntoView {
    member_page(
        |text| text.wallet.statements,
        |member: Member| async move {
            let books = Books::own(&member);
            list(&member, books).await
        },
    )
}

/// Every month of a workspace, for operators.
#[component]
pub(crate) fn OperatorStatementsPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    person_page(
        |text| text.wallet.statements,
        move |member: Member| async move {
            let books = Books::of(&member, &id).await?;
            list(&member, books).await
        },
    )
}

async fn list(member: &Member, books: Books) -> Result<AnyView, ApiFailure> {
    let text = &member.text().wallet;
    let statements: Vec<Statement> = member.api().get(format!("{}/statements", books.api)).await?;
    let rows = statements.into_iter().map(|statement| {
        let money = |minor: i64| format::money(minor, &statement.currency);
        let (came, went) = moved(&statement);
        view! {
            <tr>
                {cell(text.month, "strong", view! { <a class="row-link" href=format!("{}/{}", books.page, statement.month)>{statement.month.clone()}</a> })}
                {cell(text.opening, "end", money(statement.opening_minor))}
                {cell(text.came, "end", money(came))}
                {cell(text.went, "end", money(went))}
                {cell(text.closing, "end strong", money(statement.closing_minor))}
                {cell("", "end", view! { <a class="button button--small" href=books.csv(&statement) download=file(&statement)><Icon glyph=Glyph::Download/>"CSV"</a> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings =
        heads([Start(text.month), End(text.opening), End(text.came), End(text.went), End(text.closing), Unseen("CSV")]);
    let head = if books.is_operator {
        let workspaces = member.text().operator.workspaces;
        let money = books.page.replace("/statements", "/money");
        view! { <PageHead title=format!("{} · {}", text.statements, books.name) text=text.statements_text parent=(workspaces, "/operator/workspaces")><a class="button" href=money>{text.title}</a></PageHead> }
            .into_any()
    } else {
        view! { <PageHead title=text.statements.to_owned() text=text.statements_text parent=(text.title, "/wallet")/> }
            .into_any()
    };
    Ok(view! {
        {head}
        <section class="panel"><div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div></section>
    }
    .into_any())
}

/// One month.
#[component]
pub(crate) fn StatementPage() -> impl IntoView {
    let month = use_params_map().with_untracked(|params| params.get("month")).unwrap_or_default();
    member_page(
        |text| text.wallet.statement,
        move |member: Member| async move {
            let books = Books::own(&member);
            sheet(&member, books, month).await
        },
    )
}

/// One month of a workspace, for operators.
#[component]
pub(crate) fn OperatorStatementPage() -> impl IntoView {
    let params = use_params_map();
    let param = |name: &str| params.with_untracked(|params| params.get(name)).unwrap_or_default();
    let (id, month) = (param("id"), param("month"));
    person_page(
        |text| text.wallet.statement,
        move |member: Member| async move {
            let books = Books::of(&member, &id).await?;
            sheet(&member, books, month).await
        },
    )
}

async fn sheet(member: &Member, books: Books, month: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().wallet;
    let statement: Statement = member.api().get(format!("{}/statements/{}", books.api, escape(&month))).await?;
    let entries = match statement.entries {
        0 => None,
        1..=LISTED => {
            let path = format!("{}/ledger", books.api);
            let mut entries: Vec<LedgerEntry> = member.api().list_of(&path, &[("month", &statement.month)]).await?;
            entries.reverse();
            Some(if books.is_operator {
                ledger_of(&member, &statement.currency, entries)
            } else {
                ledger(&member, entries).await
            })
        }
        many => {
            let words = fill(text.listed_in_csv, &many.to_string());
            Some(view! { <p class="panel__body small muted">{words}</p> }.into_any())
        }
    };
    let money = |minor: i64| format::money(minor, &statement.currency);
    let sums = statement.sums.iter().map(|sum| {
        let tax = (sum.tax_minor != 0).then(
            || view! { <br/><span class="muted small">{fill(text.with_tax, &money(sum.tax_minor.abs()))}</span> },
        );
        let change = view! { <span>{money(sum.amount_minor)}{tax}</span> };
        view! {
            <tr>
                {cell(text.what, "", kind(member, &sum.kind))}
                {cell(text.entries, "end", sum.entries)}
                {cell(text.change, "end strong", change)}
            </tr>
        }
    });
    let sums = sums.collect_view();
    let total = |label: &'static str, value: String| {
        view! { <tr class="table__total"><td data-label="">{label}</td><td></td><td class="end strong" data-label="">{value}</td></tr> }
    };
    // What a return of VAT asks for: of what bore it the net value, and the tax.
    let tax = (statement.tax_minor != 0).then(|| {
        let taxed = statement.sums.iter().filter(|sum| sum.tax_minor != 0);
        let net: i64 = taxed.map(|sum| sum.amount_minor - sum.tax_minor).sum();
        view! { {total(text.taxed, money(net.abs()))}{total(text.tax, money(statement.tax_minor.abs()))} }
    });
    let (came, went) = moved(&statement);
    let title = fill(text.statement_of, &statement.month);
    let (csv, file) = (books.csv(&statement), file(&statement));
    let actions = view! { <a class="button unprinted" href=csv download=file><Icon glyph=Glyph::Download/>{text.all_entries}</a> };
    let head = if books.is_operator {
        let all = books.page.clone();
        view! { <PageHead title=title><a class="button unprinted" href=all>{text.statements}</a>{actions}</PageHead> }
            .into_any()
    } else {
        view! { <PageHead title=title parent=(text.statements, STATEMENTS)>{actions}</PageHead> }.into_any()
    };
    Ok(view! {
        {head}
        <article class="panel sheet">
            <dl class="facts panel__body">
                {statement.supplier.as_ref().map(|supplier| of_supplier(member, supplier))}
                <dt>{text.of}</dt><dd class="strong">{books.name}</dd>
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

/// Who sells: what a sheet has to name where it counts as an invoice.
fn of_supplier(member: &Member, supplier: &Supplier) -> AnyView {
    let text = &member.text().wallet;
    let address = supplier.address.clone().map(|address| view! { <br/><span class="muted">{address}</span> });
    let number = supplier
        .tax_number
        .clone()
        .map(|number| view! { <dt>{text.supplier_number}</dt><dd><code>{number}</code></dd> });
    view! { <dt>{text.supplier}</dt><dd><span class="strong">{supplier.name.clone()}</span>{address}</dd>{number} }
        .into_any()
}

/// What came in and what went out.
fn moved(statement: &Statement) -> (i64, i64) {
    let came = statement.sums.iter().map(|sum| sum.amount_minor.max(0)).sum();
    let went = statement.sums.iter().map(|sum| sum.amount_minor.min(0)).sum();
    (came, went)
}

fn file(statement: &Statement) -> String {
    format!("statement-{}.csv", statement.month)
}
