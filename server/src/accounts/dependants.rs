//! What stands in a workspace and is kept by rooms above this one: they tell whether it may be deleted, and follow a member
//! who goes. This room knows none of them.

use async_trait::async_trait;
use sautikit_api::ids::{UserId, WorkspaceId};
use sqlx::AnyConnection;

use super::Error;
use crate::state::{AppState, Part};

/// What a room that depends on workspaces says and does.
#[async_trait]
pub trait Dependant: Send + Sync + 'static {
    /// Why the workspace can't be deleted yet, with the remedy; nothing stands in the way by default.
    async fn hinders_deletion(
        &self,
        _conn: &mut AnyConnection,
        _workspace: WorkspaceId,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        Ok(None)
    }

    /// Ends what the member made, in the transaction that removes them: what the audit log names it, and how many.
    async fn member_goes(
        &self,
        _app: &AppState,
        _conn: &mut AnyConnection,
        _workspace: WorkspaceId,
        _user: UserId,
    ) -> Result<Option<(&'static str, u64)>, sqlx::Error> {
        Ok(None)
    }
}

/// The rooms that depend on workspaces, in the order in which they are asked.
#[derive(Default)]
pub struct Dependants(Vec<Box<dyn Dependant>>);

impl Part for Dependants {}

impl Dependants {
    /// With this one too.
    #[must_use]
    pub fn with(mut self, dependant: impl Dependant) -> Self {
        self.0.push(Box::new(dependant));
        self
    }
}

/// Refuses while something stands in the way of deleting the workspace.
pub(super) async fn refuse_deletion(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<(), Error> {
    for dependant in &app.part::<Dependants>().0 {
        if let Some(reason) = dependant.hinders_deletion(conn, workspace).await? {
            return Err(Error::NotEmpty(reason.to_owned()));
        }
    }
    Ok(())
}

/// Ends what the member made; what and how many, for the audit log.
pub(super) async fn end_what_is_of(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut ended = Vec::new();
    for dependant in &app.part::<Dependants>().0 {
        ended.extend(dependant.member_goes(app, conn, workspace, user).await?);
    }
    Ok(ended)
}
