//! Claiming a number of the inventory: wallet lock, guarded hand-over, pro-rata debit, event; one transaction.

use sautikit_api::ids::{EventId, InventoryNumberId, LedgerEntryId, NumberId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{InventoryNumber, NumberError, NumberPrice, NumberState, SeriesStatus, TenantNumber, store};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, EntryKind, Funds, LockedWallet, NewEntry, WalletError};
use crate::webhooks::{self, EventKind, Subject};

/// A number that changed hands, and what it cost.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The number, now the workspace's.
    pub number: TenantNumber,
    /// What was debited for the rest of the month, tax included.
    pub charged_minor: i64,
    /// What of it is tax.
    pub tax_minor: i64,
    /// First microsecond of the paid period: the claim.
    pub period_start: i64,
    /// First microsecond of the next month, when the next rental is due.
    pub period_end: i64,
}

/// Claims a number for a workspace, in the caller's transaction.
///
/// # Errors
/// Unknown, taken or retired number, a paused series, no price in the workspace's currency, not enough money, or the database failed.
pub async fn claim(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: InventoryNumberId,
) -> Result<Claim, NumberError> {
    let mut wallet = wallet::lock(tx, workspace_id).await?;
    let inventory = store::inventory::find(tx, id).await?.ok_or(NumberError::NotFound)?;
    check_offer(&inventory, workspace_id)?;
    let currency = wallet.wallet().currency;
    let prices = store::inventory::list_prices(tx, id).await?;
    let price = prices.into_iter().find(|price| price.currency == currency);
    let price = price.ok_or(NumberError::PriceMissing(currency))?;
    // The guard decides between claims of one moment; the look above only words the refusal.
    if !store::inventory::take(tx, id, workspace_id).await? {
        return Err(NumberError::AlreadyClaimed);
    }
    let now_us = app.now_us();
    let month = BillingMonth::containing(now_us, &wallet.wallet().zone).map_err(WalletError::from)?;
    let number_id = NumberId(app.new_uuid());
    let net_minor = month.pro_rata_minor(price.monthly_price_minor).map_err(WalletError::from)?;
    let tax_minor = wallet.wallet().tax(&app.config.tax).on_minor(net_minor);
    let charged_minor = net_minor.saturating_add(tax_minor);
    let charged = (charged_minor, tax_minor);
    let entry_id = charge(app, tx, &mut wallet, number_id, &inventory.e164, &month.name, charged).await?;
    let number = tenant(workspace_id, number_id, inventory, price, now_us);
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
    Ok(Claim { number, charged_minor, tax_minor, period_start: now_us, period_end: month.end_us })
}

/// Whether the workspace may have it: it is free, or kept for it, and its series offers numbers. What is reserved for another
/// workspace is not there.
fn check_offer(inventory: &InventoryNumber, workspace_id: WorkspaceId) -> Result<(), NumberError> {
    let is_kept_for_it = inventory.kept_for == Some(workspace_id);
    match inventory.state {
        NumberState::Retired => return Err(NumberError::Retired),
        NumberState::Reserved if !is_kept_for_it => return Err(NumberError::NotFound),
        NumberState::Assigned => return Err(NumberError::AlreadyClaimed),
        NumberState::CoolingOff if !is_kept_for_it => return Err(NumberError::AlreadyClaimed),
        NumberState::Available | NumberState::Reserved | NumberState::CoolingOff => {}
    }
    match inventory.series_status {
        Some(SeriesStatus::Paused) => Err(NumberError::SeriesNotActive),
        Some(SeriesStatus::Retired) => Err(NumberError::Retired),
        Some(SeriesStatus::Active) | None => Ok(()),
    }
}

/// Posts the share of the month; a free number has no entry.
async fn charge(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    number_id: NumberId,
    e164: &str,
    period: &str,
    (charged_minor, tax_minor): (i64, i64),
) -> Result<Option<LedgerEntryId>, NumberError> {
    if charged_minor == 0 {
        return Ok(None);
    }
    let entry = NewEntry {
        kind: EntryKind::Rental,
        amount_minor: -charged_minor,
        tax_minor: -tax_minor,
        currency: wallet.wallet().currency,
        // The claimed number's own id: who releases and claims again in one month owes again.
        cause: format!("rental:{number_id}:{period}"),
        reference: e164,
        funds: Funds::Required,
    };
    Ok(Some(wallet.post(tx, app, entry).await?.entry_id()))
}

fn tenant(
    workspace_id: WorkspaceId,
    id: NumberId,
    inventory: InventoryNumber,
    price: NumberPrice,
    now_us: i64,
) -> TenantNumber {
    TenantNumber {
        id,
        inventory_id: inventory.id,
        workspace_id,
        e164: inventory.e164,
        status: super::ACTIVE.to_owned(),
        country: inventory.country,
        capabilities: inventory.capabilities,
        currency: price.currency,
        monthly_price_minor: price.monthly_price_minor,
        inbound_rate: price.inbound_rate,
        outbound_rate: price.outbound_rate,
        created_at: now_us,
        voice_callback_url: None,
        events_url: None,
        fallback_url: None,
        ring_devices: true,
        sealed_signing_secret: None,
    }
}
