//! Calls that are open in the table and run nowhere: closed from what the database knows, billed to the last sign of
//! media and never beyond. A call that is closed so is never dialled again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CallEnd;
use super::change::Changes;
use super::conferences;
use super::flush::{Batch, flush, is_away};
use super::journal::{Dialogs, Journal};
use super::journal_writer::JournalWriter;
use super::spool::Spool;
use super::story::Story;
use crate::calls::Hub;
use crate::calls::store::legs::StoredLeg;
use crate::calls::store::{self, nodes};
use crate::calls::{CallError, CallRow};
use crate::db::Causes;
use crate::state::AppState;

/// Calls closed per round; rounds repeat until none is left.
const BATCH: i64 = 200;
/// Dead nodes whose calls are closed per tick.
const DEAD_NODES: usize = 8;
/// Nodes that are told apart from this one; an installation has a handful.
const OTHER_NODES: i64 = 1_000;
/// A row without a live call is closed only when it is older: one that is being opened just now, or whose end is being
/// written, is not lost.
const LOST_AFTER_US: i64 = 10 * 1_000_000;

/// Tries of a flush that closes calls: who closes the same ones in this moment is no reason to leave the others open.
const TRIES: u32 = 3;
/// Between them.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// Calls whose ends the database refuses that are remembered, so that nobody tries them again before the next start. One is a
/// fault of ours already.
const MOST_PUT_ASIDE: usize = 4_096;

/// The cause that such calls show.
pub const CAUSE_NODE_LOST: &str = "node_lost";

/// A call that was closed, with the dialogs that the carrier may still hold open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recovered {
    /// The call.
    pub call_id: CallId,
    /// What its legs have open: each dialog wants a BYE, so that the carrier does not bill on, and each INVITE a CANCEL. The same
    /// dialog may be among them twice, the newest first.
    pub dialogs: Vec<Value>,
}

/// Closes the calls that an earlier process of this node left open, before the gateway takes calls; from here on dialogs
/// of this process are kept for the next one. [`ended`] wants to be told once the dialogs that this gives were ended.
///
/// # Errors
/// The database failed.
pub(super) async fn recover_own(app: &AppState) -> Result<Vec<Recovered>, CallError> {
    let journal = Arc::new(Journal::new(&app.config.data_dir));
    let dialogs = of_disk(&journal, "the newest dialogs of the process before can't be read", Journal::read).await;
    // Of a process that closed them and died before it told their carriers.
    let ending = of_disk(&journal, "dialogs that were to be ended can't be read", Journal::ending).await;
    let mut recovered = recover_with(app, &app.node_id, &dialogs.unwrap_or_default(), Some(&journal)).await?;
    recovered.extend(ending.unwrap_or_default());
    of_disk(&journal, "the dialogs of the process before can't be forgotten", Journal::clear).await;
    let mut file = journal.file();
    let writer = Hub::of(app).writer();
    // Set once, because a node starts once.
    match JournalWriter::start(move |lines, ringing| file.append(lines, ringing)) {
        Ok(started) => drop(writer.journal_writer.set(started)),
        Err(error) => {
            tracing::warn!(%error, "no thread keeps dialogs; a crash leaves some legs to their carriers");
        }
    }
    let _ = writer.journal.set(journal);
    Ok(recovered)
}

/// The other nodes that are alive.
///
/// # Errors
/// The database failed.
pub async fn living_nodes(app: &AppState) -> Result<Vec<String>, sqlx::Error> {
    nodes::list_living(&mut *app.db.acquire().await?, &app.node_id, app.now_us(), OTHER_NODES).await
}

/// Says until when this node is alive, before it takes calls: what it leaves open is closed by others, however soon it dies.
///
/// # Errors
/// The database failed.
pub(super) async fn say_alive(app: &AppState) -> Result<(), CallError> {
    let lease_until = Some(super::lease_until(app.now_us()));
    write(app, &app.node_id, &Batch { lease_until, ..Batch::default() }).await
}

/// The dialogs of these calls, which were closed without anybody to hang them up, were ended.
pub async fn ended(app: &AppState, calls: Vec<CallId>) {
    if let Some(journal) = Hub::of(app).writer().journal.get() {
        let end = move |journal: &Journal| journal.end(&calls);
        of_disk(journal, "dialogs that were ended can't be forgotten", end).await;
    }
}

/// Keeps the dialogs of calls that are about to be closed until their carriers were told.
async fn begin_ending(journal: Option<&Arc<Journal>>, closed: &[Recovered]) {
    if let Some(journal) = journal {
        let closed = closed.to_vec();
        let keep = move |journal: &Journal| journal.begin_ending(&closed);
        of_disk(journal, "dialogs that are to be ended can't be kept", keep).await;
    }
}

/// Works on the journal beside the runtime; what fails there costs a BYE, not a call.
async fn of_disk<T: Send + 'static>(
    journal: &Arc<Journal>,
    failed: &'static str,
    work: impl FnOnce(&Journal) -> std::io::Result<T> + Send + 'static,
) -> Option<T> {
    let journal = journal.clone();
    // The runtime ends where it gives nothing.
    let done = tokio::task::spawn_blocking(move || work(&journal)).await.ok()?;
    done.inspect_err(|error| tracing::warn!(%error, "{failed}")).ok()
}

/// Closes the calls that `node_id` left open and gives back what they held. The gateway is told to end their dialogs as they
/// are closed, whatever becomes of the others.
///
/// # Errors
/// The database failed.
pub async fn recover(app: &AppState, node_id: &str) -> Result<Vec<Recovered>, CallError> {
    recover_with(app, node_id, &Dialogs::new(), Hub::of(app).writer().journal.get()).await
}

/// The same, with what the node kept of its dialogs beside the database, and where what is closed is kept until its carriers
/// were told.
async fn recover_with(
    app: &AppState,
    node_id: &str,
    dialogs: &Dialogs,
    journal: Option<&Arc<Journal>>,
) -> Result<Vec<Recovered>, CallError> {
    let writer = Hub::of(app).writer();
    let mut recovered = Vec::new();
    loop {
        let mut conn = app.db.acquire().await?;
        let mut open = store::list_open_of_node(&mut conn, node_id, BATCH).await?;
        drop(conn);
        {
            let put_aside = writer.put_aside.lock();
            open.retain(|call| !put_aside.contains(&call.id));
        }
        if open.is_empty() {
            break;
        }
        tracing::warn!(node_id, calls = open.len(), "closing what a node left open");
        let (closed, changes) = close(app, open, dialogs).await?;
        begin_ending(journal, &closed).await;
        let (closed, open, outcome) = write_ends(app, node_id, closed, changes).await;
        hang_up(app, &closed);
        recovered.extend(tell(app, closed));
        if let Err(error) = outcome {
            if let Some(journal) = journal {
                // They may run still: by the next look the node may have come back.
                let forget = move |journal: &Journal| journal.end(&open);
                of_disk(journal, "dialogs of calls that were not closed can't be forgotten", forget).await;
            }
            return Err(error);
        }
    }
    conferences::close(app, node_id).await?;
    give_back(app, node_id).await?;
    Ok(recovered)
}

/// Writes the ends of calls that `node_id` left: together, and where the database refuses that, each by itself. What it
/// refuses for good is kept for people and not tried again. Gives the calls that are dealt with, those that are open still,
/// and why.
async fn write_ends(
    app: &AppState,
    node_id: &str,
    closed: Vec<Recovered>,
    changes: Vec<Changes>,
) -> (Vec<Recovered>, Vec<CallId>, Result<(), CallError>) {
    let ids = |calls: &[Recovered]| calls.iter().map(|call| call.call_id).collect::<Vec<_>>();
    let batch = Batch { changes, ..Batch::default() };
    match write(app, node_id, &batch).await {
        Ok(()) => return (closed, Vec::new(), Ok(())),
        Err(error) if is_away(&error) => return (Vec::new(), ids(&closed), Err(error)),
        Err(_) => {}
    }
    for (place, one) in batch.changes.into_iter().enumerate() {
        if let Err(error) = write_or_put_aside(app, node_id, one).await {
            let mut closed = closed;
            let open = ids(&closed.split_off(place));
            return (closed, open, Err(error));
        }
    }
    (closed, Vec::new(), Ok(()))
}

/// Writes one end, or keeps it for people where the database refuses it.
async fn write_or_put_aside(app: &AppState, node_id: &str, end: Changes) -> Result<(), CallError> {
    let call_id = end.call_id;
    let batch = Batch { changes: vec![end], ..Batch::default() };
    let error = match write(app, node_id, &batch).await {
        Err(error) if !is_away(&error) => error,
        written => return written,
    };
    tracing::error!(call = %call_id, error = %Causes(&error), "the end of a lost call is refused by the database");
    let put_aside = &Hub::of(app).writer().put_aside;
    if put_aside.lock().len() >= MOST_PUT_ASIDE {
        return Err(error);
    }
    let spool = Spool::new(&app.config.data_dir);
    let kept = tokio::task::spawn_blocking(move || spool.reject(&batch.changes.into())).await;
    if let Ok(Err(error)) = kept {
        tracing::error!(call = %call_id, %error, "the end of a lost call can not be kept for people either");
    }
    put_aside.lock().insert(call_id);
    Ok(())
}

/// Flushes for a node none of whose calls lives, so that none holds anything.
async fn write(app: &AppState, node_id: &str, batch: &Batch) -> Result<(), CallError> {
    let mut tries = 1;
    loop {
        match flush(app, node_id, &HashMap::new(), batch).await {
            Err(error) if is_away(&error) && tries < TRIES => {
                tracing::warn!(error = %Causes(&error), "what a node left could not be written; trying again");
                tries += 1;
                tokio::time::sleep(TRY_AGAIN).await;
            }
            ended => return ended.map(drop),
        }
    }
}

/// Tells the gateway, where there is one already, to end the dialogs of calls that are closed.
fn hang_up(app: &AppState, closed: &[Recovered]) {
    if let Some(gateway) = Hub::of(app).gateway().filter(|_| !closed.is_empty()) {
        gateway.end_recovered(closed.to_vec());
    }
}

/// Compares what is open for this node in the table with what runs on it: closes what does not run, hangs up what somebody
/// else closed, and closes what dead nodes left, each whatever becomes of the others. Gives what was closed, whose dialogs the
/// gateway is told to end.
///
/// # Errors
/// The database failed.
pub async fn reconcile(app: &AppState) -> Result<Vec<Recovered>, CallError> {
    let writer = Hub::of(app).writer();
    if writer.is_away() {
        return Ok(Vec::new());
    }
    let now_us = app.now_us();
    let ran: Vec<_> = writer.live.all().iter().map(|call| call.call_id).filter(|id| writer.live.is_open(*id)).collect();
    let known: HashSet<_> = writer.live.all().iter().map(|call| call.call_id).collect();
    let mut conn = app.db.acquire().await?;
    let open = store::list_open_ids_of_node(&mut conn, &app.node_id).await?;
    let busy = nodes::list_busy(&mut conn, &app.node_id, OTHER_NODES).await?;
    let dead = writer.witness.lock().dead(busy, app.clock.monotonic(), now_us);
    let mut lost = Vec::new();
    for id in not_closed_yet(app, &open) {
        // A call is live before its row is there and until its end is kept, which may have been in this moment.
        let runs = known.contains(&id) || writer.is_live(id);
        if !runs {
            lost.extend(store::find_call(&mut conn, id).await?.filter(|call| call.ended_at.is_none()));
        }
    }
    drop(conn);
    hang_up_closed(app, &ran, &open);
    let mut recovered = close_lost(app, lost).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "calls that run nowhere could not be closed");
        Vec::new()
    });
    for node in dead.into_iter().take(DEAD_NODES) {
        match recover(app, &node).await {
            Ok(closed) => recovered.extend(closed),
            Err(error) => tracing::warn!(node, error = %Causes(&error), "what a dead node left could not be closed"),
        }
    }
    Ok(recovered)
}

/// Of the open calls of this node those that are old enough to be lost, and that were not closed already: an end that is kept
/// is in the spool, or the database refuses it and it is kept for people. Another one would change nothing.
fn not_closed_yet(app: &AppState, open: &[(CallId, i64)]) -> Vec<CallId> {
    let before_us = app.now_us().saturating_sub(LOST_AFTER_US);
    let is_open: HashSet<_> = open.iter().map(|(id, _)| *id).collect();
    let mut closed = Hub::of(app).writer().closed.lock();
    closed.retain(|id| is_open.contains(id));
    let old = open.iter().filter(|(_, started_at)| *started_at < before_us).map(|(id, _)| *id);
    old.filter(|id| !closed.contains(id)).collect()
}

/// Closes calls of this node that run nowhere, by the writer, which knows what the live ones hold.
async fn close_lost(app: &AppState, lost: Vec<CallRow>) -> Result<Vec<Recovered>, CallError> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    tracing::warn!(calls = lost.len(), "closing calls that are open in the table and do not run");
    let writer = Hub::of(app).writer();
    let (recovered, changes) = close(app, lost, &Dialogs::new()).await?;
    begin_ending(writer.journal.get(), &recovered).await;
    let kept: Vec<_> = changes.into_iter().map(|one| (one.call_id, writer.put_end(one))).collect();
    for (call, told) in kept {
        if told.await.is_ok() {
            writer.closed.lock().insert(call);
        }
    }
    hang_up(app, &recovered);
    Ok(recovered)
}

/// Hangs up those of the calls that ran before the look at the table, and are not open in it though they run still: a node
/// that took this one for dead has closed and billed them, and what they would go on to use up nobody would pay.
fn hang_up_closed(app: &AppState, ran: &[CallId], open: &[(CallId, i64)]) {
    let is_open: HashSet<_> = open.iter().map(|(id, _)| *id).collect();
    for id in ran.iter().filter(|id| !is_open.contains(id) && Hub::of(app).writer().live.is_open(**id)) {
        tracing::warn!(call = %id, "a running call was closed by another node; it is hung up");
        if let Some(gateway) = Hub::of(app).gateway() {
            gateway.hangup(*id);
        }
    }
}

/// The ends of lost calls, and what their carriers have to be told.
async fn close(
    app: &AppState,
    open: Vec<CallRow>,
    dialogs: &Dialogs,
) -> Result<(Vec<Recovered>, Vec<Changes>), CallError> {
    let (mut recovered, mut changes) = (Vec::with_capacity(open.len()), Vec::with_capacity(open.len()));
    let mut conn = app.db.acquire().await?;
    for mut call in open {
        let legs = store::legs::list_legs(&mut conn, call.id).await?;
        recovered.push(Recovered { call_id: call.id, dialogs: open_dialogs(&legs, dialogs.get(&call.id)) });
        // Entries may have been written after the row's own count.
        call.entry_seq = call.entry_seq.max(store::events::last_sequence(&mut conn, call.id).await?);
        changes.push(lost(app, call, legs));
    }
    Ok((recovered, changes))
}

/// What legs have open that did not end: what was kept beside the database, which is the newest of each dialog, then that of
/// the database, which may be the same.
fn open_dialogs(legs: &[StoredLeg], kept: Option<&HashMap<LegRecordId, BTreeMap<u64, Value>>>) -> Vec<Value> {
    let mut kept = kept.cloned().unwrap_or_default();
    let mut stored = Vec::new();
    for StoredLeg { leg, .. } in legs {
        if leg.ended_at.is_some() {
            kept.remove(&leg.id);
        } else {
            stored.extend(leg.dialog.clone());
        }
    }
    kept.into_values().flat_map(BTreeMap::into_values).chain(stored).collect()
}

fn tell(app: &AppState, closed: Vec<Recovered>) -> Vec<Recovered> {
    closed.iter().for_each(|call| Hub::changed(app, call.call_id));
    closed
}

/// How a lost call ends: an answered one when it was last heard, at the earliest when its legs were answered; any other
/// one now, at no cost.
fn lost(app: &AppState, call: CallRow, legs: Vec<StoredLeg>) -> Changes {
    let heard =
        legs.iter().filter_map(|stored| stored.leg.answered_at).chain(call.answered_at).chain(call.last_media_at);
    let ended_at = match call.status {
        CallStatus::Answered => heard.max().unwrap_or(call.started_at),
        _ => app.now_us().max(call.started_at),
    };
    let mut story = Story::new(app, call, legs.into_iter().map(|stored| stored.leg).collect());
    story.end(CallEnd { status: CallStatus::Failed, hangup_cause: CAUSE_NODE_LOST.to_owned(), ended_at })
}

/// A node without calls holds nothing.
async fn give_back(app: &AppState, node_id: &str) -> Result<(), CallError> {
    let mut conn = app.db.acquire().await?;
    let held = nodes::list_holds_of_node(&mut conn, node_id).await?;
    drop(conn);
    let restated = held.iter().filter_map(|id| id.parse().ok()).collect::<Vec<_>>();
    if !restated.is_empty() {
        write(app, node_id, &Batch { restated, ..Batch::default() }).await?;
    }
    Ok(())
}
