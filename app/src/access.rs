//! What the visitor may do in this workspace, from the same table that the API's checks read, so that no page offers what
//! would be refused.

use sautikit_api::{
    accounts::{Me, Workspace},
    rights::Scope,
};

/// Whether the visitor's role has the right, and the workspace's state leaves it.
pub(crate) fn may(me: &Me, scope: Scope) -> bool {
    me.workspace.as_ref().is_some_and(|workspace| {
        scope.is_of(workspace.role) && (scope.survives_suspension() || !is_suspended(workspace))
    })
}

/// Whether the workspace only reads, tops up and settles.
pub(crate) fn is_suspended(workspace: &Workspace) -> bool {
    workspace.status == "suspended"
}
