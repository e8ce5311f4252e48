//! One flush: what is new about many calls, in one transaction of two messages to the database: what has to be known, and
//! what is written. What few flushes have goes in messages of its own.
//!
//! Everything of it can be repeated: a flush whose commit was not heard of is simply made again. Rows are inserted once,
//! an end counts only while the call is open, a cause moves money once, and what a node holds is written as a sum.

use std::collections::{HashMap, HashSet};

use sautikit_api::ids::{CallId, WorkspaceId};

use super::change::Changes;
use crate::audit;
use crate::calls::store::{flush as sql, nodes};
use crate::calls::{CallError, CallRow};
use crate::db::batch::{Batch as Together, Told};
use crate::db::rows::Filled;
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
    let mut tx = app.db.begin_write_by_key().await?;
    let answers = idempotency::store_answers(batch.openings.iter().filter_map(|opening| opening.answer.as_ref()));
    let stored = ANSWERS.run(&mut tx, dialect, vec![answers]).await?;
    let mut asks = vec![sql::open_among(batch.changes.iter().map(|changes| changes.call_id))];
    // As if every call were open and every key free: what is locked may be more than what is needed.
    asks.extend(settle::ask(node_id, held, &money(batch, |_| true, |_| true)));
    let told = READ.run(&mut tx, dialect, asks).await?;
    let decided = decide(app, node_id, held, batch, &stored, &told)?;
    let written = WRITE.run(&mut tx, dialect, decided.writes).await?;
    if sql::updated(&written) != decided.updates || !settle::is_written(decided.purses.len(), &written) {
        // Another node closed one of them in this moment: made again, the flush sees that.
        return Err(CallError::Database(sqlx::Error::PoolTimedOut));
    }
    BESIDE.run(&mut tx, dialect, decided.beside).await?;
    tx.commit().await?;
    Ok(Flushed { opened: decided.opened, grants: decided.grants, purses: decided.purses })
}

/// The answers to requests with a key, which tells whose the key is.
static ANSWERS: Together = Together::new("ANSWERS", &[&idempotency::INSERT_ANSWERS]);
/// What is asked: which calls there are, and how the wallets stand, which it locks.
static READ: Together = Together::new("READ", &[&sql::OPEN_AMONG, settle::ASKS[0], settle::ASKS[1], settle::ASKS[2]]);
/// What is written. What a row refers to stands before it.
static WRITE: Together = Together::new(
    "WRITE",
    &[
        settle::WRITES[0],
        settle::WRITES[1],
        settle::WRITES[2],
        &sql::INSERT_CALLS,
        &sql::UPDATE_CALLS,
        &sql::UPSERT_LEGS,
        &sql::INSERT_ENTRIES,
        &webhooks::INSERT_EVENTS,
    ],
);
/// What most flushes have nothing of, and need not bind and run for nothing.
static BESIDE: Together = Together::new(
    "BESIDE",
    &[&idempotency::DELETE_ANSWERS, &audit::INSERT_LINES, &sql::TOUCH_MEDIA, &nodes::RENEW_LEASE],
);
/// The batches of a flush.
pub(crate) static BATCHES: [&Together; 4] = [&ANSWERS, &READ, &WRITE, &BESIDE];

/// What a flush comes to once everything is known.
struct Decided {
    opened: Vec<Opened>,
    grants: Vec<Grant>,
    purses: HashMap<WorkspaceId, Purse>,
    writes: Vec<Filled>,
    beside: Vec<Filled>,
    /// Rows of calls that have to be there still.
    updates: u64,
}

fn decide(
    app: &AppState,
    node_id: &str,
    held: &HashMap<WorkspaceId, Held>,
    batch: &Batch,
    stored: &Told,
    told: &Told,
) -> Result<Decided, CallError> {
    let stored = idempotency::stored_answers(stored)?;
    let has_key = |opening: &Opening| opening.answer.as_ref().is_none_or(|answer| stored.contains(&answer.place()));
    let open = sql::open_of(told)?;
    let is_open = |changes: &Changes| open.contains(&changes.call_id);

    let settled = settle::settle(app, node_id, held, &money(batch, is_open, has_key), told)?;
    let (own, of_openings) = settled.grants.split_at(batch.demands.len());
    let opened = opened(batch, has_key, of_openings);
    let openings = || batch.openings.iter().zip(&opened);
    let let_in = || openings().filter(|(_, opened)| **opened == Opened::Yes).map(|(opening, _)| opening);
    let refused: HashSet<_> = openings()
        .filter(|(_, opened)| matches!(opened, Opened::NoFunds(_)))
        .filter_map(|(opening, _)| opening.answer.as_ref())
        .map(StoredAnswer::place)
        .collect();

    let changed = || batch.changes.iter().filter(|changes| is_open(changes));
    let written = || let_in().map(|opening| &opening.changes).chain(&batch.changes);
    let entry_of = |changes: &Changes| settled.entries.get(&changes.call_id).copied();
    let mut writes = settled.writes;
    writes.extend([
        sql::insert_calls(node_id, let_in().map(|opening| &opening.call)),
        sql::update_calls(changed().map(|changes| (changes, entry_of(changes)))),
        sql::upsert_legs(let_in().map(|opening| &opening.changes).chain(changed())),
        sql::insert_entries(written()),
        webhooks::emit_all(written().flat_map(|changes| &changes.outbox).chain(&settled.events)),
    ]);
    let beside = vec![
        idempotency::withdraw_answers(&refused),
        audit::record_all(let_in().filter_map(|opening| opening.audit.as_ref())),
        sql::touch_media(batch.heard.iter().copied()),
        nodes::renew_lease(node_id, batch.lease_until),
    ];
    let updates = changed().count() as u64;
    Ok(Decided { grants: own.to_vec(), opened, purses: settled.purses, writes, beside, updates })
}

/// What the batch wants of the wallets, where these calls are open and these openings have their key.
fn money(batch: &Batch, is_open: impl Fn(&Changes) -> bool, has_key: impl Fn(&Opening) -> bool) -> CallsMoney {
    let mut money = CallsMoney { restated: batch.restated.clone(), ..CallsMoney::default() };
    for changes in batch.changes.iter().filter(|changes| changes.is_end()) {
        money.released.push((changes.workspace_id, changes.call_id));
        if let Some(cost_minor) = changes.state.cost_minor.filter(|cost| *cost > 0 && is_open(changes)) {
            money.debits.push(CallDebit { workspace_id: changes.workspace_id, call_id: changes.call_id, cost_minor });
        }
    }
    money.demands.clone_from(&batch.demands);
    for opening in batch.openings.iter().filter(|opening| has_key(opening)) {
        money.demands.extend(opening.demand.map(|demand| (opening.call.workspace_id, demand)));
    }
    money
}

/// What becomes of each opening; `grants` are those of the openings that have their key and ask for money, in their order.
fn opened(batch: &Batch, has_key: impl Fn(&Opening) -> bool, grants: &[Grant]) -> Vec<Opened> {
    let mut grants = grants.iter();
    let outcome = |opening: &Opening| {
        if !has_key(opening) {
            return Opened::KeyTaken;
        }
        match opening.demand.and_then(|_| grants.next()).map(|grant| grant.outcome) {
            Some(Err(available_minor)) => Opened::NoFunds(available_minor),
            Some(Ok(_)) | None => Opened::Yes,
        }
    };
    batch.openings.iter().map(outcome).collect()
}
