//! Background work: rows that are enqueued in the transaction of what needs them, and run at least once.
//!
//! Every job is safe to run twice. A kind is a type of the room that knows what to do; this module knows none of them.
//! Deliberately absent: results; a job's effect is its own rows.

mod kinds;
mod queue;
mod runner;
mod schedule;

use sautikit_api::ids::JobId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyConnection;
use tokio::sync::Notify;

use crate::state::AppState;

pub use kinds::Kinds;
pub(crate) use queue::STATEMENTS;
pub use queue::{Count, Lane, Listed, State};
pub use runner::{run_due, run_until_stopped, take_up};

/// What went wrong with a job, in its room's words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A kind of work, with what one piece of it needs to know: that is stored as JSON.
pub trait Job: Serialize + DeserializeOwned + Send {
    /// Its name in the database; never changes.
    const KIND: &'static str;
    /// Which jobs it may wait for.
    const LANE: Lane = Lane::Own;

    /// What it is about, unique within the kind: one live job per subject is enough.
    fn subject(&self) -> String;

    /// Does it. May come again after it succeeded.
    fn run(self, app: &AppState) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Why a job did not succeed; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The stored payload can't be read.
    #[error("the payload is not understood: {0}")]
    Payload(#[from] serde_json::Error),
    /// No room of this release does this: a newer node left it.
    #[error("jobs of this kind are not known here")]
    Kind,
    /// The work failed.
    #[error("{0}")]
    Failed(#[source] Failure),
    /// The queue itself failed.
    #[error("the job queue failed")]
    Database(#[from] sqlx::Error),
}

/// Adds a job in the caller's transaction; it becomes due at `due_us`. Whoever wants it begun at once rings [`ring`] after
/// the commit. A job of the same subject is not added twice.
///
/// # Errors
/// The database failed.
pub async fn enqueue<J: Job>(tx: &mut AnyConnection, app: &AppState, job: &J, due_us: i64) -> Result<(), sqlx::Error> {
    let payload = serde_json::to_string(job).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let (id, dedupe_key) = (JobId(app.new_uuid()), format!("{}:{}", J::KIND, job.subject()));
    queue::insert(tx, id, (J::KIND, J::LANE), &payload, &dedupe_key, due_us, app.now_us()).await
}

/// How many jobs of all nodes wait, run or are dead, by lane.
///
/// # Errors
/// The database failed.
pub async fn counts(app: &AppState) -> Result<Vec<Count>, sqlx::Error> {
    queue::counts(&mut *app.db.acquire().await?).await
}

/// A page of the jobs in a state, the newest first, before that place (microseconds UTC and id).
///
/// # Errors
/// The database failed.
pub async fn list(app: &AppState, state: State, before: (i64, &str), limit: i64) -> Result<Vec<Listed>, sqlx::Error> {
    queue::list(&mut *app.db.acquire().await?, state, before, limit).await
}

/// Queues a dead job again in the caller's transaction, due now and with all its tries; the job as it is then. None where it is
/// not dead, or what it needs to know is gone, as of a mail. After the commit [`ring_all`] has it begun at once.
///
/// # Errors
/// The database failed.
pub async fn revive(tx: &mut AnyConnection, app: &AppState, id: JobId) -> Result<Option<Listed>, sqlx::Error> {
    queue::revive(tx, id, app.now_us()).await
}

/// Wakes the runners of all lanes.
pub fn ring_all(app: &AppState) {
    Lane::ALL.into_iter().for_each(|lane| ring(app, lane));
}

/// Wakes the runner of a lane, after a job of it was committed.
pub fn ring(app: &AppState, lane: Lane) {
    bell(app, lane).notify_one();
}

fn bell(app: &AppState, lane: Lane) -> &Notify {
    match lane {
        Lane::Own => &app.job_bell,
        Lane::Mail => &app.mail_bell,
        Lane::Payments => &app.payment_bell,
        Lane::Callbacks => &app.callback_bell,
    }
}
