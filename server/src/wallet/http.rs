//! `/v1/wallet/balance`, `/v1/wallet/ledger` and `/v1/wallet/statements`.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::bounds::Month;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::wallet as wire;
use serde::Deserialize;
use sqlx::AnyConnection;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::statement::{self, Listed, Statement};
use super::store::statements::Sum;
use super::{EntryKind, EntryRow, Wallet};
use crate::clock::rfc3339;
use crate::config::Tax;
use crate::state::AppState;
use crate::wallet;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_balance))
        .routes(routes!(list_ledger))
        .routes(routes!(list_statements))
        .routes(routes!(get_statement))
        .routes(routes!(get_statement_csv))
        .merge(super::alerts::http::routes())
}

/// Show the balance
#[utoipa::path(get, path = "/wallet/balance",
    responses((status = 200, body = wire::Balance, description = "The balance.")),
    extensions(("x-scope" = json!(Scope::WalletRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_balance(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<wire::Balance>> {
    caller.needs(Scope::WalletRead)?;
    let mut conn = app.db.acquire().await?;
    let wallet = wallet::read(&mut conn, caller.workspace.id).await?;
    Ok(Json(balance_body(&wallet)))
}

/// A wallet as the API shows it.
pub(crate) fn balance_body(wallet: &Wallet) -> wire::Balance {
    wire::Balance {
        balance_minor: wallet.balance_minor,
        held_minor: wallet.held_minor,
        available_minor: wallet.available_minor(),
        currency: wallet.currency.code().to_owned(),
        low_balance_threshold_minor: wallet.low_balance_threshold_minor,
        overdraft_policy: wallet.overdraft_policy.as_str().to_owned(),
        overdraft_floor_minor: wallet.overdraft_floor_minor,
    }
}

/// What narrows the list of entries.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct LedgerQuery {
    /// Posted in this month of the workspace's zone, for instance 2026-06: the entries of its statement.
    #[param(pattern = "^(20[0-9]{2}-(0[1-9]|1[0-2]))?$")]
    month: String,
    /// Only entries of this kind.
    #[param(value_type = Option<sautikit_api::sets::LedgerEntryKind>)]
    kind: String,
}

impl LedgerQuery {
    /// What it asks for.
    pub(super) fn read(&self) -> ApiResult<Listed> {
        let at_us = if self.month.is_empty() { None } else { Some(within(&self.month)?) };
        let kind = match self.kind.as_str() {
            "" => None,
            name => Some(EntryKind::parse(name).ok_or_else(|| {
                let known = EntryKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                ApiError::field("kind", format!("`kind` is one of {known}."))
            })?),
        };
        Ok(Listed { at_us, kind })
    }
}

/// List ledger entries
#[utoipa::path(get, path = "/wallet/ledger",
    params(Paged, LedgerQuery),
    responses((status = 200, body = Vec<wire::LedgerEntry>, description = "Entries, the newest first.")),
    extensions(("x-scope" = json!(Scope::WalletRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_ledger(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<LedgerQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    let (page, Query(query)) = (page?, query?);
    let listed = query.read()?;
    let mut conn = app.db.acquire().await?;
    // The cursor's number is the entry's sequence, which orders a wallet without ties.
    let (before_seq, _) = page.before();
    let entries = statement::list(&mut conn, caller.workspace.id, listed, before_seq, page.fetch_limit()).await?;
    Ok(page.answer(entries, |entry| (entry.seq, entry.id.0), entry_body))
}

/// An entry as the API shows it.
pub(crate) fn entry_body(entry: EntryRow) -> wire::LedgerEntry {
    wire::LedgerEntry {
        id: entry.id,
        seq: entry.seq,
        kind: entry.kind,
        amount_minor: entry.amount_minor,
        tax_minor: entry.tax_minor,
        balance_after_minor: entry.balance_after_minor,
        reference: entry.reference,
        cause: entry.cause,
        created_at: rfc3339(entry.created_at),
    }
}

/// Months that are listed: five years.
const MONTHS_LISTED: usize = 60;

/// List statements
///
/// One a month in the workspace's zone, the running month first.
#[utoipa::path(get, path = "/wallet/statements",
    responses((status = 200, body = Vec<wire::Statement>, description = "Statements, the newest first; at most five years.")),
    extensions(("x-scope" = json!(Scope::WalletRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_statements(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<Vec<wire::Statement>>> {
    caller.needs(Scope::WalletRead)?;
    Ok(Json(list_bodies(&app, caller.workspace.id).await?))
}

/// The statements of a workspace, the newest first.
pub(super) async fn list_bodies(app: &AppState, workspace_id: WorkspaceId) -> ApiResult<Vec<wire::Statement>> {
    let mut conn = app.db.acquire().await?;
    let months = statement::months(&mut conn, workspace_id, app.now_us(), MONTHS_LISTED).await?;
    let mut statements = Vec::with_capacity(months.len());
    for at_us in months {
        let found = statement::statement(&mut conn, workspace_id, at_us).await?;
        statements.push(statement_body(found, &app.config.tax));
    }
    Ok(statements)
}

/// Show a statement
#[utoipa::path(get, path = "/wallet/statements/{month}",
    params(("month" = Month, Path, description = "The month, for instance 2026-06.")),
    responses((status = 200, body = wire::Statement, description = "The month.")),
    extensions(("x-scope" = json!(Scope::WalletRead)), ("x-errors" = json!([ErrorCode::ValidationBadRequest,
        ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_statement(State(app): State<AppState>, caller: Caller, Path(month): Path<String>) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    show(&app, caller.workspace.id, &month).await
}

/// A workspace's statement of a month, or with `.csv` behind it its entries.
pub(super) async fn show(app: &AppState, workspace_id: WorkspaceId, month: &str) -> ApiResult<Response> {
    if let Some(month) = month.strip_suffix(".csv") {
        return entries(app, workspace_id, month).await;
    }
    let mut conn = app.db.acquire().await?;
    let found = read_month(&mut conn, workspace_id, month).await?;
    Ok(Json(statement_body(found, &app.config.tax)).into_response())
}

/// Export a statement
///
/// Every entry of the month in its order. `GET /v1/wallet/statements/2026-06.csv` is the same.
#[utoipa::path(get, path = "/wallet/statements/{month}/entries.csv",
    params(("month" = Month, Path, description = "The month, for instance 2026-06.")),
    responses((status = 200, body = String, content_type = "text/csv", description = "One row per entry.")),
    extensions(("x-scope" = json!(Scope::WalletRead)), ("x-errors" = json!([ErrorCode::ValidationBadRequest,
        ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_statement_csv(
    State(app): State<AppState>,
    caller: Caller,
    Path(month): Path<String>,
) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    entries(&app, caller.workspace.id, &month).await
}

/// Every entry of a workspace's month as CSV.
pub(super) async fn entries(app: &AppState, workspace_id: WorkspaceId, month: &str) -> ApiResult<Response> {
    let found = read_month(&mut *app.db.acquire().await?, workspace_id, month).await?;
    let name = format!("attachment; filename=\"statement-{}.csv\"", found.month);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let text = statement::csv(app.clone(), found).await?;
    Ok((headers, Body::from_stream(text)).into_response())
}

async fn read_month(conn: &mut AnyConnection, workspace_id: WorkspaceId, month: &str) -> ApiResult<Statement> {
    Ok(statement::statement(conn, workspace_id, within(month)?).await?)
}

/// A moment in the month, whatever the zone: microseconds UTC.
pub(super) fn within(month: &str) -> ApiResult<i64> {
    let wrong = || ApiError::field("month", "`month` is a year and a month, such as 2026-06.");
    let day: jiff::civil::Date = format!("{month}-15").parse().map_err(|_| wrong())?;
    if month.len() != 7 || !(2000..=2099).contains(&day.year()) {
        return Err(wrong());
    }
    // The middle of a month lies in it in every zone.
    Ok(day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?.timestamp().as_microsecond())
}

fn statement_body(found: Statement, tax: &Tax) -> wire::Statement {
    let sum = |of: fn(&Sum) -> i64| found.sums.iter().map(of).sum();
    wire::Statement {
        currency: found.wallet.currency.code().to_owned(),
        zone: found.wallet.zone,
        period_start: rfc3339(found.start_us),
        period_end: rfc3339(found.end_us),
        opening_minor: found.opening_minor,
        closing_minor: found.closing_minor,
        entries: sum(|sum| sum.entries),
        tax_minor: sum(|sum| sum.tax_minor),
        sums: found
            .sums
            .iter()
            .map(|sum| wire::StatementSum {
                kind: sum.kind.clone(),
                entries: sum.entries,
                amount_minor: sum.amount_minor,
                tax_minor: sum.tax_minor,
            })
            .collect(),
        month: found.month,
        head_hash: found.head_hash,
        supplier: supplier(tax),
    }
}

/// Who sells, where the operator says so.
fn supplier(tax: &Tax) -> Option<wire::Supplier> {
    let line = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Some(wire::Supplier {
        name: line(&tax.supplier)?,
        address: line(&tax.supplier_address),
        tax_number: line(&tax.supplier_number),
    })
}
