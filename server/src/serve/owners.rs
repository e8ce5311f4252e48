//! Who owns a workspace, for the room of webhooks, which stands below the one that knows.

use async_trait::async_trait;
use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use crate::accounts::members;
use crate::jobs::Failure;
use crate::webhooks::delivery::Owners;

/// The members of that role.
pub(super) struct MembersOwners;

#[async_trait]
impl Owners for MembersOwners {
    async fn addresses(&self, conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Vec<String>, Failure> {
        Ok(members::list_owners(conn, workspace).await?)
    }
}
