//! A browser calls another identity of its workspace: no telephone, no price, so no money is asked for.

use sautikit_api::ids::WorkspaceId;

use super::admission::{active_number, blank_call, refuse_closed, start};
use super::{Admitted, CallError, Direction, Origin};
use crate::state::AppState;
use crate::wallet::{self, with_tries};

/// Admits the call. `from` is one of the workspace's numbers, under which the call is recorded; `identity` is who is
/// called.
///
/// # Errors
/// The workspace is suspended, `from` is none of its active numbers, or the database failed.
pub async fn admit_client(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    identity: &str,
) -> Result<Admitted, CallError> {
    with_tries!(try_admit_client(app, workspace_id, from, identity))
}

async fn try_admit_client(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    identity: &str,
) -> Result<Admitted, CallError> {
    let mut tx = app.db.begin_write().await?;
    refuse_closed(&mut tx, workspace_id).await?;
    let number = active_number(&mut tx, workspace_id, from).await?;
    let wallet = wallet::lock(&mut tx, workspace_id).await?;
    let from = number.e164.clone();
    let call =
        blank_call(app, &number, wallet.wallet(), Direction::Outbound, Origin::Client, from, identity.to_owned());
    start(app, &mut tx, &call, &[]).await?;
    tx.commit().await?;
    app.calls.changed(call.id);
    Ok(Admitted { call, number, targets: Vec::new(), inbound_leg: None })
}
