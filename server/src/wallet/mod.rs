//! Wallets: the only room that moves money.
//!
//! In: a locked wallet and an entry with its unique cause. Out: one row of the append-only ledger and the new balance, in
//! the caller's transaction, so that the debit and what caused it commit together. Calls settle many at once ([`settle`])
//! and hold what they may still use up ([`quota`]). Deliberately absent: prices
//! (`pricing`, `rating`), payment providers (`payments`).

pub mod adjustment;
pub mod alerts;
pub mod chain;
mod error;
pub mod http;
pub mod operator;
pub mod period;
mod posting;
pub mod quota;
pub mod settle;
pub mod spend;
pub mod statement;
pub(crate) mod store;
pub mod verify;

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::config::{self, Config};
use crate::state::AppState;
use crate::tax::TaxRate;

pub(crate) use error::RETRY_SECONDS;
pub use posting::{Funds, LockedWallet, NewEntry, Outcome, lock};
pub use quota::OverdraftPolicy;
pub use spend::Spend;
pub use store::{EntryRow, list_entries};

/// The largest magnitude of a balance or amount, in minor units; sums of two stay far inside 64 bits.
pub const MAX_AMOUNT_MINOR: i64 = 9_000_000_000_000_000;

/// How often a money transaction is tried when the engine reports contention; then the caller answers 503.
pub const MAX_TRIES: u32 = 3;

/// Runs a transaction-making future again while the engine reports contention, at most [`MAX_TRIES`] times in all.
macro_rules! with_tries {
    ($attempt:expr) => {{
        let mut tries = 1;
        loop {
            match $attempt.await {
                Err(error) if tries < $crate::wallet::MAX_TRIES && error.is_contention() => tries += 1,
                outcome => break outcome,
            }
        }
    }};
}
pub(crate) use with_tries;

/// What live calls of all nodes hold of the wallets of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSum {
    /// ISO 4217.
    pub currency: String,
    /// Wallets of which anything is held.
    pub wallets: i64,
    /// In minor units.
    pub held_minor: i64,
}

/// What live calls hold, by currency; a currency of which nothing is held is left out.
///
/// # Errors
/// The database failed.
pub async fn held(app: &AppState) -> Result<Vec<HeldSum>, sqlx::Error> {
    store::sum_holds(&mut *app.db.acquire().await?).await
}

/// What kind of movement an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A payment in.
    TopUp,
    /// A call's cost.
    Call,
    /// A number's rental.
    Rental,
    /// An operator's correction.
    Adjustment,
    /// Money back to the customer's wallet.
    Refund,
    /// A provider took a payment back; may overdraw.
    Reversal,
    /// Recording storage.
    Storage,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::TopUp, Self::Call, Self::Rental, Self::Adjustment, Self::Refund, Self::Reversal, Self::Storage];

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Call => "call",
            Self::Rental => "rental",
            Self::Adjustment => "adjustment",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
            Self::Storage => "storage",
        }
    }
}

/// Why money did not move.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The workspace has no wallet.
    #[error("the workspace has no wallet")]
    NotFound,
    /// The available balance does not cover the amount.
    #[error("{} is available, {} is needed", .currency.format_minor(*.available_minor), .currency.format_minor(*.needed_minor))]
    InsufficientFunds {
        /// Balance minus holds.
        available_minor: i64,
        /// What was asked for.
        needed_minor: i64,
        /// Of both.
        currency: Currency,
    },
    /// The amount is in another currency than the wallet.
    #[error("the wallet is in {wallet}, the amount in {amount}")]
    CurrencyMismatch {
        /// The wallet's.
        wallet: Currency,
        /// The amount's.
        amount: Currency,
    },
    /// Zero, wrong sign, or beyond [`MAX_AMOUNT_MINOR`].
    #[error("the amount is not positive or too large")]
    InvalidAmount,
    /// A billing month could not be told.
    #[error(transparent)]
    Period(#[from] period::PeriodError),
    /// The database failed or stayed busy.
    #[error("the wallet could not be read or locked")]
    Database(#[from] sqlx::Error),
}

impl WalletError {
    /// Whether the whole transaction may succeed when it is tried again.
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Database(error) if crate::db::is_contention(error))
    }
}

/// A wallet as read without a lock.
#[derive(Debug, Clone)]
pub struct Wallet {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Fixed at onboarding.
    pub currency: Currency,
    /// IANA zone of its billing months.
    pub zone: String,
    /// The workspace's, whose rate of tax counts (ISO 3166-1 alpha-2).
    pub country: String,
    /// Sum of the entries.
    pub balance_minor: i64,
    /// Sum of the holds.
    pub held_minor: i64,
    /// Below it `wallet.low_balance` fires.
    pub low_balance_threshold_minor: Option<i64>,
    /// What happens to live calls when the money ends.
    pub overdraft_policy: OverdraftPolicy,
    /// How far below zero live calls may bring it, not above 0; none without a bound.
    pub overdraft_floor_minor: Option<i64>,
    /// What calls may cost in a day, and what they did.
    pub spend: Spend,
}

impl Wallet {
    /// What new obligations can draw on.
    pub const fn available_minor(&self) -> i64 {
        self.balance_minor - self.held_minor
    }

    /// The day of its figures where it has a limit.
    pub(crate) fn day(&self, config: &Config) -> Option<quota::Day> {
        self.spend.day(config.call_limits.spend_per_day.of(self.currency))
    }

    /// What is charged beside net amounts from now on.
    pub fn tax(&self, config: &config::Tax) -> TaxRate {
        TaxRate::of_basis_points(config.basis_points_of(&self.country))
    }
}

/// The entry behind a cause, once posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// The entry.
    pub entry_id: LedgerEntryId,
    /// The balance after it.
    pub balance_after_minor: i64,
}

/// Opens the empty wallet of a new workspace, in onboarding's transaction.
///
/// # Errors
/// The workspace has a wallet already, or the database failed.
pub async fn open(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    currency: Currency,
    (country, zone): (&str, &str),
    now_us: i64,
) -> Result<(), sqlx::Error> {
    store::insert_wallet(tx, workspace_id, currency, (country, zone), now_us).await
}

/// Sets the country whose rate of tax counts, in the caller's transaction; whether it is so now: once money has moved it is
/// fixed, or nobody would have to pay tax.
///
/// # Errors
/// The database failed.
pub async fn set_country(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
) -> Result<bool, WalletError> {
    Ok(store::set_country(tx, workspace_id, country).await?)
}

/// The same by decision of an operator, also once money has moved.
///
/// # Errors
/// The database failed.
pub async fn move_to_country(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
) -> Result<(), WalletError> {
    Ok(store::move_to_country(tx, workspace_id, country).await?)
}

/// Sets what happens to live calls when the money ends, in the caller's transaction; live calls learn of it within a
/// tick.
///
/// # Errors
/// No such wallet, or the database failed.
pub async fn set_overdraft_policy(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    policy: OverdraftPolicy,
) -> Result<(), WalletError> {
    if store::set_overdraft_policy(tx, workspace_id, policy).await? { Ok(()) } else { Err(WalletError::NotFound) }
}

/// Sets how far below zero live calls may bring a wallet that may be overdrawn, in the caller's transaction; live calls
/// learn of it within a tick.
///
/// # Errors
/// A floor above 0 or out of range, no such wallet, or the database failed.
pub async fn set_overdraft_floor(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    floor_minor: Option<i64>,
) -> Result<(), WalletError> {
    if floor_minor.is_some_and(|floor_minor| !(-MAX_AMOUNT_MINOR..=0).contains(&floor_minor)) {
        return Err(WalletError::InvalidAmount);
    }
    if store::set_overdraft_floor(tx, workspace_id, floor_minor).await? { Ok(()) } else { Err(WalletError::NotFound) }
}

/// Sets what calls may cost in a day, by the workspace or as the operator's ceiling, in the caller's transaction; calls
/// learn of it with their next reservation.
///
/// # Errors
/// A figure out of range, no such wallet, or the database failed.
pub async fn set_day_spend(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    by_operator: bool,
    minor: Option<i64>,
) -> Result<(), WalletError> {
    if minor.is_some_and(|minor| !(0..=MAX_AMOUNT_MINOR).contains(&minor)) {
        return Err(WalletError::InvalidAmount);
    }
    let is_there = store::set_day_spend(tx, workspace_id, by_operator, minor).await?;
    if is_there { Ok(()) } else { Err(WalletError::NotFound) }
}

/// The wallet's figures, without a lock.
///
/// # Errors
/// No such wallet, or the database failed.
pub async fn read(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<Wallet, WalletError> {
    store::read_wallet(conn, workspace_id).await?.ok_or(WalletError::NotFound)
}
