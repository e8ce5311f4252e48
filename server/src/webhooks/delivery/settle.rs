//! How attempts ended, as rows.

use std::collections::HashMap;
use std::sync::Arc;

use sautikit_api::ids::WebhookEndpointId;
use sqlx::AnyConnection;
use tokio::time::Instant;

use super::circuit::Standing;
use super::directory::Endpoint;
use super::lane::Due;
use super::schedule::Verdict;
use super::scheduler::{Done, Off};
use super::sender::{Attempt, Sent};
use crate::clock;
use crate::db::Dialect;
use crate::db::rows::Cell;
use crate::state::AppState;
use crate::webhooks::store::dispatch::{self as sql, AttemptRow, Settled};
use crate::webhooks::store::lease;

/// An attempt that is over.
pub(super) struct Ended {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) due: Due,
    pub(super) verdict: Verdict,
    attempts: Vec<Attempt>,
    pub(super) standing: Option<Standing>,
    pub(super) off: Option<Off>,
    /// Microseconds UTC.
    at_us: i64,
    /// Since when it waits to be written.
    pub(super) since: Instant,
}

impl Ended {
    /// `done` is none where the endpoint went meanwhile.
    pub(super) fn new(endpoint: Arc<Endpoint>, due: Due, sent: Sent, done: Option<Done>, at_us: i64) -> Self {
        let is_delivered = sent.outcome.failure.is_none();
        let gone = if is_delivered { Verdict::Delivered } else { Verdict::Gone };
        let verdict = done.map_or(gone, |done| done.verdict);
        let (standing, off) = (done.and_then(|done| done.endpoint), done.and_then(|done| done.off));
        Self { endpoint, due, verdict, attempts: sent.attempts, standing, off, at_us, since: clock::timer_now() }
    }

    /// Delivered, and nothing else comes of it: neither another delivery nor the endpoint stands otherwise for it.
    pub(super) fn is_plain(&self) -> bool {
        self.verdict == Verdict::Delivered && self.standing.is_none() && self.off.is_none()
    }

    fn settled(&self) -> Option<Settled> {
        let (status, next_attempt_at) = match self.verdict {
            Verdict::Delivered => ("delivered", self.at_us),
            Verdict::Again(at_us) => ("pending", at_us),
            Verdict::Exhausted => ("exhausted", self.at_us),
            Verdict::Gone => ("failed", self.at_us),
        };
        let last = self.rows().last()?;
        let (tries, attempts) = (self.due.tries + 1, last.number);
        Some(Settled { id: self.due.id, status, tries, attempts, next_attempt_at, last })
    }

    fn rows(&self) -> impl Iterator<Item = AttemptRow> {
        (self.due.attempts + 1..).zip(&self.attempts).map(|(number, attempt)| AttemptRow {
            delivery_id: self.due.id,
            number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            status: attempt.status.map(i64::from),
            error: attempt.failure.map(|failure| failure.as_str().to_owned()),
            answer: attempt.answer.clone(),
            answer_headers: attempt.answer_headers.clone(),
            signature: attempt.signature.clone(),
            secret: attempt.secret.to_owned(),
        })
    }

    /// A call whose URL is gone, and with it what else of the call waits for it.
    fn gone(&self) -> Option<[Cell; 3]> {
        let (Verdict::Gone, Some(call), Some(url)) = (self.verdict, self.due.call, &self.due.url) else { return None };
        Some([Cell::from(self.due.endpoint.to_string()), call.to_string().into(), (&**url).into()])
    }

    /// A call of which others wait for this one.
    fn pushed(&self) -> Option<[Cell; 3]> {
        let (Verdict::Again(at_us), Some(call)) = (self.verdict, self.due.call) else { return None };
        Some([Cell::from(self.due.endpoint.to_string()), call.to_string().into(), at_us.into()])
    }
}

/// Writes plain ones in a transaction of its own, while the turn of `epoch` places what is new in another: on PostgreSQL, which has
/// more than one writer. False where another node has taken over.
pub(super) async fn write_beside(app: &AppState, epoch: i64, plain: &[Ended]) -> Result<bool, sqlx::Error> {
    if plain.is_empty() {
        return Ok(true);
    }
    let mut tx = app.db.begin_write_by_key().await?;
    if !lease::hold_lease_beside(&mut tx, &app.node_id, epoch).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    write(&mut tx, app.db.dialect(), plain).await?;
    tx.commit().await?;
    Ok(true)
}

/// Writes them, in the caller's transaction.
pub(super) async fn write(tx: &mut AnyConnection, dialect: Dialect, ended: &[Ended]) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let settled: Vec<_> = ended.iter().filter_map(Ended::settled).collect();
    sql::settle(tx, dialect, &settled, ended.iter().flat_map(Ended::rows)).await?;
    let pushed: Vec<_> = ended.iter().filter_map(Ended::pushed).flatten().collect();
    let gone: Vec<_> = ended.iter().filter_map(Ended::gone).flatten().collect();
    // The last of each endpoint counts, of those that were sent to it as it is now.
    let mut standing: HashMap<WebhookEndpointId, (&Endpoint, Standing)> = HashMap::new();
    for one in ended {
        let is_newer =
            standing.get(&one.due.endpoint).is_none_or(|(before, _)| before.generation <= one.endpoint.generation);
        if let Some(new) = one.standing.filter(|_| is_newer) {
            standing.insert(one.due.endpoint, (&one.endpoint, new));
        }
    }
    if pushed.is_empty() && gone.is_empty() && standing.is_empty() {
        return Ok(());
    }
    let standing = standing.into_iter().flat_map(|(id, (of, one))| {
        let (since, failed, paused) = (one.failing_since_us, one.failed_us, one.paused_until_us);
        let known = [of.revision.into(), of.generation.into()];
        let stands = [Cell::from(id.to_string()), since.into(), one.failures.into(), failed.into(), paused.into()];
        stands.into_iter().chain(known)
    });
    sql::settle_beside(tx, dialect, (pushed, gone), standing.collect()).await
}
