//! What a tier costs: the rest of the month when it is switched to, each month from its first day on.
//!
//! ```text
//!                switched to                    the month is over            not enough money
//! costs nothing ─────────────► paid until its end ─────────────► paid again  ────────────────► waits for 7 days ─► first free tier
//!                                   ▲  a dearer one: the difference                                │ money came
//!                                   └──────────────────────────────────────────────────────────────┘
//! ```
//! Prices are the operator's settings (`storage.prices`). What was paid for is paid back for no day.

use sautikit_api::ids::WorkspaceId;
use serde_json::json;
use sqlx::AnyConnection;

use super::{Holding, StorageError, Tier, emit, store};
use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, EntryKind, Funds, LockedWallet, NewEntry, WalletError};
use crate::webhooks::{self, EventKind};

/// How long a tier that can't be charged is kept, as numbers are before they are suspended.
const KEPT_UNPAID_US: i64 = 7 * super::DAY_US;
/// Workspaces that are looked at in one go; the next goes on.
const AT_ONCE: i64 = 1_000;

/// How long nothing expires after a month that could not be charged: what was paid for over years is not gone in the hour in
/// which a card fails.
const SPARED_US: i64 = 30 * super::DAY_US;

impl Holding {
    /// Whether nothing of it expires at `now_us`, microseconds UTC, because a month of its tier could not be charged.
    pub fn is_spared(&self, now_us: i64) -> bool {
        self.paid.unpaid_since_us.is_some_and(|since_us| now_us.saturating_sub(since_us) < SPARED_US)
    }
}

/// What a workspace has paid for its tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Paid {
    /// Microseconds UTC.
    pub(super) until_us: Option<i64>,
    /// A month.
    pub(super) price_minor: i64,
    /// Since when the next month could not be charged; microseconds UTC.
    pub(super) unpaid_since_us: Option<i64>,
}

/// What is to be charged now, without tax, and for which time.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    net_minor: i64,
    start_us: i64,
    end_us: i64,
}

/// What a tier of that price costs a workspace that has paid `paid`; `renews` where it had the tier before.
fn due(
    paid: Paid,
    price_minor: i64,
    renews: bool,
    now_us: i64,
    month: &BillingMonth,
) -> Result<Option<Due>, WalletError> {
    let is_paid = paid.until_us.is_some_and(|until_us| until_us > now_us);
    let has_unpaid_days = !is_paid && paid.until_us.is_some() && paid.unpaid_since_us.is_some();
    let net_minor = match (is_paid, renews && paid.until_us.is_some()) {
        // Of a dearer one the difference; a cheaper one begins to be cheaper next month.
        (true, _) => month.pro_rata_minor((price_minor - paid.price_minor).max(0))?,
        // The month in which it went on, in full.
        (false, true) => price_minor,
        // Whoever switches while days are unpaid pays for these days too.
        (false, false) if has_unpaid_days => price_minor,
        (false, false) => month.pro_rata_minor(price_minor)?,
    };
    let start_us = if is_paid || !(renews || has_unpaid_days) { now_us } else { month.start_us };
    Ok((net_minor > 0).then_some(Due { net_minor, start_us, end_us: month.end_us }))
}

/// Charges a switch to `after`, in the transaction that switches; nothing is locked where nothing has a price.
pub(super) async fn charge_switch(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    holding: &Holding,
    after: &Tier,
) -> Result<(), StorageError> {
    if app.config.storage.prices.is_empty() {
        return Ok(());
    }
    let mut wallet = wallet::lock(tx, workspace).await?;
    charge(app, tx, &mut wallet, (workspace, holding.paid), &after.id, false).await
}

/// Charges what the tier costs now, and notes until when it is paid.
async fn charge(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    (workspace, paid): (WorkspaceId, Paid),
    tier: &str,
    renews: bool,
) -> Result<(), StorageError> {
    let now_us = app.now_us();
    let (currency, zone) = (wallet.wallet().currency, wallet.wallet().zone.clone());
    let price_minor = app.config.storage.monthly_price_minor(tier, currency.code());
    let month = BillingMonth::containing(now_us, &zone).map_err(WalletError::from)?;
    if let Some(due) = due(paid, price_minor, renews, now_us, &month)? {
        let tax_minor = wallet.wallet().tax(&app.config.tax).on_minor(due.net_minor);
        let amount_minor = -due.net_minor.saturating_add(tax_minor);
        let entry = NewEntry {
            kind: EntryKind::Storage,
            amount_minor,
            tax_minor: -tax_minor,
            currency,
            // Two switches of one moment are to two tiers.
            cause: format!("storage:{workspace}:{}:{tier}", due.start_us),
            reference: tier,
            funds: Funds::Required,
        };
        let entry_id = wallet.post(tx, app, entry).await?.entry_id();
        let charged = store::Charged {
            id: app.new_uuid().to_string(),
            tier: tier.to_owned(),
            period: (due.start_us, due.end_us),
            amount_minor,
            entry_id,
        };
        store::insert_charge(tx, workspace, &charged, now_us).await?;
    }
    // A cheaper one counts as paid as the dearer was, so that going back costs nothing within the month.
    let is_paid = paid.until_us.is_some_and(|until_us| until_us > now_us);
    let kept_minor = if is_paid { paid.price_minor.max(price_minor) } else { price_minor };
    let paid =
        Paid { until_us: (kept_minor > 0).then_some(month.end_us), price_minor: kept_minor, unpaid_since_us: None };
    Ok(store::set_paid(tx, workspace, paid, now_us).await?)
}

/// Charges every tier whose month is over, or that has a price since it was switched to; how many were.
///
/// # Errors
/// The database failed. One workspace's failure is logged and stops no other.
pub async fn charge_due(app: &AppState) -> Result<u64, sqlx::Error> {
    let tiers = app.config.storage.priced_tiers();
    let mut charged = 0;
    for tier in tiers {
        let mut after = None;
        loop {
            let due = store::list_due(&mut *app.db.acquire().await?, &tier, app.now_us(), after, AT_ONCE).await?;
            let Some(last) = due.last().copied() else { break };
            after = Some(last);
            for workspace in due {
                match renew(app, workspace).await {
                    Ok(true) => charged += 1,
                    Ok(false) => {}
                    Err(error) => tracing::error!(%workspace, %error, "a storage tier could not be charged"),
                }
            }
        }
    }
    Ok(charged)
}

async fn renew(app: &AppState, workspace: WorkspaceId) -> Result<bool, StorageError> {
    let now_us = app.now_us();
    let mut tx = app.db.begin_write().await?;
    let holding = store::locked(&mut tx, workspace, now_us).await?;
    if holding.paid.until_us.is_some_and(|until_us| until_us > now_us) {
        return Ok(false);
    }
    let mut wallet = wallet::lock(&mut tx, workspace).await?;
    let tier = holding.tier.id.clone();
    let is_priced = app.config.storage.monthly_price_minor(&tier, wallet.wallet().currency.code()) > 0;
    if !is_priced && holding.paid == Paid::default() {
        // It has a price in other currencies.
        return Ok(false);
    }
    match charge(app, &mut tx, &mut wallet, (workspace, holding.paid), &tier, true).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(true)
        }
        Err(StorageError::Wallet(WalletError::InsufficientFunds { .. })) => {
            // What was begun is given up whole.
            tx.rollback().await?;
            unpaid(app, workspace, &wallet, &tier).await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The money does not do: the tier is kept for a while, then the first that costs nothing takes its place.
async fn unpaid(app: &AppState, workspace: WorkspaceId, wallet: &LockedWallet, tier: &str) -> Result<(), StorageError> {
    let (now_us, currency) = (app.now_us(), wallet.wallet().currency);
    let mut tx = app.db.begin_write().await?;
    let holding = store::locked(&mut tx, workspace, now_us).await?;
    if holding.tier.id != tier || holding.paid.until_us.is_some_and(|until_us| until_us > now_us) {
        // It was switched or paid since.
        return Ok(());
    }
    let since_us = holding.paid.unpaid_since_us.unwrap_or(now_us);
    if holding.paid.unpaid_since_us.is_none() {
        let data = json!({ "from": holding.tier.id, "to": holding.tier.id, "reason": "unpaid" });
        emit(app, &mut tx, workspace, EventKind::StorageTierSwitchFailed, data).await?;
    }
    if now_us.saturating_sub(since_us) < KEPT_UNPAID_US {
        store::set_paid(&mut tx, workspace, Paid { unpaid_since_us: Some(since_us), ..holding.paid }, now_us).await?;
        tx.commit().await?;
        webhooks::ring(app);
        return Ok(());
    }
    let tiers = store::tiers(&mut tx).await?;
    let is_free = |tier: &&Tier| app.config.storage.monthly_price_minor(&tier.id, currency.code()) == 0;
    let Some(after) = tiers.iter().find(is_free) else { return Ok(()) };
    store::set_tier(&mut tx, workspace, &after.id, now_us).await?;
    // Spares what it keeps for a while; see [`Holding::is_spared`].
    let spared = Paid { unpaid_since_us: Some(now_us), ..Paid::default() };
    store::set_paid(&mut tx, workspace, spared, now_us).await?;
    let data = json!({ "from": holding.tier.id, "to": after.id, "used_bytes": holding.used_bytes,
        "capacity_bytes": after.capacity_bytes, "retention_days": after.retention_days, "reason": "unpaid" });
    emit(app, &mut tx, workspace, EventKind::StorageTierChanged, data).await?;
    let entry = audit::Entry {
        workspace_id: Some(workspace),
        actor: Actor::System,
        action_kind: "storage.tier_changed",
        subject_id: Some(workspace.to_string()),
        details: json!({ "before": holding.tier.id, "after": after.id, "reason": "unpaid" }),
        ip: None,
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    webhooks::ring(app);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 November 2026 in Nairobi: 15 of 30 days are left.
    const NOW: i64 = 1_794_819_600_000_000;

    fn month() -> BillingMonth {
        let month = BillingMonth::containing(NOW, "Africa/Nairobi").unwrap();
        assert_eq!((month.days_left, month.days_in_month), (15, 30));
        month
    }

    fn net(paid: Paid, price_minor: i64, renews: bool) -> Option<i64> {
        due(paid, price_minor, renews, NOW, &month()).unwrap().map(|due| due.net_minor)
    }

    #[test]
    fn a_switch_costs_the_rest_of_the_month_and_of_a_dearer_tier_the_difference() {
        let nothing = Paid::default();
        let paid = Paid { until_us: Some(month().end_us), price_minor: 3_000, unpaid_since_us: None };
        assert_eq!((net(nothing, 3_000, false), net(nothing, 0, false)), (Some(1_500), None));
        assert_eq!((net(paid, 5_001, false), net(paid, 3_000, false), net(paid, 0, false)), (Some(1_001), None, None));
    }

    #[test]
    fn a_month_that_goes_on_costs_all_of_it_and_a_new_price_the_rest() {
        let over =
            Paid { until_us: Some(month().start_us), price_minor: 3_000, unpaid_since_us: Some(month().start_us) };
        assert_eq!(net(over, 3_000, true), Some(3_000));
        assert_eq!(net(over, 2_000, false), Some(2_000), "a switch does not make unpaid days free");
        let fallen = Paid { unpaid_since_us: Some(NOW), ..Paid::default() };
        assert_eq!(net(fallen, 3_000, false), Some(1_500), "the tier that costs nothing has no unpaid days");
        assert_eq!(net(Paid::default(), 3_000, true), Some(1_500), "it had no price until now");
        let due = due(over, 3_000, true, NOW, &month()).unwrap().unwrap();
        assert_eq!((due.start_us, due.end_us), (month().start_us, month().end_us));
    }
}
