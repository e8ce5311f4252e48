//! What providers take back from us: a refund, a dispute, M-Pesa's reversal; and what comes back when a dispute ends better than
//! it began. Whoever keeps the workspace's books is told by mail: no call or rental explains such an entry.

use sautikit_api::ids::TopUpId;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::accounts::members;
use crate::jobs::{Failure, Job, Lane};
use crate::mail;
use crate::payments::store::reversals::Dispute;
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
    if reversals::amount_of(&mut tx, &reverse.cause).await?.is_some() {
        return Ok(());
    }
    let left_minor = top_up.amount_minor + reversals::sum(&mut tx, top_up.id).await?;
    let disputes = reversals::list_disputes(&mut tx, top_up.id).await?;
    let (kind, amount_minor) = match &reverse.gives_back {
        Some(opened) => match reversals::amount_of(&mut tx, opened).await? {
            Some(taken_minor) => {
                let back_minor = (-taken_minor).saturating_sub(reverse.kept_minor).max(0);
                (EntryKind::Refund, back_minor + already_refunded(&mut tx, reverse, opened, &disputes).await?)
            }
            // Nothing was left to be taken when it was opened: nothing comes back.
            None if left_minor == 0 => return Ok(()),
            // Told before the opening is: the queue tries again.
            None => return Err(PaymentError::NotFound),
        },
        None => {
            if let Some(dispute) = paid_out(&disputes, reverse, left_minor) {
                reversals::mark_paid_out(&mut tx, &dispute.cause, &reverse.cause).await?;
                tx.commit().await?;
                return Ok(());
            }
            // Never more than came: a dispute after a refund takes what is left.
            let taken_minor = reverse.taken_minor.unwrap_or(left_minor).min(left_minor);
            (EntryKind::Reversal, -taken_minor)
        }
    };
    if amount_minor == 0 {
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

/// How the causes of Paystack's refunds begin.
const REFUND: &str = "refund:paystack:";

/// The dispute whose money a refund is. Paystack tells what it pays out of a dispute as a refund too, without the dispute's
/// name: of the amount that one keeps, or of any while a dispute holds all that is left. Pure.
fn paid_out<'a>(disputes: &'a [Dispute], reverse: &Reverse, left_minor: i64) -> Option<&'a Dispute> {
    let refunded_minor = reverse.taken_minor.filter(|_| reverse.cause.starts_with(REFUND))?;
    if let Some(known) = disputes.iter().find(|one| one.paid_out_by.as_deref() == Some(&reverse.cause)) {
        return Some(known);
    }
    let mut open = disputes.iter().filter(|one| one.paid_out_by.is_none() && one.kept_minor > 0);
    let holds_all = |one: &&Dispute| left_minor == 0 && one.kept_minor >= refunded_minor;
    let exact = open.clone().find(|one| one.kept_minor == refunded_minor);
    exact.or_else(|| open.find(holds_all))
}

/// What of a settled dispute a refund has taken before it was settled: it comes back, as the dispute keeps it itself.
async fn already_refunded(
    tx: &mut AnyConnection,
    reverse: &Reverse,
    opened: &str,
    disputes: &[Dispute],
) -> Result<i64, sqlx::Error> {
    let is_paid_out = disputes.iter().any(|one| one.cause == opened && one.paid_out_by.is_some());
    if reverse.kept_minor == 0 || is_paid_out {
        return Ok(0);
    }
    match reversals::refund_since(tx, reverse.top_up_id, reverse.kept_minor, opened).await? {
        Some(refund) => {
            reversals::mark_paid_out(tx, opened, &refund).await?;
            Ok(reverse.kept_minor)
        }
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_refund_of_what_a_dispute_keeps_is_that_disputes_and_of_no_other_amount() {
        let dispute = |id: u32, kept_minor: i64, paid_out_by: Option<&str>| Dispute {
            cause: format!("dispute:{id}:opened"),
            paid_out_by: paid_out_by.map(str::to_owned),
            kept_minor,
        };
        let refund = |cause: &str, amount_minor: i64| Reverse {
            top_up_id: TopUpId(Uuid::nil()),
            cause: cause.to_owned(),
            taken_minor: Some(amount_minor),
            gives_back: None,
            kept_minor: 0,
        };
        let disputes = [dispute(1, 25_000, Some("refund:paystack:R1")), dispute(2, 40_000, None)];
        let whose = |cause: &str, amount_minor: i64, left_minor: i64| {
            paid_out(&disputes, &refund(cause, amount_minor), left_minor).map(|one| one.cause.as_str())
        };
        assert_eq!(whose("refund:paystack:R1", 25_000, 9_000), Some("dispute:1:opened"), "told again");
        assert_eq!(whose("refund:paystack:R2", 40_000, 9_000), Some("dispute:2:opened"));
        assert_eq!(whose("refund:paystack:R2", 25_000, 9_000), None, "the first one is paid out");
        // Nothing is left that a refund could be of but the dispute's.
        assert_eq!(whose("refund:paystack:R2", 25_000, 0), Some("dispute:2:opened"));
        assert_eq!(whose("dispute:3:opened", 40_000, 9_000), None);
    }
}
