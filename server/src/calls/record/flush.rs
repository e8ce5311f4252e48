//! One flush: what is new about many calls, in one transaction of about a dozen shared statements.
//!
//! Everything of it can be repeated: a flush whose commit was not heard of is simply made again. Rows are inserted once,
//! an end counts only while the call is open, a cause moves money once, and what a node holds is written as a sum.

use std::collections::{HashMap, HashSet};

use sautikit_api::ids::{CallId, LedgerEntryId, WorkspaceId};

use super::change::Changes;
use crate::audit;
use crate::calls::store::{flush as sql, nodes};
use crate::calls::{CallError, CallRow};
use crate::state::AppState;
use crate::wallet::quota::{Demand, Grant, Held};
use crate::wallet::settle::{self, CallDebit, CallsMoney, Purse};
use crate::web::idempotency::{self, StoredAnswer};
use crate::webhooks;

/// A call that is to be opened, with what is written beside it.
pub(super) struct Opening {
    /// The row to insert.
    pub(super) call: CallRow,
    /// Its first legs, entries and events.
    pub(super) changes: Changes,
    /// What it asks the wallet for; nothing for a call that costs nothing.
    pub(super) demand: Option<Demand>,
    /// The answer to the request that opens it, under its `Idempotency-Key`.
    pub(super) answer: Option<StoredAnswer>,
    /// The line of the audit log.
    pub(super) audit: Option<audit::Line>,
}

/// What goes into one transaction.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) openings: Vec<Opening>,
    pub(super) changes: Vec<Changes>,
    /// Demands of calls that are open.
    pub(super) demands: Vec<(WorkspaceId, Demand)>,
    /// When calls were last heard, in microseconds UTC.
    pub(super) heard: Vec<(CallId, i64)>,
    /// Until when this node is alive, in microseconds UTC.
    pub(super) lease_until: Option<i64>,
    /// Workspaces whose sum of holds is to be written as it stands.
    pub(super) restated: Vec<WorkspaceId>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.openings.is_empty()
            && self.changes.is_empty()
            && self.demands.is_empty()
            && self.heard.is_empty()
            && self.lease_until.is_none()
            && self.restated.is_empty()
    }
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// It stands.
    Yes,
    /// Too little money: so much is available.
    NoFunds(i64),
    /// Another request has its `Idempotency-Key`.
    KeyTaken,
}

/// What a flush did.
#[derive(Default)]
pub(super) struct Flushed {
    /// One per opening, in their order.
    pub(super) opened: Vec<Opened>,
    /// One per demand of a call that was open, in their order.
    pub(super) grants: Vec<Grant>,
    /// The workspaces whose money was touched.
    pub(super) purses: HashMap<WorkspaceId, Purse>,
}

/// Writes the batch for the node `node_id`, whose calls hold what `held` says.
///
/// # Errors
/// The database failed; nothing was written, or, where a commit was not heard of, perhaps all.
pub(super) async fn flush(
    app: &AppState,
    node_id: &str,
    held: &HashMap<WorkspaceId, Held>,
    batch: &Batch,
) -> Result<Flushed, CallError> {
    let dialect = app.db.dialect();
    let mut tx = app.db.begin_write().await?;

    let answers: Vec<_> = batch.openings.iter().filter_map(|opening| opening.answer.as_ref()).collect();
    let stored = idempotency::store_answers(&mut tx, dialect, &answers).await?;
    let has_key = |opening: &&Opening| opening.answer.as_ref().is_none_or(|answer| stored.contains(&answer.place()));

    let calls = || batch.changes.iter();
    let open = sql::open_among(&mut tx, dialect, calls().map(|changes| changes.call_id)).await?;
    let is_open = |changes: &&Changes| open.contains(&changes.call_id);

    let mut money = CallsMoney { restated: batch.restated.clone(), ..CallsMoney::default() };
    for changes in calls().filter(|changes| changes.is_end()) {
        money.released.push((changes.workspace_id, changes.call_id));
        if let Some(cost_minor) = changes.state.cost_minor.filter(|cost| *cost > 0 && is_open(&changes)) {
            money.debits.push(CallDebit { workspace_id: changes.workspace_id, call_id: changes.call_id, cost_minor });
        }
    }
    money.demands.clone_from(&batch.demands);
    for opening in batch.openings.iter().filter(has_key) {
        money.demands.extend(opening.demand.map(|demand| (opening.call.workspace_id, demand)));
    }
    let settled = settle::settle(&mut tx, app, node_id, held, &money).await?;

    let (own, of_openings) = settled.grants.split_at(batch.demands.len());
    let mut grants = of_openings.iter();
    let opened: Vec<_> = batch
        .openings
        .iter()
        .map(|opening| {
            if !has_key(&opening) {
                return Opened::KeyTaken;
            }
            match opening.demand.and_then(|_| grants.next()).map(|grant| grant.outcome) {
                Some(Err(available_minor)) => Opened::NoFunds(available_minor),
                Some(Ok(_)) | None => Opened::Yes,
            }
        })
        .collect();
    let let_in =
        || batch.openings.iter().zip(&opened).filter(|(_, opened)| **opened == Opened::Yes).map(|(one, _)| one);
    let refused: HashSet<_> = batch
        .openings
        .iter()
        .zip(&opened)
        .filter(|(_, opened)| matches!(opened, Opened::NoFunds(_)))
        .filter_map(|(opening, _)| opening.answer.as_ref())
        .map(StoredAnswer::place)
        .collect();
    idempotency::withdraw_answers(&mut tx, dialect, &refused).await?;

    let written = || let_in().map(|opening| &opening.changes).chain(&batch.changes);
    sql::insert_calls(&mut tx, dialect, node_id, let_in().map(|opening| &opening.call)).await?;
    let entry_of = |changes: &Changes| -> Option<LedgerEntryId> { settled.entries.get(&changes.call_id).copied() };
    let changed: Vec<_> = calls().filter(is_open).collect();
    let rows = changed.iter().map(|changes| (*changes, entry_of(changes)));
    if sql::update_calls(&mut tx, dialect, rows).await? != changed.len() as u64 {
        // Another node closed one of them in this moment: made again, the flush sees that.
        return Err(CallError::Database(sqlx::Error::PoolTimedOut));
    }
    sql::upsert_legs(&mut tx, dialect, let_in().map(|opening| &opening.changes).chain(changed.iter().copied())).await?;
    sql::insert_entries(&mut tx, dialect, written()).await?;
    let events: Vec<_> = written().flat_map(|changes| &changes.outbox).chain(&settled.events).collect();
    webhooks::emit_all(&mut tx, dialect, &events).await?;
    let lines: Vec<_> = let_in().filter_map(|opening| opening.audit.as_ref()).collect();
    audit::record_all(&mut tx, dialect, &lines).await?;
    sql::touch_media(&mut tx, dialect, batch.heard.iter().copied()).await?;
    if let Some(lease_until) = batch.lease_until {
        nodes::renew_lease(&mut tx, node_id, lease_until).await?;
    }
    tx.commit().await?;

    Ok(Flushed { opened, grants: own.to_vec(), purses: settled.purses })
}
