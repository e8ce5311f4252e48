//! The development simulator: approves every top-up after a second, except for phones that play a failure.

use sautikit_api::ids::{EventId, TopUpId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PaymentError, Status, TopUp, store};
use crate::jobs::{Failure, Job};
use crate::state::AppState;
use crate::wallet::{self, EntryKind, Funds, NewEntry, with_tries};
use crate::webhooks::{self, EventKind, Subject};

/// How long the simulated provider takes.
pub(super) const DECISION_DELAY_US: i64 = 1_000_000;

/// Phones with these endings fail, in the words that Daraja has for its result codes 1032 and 1037.
const FAILURES: &[(&str, &str)] =
    &[("1032", "Request cancelled by user"), ("1037", "DS timeout user cannot be reached")];

/// Lets the simulator decide a top-up.
#[derive(Debug, Serialize, Deserialize)]
pub struct Settle {
    /// Which.
    pub top_up_id: TopUpId,
}

impl Job for Settle {
    const KIND: &'static str = "settle_simulated_top_up";

    fn subject(&self) -> String {
        self.top_up_id.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        Ok(settle(app, self.top_up_id).await?)
    }
}

/// Decides a pending top-up: credits the wallet once, or fails it. Safe to run twice.
///
/// # Errors
/// No such top-up, or the database failed.
pub async fn settle(app: &AppState, id: TopUpId) -> Result<(), PaymentError> {
    with_tries!(try_settle(app, id))
}

async fn try_settle(app: &AppState, id: TopUpId) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let top_up = store::find(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    let mut wallet = wallet::lock(&mut tx, top_up.workspace_id).await?;
    // Read again under the lock: another runner may have decided it meanwhile.
    let top_up = store::find(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    if top_up.status != Status::Pending {
        return Ok(());
    }
    if let Some(reason) = played_failure(&top_up) {
        store::fail(&mut tx, id, reason, app.now_us()).await?;
        return Ok(tx.commit().await?);
    }
    let receipt = format!("SIM{}", id.0.simple());
    let entry = NewEntry {
        kind: EntryKind::TopUp,
        amount_minor: top_up.amount_minor,
        currency: top_up.currency,
        cause: format!("topup:{id}"),
        reference: &receipt,
        funds: Funds::Required,
    };
    let entry_id = wallet.post(&mut tx, app, entry).await?.entry_id();
    if store::succeed(&mut tx, id, &receipt, entry_id, app.now_us()).await? {
        let event = webhooks::NewEvent {
            id: EventId(app.new_uuid()),
            workspace_id: top_up.workspace_id,
            kind: EventKind::WalletTopUp,
            subject: Subject::Workspace,
            data: json!({ "top_up_id": id, "method": top_up.method.as_str(), "simulated": true,
                "amount_minor": top_up.amount_minor, "currency": top_up.currency.code(), "receipt": receipt,
                "balance_minor": wallet.wallet().balance_minor }),
            created_at: app.now_us(),
        };
        webhooks::emit(&mut tx, &event).await?;
    }
    Ok(tx.commit().await?)
}

fn played_failure(top_up: &TopUp) -> Option<&'static str> {
    let phone = top_up.phone.as_deref()?;
    FAILURES.iter().find(|(ending, _)| phone.ends_with(ending)).map(|(_, reason)| *reason)
}
