//! Bodies of `/v1/auth` and `/v1/workspace`: who someone is and where they belong.

use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, UserId, WorkspaceId};

/// What a member may do; the table of rights stands in the server (`accounts`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// All.
    Owner,
    /// All but deleting the workspace and owners.
    Admin,
    /// Reads all; writes numbers, calls, keys and webhooks.
    Developer,
    /// Wallet and statements.
    Finance,
    /// Reads.
    Viewer,
}

impl Role {
    /// Every role, the most powerful first.
    pub const ALL: &'static [Self] = &[Self::Owner, Self::Admin, Self::Developer, Self::Finance, Self::Viewer];

    /// The role's name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Finance => "finance",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }
}

/// `POST /v1/auth/magic-link`; answered 202 whether or not the address is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MagicLinkRequest {
    /// Where the link goes.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Email))]
    pub email: String,
    /// The page to come back to once signed in, as a path of this server: `/calls?status=failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::PagePath>))]
    pub return_to: Option<String>,
}

/// `POST /v1/auth/magic-link/verify`: spends the link's token for a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MagicLinkVerify {
    /// The token of the link.
    pub token: String,
}

/// Answer of verify; the session itself is the `sk_session` cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// Who signed in.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// Whether a workspace is still to be made (`POST /v1/auth/onboarding`).
    pub onboarding_required: bool,
    /// The page that the link was asked for on, as a path of this server.
    pub return_to: Option<String>,
}

/// `POST /v1/auth/onboarding`: the first workspace. The currency is fixed from here on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OnboardingRequest {
    /// The person's name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub name: String,
    /// The workspace's name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub workspace_name: String,
    /// ISO 3166-1 alpha-2, for instance `KE`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// ISO 4217, for instance `KES`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// Answer of onboarding (201).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Onboarded {
    /// The new workspace.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// Its country.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// Its currency.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// The caller's role in it.
    pub role: Role,
}

/// A workspace as its members see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
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
    /// The caller's role in it.
    pub role: Role,
}

/// `POST /v1/workspaces`: a further workspace, of which the caller becomes owner. The currency is fixed from here on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// 1 to 120 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub name: String,
    /// ISO 3166-1 alpha-2, for instance `KE`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// ISO 4217, for instance `KES`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// `PATCH /v1/workspace`; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateWorkspace {
    /// 1 to 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Name>))]
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2: how national numbers are read from here on. Fixed once money has moved, because taxes and the
    /// countries that may be called go by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
    /// What happens to running calls when the money ends: `finish_call` lets them go on, and the balance may become
    /// negative by them; `none` ends them on the last second that is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::OverdraftPolicy>))]
    pub overdraft_policy: Option<String>,
}

/// `DELETE /v1/workspace`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeleteWorkspace {
    /// The workspace's name, typed out.
    pub confirm_name: String,
}

/// `GET /v1/auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The person.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their name; empty before onboarding.
    pub name: String,
    /// The workspace that this session works in.
    pub workspace: Option<Workspace>,
    /// All workspaces that the person is a member of.
    pub workspaces: Vec<Workspace>,
    /// Whether the person is an operator of the installation.
    pub is_operator: bool,
    /// Whether the person can sign in with Google.
    pub google_linked: bool,
    /// In which language mails are written to them: `en` or `sw`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(en|sw)$"))]
    pub language: String,
}

/// `PATCH /v1/auth/me`: a member that is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The new name, 1 to 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Name>))]
    pub name: Option<String>,
    /// In which language mails are written: `en` or `sw`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(en|sw)$"))]
    pub language: Option<String>,
}

/// A session of the person, as `GET /v1/auth/sessions` lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_used_at: String,
    /// RFC 3339; the earlier of idle and absolute expiry.
    pub expires_at: String,
    /// Whether this is the session that asks.
    pub current: bool,
    /// The address that signed in, if it is known.
    pub ip: Option<String>,
    /// The browser that signed in, as it names itself.
    pub user_agent: Option<String>,
}
