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
mod reverse;
mod wire;

use sautikit_api::ids::{IncomingPaymentId, TopUpId};
use serde::{Deserialize, Serialize};

use self::wire::{Initialize, Transaction};
use super::incoming::{self, IncomingPayment, Reason};
use super::settle::{self, Paid};
use super::{Method, PaymentError, Status, TopUp, store};
use crate::jobs::{self, Failure, Job, Lane};
use crate::state::AppState;
use crate::wallet::with_tries;

pub use client::Paystack;
pub use reverse::Reverse;

/// When we ask what became of a transaction, in seconds after it began: the payer may take hours.
const QUESTIONS_SECONDS: &[i64] = &[60, 180, 600, 1_800, 7_200, 21_600, 86_400];
/// The question that a webhook makes us ask at once.
const CALLED_BACK: usize = 1_000;
/// What is said when nobody paid in a day.
const NOT_PAID: &str = "The page was not paid in a day.";

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
        callback_url: &format!("{}/wallet", app.public_url),
    };
    let page = paystack.initialize(&begin).await;
    let mut tx = app.db.begin_write().await?;
    match &page {
        Ok(url) => {
            store::top_ups::mark_authorization(&mut tx, top_up.id, url, app.now_us()).await?;
            let first = Verify { top_up_id: top_up.id, question: 0 };
            jobs::enqueue(&mut tx, app, &first, app.now_us() + QUESTIONS_SECONDS[0] * 1_000_000).await?;
        }
        Err(failed) => {
            tracing::warn!(top_up = %top_up.id, error = %failed, "Paystack gave no page");
            store::top_ups::fail(&mut tx, top_up.id, "Paystack did not answer.", app.now_us()).await?;
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
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// The money is there: what was verified is what is credited.
    Credit(i64),
    /// It is there in another currency, or for another reference.
    Review,
    /// The payer's bank or card refused; they may try again on the same page.
    Fail,
    /// Not paid so far.
    Wait,
}

fn decide(top_up: &TopUp, transaction: Option<&Transaction>) -> Decision {
    let Some(transaction) = transaction else { return Decision::Wait };
    let is_ours = top_up.provider_reference.as_deref() == Some(transaction.reference.as_str());
    match transaction.status.as_str() {
        "success" if is_ours && transaction.currency == top_up.currency.code() && transaction.amount > 0 => {
            Decision::Credit(transaction.amount)
        }
        "success" => Decision::Review,
        "failed" | "reversed" => Decision::Fail,
        _ => Decision::Wait,
    }
}

async fn follow(
    app: &AppState,
    top_up: &TopUp,
    question: usize,
    transaction: Option<&Transaction>,
) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let (id, now_us) = (top_up.id, app.now_us());
    let mut posted = Vec::new();
    match decide(top_up, transaction) {
        Decision::Credit(amount_minor) => {
            let receipt = transaction.and_then(Transaction::receipt);
            posted = settle::credit(app, &mut tx, id, Paid { amount_minor, receipt: receipt.as_deref() }).await?;
        }
        Decision::Review => show_to_people(app, &mut tx, top_up, transaction).await?,
        Decision::Fail => {
            let told =
                transaction.and_then(|transaction| transaction.gateway_response.as_deref()).unwrap_or("no reason");
            let reason: String = told.chars().filter(|letter| !crate::line::is_unseen(*letter)).take(120).collect();
            store::top_ups::fail(&mut tx, id, &format!("Paystack says: {reason}."), now_us).await?;
        }
        Decision::Wait if question == CALLED_BACK => {}
        Decision::Wait if question + 1 < QUESTIONS_SECONDS.len() => {
            let wait_us = (QUESTIONS_SECONDS[question + 1] - QUESTIONS_SECONDS[question]) * 1_000_000;
            let next = Verify { top_up_id: id, question: question + 1 };
            jobs::enqueue(&mut tx, app, &next, now_us + wait_us).await?;
        }
        Decision::Wait => {
            store::top_ups::fail(&mut tx, id, NOT_PAID, now_us).await?;
        }
    }
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}

/// Money that is there and can't be credited waits in the operator's queue.
async fn show_to_people(
    app: &AppState,
    tx: &mut sqlx::AnyConnection,
    top_up: &TopUp,
    transaction: Option<&Transaction>,
) -> Result<(), PaymentError> {
    let Some(transaction) = transaction else { return Ok(()) };
    let currency = sautikit_api::money::Currency::parse(&transaction.currency);
    let (Some(receipt), Some(currency)) = (transaction.receipt(), currency) else { return Ok(()) };
    let payment = IncomingPayment {
        id: IncomingPaymentId(app.new_uuid()),
        provider: Method::Paystack,
        receipt,
        amount_minor: transaction.amount,
        currency,
        account_reference: transaction.reference.clone(),
        payer_phone: String::new(),
        payer_name: String::new(),
        paid_at: app.now_us(),
        confirmed: true,
        status: incoming::Status::Unmatched,
        reason: Some(if currency == top_up.currency { Reason::Contradiction } else { Reason::WrongCurrency }),
        top_up_id: None,
        created_at: app.now_us(),
    };
    store::incoming::receive(tx, &payment).await?;
    Ok(())
}

const _: () = assert!(CALLED_BACK >= QUESTIONS_SECONDS.len());
