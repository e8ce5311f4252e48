//! Bodies of `/v1/wallet/limits` and the operator's side of it.

use serde::{Deserialize, Serialize};

/// Limits of one side; null is left to the other side, and where neither sets it there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LimitSet {
    /// What calls may cost in a day of the wallet's zone: what they are billed on it and what running calls hold.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub spend_per_day_minor: Option<i64>,
    /// Calls at the same time, in both directions.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub concurrent_calls: Option<i64>,
    /// Outbound calls that begin within a second.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000))]
    pub calls_per_second: Option<i64>,
    /// Countries that may be called, as codes of ISO 3166-1; `*` stands for all. An empty list closes every country.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::bounds::CountryOrAll>>, max_items = 300))]
    pub countries: Option<Vec<String>>,
    /// Whether premium-rate numbers may be called.
    pub premium: Option<bool>,
    /// Whether satellite telephones and networks of no country (+870, +881, +882, +883, +979, …) may be called.
    pub satellite: Option<bool>,
}

/// What is used of the limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsUsed {
    /// What calls were billed today.
    pub spent_today_minor: i64,
    /// What running calls hold, which counts too.
    pub held_minor: i64,
    /// When the next day begins, RFC 3339.
    pub resets_at: String,
    /// Calls that run.
    pub concurrent_calls: i64,
}

/// Outbound calls are frozen, because of how they spread.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Freeze {
    /// RFC 3339.
    pub frozen_at: String,
    /// What was unusual within an hour: `destinations_abroad`, `new_countries`, `sequential_numbers` or `short_calls`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::FreezeReason))]
    pub reason: String,
    /// How many there were.
    pub count: i64,
    /// From how many on it is unusual for this workspace.
    pub threshold: i64,
}

/// `GET /v1/wallet/limits`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// The wallet's, of all amounts.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// What counts: the tighter of both sides.
    pub in_force: LimitSet,
    /// What the workspace has set.
    pub own: LimitSet,
    /// What the operator has set for this workspace; what is null is left to the server's settings.
    pub operator: LimitSet,
    /// What the operator allows at most: what it has set, else the server's settings.
    pub ceiling: LimitSet,
    /// How much of it is used.
    pub used: LimitsUsed,
    /// Null while outbound calls are possible.
    pub frozen: Option<Freeze>,
}
