//! Bodies of `/v1/admin/providers`, `/v1/admin/series` and `/v1/admin/numbers`: where numbers come from.

use serde::{Deserialize, Serialize};

use crate::ids::{InventoryNumberId, NumberId, ProviderId, SeriesId, WorkspaceId};

/// A carrier that gives numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name, which no other provider has.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// Whom to call when its calls fail.
    pub contact: String,
    /// Whatever operators want to remember.
    pub notes: String,
    /// `active`, or `retired`: it gives no series any more.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::ProviderStatus))]
    pub status: String,
    /// How many of its series are not retired.
    pub live_series: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/providers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateProvider {
    /// 1 to 120 characters; no other provider's.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// Whom to call when its calls fail; at most 120 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    pub contact: String,
    /// Whatever operators want to remember; at most 2,000 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
    pub notes: String,
}

/// `PATCH /v1/admin/providers/{id}`: a member that is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateProvider {
    /// 1 to 120 characters; no other provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Name>))]
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
    /// Whom to call when its calls fail; at most 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    pub contact: Option<String>,
    /// Whatever operators want to remember; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
    pub notes: Option<String>,
}

/// What a number of a series costs in one currency. Rates are per minute, in 1/10,000 of a minor unit: KES 3.00 is 3000000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SeriesPrice {
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Rental of a whole month, in minor units.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub monthly_price_minor: i64,
    /// Calls to the number.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub inbound_per_min_e4: i64,
    /// Calls from the number within its country, where the price list has no price.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub outbound_per_min_e4: i64,
    /// What an answered call is billed for at least, in whole increments; absent or 0: one increment.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3600))]
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds; absent or 0: by the second.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3600))]
    pub billing_increment_seconds: i64,
}

/// How many numbers of a series stand where.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberCounts {
    /// Anybody may claim them.
    pub available: i64,
    /// Kept for one workspace each.
    pub reserved: i64,
    /// Claimed.
    pub assigned: i64,
    /// Given back, and kept for their last workspace.
    pub cooling_off: i64,
    /// Withdrawn.
    pub retired: i64,
}

/// A block of numbers that a provider gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Whose.
    pub provider_id: ProviderId,
    /// The provider's name.
    pub provider_name: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// What all its numbers begin with.
    pub prefix: String,
    /// What follows in the first one.
    pub first_suffix: String,
    /// What follows in the last one.
    pub last_suffix: String,
    /// The trunk that the provider delivers them by; empty where nobody wrote it down.
    pub trunk: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// `active`, `paused` (offers nothing) or `retired`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::SeriesStatus))]
    pub status: String,
    /// What its numbers cost, by currency.
    pub prices: Vec<SeriesPrice>,
    /// How many numbers stand where.
    pub numbers: NumberCounts,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/series`: makes its numbers, from `prefix` + `first_suffix` to `prefix` + `last_suffix`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSeries {
    /// Whose.
    pub provider_id: ProviderId,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// `+` and digits, of the country.
    #[cfg_attr(feature = "openapi", schema(max_length = 32, pattern = r"^\+[0-9][0-9 -]*$"))]
    pub prefix: String,
    /// Digits, such as `0000`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 9, pattern = "^[0-9]+$"))]
    pub first_suffix: String,
    /// As many digits, such as `0999`. A series has at most 10,000 numbers.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 9, pattern = "^[0-9]+$"))]
    pub last_suffix: String,
    /// The trunk that the provider delivers them by, for operators to read; at most 120 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    pub trunk: String,
    /// What the numbers can do; absent or empty: `["voice"]`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub capabilities: Vec<String>,
    /// What a number costs, in one currency or several.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 7))]
    pub prices: Vec<SeriesPrice>,
}

/// `PATCH /v1/admin/series/{id}`: a member that is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateSeries {
    /// `active`, `paused` or `retired`, which is for good: free numbers go at once, claimed ones when they are released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::SeriesStatus>))]
    pub status: Option<String>,
    /// For operators to read; at most 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    pub trunk: Option<String>,
    /// What the numbers can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub capabilities: Option<Vec<String>>,
    /// All prices, in place of those that there are. Claimed numbers keep what was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 7))]
    pub prices: Option<Vec<SeriesPrice>>,
}

/// `POST /v1/admin/series/import`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportSeries {
    /// CSV whose first line names its columns, in any order and case: `provider`, `country`, `prefix`, `first_suffix`,
    /// `last_suffix`, `currency`, `monthly_price` and `outbound_per_minute` are needed; `inbound_per_minute`,
    /// `minimum_seconds`, `increment_seconds`, `capabilities` and `trunk` may be there. Prices are in whole units (3.00).
    /// Lines of one range make one series with several prices.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub csv: String,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LineError {
    /// Which line; the first is 1.
    pub line: u64,
    /// The column.
    pub column: Option<String>,
    /// What is wrong, and what would do.
    pub message: String,
}

/// A series that an import makes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedSeries {
    /// Where it stands first.
    pub line: u64,
    /// Of which provider.
    pub provider: String,
    /// Its first number.
    pub first_number: String,
    /// Its last number.
    pub last_number: String,
    /// How many it has.
    pub numbers: i64,
    /// In which currencies they are priced.
    pub currencies: Vec<String>,
}

/// What an import of series came to: all of it, or nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeriesImport {
    /// Whether it was made.
    pub applied: bool,
    /// What was made, or would be.
    pub series: Vec<ImportedSeries>,
    /// What keeps it from being made; of a dry run only.
    pub errors: Vec<LineError>,
}

/// A number of the inventory, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminNumber {
    /// Its id in the inventory.
    pub id: InventoryNumberId,
    /// E.164.
    pub number: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// Where it stands.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::NumberState))]
    pub state: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// The series that made it.
    pub series_id: Option<SeriesId>,
    /// Whose it is, or who alone may claim it.
    pub workspace_id: Option<WorkspaceId>,
    /// That workspace's name.
    pub workspace_name: Option<String>,
    /// The claimed number, as its workspace sees it.
    pub tenant_number_id: Option<NumberId>,
    /// RFC 3339; when a number that is cooling off is free for everybody.
    pub kept_until: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/numbers/{id}/reserve`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReserveNumber {
    /// Who alone sees and claims it from now on.
    pub workspace_id: WorkspaceId,
}
