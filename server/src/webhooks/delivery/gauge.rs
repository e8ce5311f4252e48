//! How far delivery is behind, for the operator's `/metrics`.

use std::sync::Weak;

use parking_lot::Mutex;

use super::Work;
use super::schedule::SECOND_US;
use super::watch::Watch;
use crate::state::{AppState, Part};
use crate::webhooks::store::dispatch as sql;

/// Counted at most, so that a look at a long queue costs little.
const COUNTED: i64 = 10_000;

/// What this node delivers by, while it does, and what it has seen of others that do.
#[derive(Default)]
pub struct Dispatching {
    pub(super) work: Mutex<Weak<Work>>,
    pub(super) watch: Mutex<Watch>,
}

impl Part for Dispatching {}

/// How things stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Events that wait to be told.
    pub outbox: i64,
    /// How long the oldest has waited, in seconds.
    pub outbox_age_seconds: f64,
    /// Deliveries that are not settled.
    pub pending: i64,
    /// What only the node knows that delivers.
    pub of_dispatcher: Option<OfDispatcher>,
}

/// See [`Gauge`].
#[derive(Debug, Clone, PartialEq)]
pub struct OfDispatcher {
    /// Since when what has waited longest for an attempt may go, in seconds.
    pub lag_seconds: f64,
    /// Attempts on their way.
    pub running: u32,
}

/// Reads it.
///
/// # Errors
/// The database failed.
pub async fn read(app: &AppState) -> Result<Gauge, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let (outbox, oldest) = sql::outbox(&mut conn, COUNTED).await?;
    let pending = sql::count_pending(&mut conn, COUNTED).await?;
    let now_us = app.now_us();
    let seconds_since =
        |at_us: Option<i64>| at_us.map_or(0.0, |at_us| (now_us - at_us).max(0) as f64 / SECOND_US as f64);
    let of_dispatcher = app.part::<Dispatching>().work.lock().upgrade().and_then(|work| {
        let state = work.state.lock();
        state.may_send().then(|| OfDispatcher {
            lag_seconds: seconds_since(state.scheduler.oldest_due_us(now_us)),
            running: state.scheduler.running(),
        })
    });
    Ok(Gauge { outbox, outbox_age_seconds: seconds_since(oldest), pending, of_dispatcher })
}
