//! What an operator moves by hand, with a reason that the customer reads.

pub mod http;

use sautikit_api::ids::{UserId, WorkspaceId};
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{EntryKind, Funds, MAX_AMOUNT_MINOR, NewEntry, Posted, WalletError, lock, store};
use crate::state::AppState;
use crate::wallet::Outcome;

/// What kind of correction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money in, for what was charged wrongly or paid elsewhere.
    Credit,
    /// Money out; may overdraw.
    Debit,
    /// Money back for a service that was not given.
    Refund,
    /// A gift.
    Promo,
    /// A debt that is not asked for any more.
    WriteOff,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Credit, Self::Debit, Self::Refund, Self::Promo, Self::WriteOff];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Refund => "refund",
            Self::Promo => "promo",
            Self::WriteOff => "write_off",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Signed as the ledger has it.
    const fn signed(self, amount_minor: i64) -> i64 {
        match self {
            Self::Debit => -amount_minor,
            Self::Credit | Self::Refund | Self::Promo | Self::WriteOff => amount_minor,
        }
    }

    const fn entry_kind(self) -> EntryKind {
        match self {
            Self::Refund => EntryKind::Refund,
            Self::Credit | Self::Debit | Self::Promo | Self::WriteOff => EntryKind::Adjustment,
        }
    }
}

/// An adjustment.
#[derive(Debug, Clone)]
pub struct Adjustment {
    /// Its id.
    pub id: Uuid,
    /// Whose wallet.
    pub workspace_id: WorkspaceId,
    /// What kind.
    pub kind: Kind,
    /// Signed.
    pub amount_minor: i64,
    /// Why.
    pub reason: String,
    /// Who.
    pub operator_id: UserId,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// Posts an adjustment of a positive amount, in the caller's transaction; with the entry that it made.
///
/// # Errors
/// No such wallet, an amount that is not positive or too large, or the database failed.
pub async fn adjust(
    app: &AppState,
    tx: &mut AnyConnection,
    (workspace_id, operator_id): (WorkspaceId, UserId),
    kind: Kind,
    amount_minor: i64,
    reason: String,
) -> Result<(Adjustment, Posted), WalletError> {
    if !(1..=MAX_AMOUNT_MINOR).contains(&amount_minor) {
        return Err(WalletError::InvalidAmount);
    }
    let mut wallet = lock(tx, workspace_id).await?;
    let adjustment = Adjustment {
        id: app.new_uuid(),
        workspace_id,
        kind,
        amount_minor: kind.signed(amount_minor),
        reason,
        operator_id,
        created_at: app.now_us(),
    };
    let entry = NewEntry {
        kind: kind.entry_kind(),
        amount_minor: adjustment.amount_minor,
        tax_minor: 0,
        currency: wallet.wallet().currency,
        cause: format!("adjustment:{}", adjustment.id),
        reference: &adjustment.reason,
        funds: Funds::MayOverdraw,
    };
    let posted = match wallet.post(tx, app, entry).await? {
        Outcome::Posted(posted) => posted,
        // The cause holds an id that was made a moment ago.
        Outcome::Already(_) => return Err(WalletError::Database(sqlx::Error::RowNotFound)),
    };
    store::adjustments::insert(tx, &adjustment, posted.entry_id).await?;
    Ok((adjustment, posted))
}
