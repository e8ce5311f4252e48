//! Bodies of `/v1/admin/trunks`.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::TrunkId;

/// Answer of `GET /v1/admin/trunks/{id}/invite`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitePreview {
    /// Where it would go.
    pub address: String,
    /// How it would travel.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkTransport))]
    pub transport: String,
    /// The whole message, as the carrier sees it before it asks for credentials. Tags, branch and port of audio are samples.
    pub text: String,
}

/// The way to a carrier, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trunk {
    /// Its id; null for one of the configuration file, which can't be changed here.
    pub id: Option<TrunkId>,
    /// `api` or `configuration`: where it was set up.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkOrigin))]
    pub origin: String,
    /// Unique among all trunks; stands on calls and in logs.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// How SIP travels.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkTransport))]
    pub transport: String,
    /// Host and port where requests go instead of `address`.
    pub outbound_proxy: Option<String>,
    /// The host in its URIs, From among them; null: its address, and in From the domain of this installation.
    pub domain: Option<String>,
    /// The name in the certificate that it shows when it connects by TLS; it is this trunk then from any address.
    pub certificate_name: Option<String>,
    /// Whether we register with it, by `username` and its password.
    pub register: bool,
    /// The user part of From, where the carrier wants the account there; null: the caller's number.
    pub from_user: Option<String>,
    /// Where the caller's number stands beside From: nowhere, in P-Asserted-Identity, or in Remote-Party-ID.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkIdentity))]
    pub identity: String,
    /// How numbers are written: `+254…`, `254…`, `00254…`, or within `country` as they are dialled there.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkNumberFormat))]
    pub number_format: String,
    /// Calls that we begin within a second; null is no limit.
    pub calls_per_second: Option<u32>,
    /// Seconds between two OPTIONS that ask whether it is there; null asks nothing.
    pub options_every_seconds: Option<u32>,
    /// Whether a call goes on to where the trunk sends it by a 3xx; else that fails it.
    pub follow_redirects: bool,
    /// Whether its audio is encrypted.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::SrtpPolicy))]
    pub srtp: String,
    /// Headers that go on from its INVITEs to the legs that its calls reach, and to it from the calls that go by it.
    pub pass_headers: Vec<String>,
    /// Destinations that it serves, as E.164 prefixes with `+`; the longest that matches counts among equal priorities.
    pub prefixes: Vec<String>,
    /// Addresses or networks that its calls come from, beside those of its own name.
    pub sources: Vec<String>,
    /// ISO 3166-1 alpha-2: where the numbers belong that it writes in national form.
    pub country: Option<String>,
    /// For digest authentication towards the carrier. The password is never shown.
    pub username: Option<String>,
    /// Names as in SDP, the preferred first.
    pub codecs: Vec<String>,
    /// The lower is tried first.
    pub priority: u32,
    /// Calls at a time; null is no limit.
    pub max_calls: Option<u32>,
    /// Whether it takes new calls, in both directions.
    pub is_enabled: bool,
    /// What the address resolved to on the node that answers; null while it does not resolve.
    pub resolved_address: Option<String>,
    /// How our registration with it stands, on the node that answers; null where we do not register.
    pub registration: Option<TrunkRegistration>,
    /// Whether it answers OPTIONS; null where it is not asked, or has not been yet.
    pub is_reachable: Option<bool>,
    /// What came of the last OPTIONS, on the node that answers; null where it was not asked yet.
    pub last_options: Option<TrunkOptions>,
    /// Calls that it has now on the node that answers.
    pub current_calls: u32,
    /// What came of calls to it on the node that answers, since that was started; null while the trunk takes no calls.
    pub figures: Option<TrunkFigures>,
    /// RFC 3339; null for one of the configuration file.
    pub created_at: Option<String>,
    /// RFC 3339; null for one of the configuration file.
    pub updated_at: Option<String>,
}

/// What came of a question whether a trunk is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkOptions {
    /// RFC 3339: when it was answered, or given up.
    pub at: String,
    /// The answer's status of SIP; null for silence.
    pub sip_status: Option<u16>,
}

/// What came of INVITEs to a trunk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkFigures {
    /// How many were answered.
    pub answered: i64,
    /// How many were not, and ended their calls: busy, declined, canceled, no answer.
    pub ended: i64,
    /// How many the trunk failed before anything rang.
    pub failed: i64,
    /// Milliseconds from an INVITE to its first ringing, on average; null where nothing rang yet.
    pub post_dial_mean_ms: Option<u32>,
    /// What 95 in a hundred of these are not above, as near as a histogram tells.
    pub post_dial_p95_ms: Option<u32>,
}

/// A registration of ours with a trunk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkRegistration {
    /// `registering`, `registered` or `failed`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TrunkRegistrationStatus))]
    pub status: String,
    /// RFC 3339: until when it holds if it is not refreshed, which it is.
    pub expires_at: Option<String>,
    /// The status of SIP by which it failed: 408 for silence, 503 where no connection could be opened.
    pub sip_status: Option<u16>,
    /// RFC 3339: when a failed one is tried again.
    pub next_attempt_at: Option<String>,
}

/// `POST /v1/admin/trunks`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTrunk {
    /// 1 to 40 letters, digits, hyphens, underscores and dots, unique among all trunks.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9._-]+$"))]
    pub name: String,
    /// Host and port, such as `sip.carrier.example:5060`.
    pub address: String,
    /// `+254` serves Kenya, `+` everything; 1 to 500.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 500))]
    pub prefixes: Vec<String>,
    /// Addresses or networks that its calls come from, beside those of its own name; at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 500))]
    pub sources: Vec<String>,
    /// ISO 3166-1 alpha-2: where the numbers belong that it writes in national form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
    /// For digest authentication towards the carrier; goes with `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub username: Option<String>,
    /// Kept sealed and never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub password: Option<String>,
    /// Names as in SDP, the preferred first: `PCMA`, `PCMU`, `G722`, `opus`. `PCMA` and `PCMU` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<Vec<String>>,
    /// The lower is tried first; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 65_535))]
    pub priority: Option<u32>,
    /// Calls at a time; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub max_calls: Option<u32>,
    /// How SIP travels; `udp` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkTransport>))]
    pub transport: Option<String>,
    /// Host and port where requests go instead of `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_proxy: Option<String>,
    /// The host in its URIs, From among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 253))]
    pub domain: Option<String>,
    /// The name in the certificate that it shows when it connects by TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 253))]
    pub certificate_name: Option<String>,
    /// Whether we register with it; needs `username` and `password`. False when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<bool>,
    /// The user part of From, where the carrier wants the account there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub from_user: Option<String>,
    /// Where the caller's number stands beside From; `from` (nowhere) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkIdentity>))]
    pub identity: Option<String>,
    /// How numbers are written; `e164` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkNumberFormat>))]
    pub number_format: Option<String>,
    /// Calls that we begin within a second; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000))]
    pub calls_per_second: Option<u32>,
    /// Seconds between two OPTIONS that ask whether it is there; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 3_600))]
    pub options_every_seconds: Option<u32>,
    /// Whether a call goes on to where the trunk sends it by a 3xx. False when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_redirects: Option<bool>,
    /// Whether its audio is encrypted; `accepted` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::SrtpPolicy>))]
    pub srtp: Option<String>,
    /// Headers that go on from its INVITEs to the legs that its calls reach, and to it from the calls that go by it: `X-…` but for
    /// `X-Sautikit-…`, `Identity`, `Diversion`, `History-Info`, `User-to-User`, `Subject`, `Priority`, `Call-Info` and
    /// `P-Charging-Vector`; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub pass_headers: Vec<String>,
    /// Whether it takes calls; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

/// `PATCH /v1/admin/trunks/{id}`: a member that is absent stays, null clears it. The name stays: calls that run bear it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateTrunk {
    /// Host and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// 1 to 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 500))]
    pub prefixes: Option<Vec<String>>,
    /// At most 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 500))]
    pub sources: Option<Vec<String>>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<Option<String>>,
    /// Null takes the credentials away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128))]
    pub username: Option<Option<String>>,
    /// Another password; the one that is there stays when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub password: Option<String>,
    /// Names as in SDP, the preferred first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<Vec<String>>,
    /// The lower is tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 65_535))]
    pub priority: Option<u32>,
    /// Null is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 1_000_000))]
    pub max_calls: Option<Option<u32>>,
    /// How SIP travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkTransport>))]
    pub transport: Option<String>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub outbound_proxy: Option<Option<String>>,
    /// Null is its address.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 253))]
    pub domain: Option<Option<String>>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 253))]
    pub certificate_name: Option<Option<String>>,
    /// Whether we register with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<bool>,
    /// Null is the caller's number.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128))]
    pub from_user: Option<Option<String>>,
    /// Where the caller's number stands beside From.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkIdentity>))]
    pub identity: Option<String>,
    /// How numbers are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::TrunkNumberFormat>))]
    pub number_format: Option<String>,
    /// Null is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 10_000))]
    pub calls_per_second: Option<Option<u32>>,
    /// Null asks nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 5, maximum = 3_600))]
    pub options_every_seconds: Option<Option<u32>>,
    /// Whether a call goes on to where the trunk sends it by a 3xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_redirects: Option<bool>,
    /// Whether its audio is encrypted; calls that run go on as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::SrtpPolicy>))]
    pub srtp: Option<String>,
    /// All of them anew; none hands on nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub pass_headers: Option<Vec<String>>,
    /// Whether it takes new calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}
