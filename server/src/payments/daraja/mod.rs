//! M-Pesa by Safaricom's Daraja: requests on the payer's telephone ("STK push"), and payments to the Paybill ("C2B").
//!
//! ```text
//! create ──► Push: marked as asked, then sent, never twice ──► callback (http.rs) ─┐
//!              └──► FollowUp: asks what became of it, a written schedule ◄──────────┘
//!                       └──► decide.rs: credit, fail, wait, or people look
//! ```
//! Daraja signs nothing. Its callbacks carry a secret of this installation and a token of the push in their path, and are
//! believed only as far as [`decide`] goes.

mod claimed;
mod client;
mod decide;
pub mod http;
mod results;
mod status;
pub(crate) mod wire;

use sautikit_api::ids::TopUpId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::client::Failed;
use self::decide::{Asked, Decision, Left, Query, decide, left};
use super::incoming::Reason;
use super::question::{self, CALLED_BACK, Question, TOLD_LATE, Told, Verdict};
use super::{PaymentError, TopUp, settle, store};
use crate::jobs::{Failure, Job, Lane};
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::wallet::with_tries;

pub use claimed::InquireClaim;
pub(super) use claimed::enqueue as enqueue_claim;
pub use client::Daraja;
pub(super) use results::sentence;
pub use status::Inquire;
pub(super) use status::enqueue as enqueue_inquiry;

/// Shows the request on the payer's telephone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Push {
    /// Which top-up.
    pub top_up_id: TopUpId,
}

impl Job for Push {
    const KIND: &'static str = "push_mpesa";
    const LANE: Lane = Lane::Payments;

    fn subject(&self) -> String {
        self.top_up_id.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let Some(daraja) = Daraja::of(app) else { return Err("M-Pesa is not configured any more".into()) };
        let mut tx = app.db.begin_write().await?;
        // Marked before it is sent: whoever finds the mark does not send again, and asks instead.
        if !store::top_ups::mark_asked(&mut tx, self.top_up_id, app.now_us()).await? {
            return Ok(());
        }
        let top_up = store::top_ups::find(&mut tx, self.top_up_id).await?.ok_or(PaymentError::NotFound)?;
        question::ask_in_time::<FollowUp>(app, &mut tx, top_up.id, 0).await?;
        tx.commit().await?;
        let outcome = send(app, daraja, &top_up).await;
        let mut tx = app.db.begin_write().await?;
        match outcome {
            Ok(checkout_id) => store::top_ups::mark_checkout(&mut tx, top_up.id, &checkout_id).await?,
            Err(Failed::Refused(why)) => {
                tracing::warn!(top_up = %top_up.id, %why, "M-Pesa refused a push");
                let reason = "M-Pesa did not take the request. Try again in a minute.";
                store::top_ups::fail(&mut tx, top_up.id, (reason, false), app.now_us()).await?;
            }
            // It may be on its way: the callback, our questions or the payment itself tell.
            Err(Failed::Silent(why)) => {
                tracing::warn!(top_up = %top_up.id, %why, "M-Pesa said nothing to a push");
            }
        }
        Ok(tx.commit().await?)
    }
}

async fn send(app: &AppState, daraja: &Daraja, top_up: &TopUp) -> Result<String, Failed> {
    let push = client::Push {
        amount_units: top_up.amount_minor / 10_i64.pow(top_up.currency.exponent()),
        phone: top_up.phone.as_deref().unwrap_or_default().trim_start_matches('+'),
        account_reference: top_up.provider_reference.as_deref().unwrap_or_default(),
        callback_url: &callback_url(app, top_up.id),
    };
    daraja.push(app, &push).await
}

/// Asks what became of a push, and acts on it.
#[derive(Debug, Serialize, Deserialize)]
pub struct FollowUp {
    /// Which top-up.
    pub top_up_id: TopUpId,
    /// The how manieth question it is.
    pub question: usize,
}

impl Question for FollowUp {
    /// The payer has about a minute, Daraja some more.
    const SCHEDULE_SECONDS: &'static [i64] = &[20, 40, 75, 150, 300, 900, 3_600, 21_600, 86_400];
    const NEVER_TOLD: (&'static str, bool) =
        ("M-Pesa did not say what became of the request. If money was taken, it is credited when M-Pesa tells.", true);

    fn about(top_up_id: TopUpId, question: usize) -> Self {
        Self { top_up_id, question }
    }
}

impl Job for FollowUp {
    const KIND: &'static str = "follow_mpesa";
    const LANE: Lane = Lane::Payments;

    fn subject(&self) -> String {
        format!("{}:{}", self.top_up_id, self.question)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let found = store::top_ups::find(&mut *app.db.acquire().await?, self.top_up_id).await?;
        let top_up = found.ok_or(PaymentError::NotFound)?;
        let query = match left(&top_up) {
            Left::Nothing => return Ok(()),
            Left::Ask => ask(app, &top_up).await,
            // What is credited is asked about no more.
            Left::Receipt | Left::AnotherPayment => Query::Unknown,
        };
        Ok(with_tries!(follow(app, top_up.id, self.question, query))?)
    }
}

async fn ask(app: &AppState, top_up: &TopUp) -> Query {
    let (Some(daraja), Some(checkout_id)) = (Daraja::of(app), top_up.checkout_id.as_deref()) else {
        return Query::Unknown;
    };
    match daraja.query(app, checkout_id).await {
        Ok(None) => Query::Processing,
        Ok(Some(code)) => Query::Ended(code),
        Err(failed) => {
            tracing::warn!(top_up = %top_up.id, error = %failed, "M-Pesa did not say what became of a push");
            Query::Unknown
        }
    }
}

async fn follow(app: &AppState, id: TopUpId, question: usize, query: Query) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    // Once more: the callback may have come while we asked.
    let top_up = store::top_ups::find(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    let verdict = match left(&top_up) {
        Left::Nothing => return Ok(()),
        Left::Ask => verdict(&top_up, query),
        Left::Receipt => {
            let callback = top_up.callback.clone();
            let (receipt, paid_at) = callback.map_or((None, None), |told| (told.receipt, told.paid_at));
            Verdict::Credit { amount_minor: top_up.amount_minor, receipt, paid_at }
        }
        Left::AnotherPayment => Verdict::Review(told(&top_up, Reason::Unconfirmed)),
    };
    let posted = question::act::<FollowUp>(app, &mut tx, &top_up, question, verdict).await?;
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}

fn verdict(top_up: &TopUp, query: Query) -> Verdict {
    let asked = Asked { amount_minor: top_up.amount_minor, phone: top_up.phone.as_deref().unwrap_or_default() };
    let callback = top_up.callback.as_ref();
    match decide(asked, callback, query) {
        Decision::Credit { receipt } => Verdict::Credit {
            amount_minor: top_up.amount_minor,
            receipt,
            paid_at: callback.and_then(|callback| callback.paid_at),
        },
        Decision::Fail(code) => Verdict::Fail(results::sentence(code)),
        Decision::Wait => {
            let is_told = callback.is_some_and(|callback| callback.tells_of_payment());
            Verdict::Wait(is_told.then(|| told(top_up, Reason::Unconfirmed)))
        }
        Decision::Review => Verdict::Review(told(top_up, Reason::Contradiction)),
    }
}

/// What the callback told of a payment. What it did not tell is known by what we asked for.
fn told(top_up: &TopUp, reason: Reason) -> Told {
    let callback = top_up.callback.as_ref();
    let receipt = callback.and_then(|callback| callback.receipt.clone());
    Told {
        receipt: receipt.or_else(|| top_up.provider_reference.clone()).unwrap_or_default(),
        amount_minor: callback.and_then(|callback| callback.amount_minor).unwrap_or(top_up.amount_minor),
        currency: top_up.currency,
        phone: callback.and_then(|callback| callback.phone.clone()).unwrap_or_default(),
        confirmed: false,
        reason,
        paid_at: callback.and_then(|callback| callback.paid_at),
    }
}

/// The part of callbacks' paths that only Daraja and we know: one of this installation.
fn path_secret(app: &AppState) -> String {
    short(app.secrets.hash(Purpose::PaymentPath, "daraja"))
}

/// The part of a path that only Daraja and we know: one of this push or question.
fn path_token(app: &AppState, id: Uuid) -> String {
    let mark = short(app.secrets.hash(Purpose::PaymentPath, &id.to_string()));
    format!("{}{mark}", id.simple())
}

/// 128 bits.
fn short(mut hash: String) -> String {
    hash.truncate(32);
    hash
}

/// Whose token it is.
fn read_token(app: &AppState, token: &str) -> Option<Uuid> {
    use subtle::ConstantTimeEq;
    let id = Uuid::try_parse(token.get(..32)?).ok()?;
    bool::from(path_token(app, id).as_bytes().ct_eq(token.as_bytes())).then_some(id)
}

fn callback_url(app: &AppState, id: TopUpId) -> String {
    format!("{}/v1/payments/daraja/stk/{}/{}", app.public_url, path_secret(app), path_token(app, id.0))
}

/// Tells Daraja where payments to the Paybill are validated and confirmed: the operator's command, once per short code.
///
/// # Errors
/// M-Pesa is not configured, refuses, or does not answer; in its words.
pub async fn register_urls(app: &AppState) -> Result<(), String> {
    let daraja = Daraja::of(app).ok_or("`mpesa.consumer_key` is not set")?;
    let base = format!("{}/v1/payments/daraja/c2b", app.public_url);
    let secret = path_secret(app);
    let (validation, confirmation) = (format!("{base}/validation/{secret}"), format!("{base}/confirmation/{secret}"));
    daraja.register(app, &validation, &confirmation).await.map_err(|failed| failed.to_string())
}

/// What a push's callback leads to, once the callback is kept; another one when it follows a refusal.
fn at_once(id: TopUpId, is_first: bool) -> FollowUp {
    FollowUp { top_up_id: id, question: if is_first { CALLED_BACK } else { TOLD_LATE } }
}
