//! What is owed of a number that is given up: the months in which it was held beyond what was paid, each in full.
//!
//! It is debited when the number goes, into the red where there is not enough: a rental that is due is not forgotten because nobody
//! claims the number again. What was given up so by an earlier release, which waited for the next claim, is charged by that.

use sautikit_api::ids::{LedgerEntryId, NumberId};
use sqlx::AnyConnection;

use super::claim::Charge;
use super::{NumberError, store};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{EntryKind, Funds, LockedWallet, NewEntry, WalletError};

/// A number that was held until then.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) id: NumberId,
    pub(super) e164: String,
    pub(super) monthly_price_minor: i64,
    /// Until when it is paid: microseconds UTC.
    pub(super) paid_until_us: i64,
    /// Until when it was held: microseconds UTC.
    pub(super) held_until_us: i64,
}

/// Debits what is owed of a number that is released already, from its workspace's wallet.
///
/// # Errors
/// The wallet or the database failed.
pub(super) async fn charge(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    held: &Held,
) -> Result<(), NumberError> {
    if held.paid_until_us >= held.held_until_us {
        return Ok(());
    }
    let (_, _, settled_until_us) = charge_months(app, tx, wallet, held, Funds::MayOverdraw).await?;
    store::tenants::settle_unpaid(tx, held.id, settled_until_us, Some(settled_until_us)).await?;
    Ok(())
}

/// Debits each month that began while the number was held unpaid; what in all, the last entry, and until when it is paid now.
pub(super) async fn charge_months(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    held: &Held,
    funds: Funds,
) -> Result<(Charge, Option<LedgerEntryId>, i64), NumberError> {
    let (mut charged, mut entry_id, mut paid_until_us) = (Charge::default(), None, held.paid_until_us);
    while paid_until_us < held.held_until_us {
        let month = BillingMonth::containing(paid_until_us, &wallet.wallet().zone).map_err(WalletError::from)?;
        let rental = Charge::of(held.monthly_price_minor, app, wallet);
        entry_id = post(app, tx, wallet, (held.id, &held.e164), &month.name, rental, funds).await?;
        charged = charged.plus(rental);
        paid_until_us = month.end_us;
    }
    Ok((charged, entry_id, paid_until_us))
}

/// Posts a month's rental, or the share of it that is left; a free number has no entry.
pub(super) async fn post(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    (number_id, e164): (NumberId, &str),
    period: &str,
    charge: Charge,
    funds: Funds,
) -> Result<Option<LedgerEntryId>, NumberError> {
    if charge.gross_minor == 0 {
        return Ok(None);
    }
    let entry = NewEntry {
        kind: EntryKind::Rental,
        amount_minor: -charge.gross_minor,
        tax_minor: -charge.tax_minor,
        currency: wallet.wallet().currency,
        // The claimed number's own id: who releases and claims again in one month owes again.
        cause: format!("rental:{number_id}:{period}"),
        reference: e164,
        funds,
    };
    Ok(Some(wallet.post(tx, app, entry).await?.entry_id()))
}
