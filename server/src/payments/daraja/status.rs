//! Payments that were confirmed from an address that is not Daraja's: M-Pesa is asked itself ("TransactionStatus").
//!
//! ```text
//! unmatched, unconfirmed ──► Inquire: asks, a written schedule ──► result, later, to a path of this question alone (http.rs)
//!                                                                        └──► confirmed: matched as any other, or people look
//! ```
//! The answer comes to an address that only Daraja and we know, because we told it over our own connection; so it is believed,
//! whoever delivers it. A question that is never answered leaves the payment in the operator's queue.

use sautikit_api::ids::IncomingPaymentId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::Inquiry;
use super::wire::StatusResult;
use super::{Daraja, path_secret, path_token};
use crate::jobs::{self, Failure, Job, Lane};
use crate::payments::incoming::{IncomingPayment, MatchPayment, Reason, Status};
use crate::payments::{PaymentError, question, store};
use crate::state::AppState;
use crate::wallet::with_tries;

/// When M-Pesa is asked, in seconds after the payment was received. Its answer takes seconds, its queue may lose it.
const SCHEDULE_SECONDS: &[i64] = &[0, 60, 300, 1_800, 7_200, 86_400];

/// Asks M-Pesa whether it has a payment that somebody confirmed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Inquire {
    /// Which.
    pub payment_id: IncomingPaymentId,
    /// The how manieth question it is.
    pub question: usize,
}

impl Job for Inquire {
    const KIND: &'static str = "inquire_mpesa";
    const LANE: Lane = Lane::Payments;

    fn subject(&self) -> String {
        format!("{}:{}", self.payment_id, self.question)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let Some(daraja) = Daraja::of(app).filter(|daraja| daraja.can_inquire()) else { return Ok(()) };
        let mut tx = app.db.begin_write().await?;
        let payment = store::incoming::find(&mut tx, self.payment_id).await?.ok_or(PaymentError::NotFound)?;
        if !waits(&payment) {
            return Ok(());
        }
        // The next one is enqueued before this one is asked: the answer, if there is one, comes by another way.
        enqueue(app, &mut tx, self.payment_id, self.question + 1).await?;
        tx.commit().await?;
        ask(app, daraja, payment.id.0, &payment.receipt).await;
        Ok(())
    }
}

/// Asks M-Pesa about a payment by its receipt; the answer comes to the path of `id`.
pub(super) async fn ask(app: &AppState, daraja: &Daraja, id: Uuid, receipt: &str) {
    let url = |end: &str| {
        let token = path_token(app, id);
        format!("{}/v1/payments/daraja/status/{}/{token}/{end}", app.public_url, path_secret(app))
    };
    let inquiry = Inquiry { receipt, result_url: &url("result"), queue_timeout_url: &url("timeout") };
    if let Err(failed) = daraja.inquire(app, &inquiry).await {
        tracing::warn!(payment = %id, error = %failed, "M-Pesa was not asked about a payment");
    }
}

/// When the question is asked, in seconds after the one before it; none after the last, or where nobody can be asked.
pub(super) fn wait_seconds(app: &AppState, question: usize) -> Option<i64> {
    Daraja::of(app).filter(|daraja| daraja.can_inquire())?;
    question::wait_seconds(SCHEDULE_SECONDS, question)
}

/// Enqueues a question for its time, unless there is nobody to ask or it was the last.
pub(in crate::payments) async fn enqueue(
    app: &AppState,
    tx: &mut sqlx::AnyConnection,
    payment_id: IncomingPaymentId,
    question: usize,
) -> Result<(), sqlx::Error> {
    let Some(wait_seconds) = wait_seconds(app, question) else { return Ok(()) };
    jobs::enqueue(tx, app, &Inquire { payment_id, question }, app.now_us() + wait_seconds * 1_000_000).await
}

/// Whether the payment still wants M-Pesa's word.
fn waits(payment: &IncomingPayment) -> bool {
    payment.status == Status::Unmatched && payment.reason == Some(Reason::Unconfirmed)
}

/// M-Pesa's answer has come.
///
/// # Errors
/// No such payment, or the database failed.
pub(super) async fn answered(
    app: &AppState,
    payment_id: IncomingPaymentId,
    told: &StatusResult,
) -> Result<(), PaymentError> {
    with_tries!(try_answered(app, payment_id, told))
}

async fn try_answered(app: &AppState, payment_id: IncomingPaymentId, told: &StatusResult) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let payment = store::incoming::find(&mut tx, payment_id).await?.ok_or(PaymentError::NotFound)?;
    if !waits(&payment) {
        return Ok(());
    }
    match judge(&payment, told, &app.config.mpesa.shortcodes()) {
        Judgement::Stands => {
            let confirmed = IncomingPayment { confirmed: true, status: Status::Received, reason: None, ..payment };
            if let Some(payment_id) = store::incoming::receive(&mut tx, &confirmed).await? {
                let job = MatchPayment { payment_id, confirmed: true };
                jobs::enqueue(&mut tx, app, &job, app.now_us()).await?;
            }
        }
        Judgement::Differs => store::incoming::set_reason(&mut tx, payment_id, Reason::Contradiction).await?,
        Judgement::Nothing => return Ok(()),
    }
    tx.commit().await?;
    jobs::ring(app, Lane::Own);
    Ok(())
}

/// What M-Pesa's answer makes of what was confirmed.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    /// It is as it was told.
    Stands,
    /// M-Pesa has no such payment, or another one under this receipt.
    Differs,
    /// M-Pesa could not say: the schedule goes on.
    Nothing,
}

/// Compares. Pure.
fn judge(payment: &IncomingPayment, told: &StatusResult, shortcodes: &[&str]) -> Judgement {
    if told.is_busy() {
        return Judgement::Nothing;
    }
    let is_same_payer = match (told.payer_phone(), super::wire::readable_phone(&payment.payer_phone)) {
        (Some(said), Some(confirmed)) => said == confirmed,
        // A masked or hashed one says nothing.
        _ => true,
    };
    let stands = told.is_completed()
        && told.receipt.as_deref() == Some(payment.receipt.as_str())
        && told.amount_minor == Some(payment.amount_minor)
        && told.credit_shortcode().is_some_and(|code| shortcodes.contains(&code))
        && is_same_payer;
    if stands { Judgement::Stands } else { Judgement::Differs }
}

#[cfg(test)]
mod tests {
    use sautikit_api::money::Currency;

    use super::*;
    use crate::payments::Method;

    fn payment() -> IncomingPayment {
        IncomingPayment {
            id: IncomingPaymentId(uuid::Uuid::nil()),
            provider: Method::Mpesa,
            receipt: "RKT1ABCDEF".to_owned(),
            amount_minor: 100_000,
            currency: Currency::KES,
            account_reference: String::new(),
            payer_phone: "254722000001".to_owned(),
            payer_name: String::new(),
            paid_at: 0,
            confirmed: false,
            status: Status::Unmatched,
            reason: Some(Reason::Unconfirmed),
            top_up_id: None,
            created_at: 0,
        }
    }

    fn told() -> StatusResult {
        StatusResult {
            code: 0,
            receipt: Some("RKT1ABCDEF".to_owned()),
            amount_minor: Some(100_000),
            state: Some("Completed".to_owned()),
            debit_party: Some("254722000001 - ASHA WANJIRU".to_owned()),
            credit_party: Some("600638 - SAUTIKIT".to_owned()),
            paid_at: None,
        }
    }

    #[test]
    fn only_what_mpesa_has_exactly_so_stands() {
        let judged = |told: StatusResult| judge(&payment(), &told, &["600638"]);
        assert_eq!(judged(told()), Judgement::Stands);
        assert_eq!(judged(StatusResult { debit_party: None, ..told() }), Judgement::Stands);
        let masked = Some("2547****001 - ASHA".to_owned());
        assert_eq!(judged(StatusResult { debit_party: masked, ..told() }), Judgement::Stands);
        for other in [
            StatusResult { code: 2032, ..told() },
            StatusResult { receipt: Some("RKT1ABCDEG".to_owned()), ..told() },
            StatusResult { receipt: None, ..told() },
            StatusResult { amount_minor: Some(10_000), ..told() },
            StatusResult { state: Some("Reversed".to_owned()), ..told() },
            StatusResult { credit_party: Some("600639 - OTHER".to_owned()), ..told() },
            StatusResult { debit_party: Some("254733000001 - MALLORY".to_owned()), ..told() },
        ] {
            assert_eq!(judged(other.clone()), Judgement::Differs, "{other:?}");
        }
        assert_eq!(judged(StatusResult { code: 26, ..told() }), Judgement::Nothing);
    }
}
