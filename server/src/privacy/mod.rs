//! Privacy that can be shown: a person's number erased wherever a workspace has it, with a signed receipt, and all that a workspace
//! has as one archive.
//!
//! ```text
//! erase ── calls with the number ── their recordings: key and audio deleted
//!      └── every place of the store, in batches ── number taken out ── receipt, signed
//! ```
//! Each batch is a transaction, so that nothing waits long, and what was broken off is done again from the beginning. The ledger
//! names calls and receipts of payments by their ids, never a number, and stays as it is. What is sealed (answers kept for
//! repeated requests, mails that wait) goes by itself within days.

mod archive;
mod error;
mod export;
pub mod http;
mod number;
mod receipt;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use sautikit_api::ids::{CallId, ErasureId, RecordingId, WorkspaceId};
use sautikit_api::privacy::{ErasureReceipt, ErasureStatement};
use serde_json::{Value, json};
use thiserror::Error;

use self::number::Person;
use self::store::{Found, Kind, Of, PLACES, Place};
use crate::clock::rfc3339;
use crate::recordings::RecordingError;
use crate::state::AppState;
use crate::{audit, calls, numbers, recordings, requests, shadow};

pub use export::{Export, export};
pub use receipt::{NotValid, verify};
pub(crate) use store::STATEMENTS;

/// Rows of one transaction: a person has a few, and other writers get their turn in between.
const ROWS_AT_ONCE: i64 = 200;
/// The place whose table is append-only, and gives way to an erasure alone.
const AUDIT: &str = "audit_entries";
/// What receipts call the SIP messages and measurements of a call, which go with its numbers.
const TRACES: &str = "call_traces";
/// What the audit log calls an erasure.
const ACTION: &str = "privacy.number_erased";

/// Why a number was not erased, or an archive not made.
#[derive(Debug, Error)]
pub enum PrivacyError {
    /// The number is one of the workspace's own.
    #[error("`number` is one of the workspace's own numbers. Release it instead.")]
    OwnNumber,
    /// Not a telephone number.
    #[error("`number` is a telephone number, for instance +254722000001.")]
    NotANumber,
    /// It is being talked with.
    #[error("A call with this number is running. Erase it when the call is over.")]
    InACall,
    /// A recording of its calls can't be deleted now.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A receipt can't be read or written.
    #[error("a receipt can not be written")]
    Receipt(#[from] serde_json::Error),
    /// The database failed.
    #[error("the number could not be erased")]
    Database(#[from] sqlx::Error),
}

/// Takes a person's number out of everything that the workspace has, and deletes the recordings of its calls. Safe to run twice.
///
/// # Errors
/// A number of the workspace's own, a call that runs, a recording that can't be deleted now, or the database failed; then what was
/// not erased yet still stands.
pub async fn erase(
    app: &AppState,
    workspace: WorkspaceId,
    e164: &str,
    entry: impl FnOnce(ErasureId, Value) -> audit::Entry,
) -> Result<ErasureReceipt, PrivacyError> {
    let gone = take_out(app, workspace, e164).await?;
    settle(app, workspace, e164, gone, entry).await
}

/// As [`erase`], for whoever has the command line.
///
/// # Errors
/// As of [`erase`].
pub async fn erase_by_operator(
    app: &AppState,
    workspace: WorkspaceId,
    e164: &str,
) -> Result<ErasureReceipt, PrivacyError> {
    erase(app, workspace, e164, operators_entry(workspace)).await
}

/// What erasing a number everywhere came to: a receipt of each workspace that had it, and those that still have it, with the
/// reason.
pub type Everywhere = (Vec<ErasureReceipt>, Vec<(WorkspaceId, PrivacyError)>);

/// Erases a number in every workspace that has it.
///
/// # Errors
/// The workspaces can't be listed.
pub async fn erase_everywhere(app: &AppState, e164: &str) -> Result<Everywhere, PrivacyError> {
    let all = store::workspaces(&mut *app.db.acquire().await?).await?;
    let (mut receipts, mut failures) = (Vec::new(), Vec::new());
    for workspace in all {
        let erased = match take_out(app, workspace, e164).await {
            Ok((changed, deleted)) if changed.is_empty() && deleted.is_empty() => continue,
            Ok(gone) => settle(app, workspace, e164, gone, operators_entry(workspace)).await,
            Err(error) => Err(error),
        };
        match erased {
            Ok(receipt) => receipts.push(receipt),
            Err(error) => failures.push((workspace, error)),
        }
    }
    Ok((receipts, failures))
}

fn operators_entry(workspace: WorkspaceId) -> impl FnOnce(ErasureId, Value) -> audit::Entry {
    move |id, details| audit::Entry {
        workspace_id: Some(workspace),
        actor: audit::Actor::Operator(None),
        action_kind: ACTION,
        subject_id: Some(id.to_string()),
        details,
        ip: None,
    }
}

/// In how many rows of what it stood, and which recordings went.
type Gone = (BTreeMap<String, u64>, Vec<RecordingId>);

async fn take_out(app: &AppState, workspace: WorkspaceId, e164: &str) -> Result<Gone, PrivacyError> {
    // What this node knows and has not written yet.
    requests::write_pending(app).await;
    shadow::write_pending(app).await;
    let person = Person::of(e164);
    let mut conn = app.db.acquire().await?;
    if numbers::list_active_e164(&mut conn, workspace).await?.iter().any(|own| own == e164) {
        return Err(PrivacyError::OwnNumber);
    }
    drop(conn);
    let (mut deleted, mut traces) = (Vec::new(), 0);
    for call in calls_with(app, workspace, &person).await? {
        deleted.extend(recordings::erase_of_call(app, workspace, call).await?);
        traces += u64::from(calls::trace::delete(app, call).await?);
    }
    let mut changed = BTreeMap::new();
    if traces > 0 {
        changed.insert(TRACES.to_owned(), traces);
    }
    for place in PLACES {
        let count = clear(app, workspace, place, &person).await?;
        if count > 0 {
            changed.insert(place.name.to_owned(), count);
        }
    }
    Ok((changed, deleted))
}

/// The calls that the person took part in; none may be open.
async fn calls_with(app: &AppState, workspace: WorkspaceId, person: &Person) -> Result<BTreeSet<CallId>, PrivacyError> {
    let (mut calls, pattern) = (BTreeSet::new(), person.pattern());
    for of in [Of::Calls, Of::Legs] {
        let mut after = String::new();
        loop {
            let mut conn = app.db.acquire().await?;
            let found = store::find_calls(&mut conn, of, workspace, (&after, &pattern), ROWS_AT_ONCE).await?;
            let Some(last) = found.last() else { break };
            after.clone_from(&last.key);
            for call in found.iter().filter(|call| call.parties.iter().any(|party| person.out_of(party).is_some())) {
                if call.is_open {
                    return Err(PrivacyError::InACall);
                }
                calls.insert(call.id);
            }
        }
    }
    Ok(calls)
}

/// Takes the number out of a place; out of how many rows.
async fn clear(app: &AppState, workspace: WorkspaceId, place: &Place, person: &Person) -> Result<u64, PrivacyError> {
    let (mut after, mut count, pattern) = (String::new(), 0, person.typed_pattern());
    loop {
        let mut tx = app.db.begin_write().await?;
        let found = store::find(&mut tx, place, workspace, (&after, &pattern), ROWS_AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(count) };
        after.clone_from(&last.key);
        let is_audit = place.name == AUDIT;
        if is_audit {
            store::open(&mut tx, workspace).await?;
        }
        for row in found {
            if let Some(row) = without(place, row, person) {
                store::put(&mut tx, place, row).await?;
                count += 1;
            }
        }
        if is_audit {
            store::close(&mut tx, workspace).await?;
        }
        tx.commit().await?;
    }
}

/// The row without the number; none where it has only digits like it.
fn without(place: &Place, mut row: Found, person: &Person) -> Option<Found> {
    let mut is_changed = false;
    for (column, kind) in row.columns.iter_mut().zip(place.columns) {
        let Some(text) = column.as_deref() else { continue };
        let cleared = match kind {
            Kind::Text => person.out_of(text),
            Kind::Json => person.out_of_json(text),
        };
        if cleared.is_some() {
            is_changed = true;
            *column = cleared;
        }
    }
    is_changed.then_some(row)
}

/// Writes the receipt and the entry of the audit log.
async fn settle(
    app: &AppState,
    workspace_id: WorkspaceId,
    e164: &str,
    (changed, recordings): Gone,
    entry: impl FnOnce(ErasureId, Value) -> audit::Entry,
) -> Result<ErasureReceipt, PrivacyError> {
    let (id, now_us) = (ErasureId(app.new_uuid()), app.now_us());
    let details = json!({ "changed": changed, "recordings": recordings.len() });
    let statement = ErasureStatement {
        id,
        workspace_id,
        number_hash: receipt::number_hash(&app.secrets, workspace_id, e164),
        erased_at: rfc3339(now_us),
        server: app.public_url.to_string(),
        changed,
        recordings,
    };
    let receipt = receipt::sign(&app.secrets, statement)?;
    let mut tx = app.db.begin_write().await?;
    store::insert_erasure(&mut tx, id, workspace_id, &serde_json::to_string(&receipt)?, now_us).await?;
    audit::record(app, &mut tx, &entry(id, details)).await?;
    tx.commit().await?;
    Ok(receipt)
}
