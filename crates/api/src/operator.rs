//! Bodies of `/v1/admin`: what operators of the installation see and do.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::WorkspaceId;

/// A tenant, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminWorkspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// `active` or `suspended`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::WorkspaceStatus))]
    pub status: String,
    /// Number of members.
    pub member_count: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/workspaces/{id}/suspend`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SuspendWorkspace {
    /// Why, 1 to 120 characters; stands in the tenant's audit log.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub reason: String,
}

/// `PATCH /v1/admin/workspaces/{id}/wallet`: a member that is absent stays, null clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateWallet {
    /// How far below zero running calls may bring the balance under `finish_call`, at most 0; null is no bound.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = -9_000_000_000_000_000_i64, maximum = 0))]
    pub overdraft_floor_minor: Option<Option<i64>>,
}
