//! Bodies of `/v1/admin/trunks`.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::TrunkId;

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
    /// How SIP travels: `udp`.
    pub transport: String,
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
    /// Calls that it has now on the node that answers.
    pub current_calls: u32,
    /// RFC 3339; null for one of the configuration file.
    pub created_at: Option<String>,
    /// RFC 3339; null for one of the configuration file.
    pub updated_at: Option<String>,
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
    /// Whether it takes new calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}
