//! The development simulator: approves every top-up after a second, except for phones that play a failure.

use sautikit_api::ids::TopUpId;
use serde::{Deserialize, Serialize};

use super::settle::{self, Paid};
use super::{PaymentError, Status, TopUp, daraja, store};
use crate::jobs::{Failure, Job};
use crate::state::AppState;
use crate::wallet::with_tries;

/// How long the simulated provider takes.
pub(super) const DECISION_DELAY_US: i64 = 1_000_000;

/// Phones with these endings fail as with these result codes of Daraja.
const FAILURES: &[(&str, i64)] = &[("1032", 1032), ("1037", 1037)];

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
    let top_up = store::top_ups::find(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    if top_up.status != Status::Pending {
        return Ok(());
    }
    let posted = match played_failure(&top_up) {
        Some(reason) => {
            store::top_ups::fail(&mut tx, id, (&reason, false), app.now_us()).await?;
            Vec::new()
        }
        None => {
            let receipt = format!("SIM{}", id.0.simple());
            let paid = Paid { amount_minor: top_up.amount_minor, receipt: Some(&receipt), paid_at: None };
            settle::credit(app, &mut tx, id, paid).await?
        }
    };
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}

fn played_failure(top_up: &TopUp) -> Option<String> {
    let phone = top_up.phone.as_deref()?;
    FAILURES.iter().find(|(ending, _)| phone.ends_with(ending)).map(|(_, code)| daraja::sentence(*code))
}
