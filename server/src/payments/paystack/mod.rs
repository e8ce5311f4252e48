//! Paystack: cards, banks and mobile money on a page of Paystack's.
//!
//! ```text
//! create ──► initialize: the page ──► the payer pays ──► webhook, signed (http.rs) ─┐
//!              └──► Verify: asks what became of it, a written schedule ◄────────────┘
//! ```
//! A webhook's signature proves who sent it; whether money came is asked all the same. Refunds and disputes take money out of
//! the wallet again, each once.

mod client;
pub mod http;
mod wire;

use sautikit_api::ids::TopUpId;
use sautikit_api::money::Currency;
use serde::{Deserialize, Serialize};

use self::wire::{Initialize, Transaction};
use super::incoming::Reason;
use super::question::{self, Question, Told, Verdict};
use super::{Method, PaymentError, Status, TopUp, settle, store};
use crate::jobs::{Failure, Job, Lane};
use crate::state::AppState;
use crate::wallet::with_tries;

pub use client::Paystack;

/// Asks Paystack for the page of a top-up that is written, and keeps it.
///
/// # Errors
/// Paystack is not there, which ends the top-up; or the database failed.
pub(super) async fn open_page(app: &AppState, top_up: &TopUp, email: &str) -> Result<String, PaymentError> {
    let paystack = Paystack::of(app).ok_or(PaymentError::Unavailable(Method::Paystack))?;
    let begin = Initialize {
        email,
        amount: top_up.amount_minor,
        currency: top_up.currency.code(),
        reference: top_up.provider_reference.as_deref().unwrap_or_default(),
        callback_url: &format!("{}/wallet?top_up={}", app.public_url, top_up.id),
    };
    let page = paystack.initialize(&begin).await;
    let mut tx = app.db.begin_write().await?;
    match &page {
        Ok(url) => {
            store::top_ups::mark_authorization(&mut tx, top_up.id, url, app.now_us()).await?;
        }
        Err(failed) => {
            tracing::warn!(top_up = %top_up.id, error = %failed, "Paystack gave no page");
            store::top_ups::fail(&mut tx, top_up.id, ("Paystack did not answer.", false), app.now_us()).await?;
        }
    }
    tx.commit().await?;
    page.map_err(|_| PaymentError::Unavailable(Method::Paystack))
}

/// Asks what became of a transaction, and acts on it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Verify {
    /// Which top-up.
    pub top_up_id: TopUpId,
    /// The how manieth question it is.
    pub question: usize,
}

impl Question for Verify {
    /// The payer may take hours.
    const SCHEDULE_SECONDS: &'static [i64] = &[60, 180, 600, 1_800, 7_200, 21_600, 86_400];
    /// Paystack says of every question that the page is not paid.
    const NEVER_TOLD: (&'static str, bool) = ("The page was not paid in a day.", false);

    fn about(top_up_id: TopUpId, question: usize) -> Self {
        Self { top_up_id, question }
    }
}

impl Job for Verify {
    const KIND: &'static str = "verify_paystack";
    const LANE: Lane = Lane::Payments;

    fn subject(&self) -> String {
        format!("{}:{}", self.top_up_id, self.question)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let found = store::top_ups::find(&mut *app.db.acquire().await?, self.top_up_id).await?;
        let top_up = found.ok_or(PaymentError::NotFound)?;
        let paystack = Paystack::of(app).ok_or("Paystack is not configured any more")?;
        if top_up.status == Status::Succeeded {
            return Ok(());
        }
        // A failure to ask is tried again by the queue, with its own delays.
        let transaction = paystack.verify(top_up.provider_reference.as_deref().unwrap_or_default()).await?;
        Ok(with_tries!(follow(app, &top_up, self.question, transaction.as_ref()))?)
    }
}

/// What a transaction means for its top-up. Pure.
fn verdict(top_up: &TopUp, transaction: Option<&Transaction>) -> Verdict {
    let Some(transaction) = transaction else { return Verdict::Wait(None) };
    let receipt = transaction.receipt();
    let is_ours = top_up.provider_reference.as_deref() == Some(transaction.reference.as_str());
    match transaction.status.as_str() {
        "success" if is_ours && transaction.currency == top_up.currency.code() && transaction.amount > 0 => {
            Verdict::Credit { amount_minor: transaction.amount, receipt, paid_at: transaction.paid_at_us() }
        }
        "success" => {
            let currency = Currency::parse(&transaction.currency);
            Verdict::Review(Told {
                receipt: receipt.unwrap_or_else(|| transaction.reference.clone()),
                amount_minor: transaction.amount,
                // One that no wallet has is told as the wallet's: the operator sees Paystack's own words there.
                currency: currency.unwrap_or(top_up.currency),
                phone: String::new(),
                confirmed: true,
                paid_at: transaction.paid_at_us(),
                reason: if currency == Some(top_up.currency) { Reason::Contradiction } else { Reason::WrongCurrency },
            })
        }
        "failed" | "reversed" => {
            let told = transaction.gateway_response.as_deref().unwrap_or("no reason");
            let reason: String = told.chars().filter(|letter| !crate::line::is_unseen(*letter)).take(120).collect();
            Verdict::Fail(format!("Paystack says: {reason}."))
        }
        _ => Verdict::Wait(None),
    }
}

async fn follow(
    app: &AppState,
    top_up: &TopUp,
    question: usize,
    transaction: Option<&Transaction>,
) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let verdict = verdict(top_up, transaction);
    let posted = question::act::<Verify>(app, &mut tx, top_up, question, verdict).await?;
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}
