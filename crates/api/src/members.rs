//! Bodies of `/v1/workspace/members`, `/v1/workspace/invitations` and `/v1/invitations`.

use serde::{Deserialize, Serialize};

use crate::accounts::Role;
use crate::ids::{InvitationId, UserId, WorkspaceId};

/// A member of the workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// Their name; empty before onboarding.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// RFC 3339.
    pub joined_at: String,
}

/// `PATCH /v1/workspace/members/{user_id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// The role from now on.
    pub role: Role,
}

/// `POST /v1/workspace/invitations`. An open invitation of the same address is replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// Whom; the link goes there and only there.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Email))]
    pub email: String,
    /// The role that accepting gives.
    pub role: Role,
}

/// An open invitation, as the workspace sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Whom.
    pub email: String,
    /// The role that accepting gives.
    pub role: Role,
    /// Who invites.
    pub invited_by: UserId,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; past it the link no longer works.
    pub expires_at: String,
    /// Whether it has expired.
    pub expired: bool,
}

/// `GET /v1/invitations/{token}`: what accepting would mean.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationOffer {
    /// The workspace's name.
    pub workspace_name: String,
    /// The role that accepting gives.
    pub role: Role,
    /// Who invites: name, or address where there is no name.
    pub invited_by: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// Answer of `POST /v1/invitations/{token}/accept`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedInvitation {
    /// The workspace, which the session works in from now on.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// The person's role there.
    pub role: Role,
}

/// One server-sent event of `GET /v1/workspace/changes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamedChange {
    /// What has changed: `calls`, `wallet`, `deliveries`, `requests` or `audit`; to operators also `installation` and `trunks`.
    pub event: String,
    /// The same as JSON: `{"changed":"wallet"}`.
    pub data: String,
}
