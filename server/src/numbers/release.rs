//! Giving a number back. What was paid for the month stays paid, and what is owed is debited.

use sautikit_api::ids::{EventId, InventoryNumberId, NumberId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{NumberError, get_number, owed, store};
use crate::audit;
use crate::state::AppState;
use crate::wallet;
use crate::web::caller::Caller;
use crate::webhooks::{self, EventKind, Subject};

const DAY_US: i64 = 86_400 * 1_000_000;

/// Releases one of the workspace's numbers; it returns to the inventory, where it cools off first.
///
/// # Errors
/// Not the workspace's, or the database failed.
pub async fn release(app: &AppState, caller: &Caller, id: NumberId) -> Result<(), NumberError> {
    let workspace_id = caller.workspace.id;
    let mut tx = app.db.begin_write().await?;
    // Under the wallet's lock, as claims and renewals are: a month is not charged of a number that is being given up.
    let mut wallet = wallet::lock(&mut tx, workspace_id).await?;
    let number = get_number(&mut tx, workspace_id, id).await?;
    let now_us = app.now_us();
    let due = store::tenants::find_due(&mut tx, id, now_us).await?;
    if !store::tenants::release(&mut tx, id, now_us).await? {
        return Err(NumberError::NotAssigned);
    }
    if let Some(due) = due {
        owed::charge(app, &mut tx, &mut wallet, &due.held_until(now_us)).await?;
    }
    give_back(app, &mut tx, number.inventory_id, workspace_id).await?;
    let event = webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id,
        kind: EventKind::NumberReleased,
        subject: Subject::Number(id),
        data: json!({ "id": id, "number": number.e164 }),
        created_at: now_us,
    };
    webhooks::emit(&mut tx, &event).await?;
    let details = json!({ "number": number.e164 });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "number.released", id, details)).await?;
    tx.commit().await?;
    webhooks::ring(app);
    app.tenant_changes.note();
    Ok(())
}

/// Puts a number that `workspace_id` has given up back into the inventory: for some days it alone may have it again, so that
/// nobody else is rung by its callers and a slip can be undone.
pub(super) async fn give_back(
    app: &AppState,
    tx: &mut AnyConnection,
    id: InventoryNumberId,
    workspace_id: WorkspaceId,
) -> Result<(), sqlx::Error> {
    let days = i64::from(app.config.numbers.cooling_off_days);
    let kept = (days > 0).then(|| (workspace_id, app.now_us() + days * DAY_US));
    store::inventory::put_back(tx, id, kept).await
}
