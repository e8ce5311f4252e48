//! `/v1/admin/wallets/{workspace_id}`: a workspace's wallet as its operator sees it; and the month of all of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::bounds::Month;
use sautikit_api::operator;
use sautikit_api::wallet as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;
use crate::wallet::adjustment::http::workspace;
use crate::wallet::http::{LedgerQuery, balance_body, entries, entry_body, list_bodies, show, within};
use crate::wallet::store::statements::MonthSum;
use crate::wallet::{read, statement};
use crate::web::caller::Operator;
use crate::web::error::ApiResult;
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_wallet))
        .routes(routes!(list_wallet_ledger))
        .routes(routes!(list_statements))
        .routes(routes!(get_statement))
        .routes(routes!(get_statement_csv))
        .routes(routes!(get_month))
}

/// Show a wallet
#[utoipa::path(get, operation_id = "admin_get_wallet", path = "/admin/wallets/{workspace_id}", security(("session" = [])),
    responses((status = 200, body = wire::Balance, description = "The wallet as its workspace sees it.")),
    extensions(("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_wallet(
    State(app): State<AppState>,
    _: Operator,
    Path(workspace_id): Path<String>,
) -> ApiResult<Json<wire::Balance>> {
    let wallet = read(&mut *app.db.acquire().await?, workspace(&workspace_id)?).await?;
    Ok(Json(balance_body(&wallet)))
}

/// List a wallet's ledger entries
#[utoipa::path(get, operation_id = "admin_list_ledger", path = "/admin/wallets/{workspace_id}/ledger",
    security(("session" = [])), params(Paged, LedgerQuery),
    responses((status = 200, body = Vec<wire::LedgerEntry>, description = "Entries, the newest first.")),
    extensions(("x-errors" = json!([ErrorCode::ValidationBadRequest, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn list_wallet_ledger(
    State(app): State<AppState>,
    _: Operator,
    Path(workspace_id): Path<String>,
    page: Page,
    query: ApiResult<Query<LedgerQuery>>,
) -> ApiResult<Response> {
    let Query(query) = query?;
    let (listed, id) = (query.read()?, workspace(&workspace_id)?);
    let mut conn = app.db.acquire().await?;
    // The cursor's number is the entry's sequence, which orders a wallet without ties.
    let (before_seq, _) = page.before();
    let entries = statement::list(&mut conn, id, listed, before_seq, page.fetch_limit()).await?;
    Ok(page.answer(entries, |entry| (entry.seq, entry.id.0), entry_body))
}

/// List a wallet's statements
///
/// One a month in the workspace's zone, the running month first, as its workspace sees them.
#[utoipa::path(get, operation_id = "admin_list_statements", path = "/admin/wallets/{workspace_id}/statements",
    security(("session" = [])),
    responses((status = 200, body = Vec<wire::Statement>, description = "Statements, the newest first; at most five years.")),
    extensions(("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_statements(
    State(app): State<AppState>,
    _: Operator,
    Path(workspace_id): Path<String>,
) -> ApiResult<Json<Vec<wire::Statement>>> {
    Ok(Json(list_bodies(&app, workspace(&workspace_id)?).await?))
}

/// Show a wallet's statement
#[utoipa::path(get, operation_id = "admin_get_statement", path = "/admin/wallets/{workspace_id}/statements/{month}",
    params(("month" = Month, Path, description = "The month, for instance 2026-06.")), security(("session" = [])),
    responses((status = 200, body = wire::Statement, description = "The month.")),
    extensions(("x-errors" = json!([ErrorCode::ValidationBadRequest, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn get_statement(
    State(app): State<AppState>,
    _: Operator,
    Path((workspace_id, month)): Path<(String, String)>,
) -> ApiResult<Response> {
    show(&app, workspace(&workspace_id)?, &month).await
}

/// Export a wallet's statement
///
/// Every entry of the month in its order.
#[utoipa::path(get, operation_id = "admin_get_statement_csv",
    path = "/admin/wallets/{workspace_id}/statements/{month}/entries.csv",
    params(("month" = Month, Path, description = "The month, for instance 2026-06.")), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv", description = "One row per entry.")),
    extensions(("x-errors" = json!([ErrorCode::ValidationBadRequest, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn get_statement_csv(
    State(app): State<AppState>,
    _: Operator,
    Path((workspace_id, month)): Path<(String, String)>,
) -> ApiResult<Response> {
    entries(&app, workspace(&workspace_id)?, &month).await
}

/// Sum up a month
///
/// What moved in all wallets, by country, currency and kind, each in the month of its own zone: what a return of value-added tax
/// asks for. What came and what went of one kind are two sums.
#[utoipa::path(get, operation_id = "admin_get_month", path = "/admin/statements/{month}",
    params(("month" = Month, Path, description = "The month, for instance 2026-06.")), security(("session" = [])),
    responses((status = 200, body = Vec<operator::MonthSum>, description = "The sums; none where nothing moved.")),
    extensions(("x-errors" = json!([ErrorCode::ValidationBadRequest]))))]
async fn get_month(
    State(app): State<AppState>,
    _: Operator,
    Path(month): Path<String>,
) -> ApiResult<Json<Vec<operator::MonthSum>>> {
    let sums = statement::of_all(&mut *app.db.acquire().await?, within(&month)?).await?;
    let body = |of: MonthSum| operator::MonthSum {
        country: of.country,
        currency: of.currency,
        kind: of.sum.kind,
        entries: of.sum.entries,
        amount_minor: of.sum.amount_minor,
        tax_minor: of.sum.tax_minor,
    };
    Ok(Json(sums.into_iter().map(body).collect()))
}
