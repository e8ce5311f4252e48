//! What providers take back from us: a refund, a dispute, M-Pesa's reversal; and what comes back when a dispute ends better than
//! it began. Whoever keeps the workspace's books is told by mail: no call or rental explains such an entry.

use sautikit_api::ids::TopUpId;
use serde::{Deserialize, Serialize};

use crate::accounts::members;
use crate::jobs::{Failure, Job, Lane};
use crate::mail;
use crate::payments::store::{self, reversals};
use crate::payments::{PaymentError, Status, letter, settle};
use crate::state::AppState;
use crate::wallet::{self, EntryKind, Funds, NewEntry, with_tries};

/// Moves what a refund or a dispute moves, once by its cause.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reverse {
    /// Of which top-up.
    pub top_up_id: TopUpId,
    /// The ledger's.
    pub cause: String,
    /// What is taken; all of it where it is not told.
    pub taken_minor: Option<i64>,
    /// Instead: what the cause of that name took comes back.
    pub gives_back: Option<String>,
    /// What of it stays away: the share for which a dispute was settled.
    #[serde(default)]
    pub kept_minor: i64,
}

impl Job for Reverse {
    const KIND: &'static str = "reverse_top_up";
    const LANE: Lane = Lane::Own;

    fn subject(&self) -> String {
        self.cause.clone()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        Ok(with_tries!(reverse(app, &self))?)
    }
}

async fn reverse(app: &AppState, reverse: &Reverse) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let top_up = store::top_ups::find(&mut tx, reverse.top_up_id).await?.ok_or(PaymentError::NotFound)?;
    let mut wallet = wallet::lock(&mut tx, top_up.workspace_id).await?;
    if top_up.status != Status::Succeeded {
        // Nothing of it is in the wallet. The queue tries again: the credit may be on its way.
        return Err(PaymentError::NotFound);
    }
    let left_minor = top_up.amount_minor + reversals::sum(&mut tx, top_up.id).await?;
    let (kind, amount_minor) = match &reverse.gives_back {
        Some(opened) => match reversals::amount_of(&mut tx, opened).await? {
            Some(taken_minor) => (EntryKind::Refund, (-taken_minor).saturating_sub(reverse.kept_minor).max(0)),
            // Nothing was left to be taken when it was opened: nothing comes back.
            None if left_minor == 0 => return Ok(()),
            // Told before the opening is: the queue tries again.
            None => return Err(PaymentError::NotFound),
        },
        None => {
            // Never more than came: a dispute after a refund takes what is left.
            let taken_minor = reverse.taken_minor.unwrap_or(left_minor).min(left_minor);
            (EntryKind::Reversal, -taken_minor)
        }
    };
    if amount_minor == 0 || reversals::amount_of(&mut tx, &reverse.cause).await?.is_some() {
        return Ok(());
    }
    let reference = top_up.receipt.clone().unwrap_or_default();
    let entry = NewEntry {
        kind,
        amount_minor,
        tax_minor: 0,
        currency: top_up.currency,
        cause: reverse.cause.clone(),
        reference: &reference,
        funds: Funds::MayOverdraw,
    };
    let entry_id = wallet.post(&mut tx, app, entry).await?.entry_id();
    let reversal = reversals::Reversal {
        id: app.new_uuid(),
        workspace_id: top_up.workspace_id,
        top_up_id: top_up.id,
        cause: &reverse.cause,
        amount_minor,
        ledger_entry_id: entry_id,
        created_at: app.now_us(),
    };
    reversals::insert(&mut tx, &reversal).await?;
    let mut posted = Vec::new();
    let left_minor = wallet.wallet().balance_minor;
    for to in members::list_bookkeepers(&mut tx, top_up.workspace_id).await? {
        let write =
            |to, lang| letter::returned(&app.public_url, to, &top_up, amount_minor, left_minor, app.now_us(), lang);
        posted.push(mail::post_to(app, &mut tx, to, write).await?);
    }
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}
