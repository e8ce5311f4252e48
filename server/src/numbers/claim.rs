//! Claiming a number of the inventory: wallet lock, guarded hand-over, pro-rata debit, event; one transaction.

use sautikit_api::ids::{EventId, InventoryNumberId, LedgerEntryId, NumberId, WorkspaceId};
use sautikit_api::numbers::Compat;
use serde_json::json;
use sqlx::AnyConnection;

use super::{InventoryNumber, NumberError, NumberPrice, NumberState, SeriesStatus, TenantNumber, owed, store};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, Funds, LockedWallet, WalletError};
use crate::webhooks::{self, EventKind, Subject};

/// A number that changed hands, and what it cost.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The number, now the workspace's.
    pub number: TenantNumber,
    /// What was debited for the rest of the month, tax included, and for months that were owed of the number before.
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
    let number_id = NumberId(app.new_uuid());
    let owed = charge_unpaid(app, tx, &mut wallet, &inventory).await?;
    let month = BillingMonth::containing(now_us, &wallet.wallet().zone).map_err(WalletError::from)?;
    let mut charged = owed.charged;
    let mut entry_id = owed.entry_id;
    // A month that was owed in full is not charged again.
    if owed.paid_until_us <= now_us {
        let net_minor = month.pro_rata_minor(price.monthly_price_minor).map_err(WalletError::from)?;
        let share = Charge::of(net_minor, app, &wallet);
        let of = (number_id, inventory.e164.as_str());
        entry_id = owed::post(app, tx, &mut wallet, of, &month.name, share, Funds::Required).await?;
        charged = charged.plus(share);
    }
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
    let Charge { gross_minor: charged_minor, tax_minor } = charged;
    Ok(Claim { number, charged_minor, tax_minor, period_start: now_us, period_end: month.end_us })
}

/// What is debited, and what of it is tax.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Charge {
    pub(super) gross_minor: i64,
    pub(super) tax_minor: i64,
}

impl Charge {
    pub(super) fn of(net_minor: i64, app: &AppState, wallet: &LockedWallet) -> Self {
        let tax_minor = wallet.wallet().tax(&app.config.tax).on_minor(net_minor);
        Self { gross_minor: net_minor.saturating_add(tax_minor), tax_minor }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            gross_minor: self.gross_minor.saturating_add(other.gross_minor),
            tax_minor: self.tax_minor.saturating_add(other.tax_minor),
        }
    }
}

/// What a claim debited for the time before it.
#[derive(Default)]
struct Owed {
    charged: Charge,
    entry_id: Option<LedgerEntryId>,
    /// Until when the number is paid by it: microseconds UTC.
    paid_until_us: i64,
}

/// What stands of the time in which the workspace held the number before: a month that was charged when it was given up unpaid is
/// paid, once; one that was not charged then, by an earlier release, is charged now.
async fn charge_unpaid(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    inventory: &InventoryNumber,
) -> Result<Owed, NumberError> {
    let mut owed = Owed::default();
    let workspace_id = wallet.wallet().workspace_id;
    let Some(unpaid) = store::tenants::find_unpaid(tx, inventory.id, workspace_id, app.now_us()).await? else {
        return Ok(owed);
    };
    let held = unpaid.held(&inventory.e164);
    (owed.charged, owed.entry_id, owed.paid_until_us) =
        owed::charge_months(app, tx, wallet, &held, Funds::Required).await?;
    store::tenants::settle_unpaid(tx, held.id, owed.paid_until_us, None).await?;
    Ok(owed)
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
        shadow_url: None,
        ring_devices: true,
        compat: Compat::default(),
        sealed_signing_secret: None,
        former_secret: None,
    }
}
