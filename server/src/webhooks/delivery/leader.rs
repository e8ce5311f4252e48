//! Which node delivers, and its loop.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::Instant;

use super::gauge::Dispatching;
use super::turn::{Lead, Turned};
use super::watch::LEASE;
use super::{Bell, pump};
use crate::clock;
use crate::db::Causes;
use crate::state::AppState;
use crate::webhooks::live::{Live, notices};
use crate::webhooks::store::lease as sql;

/// Between renewals: four of five may fail.
pub(super) const RENEW: Duration = Duration::from_secs(2);
/// Between looks of a node that does not deliver.
const LOOK: Duration = Duration::from_secs(1);
/// Between looks of the one that does: events of other nodes, and of rooms that do not ring, are late by so much at most.
const POLL: Duration = Duration::from_millis(100);
/// The same where nobody is told and nobody follows.
const POLL_UNHEARD: Duration = Duration::from_secs(1);
/// Between the beginnings of two turns, so that what comes in meanwhile shares a transaction.
const PACE: Duration = Duration::from_millis(5);
/// The same where nobody hears of it: what is new waits to be placed for whoever asks, and each turn costs as much as writing
/// the calls that it is about.
const PACE_UNHEARD: Duration = Duration::from_millis(250);
/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);
/// How long attempts may go on when the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a renewal writes, in microseconds UTC: until when the lease is good by this node's clock. Others see that it changes, and
/// go by their own.
pub(super) fn token(now_us: i64) -> i64 {
    now_us + i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Delivers while this node is the one that does, until the server stops. Started once per node.
pub async fn run_until_stopped(app: AppState) {
    // On a single node nobody else would deliver after a panic, and nobody would hear of it.
    while AssertUnwindSafe(run(&app)).catch_unwind().await.is_err() {
        tracing::error!("the dispatcher of webhooks panicked; it begins anew");
        wait(&app, FAILURE_WAIT).await;
    }
}

async fn run(app: &AppState) {
    while !app.stopping.is_cancelled() {
        match take(app).await {
            Ok(Some((taken, leased_to))) => lead(app, taken, leased_to).await,
            Ok(None) => stand_by(app).await,
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "nobody could be found to deliver webhooks");
                wait(app, FAILURE_WAIT).await;
            }
        }
    }
}

/// Epoch and last place, and until when the lease is good.
async fn take(app: &AppState) -> Result<Option<((i64, i64), Instant)>, sqlx::Error> {
    // A look first: a write takes SQLite's lock, and there may be nothing to take.
    let seen = sql::find(&mut *app.db.acquire().await?).await?;
    let began = clock::timer_now();
    if !app.part::<Dispatching>().watch.lock().is_free(&seen, &app.node_id, began) {
        return Ok(None);
    }
    let mut tx = app.db.begin_write().await?;
    let taken = sql::take_lease(&mut tx, app.db.dialect(), (&app.node_id, token(app.now_us())), &seen).await?;
    match taken {
        Some(_) => tx.commit().await?,
        None => tx.rollback().await?,
    }
    Ok(taken.map(|taken| (taken, began + LEASE)))
}

/// Delivers until the lease is lost or the server stops.
async fn lead(app: &AppState, taken: (i64, i64), leased_to: Instant) {
    let mut lead = match Lead::begin(app, taken, leased_to).await {
        Ok(lead) => lead,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "webhooks can't be delivered: the database failed");
            return wait(app, FAILURE_WAIT).await;
        }
    };
    while !app.stopping.is_cancelled() {
        let began = clock::timer_now();
        let mut pace = PACE;
        if lead.work.state.lock().is_over {
            tracing::warn!("the lease to deliver webhooks has lapsed; it is taken anew");
            if let Err(error) = lead.settle_all().await {
                tracing::warn!(error = %Causes(&error), "how attempts ended is not written; they are made again");
            }
            return;
        }
        match lead.turn().await {
            Ok(Turned::Lost) => {
                tracing::warn!("another node delivers webhooks now");
                lead.work.state.lock().is_over = true;
                return;
            }
            Ok(Turned::More) => pump(&lead.work),
            Ok(Turned::All) => {
                pump(&lead.work);
                rest(app, &lead).await;
                if !lead.is_heard() {
                    pace = PACE_UNHEARD;
                }
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "webhooks wait: the database failed");
                lead.work.state.lock().is_over = true;
                wait(app, FAILURE_WAIT).await;
                if let Err(error) = lead.settle_all().await {
                    tracing::warn!(error = %Causes(&error), "how attempts ended is not written; they are made again");
                }
                // Whether the last turn was committed is not known: where things stand is read anew, under a new lease.
                return;
            }
        }
        // Whoever came meanwhile shares the next turn.
        tokio::select! {
            () = tokio::time::sleep_until(began + pace) => {}
            () = app.stopping.cancelled() => {}
        }
    }
    finish(&mut lead, taken.0).await;
}

/// Until there may be something to do.
async fn rest(app: &AppState, lead: &Lead) {
    let poll = if lead.is_heard() { POLL } else { POLL_UNHEARD };
    let wait = lead.rests_for().map_or(poll, |span| span.min(poll));
    tokio::select! {
        () = app.part::<Bell>().0.notified() => {}
        () = tokio::time::sleep(wait) => {}
        () = app.stopping.cancelled() => {}
    }
}

/// Lets attempts end for a moment, writes how they did, and hands over.
async fn finish(lead: &mut Lead, epoch: i64) {
    lead.work.state.lock().is_over = true;
    let until = clock::timer_now() + FAREWELL;
    while lead.work.state.lock().scheduler.running() > 0 && clock::timer_now() < until {
        tokio::time::sleep(PACE).await;
    }
    // The next one makes them anew as soon as the lease is free.
    lead.work.stop();
    lead.work.tasks.close();
    lead.work.tasks.wait().await;
    let app = lead.work.app.clone();
    let handed_over = async {
        lead.settle_all().await?;
        let mut tx = app.db.begin_write().await?;
        sql::release_lease(&mut tx, &app.node_id, epoch).await?;
        tx.commit().await
    };
    if let Err(error) = handed_over.await {
        tracing::warn!(error = %Causes(&error), "webhooks were not handed over; another node waits for the lease to lapse");
    }
}

/// Until the next look. Who delivers on another node is told of what this one writes, and that somebody follows here.
async fn stand_by(app: &AppState) {
    let until = clock::timer_now() + LOOK;
    let mut has_news = app.part::<Live>().is_followed();
    while !app.stopping.is_cancelled() && clock::timer_now() < until {
        if has_news && let Err(error) = notices::tell_written(app).await {
            tracing::warn!(error = %Causes(&error), "who delivers is not told of what is new");
        }
        // What is written meanwhile shares the next notice.
        wait(app, PACE).await;
        has_news = tokio::select! {
            () = app.part::<Bell>().0.notified() => true,
            () = tokio::time::sleep_until(until) => false,
            () = app.stopping.cancelled() => false,
        };
    }
}

async fn wait(app: &AppState, span: Duration) {
    tokio::select! {
        () = tokio::time::sleep(span) => {}
        () = app.stopping.cancelled() => {}
    }
}
