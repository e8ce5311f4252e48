//! Bodies of `/v1/sip`.

use serde::{Deserialize, Serialize};

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
