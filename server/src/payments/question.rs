//! Asking a provider what became of a top-up: when, again and again on a written schedule, and what its answer leads to. The
//! same for every provider.

use sautikit_api::ids::{IncomingPaymentId, TopUpId};
use sautikit_api::money::Currency;
use sqlx::AnyConnection;

use super::incoming::{self, IncomingPayment, Reason};
use super::settle::{self, Paid};
use super::{PaymentError, TopUp, store};
use crate::jobs::{self, Job};
use crate::mail::Posted;
use crate::state::AppState;

/// The question that a provider's own word makes us ask at once. It stands beside the schedule, which goes on without it.
pub(super) const CALLED_BACK: usize = 1_000;

/// A job that asks a provider.
pub(super) trait Question: Job {
    /// When it is asked, in seconds after the top-up began.
    const SCHEDULE_SECONDS: &'static [i64];
    /// What is said when the last one was not answered either.
    const NEVER_TOLD: &'static str;

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
    },
    /// No money came, for this reason.
    Fail(String),
    /// Money is told of that can't be credited as it is told: people look.
    Review(Told),
    /// Not known yet.
    Wait,
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
}

/// Enqueues a question for its time; false after the last.
pub(super) async fn ask_in_time<Q: Question>(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up_id: TopUpId,
    question: usize,
) -> Result<bool, sqlx::Error> {
    let Some(wait_seconds) = wait_seconds(Q::SCHEDULE_SECONDS, question) else { return Ok(false) };
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
        Verdict::Credit { amount_minor, receipt } => {
            let paid = Paid { amount_minor, receipt: receipt.as_deref() };
            return settle::credit(app, tx, top_up.id, paid).await;
        }
        Verdict::Fail(reason) => reason,
        Verdict::Review(told) => {
            show_to_people(app, tx, top_up, told).await?;
            format!("{} told two different things of this payment, so a person looks at it.", top_up.method.name())
        }
        Verdict::Wait if question == CALLED_BACK => return Ok(Vec::new()),
        Verdict::Wait if ask_in_time::<Q>(app, tx, top_up.id, question + 1).await? => return Ok(Vec::new()),
        Verdict::Wait => Q::NEVER_TOLD.to_owned(),
    };
    store::top_ups::fail(tx, top_up.id, &failure, app.now_us()).await?;
    Ok(Vec::new())
}

/// Money that is told of and can't be credited waits in the operator's queue, once by its receipt.
async fn show_to_people(
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
        paid_at: app.now_us(),
        confirmed: told.confirmed,
        status: incoming::Status::Unmatched,
        reason: Some(told.reason),
        top_up_id: None,
        created_at: app.now_us(),
    };
    store::incoming::receive(tx, &payment).await?;
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
