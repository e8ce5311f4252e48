//! Runs due jobs, one batch after the other, until the server stops.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use sautikit_api::ids::JobId;

use super::queue::Lane;
use super::{JobError, bell, kinds, queue, schedule};
use crate::state::AppState;

/// Jobs claimed at once: few, so that other nodes get their share.
const BATCH: i64 = 16;
/// A claimed job is this node's for so long; far above any job's own time-outs.
const LEASE_US: i64 = 60_000_000;
/// The longest wait between looks at the queue: jobs of other nodes ring no bell here.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// The wait after the queue itself failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// Runs jobs until the server stops. Started once per node with the worker role.
pub async fn run_until_stopped(app: AppState) {
    if let Err(error) = take_up(&app).await {
        tracing::warn!(%error, "jobs of the process before wait until their lease lapses");
    }
    join_all(Lane::ALL.map(|lane| run_lane(&app, lane))).await;
}

/// What a process of this node that was killed had claimed is queued again, before anything is claimed: nobody else runs it.
///
/// # Errors
/// The queue failed.
pub async fn take_up(app: &AppState) -> Result<u64, sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    let jobs = queue::give_back(&mut tx, &app.node_id).await?;
    tx.commit().await?;
    Ok(jobs)
}

async fn run_lane(app: &AppState, lane: Lane) {
    while !app.stopping.is_cancelled() {
        let wait = match run_due_of(app, lane).await {
            Ok(Ran { next_due_us, .. }) => until(app, next_due_us),
            Err(error) => {
                tracing::error!(error = %error, cause = ?error, "the job queue failed");
                FAILURE_WAIT
            }
        };
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = bell(app, lane).notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Runs everything that is due now, and what becomes due by it; says how many jobs ran.
///
/// # Errors
/// The queue failed. A job's own failure is stored with the job.
pub async fn run_due(app: &AppState) -> Result<usize, JobError> {
    let mut ran = 0;
    for lane in Lane::ALL {
        ran += run_due_of(app, lane).await?.jobs;
    }
    Ok(ran)
}

/// What a look at a lane came to.
struct Ran {
    jobs: usize,
    /// When the next of them is due; none when there is none.
    next_due_us: Option<i64>,
}

async fn run_due_of(app: &AppState, lane: Lane) -> Result<Ran, JobError> {
    let mut ran = 0;
    loop {
        let now_us = app.now_us();
        let mut conn = app.db.acquire().await?;
        // A look before the claim: the claim takes SQLite's write lock even when there is nothing to do.
        let next_due_us = queue::next_due_us(&mut conn, lane).await?;
        if next_due_us.is_none_or(|due_us| due_us > now_us) {
            return Ok(Ran { jobs: ran, next_due_us });
        }
        drop(conn);
        let mut tx = app.db.begin_write().await?;
        let claimed =
            queue::claim(&mut tx, (app.db.dialect(), lane), &app.node_id, now_us, now_us + LEASE_US, BATCH).await?;
        tx.commit().await?;
        if claimed.is_empty() {
            // Another node was faster.
            return Ok(Ran { jobs: ran, next_due_us: None });
        }
        match lane {
            Lane::Own => {
                let mut done = Vec::with_capacity(claimed.len());
                for job in &claimed {
                    if run_one(app, job).await? {
                        done.push(job.id);
                    }
                }
                complete(app, &done).await?;
            }
            // Side by side, and each completed at once: none waits for another's server.
            Lane::Mail | Lane::Payments => {
                let all = claimed.iter().map(async |job| match run_one(app, job).await? {
                    true => complete(app, &[job.id]).await,
                    false => Ok(()),
                });
                try_join_all(all).await?;
            }
        }
        ran += claimed.len();
    }
}

/// One commit for the batch. A crash before it runs the jobs once more when their lease lapses.
async fn complete(app: &AppState, done: &[JobId]) -> Result<(), JobError> {
    if done.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin_write().await?;
    for id in done {
        queue::complete(&mut tx, *id, &app.node_id, app.now_us()).await?;
    }
    Ok(tx.commit().await?)
}

/// Says whether the job succeeded; one that did not is put back.
async fn run_one(app: &AppState, claimed: &queue::Claimed) -> Result<bool, JobError> {
    match kinds::run_stored(app, &claimed.kind, &claimed.payload).await {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::warn!(job = %claimed.id, attempts = claimed.attempts, error = ?error, "a job failed");
            let random = u32::from_be_bytes(app.entropy.bytes());
            let again = claimed.attempts < schedule::MAX_ATTEMPTS;
            let next = again.then(|| app.now_us() + schedule::delay_us(claimed.attempts, random));
            let mut tx = app.db.begin_write().await?;
            queue::put_back(&mut tx, claimed.id, &app.node_id, next, app.now_us(), &error.to_string()).await?;
            tx.commit().await?;
            Ok(false)
        }
    }
}

/// How long until then, or until another look is due.
fn until(app: &AppState, due_us: Option<i64>) -> Duration {
    let wait_us = due_us.and_then(|due_us| u64::try_from(due_us - app.now_us()).ok());
    wait_us.map_or(MAX_WAIT, |wait_us| Duration::from_micros(wait_us).min(MAX_WAIT))
}
