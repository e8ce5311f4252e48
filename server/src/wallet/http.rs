//! `/v1/wallet/balance` and `/v1/wallet/ledger`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::wallet as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{EntryRow, Wallet};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::wallet;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::page::Page;
use crate::web::params::Paged;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_balance)).routes(routes!(list_ledger))
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

/// List ledger entries
#[utoipa::path(get, path = "/wallet/ledger",
    params(Paged),
    responses((status = 200, body = Vec<wire::LedgerEntry>, description = "Entries, the newest first.")),
    extensions(("x-scope" = json!(Scope::WalletRead))))]
async fn list_ledger(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    let page = page?;
    let mut conn = app.db.acquire().await?;
    // The cursor's number is the entry's sequence, which orders a wallet without ties.
    let (before_seq, _) = page.before();
    let entries = wallet::list_entries(&mut conn, caller.workspace.id, before_seq, page.fetch_limit()).await?;
    Ok(page.answer(entries, |entry| (entry.seq, entry.id.0), entry_body))
}

fn entry_body(entry: EntryRow) -> wire::LedgerEntry {
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
