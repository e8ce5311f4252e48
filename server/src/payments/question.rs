//! Asking a provider what became of a top-up: when, again and again on a written schedule, and what its answer leads to. The
//! same for every provider.

use sautikit_api::ids::{IncomingPaymentId, TopUpId};
use sautikit_api::money::Currency;
use sqlx::AnyConnection;

use super::incoming::{self, IncomingPayment, Reason};
use super::settle::{self, Paid};
use super::{Method, PaymentError, Status, TopUp, daraja, store};
use crate::jobs::{self, Job};
use crate::mail::Posted;
use crate::state::AppState;

/// The question that a provider's own word makes us ask at once. It stands beside the schedule, which goes on without it.
pub(super) const CALLED_BACK: usize = 1_000;
/// The first of those that follow a word of payment that came late: when the top-up had failed, or after a refusal. They have a
/// schedule of their own.
pub(super) const TOLD_LATE: usize = 2_000;
/// In seconds after that word.
const LATE_SCHEDULE_SECONDS: &[i64] = &[0, 60, 300, 1_800, 7_200, 21_600, 86_400];

/// A job that asks a provider.
pub(super) trait Question: Job {
    /// When it is asked, in seconds after the top-up began.
    const SCHEDULE_SECONDS: &'static [i64];
    /// What is said when the last one was not answered either, and whether money may have been taken then.
    const NEVER_TOLD: (&'static str, bool);

    /// The how manieth question about which top-up.
    fn about(top_up_id: TopUpId, question: usize) -> Self;
}

/// What a provider's answer means for a top-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The money is there: what was verified is what is credited.
    Credit {
        /// How much.
        amount_minor: i64,
        /// The provider's, where it was told.
        receipt: Option<String>,
        /// When the payer paid, where it was told: microseconds UTC.
        paid_at: Option<i64>,
    },
    /// No money came, for this reason.
    Fail(String),
    /// Money is told of that can't be credited as it is told: people look.
    Review(Told),
    /// Not known yet. A payment that was told of and that nobody confirms in time is shown to people.
    Wait(Option<Told>),
}

/// Money that people have to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The provider's receipt, or what it is known by there.
    pub(super) receipt: String,
    pub(super) amount_minor: i64,
    pub(super) currency: Currency,
    /// As it was told.
    pub(super) phone: String,
    /// Whether the provider stands behind it.
    pub(super) confirmed: bool,
    pub(super) reason: Reason,
    /// Microseconds UTC; none where it was not told.
    pub(super) paid_at: Option<i64>,
}

/// Enqueues a question for its time; false after the last.
pub(super) async fn ask_in_time<Q: Question>(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up_id: TopUpId,
    question: usize,
) -> Result<bool, sqlx::Error> {
    let wait = match question.checked_sub(TOLD_LATE) {
        Some(late) => wait_seconds(LATE_SCHEDULE_SECONDS, late),
        None => wait_seconds(Q::SCHEDULE_SECONDS, question),
    };
    let Some(wait_seconds) = wait else { return Ok(false) };
    jobs::enqueue(tx, app, &Q::about(top_up_id, question), app.now_us() + wait_seconds * 1_000_000).await?;
    Ok(true)
}

/// How long after the question before it that question is asked; none after the last.
pub(super) fn wait_seconds(schedule_seconds: &[i64], question: usize) -> Option<i64> {
    let before = question.checked_sub(1).map_or(Some(0), |before| schedule_seconds.get(before).copied())?;
    Some(schedule_seconds.get(question)? - before)
}

/// Does what the answer to a question leads to, in the caller's transaction; [`settle::committed`] follows the commit.
///
/// # Errors
/// The wallet or the database failed.
pub(super) async fn act<Q: Question>(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up: &TopUp,
    question: usize,
    verdict: Verdict,
) -> Result<Vec<Posted>, PaymentError> {
    let failure = match verdict {
        Verdict::Credit { amount_minor, receipt, paid_at } => {
            let paid = Paid { amount_minor, receipt: receipt.as_deref(), paid_at };
            return settle::credit(app, tx, top_up.id, paid).await;
        }
        Verdict::Fail(reason) => (reason, false),
        Verdict::Review(told) => {
            show_to_people(app, tx, top_up, told).await?;
            let name = top_up.method.name();
            (format!("{name} told two different things of this payment, so a person looks at it."), true)
        }
        // The schedule asks again. That of a top-up which has failed is over.
        Verdict::Wait(_) if question == CALLED_BACK && top_up.status == Status::Pending => return Ok(Vec::new()),
        Verdict::Wait(told) => {
            let next = if question == CALLED_BACK { TOLD_LATE } else { question + 1 };
            if ask_in_time::<Q>(app, tx, top_up.id, next).await? {
                return Ok(Vec::new());
            }
            match told {
                Some(told) => {
                    show_to_people(app, tx, top_up, told).await?;
                    let name = top_up.method.name();
                    let reason = format!(
                        "{name} told of a payment and did not answer our questions about it, so a person looks at it."
                    );
                    (reason, true)
                }
                None => (Q::NEVER_TOLD.0.to_owned(), Q::NEVER_TOLD.1),
            }
        }
    };
    store::top_ups::fail(tx, top_up.id, (&failure.0, failure.1), app.now_us()).await?;
    Ok(Vec::new())
}

/// Money that is told of and can't be credited waits in the operator's queue, once by its receipt; M-Pesa is asked about what
/// nobody stands behind.
pub(super) async fn show_to_people(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up: &TopUp,
    told: Told,
) -> Result<(), PaymentError> {
    let payment = IncomingPayment {
        id: IncomingPaymentId(app.new_uuid()),
        provider: top_up.method,
        receipt: told.receipt,
        amount_minor: told.amount_minor,
        currency: told.currency,
        account_reference: top_up.provider_reference.clone().unwrap_or_default(),
        payer_phone: told.phone,
        payer_name: String::new(),
        paid_at: told.paid_at.unwrap_or_else(|| app.now_us()),
        confirmed: told.confirmed,
        status: incoming::Status::Unmatched,
        reason: Some(told.reason),
        top_up_id: None,
        created_at: app.now_us(),
    };
    let is_new = store::incoming::receive(tx, &payment).await?;
    let is_known_there = payment.receipt != payment.account_reference;
    if let Some(id) = is_new
        && payment.provider == Method::Mpesa
        && told.reason == Reason::Unconfirmed
        && is_known_there
    {
        daraja::enqueue_inquiry(app, tx, id, 0).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_at_their_time_after_the_beginning_and_end() {
        let schedule = [20, 40, 75];
        let waits: Vec<_> = (0..).map_while(|question| wait_seconds(&schedule, question)).collect();
        assert_eq!(waits, [20, 20, 35]);
        assert_eq!(wait_seconds(&schedule, CALLED_BACK), None);
    }
}
