//! The record of calls: each call's task numbers its own timeline and outbox ([`CallRecord`]), one writer per node writes
//! them for all calls ([`RecordWriter`]), and what is open without running is closed ([`tick`], [`recover`]).

mod abandoned;
mod ample;
mod call_record;
mod change;
mod conferences;
mod flush;
mod handle;
mod journal;
mod journal_writer;
mod live;
mod lost;
mod pending;
mod refused;
mod spool;
mod story;
mod witness;
mod writer;
mod written_off;

use std::time::Duration;

pub(in crate::calls) use call_record::Draft;
pub use call_record::{CallEnd, CallFunds, CallRecord, DialogKeeper};
pub(in crate::calls) use change::Changes;
pub(crate) use flush::BATCHES;
pub use handle::RecordWriter;
pub use journal_writer::Written;
pub use live::Allowance;
pub use lost::{CAUSE_NODE_LOST, Recovered, ended, living_nodes, reconcile, recover};
pub use story::event_data;

use super::CallError;
use crate::calls::Hub;
use crate::calls::pbx;
use crate::calls::trace::keeper;
use crate::state::AppState;

/// Between two ticks: live calls are extended, this node says that it is alive (billing.md: every 5 s).
const TICK_EVERY: Duration = Duration::from_secs(5);
/// A node that has not said so for this long is dead: its calls are closed and its holds given back (billing.md: 60 s).
const LEASE_US: i64 = 60 * 1_000_000;

/// Until when a node is alive that says so at `now_us`.
fn lease_until(now_us: i64) -> i64 {
    now_us.saturating_add(LEASE_US)
}

/// Says that this node is alive, writes what an earlier process spooled and closes what it left open, then starts the writer.
/// Once, before the gateway takes calls; once it has ended the dialogs that this gives, [`ended`] is to be told.
///
/// # Errors
/// The database failed.
pub async fn start(app: &AppState) -> Result<Vec<Recovered>, CallError> {
    lost::say_alive(app).await?;
    let mut writer = writer::Writer::new(app, Hub::of(app).writer().clone());
    writer.replay().await?;
    let recovered = lost::recover_own(app).await?;
    app.tasks.spawn(writer.run());
    app.tasks.spawn(keeper::run(app.clone()));
    app.tasks.spawn(run_ticks(app.clone()));
    app.tasks.spawn(run_reconciling(app.clone()));
    app.tasks.spawn(pbx::run(app.clone()));
    Ok(recovered)
}

/// Starts the writer and the keeper of traces: for tests that drive ticks themselves. The handle is the writer's.
pub fn start_writer(app: &AppState) -> tokio::task::AbortHandle {
    app.tasks.spawn(keeper::run(app.clone()));
    app.tasks.spawn(writer::Writer::new(app, Hub::of(app).writer().clone()).run()).abort_handle()
}

/// Waits for nothing but time: calls must hear of an outage that everything else waits for.
async fn run_ticks(app: AppState) {
    loop {
        tick(&app);
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(TICK_EVERY) => {}
        }
    }
}

async fn run_reconciling(app: AppState) {
    let writer = Hub::of(&app).writer().clone();
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(TICK_EVERY) => {}
            () = writer.back.notified() => {}
        }
        if let Err(error) = reconcile(&app).await {
            // While the database is away there is nothing to reconcile.
            tracing::warn!(%error, "open calls could not be compared with those that run");
        }
    }
}

/// Has live calls hold what they will use up, and says that this node is alive. While that reaches nobody calls go on on credit.
pub fn tick(app: &AppState) {
    let now = app.clock.monotonic();
    let hub = Hub::of(app);
    hub.seats().tidy(now);
    hub.writer().tick(now, lease_until(app.now_us()));
    let lent = hub.writer().lend(now, Duration::from_secs(app.config.billing.outage_credit_seconds.into()));
    if let Some(gateway) = hub.gateway() {
        lent.into_iter().for_each(|call| gateway.allow(call));
    }
}
