//! Claiming a number of the inventory: wallet lock, guarded hand-over, pro-rata debit, event; one transaction.

use sautikit_api::ids::{EventId, InventoryNumberId, LedgerEntryId, NumberId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{InventoryNumber, NumberError, TenantNumber, store};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, EntryKind, Funds, LockedWallet, NewEntry, WalletError};
use crate::webhooks::{self, EventKind, Subject};

/// A number that changed hands, and what it cost.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The number, now the workspace's.
    pub number: TenantNumber,
    /// What was debited for the rest of the month.
    pub charged_minor: i64,
    /// First microsecond of the paid period: the claim.
    pub period_start: i64,
    /// First microsecond of the next month, when the next rental is due.
    pub period_end: i64,
}

/// Claims a number for a workspace, in the caller's transaction.
///
/// # Errors
/// Unknown, taken or retired number, no price in the workspace's currency, not enough money, or the database failed.
pub async fn claim(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: InventoryNumberId,
) -> Result<Claim, NumberError> {
    let mut wallet = wallet::lock(tx, workspace_id).await?;
    let inventory = store::inventory::find(tx, id).await?.ok_or(NumberError::NotFound)?;
    match inventory.state.as_str() {
        "available" => {}
        "retired" => return Err(NumberError::Retired),
        _ => return Err(NumberError::AlreadyClaimed),
    }
    let currency = wallet.wallet().currency;
    if inventory.currency != currency {
        return Err(NumberError::PriceMissing(currency));
    }
    // The guard decides between claims of one moment; the look above only words the refusal.
    if !store::inventory::take(tx, id).await? {
        return Err(NumberError::AlreadyClaimed);
    }
    let now_us = app.now_us();
    let month = BillingMonth::containing(now_us, &wallet.wallet().zone).map_err(WalletError::from)?;
    let number_id = NumberId(app.new_uuid());
    let charged_minor = month.pro_rata_minor(inventory.monthly_price_minor).map_err(WalletError::from)?;
    let entry_id = charge(app, tx, &mut wallet, number_id, &inventory, &month.name, charged_minor).await?;
    let number = tenant(workspace_id, number_id, inventory, now_us);
    store::tenants::insert(tx, &number, entry_id, now_us, month.end_us).await?;
    let event = webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id,
        kind: EventKind::NumberProvisioned,
        subject: Subject::Number(number_id),
        data: json!({ "id": number_id, "number": number.e164, "country": number.country,
            "monthly_price_minor": number.monthly_price_minor, "currency": currency.code() }),
        created_at: now_us,
    };
    webhooks::emit(tx, &event).await?;
    Ok(Claim { number, charged_minor, period_start: now_us, period_end: month.end_us })
}

/// Posts the share of the month; a free number has no entry.
async fn charge(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    number_id: NumberId,
    inventory: &InventoryNumber,
    period: &str,
    charged_minor: i64,
) -> Result<Option<LedgerEntryId>, NumberError> {
    if charged_minor == 0 {
        return Ok(None);
    }
    let entry = NewEntry {
        kind: EntryKind::Rental,
        amount_minor: -charged_minor,
        currency: inventory.currency,
        // The claimed number's own id: who releases and claims again in one month owes again.
        cause: format!("rental:{number_id}:{period}"),
        reference: &inventory.e164,
        funds: Funds::Required,
    };
    Ok(Some(wallet.post(tx, app, entry).await?.entry_id()))
}

fn tenant(workspace_id: WorkspaceId, id: NumberId, inventory: InventoryNumber, now_us: i64) -> TenantNumber {
    TenantNumber {
        id,
        inventory_id: inventory.id,
        workspace_id,
        e164: inventory.e164,
        status: super::ACTIVE.to_owned(),
        country: inventory.country,
        capabilities: inventory.capabilities,
        currency: inventory.currency,
        monthly_price_minor: inventory.monthly_price_minor,
        inbound_rate: inventory.inbound_rate,
        outbound_rate: inventory.outbound_rate,
        created_at: now_us,
        voice_callback_url: None,
        events_url: None,
        fallback_url: None,
        ring_devices: true,
        sealed_signing_secret: None,
    }
}
