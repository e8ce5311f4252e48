//! Runs due jobs, one batch after the other, until the server stops.

use std::pin::pin;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{FuturesUnordered, StreamExt};
use sautikit_api::ids::JobId;

use super::queue::Lane;
use super::{JobError, bell, kinds, queue, schedule};
use crate::db::Causes;
use crate::state::AppState;

/// Jobs claimed at once: few, so that other nodes get their share.
const BATCH: usize = 16;
/// Jobs of a lane that wait for others' servers at once: a provider that answers in its time-out only leaves room for the others.
const AT_ONCE: usize = 64;
/// A claimed job is this node's for so long; far above any job's own time-outs.
const LEASE_US: i64 = 60_000_000;
/// The longest wait between looks at the queue: jobs of other nodes ring no bell here.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// The wait after the queue itself failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// Runs jobs until the server stops. Started once per node.
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
    let mut running = FuturesUnordered::new();
    while !app.stopping.is_cancelled() {
        let wait = match take(app, lane, &mut running).await {
            Ok(Ran { next_due_us, .. }) => until(app, next_due_us),
            Err(error) => {
                told(&error);
                FAILURE_WAIT
            }
        };
        let is_full = running.len() >= AT_ONCE;
        tokio::select! {
            () = app.stopping.cancelled() => break,
            () = bell(app, lane).notified(), if !is_full => {}
            () = tokio::time::sleep(wait), if !is_full => {}
            Some(ended) = running.next(), if !running.is_empty() => if let Err(error) = ended {
                told(&error);
            },
        }
    }
    // What was begun is brought to its end.
    while let Some(ended) = running.next().await {
        if let Err(error) = ended {
            told(&error);
        }
    }
}

fn told(error: &JobError) {
    tracing::error!(error = %Causes(error), "the job queue failed");
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

/// Jobs that have begun.
type Running<'a> = FuturesUnordered<BoxFuture<'a, Result<(), JobError>>>;

/// What a look at a lane came to.
struct Ran {
    jobs: usize,
    /// When the next of them is due; none when there is none.
    next_due_us: Option<i64>,
}

async fn run_due_of(app: &AppState, lane: Lane) -> Result<Ran, JobError> {
    let mut ran = 0;
    let mut running = FuturesUnordered::new();
    loop {
        let taken = take(app, lane, &mut running).await?;
        ran += taken.jobs;
        match running.next().await {
            Some(ended) => ended?,
            None if taken.jobs == 0 => return Ok(Ran { jobs: ran, ..taken }),
            None => {}
        }
    }
}

/// Takes what is due of a lane, as much as there is room for. Work in our own database is done in its turn, at once; what waits
/// for others' servers begins and goes on in `running`, so that none waits for another.
async fn take<'a>(app: &'a AppState, lane: Lane, running: &mut Running<'a>) -> Result<Ran, JobError> {
    let mut ran = 0;
    loop {
        let limit = match lane {
            Lane::Own => BATCH,
            Lane::Mail | Lane::Payments | Lane::Callbacks => AT_ONCE.saturating_sub(running.len()).min(BATCH),
        };
        if limit == 0 {
            return Ok(Ran { jobs: ran, next_due_us: None });
        }
        let (claimed, next_due_us) = beside(running, claim(app, lane, limit)).await?;
        if claimed.is_empty() {
            return Ok(Ran { jobs: ran, next_due_us });
        }
        ran += claimed.len();
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
            Lane::Mail | Lane::Payments | Lane::Callbacks => {
                running.extend(claimed.into_iter().map(|job| run_to_its_end(app, job).boxed()));
            }
        }
    }
}

/// Claims jobs that are due, at most so many; where there are none, says when the next one is.
async fn claim(app: &AppState, lane: Lane, limit: usize) -> Result<(Vec<queue::Claimed>, Option<i64>), JobError> {
    let now_us = app.now_us();
    let mut conn = app.db.acquire().await?;
    // A look before the claim: the claim takes SQLite's write lock even when there is nothing to do.
    let next_due_us = queue::next_due_us(&mut conn, lane).await?;
    if next_due_us.is_none_or(|due_us| due_us > now_us) {
        return Ok((Vec::new(), next_due_us));
    }
    drop(conn);
    let mut tx = app.db.begin_write().await?;
    let (dialect, lease_until_us) = (app.db.dialect(), now_us + LEASE_US);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let claimed = queue::claim(&mut tx, (dialect, lane), &app.node_id, now_us, lease_until_us, limit).await?;
    tx.commit().await?;
    // None where another node was faster.
    Ok((claimed, None))
}

/// Does it while what has begun goes on: that holds connections of the database, which are waited for here.
async fn beside<T>(running: &mut Running<'_>, work: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            Some(ended) = running.next(), if !running.is_empty() => ended?,
        }
    }
}

/// Runs a job and completes it at once.
async fn run_to_its_end(app: &AppState, job: queue::Claimed) -> Result<(), JobError> {
    if run_one(app, &job).await? { complete(app, &[job.id]).await } else { Ok(()) }
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
            tracing::warn!(job = %claimed.id, attempts = claimed.attempts, error = %Causes(&error), "a job failed");
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
