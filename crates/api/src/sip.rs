//! Bodies of `/v1/sip`, and of a number's SIP credentials.

use serde::{Deserialize, Serialize};

use crate::ids::{NumberId, SipCredentialId, WorkspaceId};

/// `POST /v1/sip/token`; the body is optional.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSipToken {
    /// Who the browser is within the workspace: 1 to 64 of `A-Za-z0-9._-`; made up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9._-]{1,64}$"))]
    pub identity: Option<String>,
    /// The only number it may call from; any active one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// 30 to 300, default 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 30, maximum = 300))]
    pub ttl_seconds: Option<i64>,
    /// Whether it may call; default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_outbound: Option<bool>,
    /// Whether it may be called; default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_inbound: Option<bool>,
    /// Prefixes that it may call, for instance `["+254"]`; all that the workspace may when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
}

/// Answer of minting (200).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipToken {
    /// The JWT (HS256).
    pub token: String,
    /// RFC 3339, at most five minutes ahead.
    pub expires_at: String,
    /// The identity within the workspace.
    pub identity: String,
    /// Where the browser can be called inside this installation.
    pub sip_uri: String,
    /// The gateway's WebSocket.
    pub ws_url: String,
    /// For `RTCPeerConnection`; the gateway is reached directly, so the list can be empty.
    pub ice_servers: Vec<serde_json::Value>,
}

/// A key that signs SIP tokens, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipKey {
    /// The `kid` in the header of tokens that it signs.
    pub id: String,
    /// RFC 3339; since when it signs.
    pub created_at: String,
    /// RFC 3339; until when tokens of the keys before it are good.
    pub former_until: String,
}

/// An address whose SIP requests led to nothing, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipStranger {
    /// The address; of IPv6 the network of 64 bits that it is in.
    pub address: String,
    /// What counts against it: 60 within a minute block it, 1,000 where somebody has proven who they are from there.
    pub score: u32,
    /// What that is for.
    pub reasons: Vec<SipStrangerReason>,
    /// Whether it gets no answer now.
    pub is_blocked: bool,
    /// RFC 3339; null where it is not blocked.
    pub blocked_until: Option<String>,
}

/// What counts against a stranger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipStrangerReason {
    /// Noise, a scanner by its own words, another domain asked for, no such dialog, no proof of who it is, a proof that failed, or
    /// what else led to nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::SipStrangerOffence))]
    pub reason: String,
    /// How much of the score.
    pub strikes: u16,
}

/// `POST /v1/numbers/{id}/sip-credentials`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSipCredential {
    /// What tells the device from others, for instance where it stands: 1 to 80 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Label))]
    pub label: String,
    /// Whether its audio is encrypted; `accepted` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::SrtpPolicy>))]
    pub srtp: Option<String>,
}

/// `PATCH /v1/numbers/{id}/sip-credentials/{cid}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateSipCredential {
    /// Whether its audio is encrypted.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::SrtpPolicy))]
    pub srtp: String,
}

/// Whether a device may register and call with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SipCredentialStatus {
    /// It works.
    Active,
    /// It was revoked and never works again.
    Revoked,
}

/// What a device registers and calls with: it calls from its number only, and rings when that is called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipCredential {
    /// Its id.
    pub id: SipCredentialId,
    /// The claimed number that it is of.
    pub number_id: NumberId,
    /// What tells the device from others.
    pub label: String,
    /// User name of the device, also as authentication name: `ts_` and 8 hexadecimal digits.
    pub username: String,
    /// Where the device can be called inside this installation.
    pub sip_uri: String,
    /// Whether it works.
    pub status: SipCredentialStatus,
    /// Whether its audio is encrypted.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::SrtpPolicy))]
    pub srtp: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; when it got its present password. Null while it has the first.
    pub rotated_at: Option<String>,
    /// RFC 3339; null while it works.
    pub revoked_at: Option<String>,
}

/// Answer of creating (201) and of rotating (200): the only time that the password is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedSipCredential {
    /// The credential.
    #[serde(flatten)]
    pub credential: SipCredential,
    /// 26 lower-case letters and digits, none of which looks like another.
    pub password: String,
}

/// What a device is set up with, beside its credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipConfig {
    /// Registrar, outbound proxy and realm.
    pub domain: String,
    /// Where the registrar listens, for datagrams and TCP.
    pub port: u16,
    /// Where it listens for TLS; null where the installation has no certificates.
    pub tls_port: Option<u16>,
    /// The gateway's WebSocket, for devices that speak SIP over it (RFC 7118) with media as browsers have them.
    pub ws_url: String,
    /// How it can be spoken to: `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transports: Vec<String>,
    /// What is spoken over RTP, the preferred first.
    pub codecs: Vec<String>,
    /// By which SRTP suites audio can be encrypted, the preferred first, with keys in the descriptions (SDES) or of a handshake
    /// (DTLS).
    pub srtp_suites: Vec<String>,
    /// The longest that a device is registered for at once.
    pub max_expires_seconds: u32,
}

/// A device or browser that can be called now.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipRegistration {
    /// The credential's user name, or the identity of a browser's token.
    pub identity: String,
    /// The credential's; null for a browser.
    pub credential_id: Option<SipCredentialId>,
    /// The number that the device rings for; null for a browser, which rings for each.
    pub number_id: Option<NumberId>,
    /// What the device says it is.
    pub user_agent: Option<String>,
    /// Where it registered from: an address and a port.
    pub address: String,
    /// `udp`, `tcp`, `tls`, or `ws` for a WebSocket.
    pub transport: String,
    /// RFC 3339; when it registered last.
    pub registered_at: String,
    /// RFC 3339; when it is called no longer unless it registers again.
    pub expires_at: String,
}

/// A device or browser that can be called now, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminSipRegistration {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What that workspace is called; empty where it was deleted just now.
    pub workspace_name: String,
    /// As the workspace sees it.
    #[serde(flatten)]
    pub registration: SipRegistration,
}
