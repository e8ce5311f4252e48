//! Posting: lock the wallet's row, stop if the cause exists, check funds, insert the entry, move balance and chain.
//!
//! [`LockedWallet`] is made only by [`lock`], so no code can post without the lock. The lock lasts until the caller's
//! transaction ends.

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::AnyConnection;

use super::chain::{ChainKey, Link};
use super::settle::low_balance;
use super::{EntryKind, MAX_AMOUNT_MINOR, Posted, Wallet, WalletError, alerts, store};
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::webhooks;

/// Id of the key that signs the chain; the derivation's version, so that a rotated master key gets another.
pub(super) const KEY_ID: &str = "ledger-v1";

/// Whether an entry may overdraw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    /// Balance minus holds must cover it.
    Required,
    /// It is owed already: the cost of a call that took place, a provider's reversal.
    MayOverdraw,
}

/// An entry to be posted.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// What kind of movement.
    pub kind: EntryKind,
    /// Signed change of the balance, tax included; never zero.
    pub amount_minor: i64,
    /// What of it is tax, of the same sign; 0 of what bears none.
    pub tax_minor: i64,
    /// The currency of the amount; must be the wallet's.
    pub currency: Currency,
    /// The unique cause, such as `call:ID`.
    pub cause: String,
    /// What people recognise it by.
    pub reference: &'a str,
    /// Whether it may overdraw.
    pub funds: Funds,
}

/// An entry that is chained onto a wallet's last one and not written yet.
#[derive(Debug)]
pub(super) struct NextEntry<'a> {
    id: LedgerEntryId,
    id_text: String,
    workspace: String,
    prev_hash: String,
    seq: i64,
    entry: &'a NewEntry<'a>,
    balance_after_minor: i64,
    created_at: i64,
    pub(super) hash: String,
}

impl NextEntry<'_> {
    pub(super) fn link(&self) -> Link<'_> {
        Link {
            prev_hash: &self.prev_hash,
            key_id: KEY_ID,
            id: &self.id_text,
            workspace_id: &self.workspace,
            seq: self.seq,
            kind: self.entry.kind.as_str(),
            amount_minor: self.entry.amount_minor,
            tax_minor: self.entry.tax_minor,
            balance_after_minor: self.balance_after_minor,
            cause: &self.entry.cause,
            reference: self.entry.reference,
            created_at: self.created_at,
        }
    }
}

/// What posting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The entry is new.
    Posted(Posted),
    /// The cause was posted before; nothing moved.
    Already(LedgerEntryId),
}

impl Outcome {
    /// The cause's entry, new or old.
    pub const fn entry_id(self) -> LedgerEntryId {
        match self {
            Self::Posted(posted) => posted.entry_id,
            Self::Already(id) => id,
        }
    }
}

/// A wallet whose row this transaction has locked.
#[derive(Debug)]
pub struct LockedWallet {
    pub(super) wallet: Wallet,
    pub(super) seq: i64,
    pub(super) head_hash: String,
    pub(super) last_entry_at: i64,
}

/// Locks the wallet's row for the rest of the transaction.
///
/// # Errors
/// No such wallet, or the lock was not had in time.
pub async fn lock(tx: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<LockedWallet, WalletError> {
    store::lock_wallet(tx, workspace_id).await?.ok_or(WalletError::NotFound)
}

impl LockedWallet {
    /// The figures under the lock.
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Posts one entry. The same cause never moves money twice.
    ///
    /// # Errors
    /// Wrong currency or amount, not enough money where funds are required, or the database failed.
    pub async fn post(
        &mut self,
        tx: &mut AnyConnection,
        app: &AppState,
        entry: NewEntry<'_>,
    ) -> Result<Outcome, WalletError> {
        if let Some(existing) = store::entry_of_cause(tx, &entry.cause).await? {
            return Ok(Outcome::Already(existing));
        }
        let next = self.next(app, &ChainKey::new(&app.secrets.key(Purpose::LedgerChain)), &entry)?;
        if !store::insert_entry(tx, &next.link(), &next.hash).await? {
            // The cause was posted under another wallet since the look above; nothing may move here.
            let existing = store::entry_of_cause(tx, &entry.cause).await?.ok_or(WalletError::NotFound)?;
            return Ok(Outcome::Already(existing));
        }
        store::advance_wallet(tx, &next.link(), &next.hash).await?;
        let (before_minor, balance_after_minor) = (self.wallet.balance_minor, next.balance_after_minor);
        let entry_id = self.advance(next);
        if let Some(event) = low_balance(app, self, before_minor) {
            webhooks::emit(tx, &event).await?;
            alerts::enqueue(tx, app, &[event]).await?;
        }
        Ok(Outcome::Posted(Posted { entry_id, balance_after_minor }))
    }

    /// The next entry of the chain, signed with `key`. It counts once [`Self::advance`] is told of it.
    ///
    /// # Errors
    /// Wrong currency or amount, or not enough money where funds are required.
    pub(super) fn next<'a>(
        &self,
        app: &AppState,
        key: &ChainKey,
        entry: &'a NewEntry<'a>,
    ) -> Result<NextEntry<'a>, WalletError> {
        let mut next = NextEntry {
            id: LedgerEntryId(app.new_uuid()),
            id_text: String::new(),
            workspace: self.wallet.workspace_id.to_string(),
            prev_hash: self.head_hash.clone(),
            seq: self.seq + 1,
            entry,
            balance_after_minor: self.balance_after(entry)?,
            // A wall clock that was set back must not reorder the ledger.
            created_at: app.now_us().max(self.last_entry_at),
            hash: String::new(),
        };
        next.id_text = next.id.to_string();
        next.hash = next.link().hash(key);
        Ok(next)
    }

    /// Makes the entry the chain's last and its balance the wallet's.
    pub(super) fn advance(&mut self, next: NextEntry<'_>) -> LedgerEntryId {
        (self.seq, self.head_hash, self.last_entry_at) = (next.seq, next.hash, next.created_at);
        self.wallet.balance_minor = next.balance_after_minor;
        next.id
    }

    fn balance_after(&self, entry: &NewEntry<'_>) -> Result<i64, WalletError> {
        let currency = self.wallet.currency;
        if entry.currency != currency {
            return Err(WalletError::CurrencyMismatch { wallet: currency, amount: entry.currency });
        }
        let in_range = (1..=MAX_AMOUNT_MINOR.unsigned_abs()).contains(&entry.amount_minor.unsigned_abs());
        if !in_range || !is_part_of(entry.tax_minor, entry.amount_minor) {
            return Err(WalletError::InvalidAmount);
        }
        let available_minor = self.wallet.available_minor();
        if entry.funds == Funds::Required && entry.amount_minor < 0 && available_minor < -entry.amount_minor {
            return Err(WalletError::InsufficientFunds {
                available_minor,
                needed_minor: -entry.amount_minor,
                currency,
            });
        }
        let after = self.wallet.balance_minor + entry.amount_minor;
        if after.abs() > MAX_AMOUNT_MINOR { Err(WalletError::InvalidAmount) } else { Ok(after) }
    }
}

/// Whether a tax is part of an amount, both signed.
fn is_part_of(tax_minor: i64, amount_minor: i64) -> bool {
    let of_one_sign = tax_minor == 0 || tax_minor.signum() == amount_minor.signum();
    of_one_sign && tax_minor.unsigned_abs() <= amount_minor.unsigned_abs()
}
