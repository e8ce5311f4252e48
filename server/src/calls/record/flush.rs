//! One flush: what is new about many calls, in one transaction of two messages to the database: what has to be known, and
//! what is written. What few flushes have goes in messages of its own.
//!
//! Everything of it can be repeated: a flush whose commit was not heard of is simply made again. Rows are inserted once,
//! an end counts only while the call is open, a cause moves money once, and what a node holds is written as a sum.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sautikit_api::ids::{CallId, WorkspaceId};
use sqlx::AnyConnection;

use super::change::Changes;
use super::conferences;
use crate::audit;
use crate::calls::limits::Full;
use crate::calls::store::{conferences as conference_rows, flush as sql, limits, nodes, traces};
use crate::calls::trace::TraceRow;
use crate::calls::{CallError, CallRow, Direction};
use crate::db;
use crate::db::batch::{Batch as Together, Told};
use crate::db::rows::Filled;
use crate::jobs::{self, Lane};
use crate::state::AppState;
use crate::wallet::WalletError;
use crate::wallet::alerts;
use crate::wallet::quota::{Demand, Grant, Held, Short};
use crate::wallet::settle::{self, CallDebit, CallsMoney, Purse};
use crate::web::idempotency::{self, StoredAnswer};
use crate::webhooks;

/// What "per second" means.
const SECOND_US: i64 = 1_000_000;

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
    /// How many calls the workspace may have, where that is limited.
    pub(super) most: Option<Most>,
}

/// How many calls a workspace may have, on all nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// At the same time.
    pub(super) concurrent: Option<u32>,
    /// Outbound ones that begin within a second.
    pub(super) per_second: Option<u32>,
}

/// What goes into one transaction.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) openings: Vec<Opening>,
    pub(super) changes: Vec<Changes>,
    /// Events that no call's record has.
    pub(super) events: Vec<webhooks::NewEvent>,
    /// Demands of calls that are open.
    pub(super) demands: Vec<(WorkspaceId, Demand)>,
    /// When calls were last heard, in microseconds UTC.
    pub(super) heard: Vec<(CallId, i64)>,
    /// Until when this node is alive, in microseconds UTC.
    pub(super) lease_until: Option<i64>,
    /// Workspaces whose sum of holds is to be written as it stands.
    pub(super) restated: Vec<WorkspaceId>,
    /// Traces of calls that are over.
    pub(super) traces: Vec<TraceRow>,
    /// Answers that are to be taken back, where they stand.
    pub(super) withdrawn: Vec<StoredAnswer>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.openings.is_empty()
            && self.changes.is_empty()
            && self.events.is_empty()
            && self.demands.is_empty()
            && self.heard.is_empty()
            && self.lease_until.is_none()
            && self.restated.is_empty()
            && self.traces.is_empty()
            && self.withdrawn.is_empty()
    }
}

impl Batch {
    /// How many workspaces its money is of.
    pub(super) fn workspaces(&self) -> usize {
        let demanded = self.demands.iter().map(|(workspace, _)| *workspace);
        demanded.chain(self.restated.iter().copied()).collect::<BTreeSet<_>>().len()
    }

    /// What it has of demands and restated workspaces, in one batch for each workspace.
    pub(super) fn by_workspace(self) -> impl Iterator<Item = Self> {
        let mut parts: BTreeMap<WorkspaceId, Self> = BTreeMap::new();
        for (workspace, demand) in self.demands {
            parts.entry(workspace).or_default().demands.push((workspace, demand));
        }
        for workspace in self.restated {
            parts.entry(workspace).or_default().restated.push(workspace);
        }
        parts.into_values()
    }
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// It stands.
    Yes,
    /// Too little money, or too little left of the day.
    Short(Short),
    /// Too many calls.
    Full(Full),
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
    /// Ends of calls that were over already, which changed nothing.
    pub(super) late: Vec<Late>,
}

/// The end of a call that was over already: another node had closed it, or a commit was not heard of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) call_id: CallId,
    /// What it says that the call cost, tax included.
    pub(super) cost_minor: i64,
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
    // Openings too that are counted: one whose commit was not heard of stands already.
    let counted = batch.openings.iter().filter(|opening| opening.most.is_some()).map(|opening| opening.call.id);
    let mut asks = vec![sql::open_among(batch.changes.iter().map(|changes| changes.call_id).chain(counted))];
    // As if every call were open and every key free: what is locked may be more than what is needed.
    asks.extend(settle::ask(node_id, held, &money(batch, |_| true, |_| true)));
    let told = READ.run(&mut tx, dialect, asks).await?;
    let full = full(app, &mut tx, batch, &sql::open_of(&told)?).await?;
    let events = conferences::untold(&mut tx, node_id, &batch.events).await?;
    let decided = decide(app, node_id, held, (batch, events.as_slice()), (&stored, &full), &told)?;
    let tells = decided.tells;
    let written = WRITE.run(&mut tx, dialect, decided.writes).await?;
    if sql::updated(&written) != decided.updates || !settle::is_written(decided.purses.len(), &written) {
        // Another node closed one of them in this moment: made again, the flush sees that.
        return Err(CallError::Database(sqlx::Error::PoolTimedOut));
    }
    BESIDE.run(&mut tx, dialect, decided.beside).await?;
    conferences::write(&mut tx, dialect, node_id, &events).await?;
    alerts::enqueue(&mut tx, app, &decided.low).await?;
    tx.commit().await?;
    if tells {
        webhooks::ring(app);
    }
    if !decided.low.is_empty() {
        jobs::ring(app, Lane::Own);
    }
    Ok(Flushed { opened: decided.opened, grants: decided.grants, purses: decided.purses, late: decided.late })
}

/// Whether a flush that failed so says nothing about what was to be written: trying it again can succeed.
pub(super) fn is_away(error: &CallError) -> bool {
    match error {
        CallError::Database(error) | CallError::Wallet(WalletError::Database(error)) => !db::is_refusal(error),
        _ => false,
    }
}

/// The answers to requests with a key, which tells whose the key is.
static ANSWERS: Together = Together::new("ANSWERS", &[&idempotency::INSERT_ANSWERS]);
/// What is asked: which calls there are, and how the wallets stand, which it locks.
static READ: Together = Together::new("READ", &[&sql::OPEN_AMONG, settle::ASKS[0], settle::ASKS[1], settle::ASKS[2]]);
/// What is asked where how many calls there may be is limited, under the lock of their wallets.
static COUNT: Together = Together::planned_each_time("COUNT", &[&limits::COUNT_CALLS]);
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
        &traces::INSERT_TRACES,
    ],
);
/// What most flushes have nothing of, and need not bind and run for nothing.
static BESIDE: Together = Together::new(
    "BESIDE",
    &[&idempotency::DELETE_ANSWERS, &audit::INSERT_LINES, &sql::TOUCH_MEDIA, &nodes::RENEW_LEASE],
);
/// The batches of a flush.
pub(crate) static BATCHES: [&Together; 6] = [&ANSWERS, &READ, &COUNT, &WRITE, &BESIDE, &conference_rows::CONFERENCES];

/// What a flush comes to once everything is known.
struct Decided {
    opened: Vec<Opened>,
    grants: Vec<Grant>,
    purses: HashMap<WorkspaceId, Purse>,
    late: Vec<Late>,
    writes: Vec<Filled>,
    beside: Vec<Filled>,
    /// Rows of calls that have to be there still.
    updates: u64,
    /// Whether the outbox has something new.
    tells: bool,
    /// Balances that fell below their threshold.
    low: Vec<webhooks::NewEvent>,
}

fn decide(
    app: &AppState,
    node_id: &str,
    held: &HashMap<WorkspaceId, Held>,
    (batch, events): (&Batch, &[&webhooks::NewEvent]),
    (stored, full): (&Told, &HashMap<CallId, Full>),
    told: &Told,
) -> Result<Decided, CallError> {
    let stored = idempotency::stored_answers(stored)?;
    let has_key = |opening: &Opening| opening.answer.as_ref().is_none_or(|answer| stored.contains(&answer.place()));
    let may_begin = |opening: &Opening| has_key(opening) && !full.contains_key(&opening.call.id);
    let open = sql::open_of(told)?;
    let is_open = |changes: &Changes| open.contains(&changes.call_id);

    let settled = settle::settle(app, node_id, held, &money(batch, is_open, may_begin), told)?;
    let (own, of_openings) = settled.grants.split_at(batch.demands.len());
    let opened = opened(batch, has_key, full, of_openings);
    let openings = || batch.openings.iter().zip(&opened);
    let let_in = || openings().filter(|(_, opened)| **opened == Opened::Yes).map(|(opening, _)| opening);
    let refused = openings()
        .filter(|(_, opened)| matches!(opened, Opened::Short(_) | Opened::Full(_)))
        .filter_map(|(opening, _)| opening.answer.as_ref());

    let changed = || batch.changes.iter().filter(|changes| is_open(changes));
    let written = || {
        let opened = let_in().map(|opening| (&opening.changes, true));
        opened.chain(batch.changes.iter().map(|changes| (changes, is_open(changes))))
    };
    let told_of = || written().flat_map(|(changes, is_open)| changes.events_of(is_open));
    let entry_of = |changes: &Changes| settled.entries.get(&changes.call_id).copied();
    let mut writes = settled.writes;
    writes.extend([
        sql::insert_calls(node_id, let_in().map(|opening| &opening.call)),
        sql::update_calls(changed().map(|changes| (changes, entry_of(changes)))),
        sql::upsert_legs(let_in().map(|opening| &opening.changes).chain(changed())),
        sql::insert_entries(written()),
        webhooks::emit_all(told_of().chain(events.iter().copied()).chain(&settled.events)),
        traces::insert_traces(batch.traces.iter()),
    ]);
    let beside = vec![
        idempotency::withdraw_answers(refused.chain(&batch.withdrawn)),
        audit::record_all(let_in().filter_map(|opening| opening.audit.as_ref())),
        sql::touch_media(batch.heard.iter().copied()),
        nodes::renew_lease(node_id, batch.lease_until),
    ];
    let updates = changed().count() as u64;
    let late = batch.changes.iter().filter(|changes| changes.says_end() && !is_open(changes)).map(|changes| Late {
        call_id: changes.call_id,
        cost_minor: changes.state.cost_minor.unwrap_or(0).saturating_add(changes.state.tax_minor),
    });
    let tells = !settled.events.is_empty() || !events.is_empty() || told_of().next().is_some();
    Ok(Decided {
        grants: own.to_vec(),
        opened,
        purses: settled.purses,
        late: late.collect(),
        writes,
        beside,
        updates,
        tells,
        low: settled.events,
    })
}

/// Openings for which their workspace has too many calls. Counted under the wallet's lock, so that nodes do not go beyond a
/// limit together; nothing is asked where nothing is limited.
async fn full(
    app: &AppState,
    conn: &mut AnyConnection,
    batch: &Batch,
    open: &HashSet<CallId>,
) -> Result<HashMap<CallId, Full>, CallError> {
    let limited = || batch.openings.iter().filter_map(|opening| Some((opening, opening.most?)));
    let workspaces: BTreeSet<_> = limited().map(|(opening, _)| opening.call.workspace_id).collect();
    if workspaces.is_empty() {
        return Ok(HashMap::new());
    }
    let asks = limits::count_calls(workspaces.iter().copied(), app.now_us() - SECOND_US);
    let told = COUNT.run(conn, app.db.dialect(), vec![asks]).await?;
    let mut counts: HashMap<_, _> = HashMap::new();
    for (workspace, running, begun) in limits::counted(&told)? {
        // Those that end with this flush run no longer.
        let ends = batch
            .changes
            .iter()
            .filter(|changes| changes.workspace_id == workspace && changes.is_end() && open.contains(&changes.call_id));
        counts.insert(workspace, (running - ends.count() as i64, begun));
    }
    let mut full = HashMap::new();
    for (opening, most) in limited() {
        if open.contains(&opening.call.id) {
            continue; // It stands, and is counted.
        }
        let Some((running, begun)) = counts.get_mut(&opening.call.workspace_id) else { continue };
        let is_outbound = opening.call.direction == Direction::Outbound;
        let reached = |most: Option<u32>, count: i64| most.filter(|most| count >= i64::from(*most));
        if let Some(most) = reached(most.concurrent, *running) {
            full.insert(opening.call.id, Full::Concurrent(most));
        } else if let Some(most) = reached(most.per_second.filter(|_| is_outbound), *begun) {
            full.insert(opening.call.id, Full::PerSecond(most));
        } else {
            *running += 1;
            *begun += i64::from(is_outbound);
        }
    }
    Ok(full)
}

/// What the batch wants of the wallets, where these calls are open and these openings may begin.
fn money(batch: &Batch, is_open: impl Fn(&Changes) -> bool, may_begin: impl Fn(&Opening) -> bool) -> CallsMoney {
    let mut money = CallsMoney { restated: batch.restated.clone(), ..CallsMoney::default() };
    // For the lock under which they are counted.
    money.restated.extend(batch.openings.iter().filter(|one| one.most.is_some()).map(|one| one.call.workspace_id));
    for changes in batch.changes.iter().filter(|changes| changes.is_end()) {
        money.released.push((changes.workspace_id, changes.call_id));
        if let Some(cost_minor) = changes.state.cost_minor.filter(|cost| *cost > 0 && is_open(changes)) {
            let Changes { workspace_id, call_id, .. } = *changes;
            let tax_minor = changes.state.tax_minor;
            money.debits.push(CallDebit { workspace_id, call_id, cost_minor, tax_minor });
        }
    }
    money.demands.clone_from(&batch.demands);
    for opening in batch.openings.iter().filter(|opening| may_begin(opening)) {
        money.demands.extend(opening.demand.map(|demand| (opening.call.workspace_id, demand)));
    }
    money
}

/// What becomes of each opening; `grants` are those of the openings that may begin and ask for money, in their order.
fn opened(
    batch: &Batch,
    has_key: impl Fn(&Opening) -> bool,
    full: &HashMap<CallId, Full>,
    grants: &[Grant],
) -> Vec<Opened> {
    let mut grants = grants.iter();
    let outcome = |opening: &Opening| {
        if !has_key(opening) {
            return Opened::KeyTaken;
        }
        if let Some(full) = full.get(&opening.call.id) {
            return Opened::Full(*full);
        }
        match opening.demand.and_then(|_| grants.next()).map(|grant| grant.outcome) {
            Some(Err(short)) => Opened::Short(short),
            Some(Ok(_)) | None => Opened::Yes,
        }
    };
    batch.openings.iter().map(outcome).collect()
}
