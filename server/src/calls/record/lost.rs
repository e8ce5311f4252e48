//! Calls that are open in the table and run nowhere: closed from what the database knows, billed to the last sign of
//! media and never beyond. A call that is closed so is never dialled again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CallEnd;
use super::change::Changes;
use super::flush::{Batch, flush};
use super::journal::{Dialogs, Journal};
use super::story::Story;
use crate::calls::Hub;
use crate::calls::store::legs::StoredLeg;
use crate::calls::store::{self, nodes};
use crate::calls::{CallError, CallRow};
use crate::state::AppState;

/// Calls closed per round; rounds repeat until none is left.
const BATCH: i64 = 200;
/// Nodes whose lease has lapsed that are looked at per tick.
const LAPSED_NODES: i64 = 8;
/// Nodes that are told apart from this one; an installation has a handful.
const LIVING_NODES: i64 = 1_000;
/// A row without a live call is closed only when it is older: one that is being opened just now, or whose end is being
/// written, is not lost.
const LOST_AFTER_US: i64 = 10 * 1_000_000;

/// The cause that such calls show.
pub const CAUSE_NODE_LOST: &str = "node_lost";

/// A call that was closed, with the dialogs that the carrier may still hold open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recovered {
    /// The call.
    pub call_id: CallId,
    /// Dialog identifiers of its legs; each wants a BYE, so that the carrier does not bill on.
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
    // Set once, because a node starts once.
    let _ = Hub::of(app).writer().journal.set(journal);
    Ok(recovered)
}

/// The other nodes that are alive.
///
/// # Errors
/// The database failed.
pub async fn living_nodes(app: &AppState) -> Result<Vec<String>, sqlx::Error> {
    nodes::list_living(&mut *app.db.acquire().await?, &app.node_id, app.now_us(), LIVING_NODES).await
}

/// The dialogs that a start gave were ended.
pub async fn ended(app: &AppState) {
    if let Some(journal) = Hub::of(app).writer().journal.get() {
        of_disk(journal, "dialogs that were ended can't be forgotten", Journal::end).await;
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

/// Closes the calls that `node_id` left open and gives back what they held.
///
/// # Errors
/// The database failed.
pub async fn recover(app: &AppState, node_id: &str) -> Result<Vec<Recovered>, CallError> {
    recover_with(app, node_id, &Dialogs::new(), None).await
}

/// The same, with what the node kept of its dialogs beside the database, and where what is closed is kept until its carriers
/// were told.
async fn recover_with(
    app: &AppState,
    node_id: &str,
    dialogs: &Dialogs,
    journal: Option<&Arc<Journal>>,
) -> Result<Vec<Recovered>, CallError> {
    let mut recovered = Vec::new();
    loop {
        let mut conn = app.db.acquire().await?;
        let open = store::list_open_of_node(&mut conn, node_id, BATCH).await?;
        drop(conn);
        if open.is_empty() {
            break;
        }
        let (closed, changes) = close(app, open, dialogs).await?;
        if let Some(journal) = journal {
            let closing = closed.clone();
            let keep = move |journal: &Journal| journal.begin_ending(&closing);
            of_disk(journal, "dialogs that are to be ended can't be kept", keep).await;
        }
        // None of the node's calls lives, so none holds anything.
        flush(app, node_id, &HashMap::new(), &Batch { changes, ..Batch::default() }).await?;
        recovered.extend(tell(app, closed));
    }
    give_back(app, node_id).await?;
    Ok(recovered)
}

/// Compares what is open for this node in the table with what runs on it: closes what does not run, hangs up what somebody
/// else closed, and closes what dead nodes left. Gives what was closed, whose dialogs the gateway is told to end.
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
    let lapsed = nodes::list_lapsed(&mut conn, &app.node_id, now_us, LAPSED_NODES).await?;
    let dead = writer.witness.lock().dead(lapsed, app.clock.monotonic());
    let mut lost = Vec::new();
    for (id, started_at) in &open {
        // A call is live before its row is there and until its end is kept, which may have been in this moment.
        let runs = known.contains(id) || writer.is_live(*id);
        if !runs && *started_at < now_us.saturating_sub(LOST_AFTER_US) {
            lost.extend(store::find_call(&mut conn, *id).await?.filter(|call| call.ended_at.is_none()));
        }
    }
    drop(conn);
    hang_up_closed(app, &ran, &open);
    if !lost.is_empty() {
        tracing::warn!(calls = lost.len(), "closing calls that are open in the table and do not run");
    }
    let (mut recovered, changes) = close(app, lost, &Dialogs::new()).await?;
    // By the writer, which knows what the live calls hold.
    let kept: Vec<_> = changes.into_iter().map(|one| writer.put_end(one)).collect();
    for told in kept {
        let _ = told.await;
    }
    for node in dead {
        tracing::warn!(node, "closing what a dead node left");
        recovered.extend(recover(app, &node).await?);
    }
    if let Some(gateway) = Hub::of(app).gateway().filter(|_| !recovered.is_empty()) {
        gateway.end_recovered(recovered.clone());
    }
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

/// The dialogs of legs that did not end: those of the database, and what was kept beside it of newer ones.
fn open_dialogs(legs: &[StoredLeg], kept: Option<&HashMap<LegRecordId, Value>>) -> Vec<Value> {
    let mut dialogs = kept.cloned().unwrap_or_default();
    for StoredLeg { leg, .. } in legs {
        match (leg.ended_at, &leg.dialog) {
            (Some(_), _) => drop(dialogs.remove(&leg.id)),
            (None, Some(dialog)) => drop(dialogs.entry(leg.id).or_insert_with(|| dialog.clone())),
            (None, None) => {}
        }
    }
    dialogs.into_values().collect()
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
        flush(app, node_id, &HashMap::new(), &Batch { restated, ..Batch::default() }).await?;
    }
    Ok(())
}
