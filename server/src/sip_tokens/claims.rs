//! What stands in a SIP token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::{Identity, MintedBy, Permissions};
use super::{AUDIENCE, has_passed};

/// The JWT's claims (RFC 7519 §4.1), and ours: `ws`, `perms`, `by`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The identity within the workspace.
    sub: String,
    /// The workspace.
    ws: sautikit_api::ids::WorkspaceId,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    perms: Permissions,
    /// By whose right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<MintedBy>,
}

impl Claims {
    /// The claims of a token minted at `now` (seconds since 1970) by the installation at `issuer`.
    pub(super) fn of(identity: &Identity, issuer: &str, now: i64) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: identity.name.clone(),
            ws: identity.workspace,
            jti: identity.jti.clone(),
            iat: now,
            nbf: now,
            exp: identity.expires_at_us / 1_000_000,
            perms: identity.permissions.clone(),
            by: identity.minted_by,
        }
    }

    /// Who the token is for; none when it is not valid at `now`.
    pub(super) fn identity(self, now: Timestamp) -> Option<Identity> {
        if has_passed(self.exp, now) || self.nbf > now.as_second() {
            return None;
        }
        Some(Identity {
            workspace: self.ws,
            name: self.sub,
            jti: self.jti,
            expires_at_us: self.exp.checked_mul(1_000_000)?,
            permissions: self.perms,
            minted_by: self.by,
            device: None,
        })
    }
}
