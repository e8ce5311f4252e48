//! Single numbers of the inventory, for operators: kept for a workspace, free again, withdrawn.

pub mod http;
pub(crate) mod store;

use sautikit_api::ids::{InventoryNumberId, NumberId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Doer, SupplyError, invalid};
use crate::numbers::{InventoryNumber, NumberState};
use crate::state::AppState;
use crate::wallet::{self, WalletError};

/// A number with whose it is.
#[derive(Debug)]
struct Stocked {
    number: InventoryNumber,
    /// Who has it, or who alone may claim it.
    workspace: Option<(WorkspaceId, String)>,
    tenant_number_id: Option<NumberId>,
}

/// What an operator does to a number.
enum Step {
    /// It is kept for this workspace.
    Reserve(WorkspaceId),
    /// Anybody may claim it.
    Free,
    /// It is withdrawn for good.
    Retire,
}

impl Step {
    fn state(&self) -> NumberState {
        match self {
            Self::Reserve(_) => NumberState::Reserved,
            Self::Free => NumberState::Available,
            Self::Retire => NumberState::Retired,
        }
    }

    fn action_kind(&self) -> &'static str {
        match self {
            Self::Reserve(_) => "number.reserved",
            Self::Free => "number.freed",
            Self::Retire => "number.retired",
        }
    }
}

/// Takes the step; one that was taken already is taken again without effect.
async fn take(app: &AppState, doer: Doer, id: InventoryNumberId, step: Step) -> Result<Stocked, SupplyError> {
    let mut tx = app.db.begin_write().await?;
    let before = find(&mut tx, id).await?;
    let kept_for = match step {
        Step::Reserve(workspace_id) => Some(workspace_id),
        Step::Free | Step::Retire => None,
    };
    let state = step.state();
    if before.number.state == state && before.number.kept_for == kept_for {
        return Ok(before);
    }
    match before.number.state {
        NumberState::Assigned => return Err(SupplyError::Assigned),
        NumberState::Retired => return Err(SupplyError::NumberRetired),
        NumberState::Available | NumberState::Reserved | NumberState::CoolingOff => {}
    }
    if let Some(workspace_id) = kept_for {
        check_workspace(&mut tx, workspace_id).await?;
    }
    // A claim may have come between the look and the write.
    if !store::set_state(&mut tx, id, state, kept_for).await? {
        return Err(SupplyError::Assigned);
    }
    // What is taken from a workspace, or kept for it, stands in its log.
    let workspace_id = kept_for.or(before.number.kept_for);
    let details = json!({ "number": before.number.e164, "was": before.number.state.as_str() });
    doer.note(app, &mut tx, step.action_kind(), (workspace_id, Some(id.to_string())), details).await?;
    let after = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(after)
}

/// Every workspace has a wallet.
async fn check_workspace(conn: &mut AnyConnection, id: WorkspaceId) -> Result<(), SupplyError> {
    match wallet::read(conn, id).await {
        Ok(_) => Ok(()),
        Err(WalletError::Database(error)) => Err(error.into()),
        Err(_) => {
            let message = "No workspace has this id. List the workspaces and use one of their ids.";
            Err(invalid("workspace_id", message))
        }
    }
}

async fn find(conn: &mut AnyConnection, id: InventoryNumberId) -> Result<Stocked, SupplyError> {
    let filter = store::Filter { id: id.to_string(), ..store::Filter::default() };
    let found = store::list(conn, &filter, "", 1).await?;
    found.into_iter().next().ok_or(SupplyError::NumberUnknown)
}
