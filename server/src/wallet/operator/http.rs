//! `/v1/admin/wallets/{workspace_id}`: a workspace's wallet as its operator sees it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::wallet as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;
use crate::wallet::adjustment::http::workspace;
use crate::wallet::http::{balance_body, entry_body};
use crate::wallet::{list_entries, read};
use crate::web::caller::Operator;
use crate::web::error::ApiResult;
use crate::web::page::Page;
use crate::web::params::Paged;

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_wallet)).routes(routes!(list_wallet_ledger))
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
    security(("session" = [])), params(Paged),
    responses((status = 200, body = Vec<wire::LedgerEntry>, description = "Entries, the newest first.")),
    extensions(("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_wallet_ledger(
    State(app): State<AppState>,
    _: Operator,
    Path(workspace_id): Path<String>,
    page: Page,
) -> ApiResult<Response> {
    let id = workspace(&workspace_id)?;
    let mut conn = app.db.acquire().await?;
    read(&mut conn, id).await?;
    // The cursor's number is the entry's sequence, which orders a wallet without ties.
    let (before_seq, _) = page.before();
    let entries = list_entries(&mut conn, id, before_seq, page.fetch_limit()).await?;
    Ok(page.answer(entries, |entry| (entry.seq, entry.id.0), entry_body))
}
