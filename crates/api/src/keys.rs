//! Bodies of `/v1/api-keys`.

use serde::{Deserialize, Serialize};

use crate::ids::ApiKeyId;

/// Every scope that a key can have; `*` stands for all but API keys, members and top-ups.
pub const SCOPES: &[&str] = &[
    "calls:read",
    "calls:write",
    "numbers:read",
    "numbers:write",
    "wallet:read",
    "wallet:write",
    "webhooks:read",
    "webhooks:write",
    "recordings:read",
    "recordings:write",
    "storage:read",
    "storage:write",
    "sip:token",
    "api_keys:write",
    "audit:read",
    "*",
];

/// `POST /v1/api-keys`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// 1 to 80 characters; missing or empty is `api_key.name_required`.
    #[serde(default)]
    pub name: String,
    /// Some of [`SCOPES`]; default `["*"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::sets::Scope>>))]
    pub scopes: Option<Vec<String>>,
    /// RFC 3339; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// `POST /v1/api-keys/{id}/rotate`. The body may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// How long the secret that is replaced still works: 0 to 604800 (7 days); 86400 (a day) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 604_800))]
    pub overlap_seconds: Option<i64>,
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyStatus {
    /// It works.
    Active,
    /// Its `expires_at` has passed.
    Expired,
    /// It was taken back, or who made it has left the workspace.
    Revoked,
}

/// A key as lists show it: never with its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// The first characters of the secret, enough to recognise it.
    pub prefix: String,
    /// Whether it works.
    pub status: ApiKeyStatus,
    /// What it may do.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::sets::Scope>))]
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339, true to a minute; null while never used.
    pub last_used_at: Option<String>,
    /// The network address of that use; null while never used.
    pub last_used_ip: Option<String>,
    /// RFC 3339: when it got its present secret; null while it has its first.
    pub rotated_at: Option<String>,
    /// RFC 3339: until when a secret that rotation replaced still works; null when none does.
    pub former_secret_until: Option<String>,
    /// RFC 3339; null for never.
    pub expires_at: Option<String>,
    /// RFC 3339; null while it works.
    pub revoked_at: Option<String>,
}

/// Answer of creating (201) or rotating (200) a key: the only time that the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedApiKey {
    /// The key's public part.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// The secret.
    pub key: String,
}
