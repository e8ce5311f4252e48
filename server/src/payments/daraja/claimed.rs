//! Payments that nobody told us of and that a customer claims: M-Pesa is asked itself ("TransactionStatus"), as about what a
//! stranger confirmed (status.rs).
//!
//! What M-Pesa has is received as if it had been confirmed, and goes to whoever claims it and fits; what it does not have ends
//! the claim.

use sautikit_api::ids::IncomingPaymentId;
use sautikit_api::money::Currency;
use sautikit_api::wallet::ClaimOutcome;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::wire::StatusResult;
use super::{Daraja, status};
use crate::jobs::{self, Failure, Job, Lane};
use crate::payments::incoming::{self, IncomingPayment, MatchPayment};
use crate::payments::store::claims::Claim;
use crate::payments::{Method, PaymentError, store};
use crate::state::AppState;
use crate::wallet::with_tries;

/// Asks M-Pesa whether it has a payment that a customer claims.
#[derive(Debug, Serialize, Deserialize)]
pub struct InquireClaim {
    /// Which claim.
    pub claim_id: Uuid,
    /// The how manieth question it is.
    pub question: usize,
}

impl Job for InquireClaim {
    const KIND: &'static str = "inquire_mpesa_claim";
    const LANE: Lane = Lane::Payments;

    fn subject(&self) -> String {
        format!("{}:{}", self.claim_id, self.question)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let Some(daraja) = Daraja::of(app).filter(|daraja| daraja.can_inquire()) else { return Ok(()) };
        let mut tx = app.db.begin_write().await?;
        let Some(claim) = waiting(&mut tx, self.claim_id).await? else { return Ok(()) };
        if !enqueue(app, &mut tx, claim.id, self.question + 1).await? {
            // The last one: nobody waits for its answer any longer than it takes.
            tracing::info!(claim = %claim.id, "M-Pesa is asked about a claimed payment for the last time");
        }
        tx.commit().await?;
        status::ask(app, daraja, claim.id, &claim.receipt).await;
        Ok(())
    }
}

/// Enqueues a question for its time; false where there is nobody to ask or it was the last.
pub(in crate::payments) async fn enqueue(
    app: &AppState,
    tx: &mut sqlx::AnyConnection,
    claim_id: Uuid,
    question: usize,
) -> Result<bool, sqlx::Error> {
    let Some(wait_seconds) = status::wait_seconds(app, question) else { return Ok(false) };
    jobs::enqueue(tx, app, &InquireClaim { claim_id, question }, app.now_us() + wait_seconds * 1_000_000).await?;
    Ok(true)
}

/// The claim, while nothing is known of its payment.
async fn waiting(conn: &mut sqlx::AnyConnection, id: Uuid) -> Result<Option<Claim>, PaymentError> {
    let claim = store::claims::find(conn, id).await?.ok_or(PaymentError::NotFound)?;
    let is_told = store::incoming::find_by_receipt(conn, Method::Mpesa, &claim.receipt).await?.is_some();
    Ok(Some(claim).filter(|claim| claim.outcome == ClaimOutcome::Waiting && !is_told))
}

/// M-Pesa's answer has come.
///
/// # Errors
/// No such claim, or the database failed.
pub(super) async fn answered(app: &AppState, claim_id: Uuid, told: &StatusResult) -> Result<(), PaymentError> {
    with_tries!(try_answered(app, claim_id, told))
}

async fn try_answered(app: &AppState, claim_id: Uuid, told: &StatusResult) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let Some(claim) = waiting(&mut tx, claim_id).await? else { return Ok(()) };
    if told.is_busy() {
        return Ok(());
    }
    match payment(app, &claim, told) {
        Some(payment) => {
            if let Some(payment_id) = store::incoming::receive(&mut tx, &payment).await? {
                let job = MatchPayment { payment_id, confirmed: true };
                jobs::enqueue(&mut tx, app, &job, app.now_us()).await?;
            }
        }
        None => {
            store::claims::decide(&mut tx, claim.id, ClaimOutcome::Refused).await?;
        }
    }
    tx.commit().await?;
    jobs::ring(app, Lane::Own);
    Ok(())
}

/// The payment as M-Pesa has it; none where it has none for us under this receipt.
fn payment(app: &AppState, claim: &Claim, told: &StatusResult) -> Option<IncomingPayment> {
    let is_ours = told.credit_shortcode().is_some_and(|code| app.config.mpesa.shortcodes().contains(&code));
    let is_it = told.is_completed() && told.receipt.as_deref() == Some(claim.receipt.as_str()) && is_ours;
    Some(IncomingPayment {
        id: IncomingPaymentId(app.new_uuid()),
        provider: Method::Mpesa,
        receipt: claim.receipt.clone(),
        amount_minor: told.amount_minor.filter(|_| is_it)?,
        currency: Currency::KES,
        // M-Pesa's answer tells no account.
        account_reference: String::new(),
        payer_phone: told.payer_phone().unwrap_or_default().to_owned(),
        payer_name: String::new(),
        paid_at: told.paid_at.unwrap_or_else(|| app.now_us()),
        confirmed: true,
        status: incoming::Status::Received,
        reason: None,
        top_up_id: None,
        created_at: app.now_us(),
    })
}
