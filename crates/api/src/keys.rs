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
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// 1 to 80 characters; missing or empty is `api_key.name_required`.
    #[serde(default)]
    pub name: String,
    /// Some of [`SCOPES`]; default `["*"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// RFC 3339; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A key as lists show it: never with its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// The first characters of the secret, enough to recognise it.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; null while never used.
    pub last_used_at: Option<String>,
    /// RFC 3339; null for never.
    pub expires_at: Option<String>,
    /// RFC 3339; null while it works.
    pub revoked_at: Option<String>,
}

/// Answer of creating a key (201): the only time that the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatedApiKey {
    /// The key's public part.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// The secret.
    pub key: String,
}
