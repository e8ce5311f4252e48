//! The debit of an ended call: one ledger entry with the cause `call:ID`, and its stamp on the call, in one transaction.
//!
//! Safe to run any number of times and from several nodes at once: the wallet's lock, the unique cause and the guarded
//! stamp each let only one through.

use sautikit_api::ids::CallId;
use serde_json::json;

use super::{CallError, Milestone, lifecycle, store, tell};
use crate::state::AppState;
use crate::wallet::{self, EntryKind, Funds, NewEntry, Outcome, with_tries};
use crate::webhooks::EventKind;

/// Debits the call, unless that was done before.
///
/// # Errors
/// No such call, it has not ended, or the database failed.
pub async fn debit_call(app: &AppState, call_id: CallId) -> Result<(), CallError> {
    with_tries!(try_debit(app, call_id))
}

async fn try_debit(app: &AppState, call_id: CallId) -> Result<(), CallError> {
    let mut tx = app.db.begin_write().await?;
    let call = store::find_call(&mut tx, call_id).await?.ok_or(CallError::NotFound)?;
    let mut wallet = wallet::lock(&mut tx, call.workspace_id).await?;
    // Read again under the lock; the first look only told whose wallet to lock.
    let mut call = store::find_call(&mut tx, call_id).await?.ok_or(CallError::NotFound)?;
    let (None, Some(cost_minor)) = (call.cost_minor, call.cost_due_minor) else { return Ok(()) };
    let entry = NewEntry {
        kind: EntryKind::Call,
        amount_minor: -cost_minor,
        currency: call.currency,
        cause: format!("call:{}", call.id),
        reference: &call.id.pbx_call_id(),
        // The call took place; it may overdraw by itself, after which new calls are refused.
        funds: Funds::MayOverdraw,
    };
    let outcome = wallet.post(&mut tx, app, entry).await?;
    store::stamp_debit(&mut tx, call.id, cost_minor, outcome.entry_id()).await?;
    if let Outcome::Posted(_) = outcome {
        call.cost_minor = Some(cost_minor);
        call.ledger_entry_id = Some(outcome.entry_id());
        let data = json!({ "cost_minor": cost_minor, "currency": call.currency.code() });
        lifecycle::append(app, &mut tx, call.id, Milestone::Billed.as_str(), app.now_us(), data).await?;
        tell(&mut tx, app, &call, EventKind::CallBilled).await?;
    }
    tx.commit().await?;
    app.calls.changed(call_id);
    Ok(())
}
