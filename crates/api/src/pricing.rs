//! Bodies of `/v1/pricing` and `/v1/admin/prices`. Prices per minute are in 1/10,000 of a minor unit: KES 3.00 is 3000000.

use serde::{Deserialize, Serialize};

use crate::ids::{PriceId, WorkspaceId};
use crate::supply::LineError;

/// A price of a destination, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// Its id.
    pub id: PriceId,
    /// Whose own price it is; null in the price list.
    pub workspace_id: Option<WorkspaceId>,
    /// Digits of E.164 without the plus sign: numbers that begin with them.
    pub prefix: String,
    /// Where that is, ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Price per minute.
    pub per_min_e4: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
    /// RFC 3339; from when it counts.
    pub valid_from: String,
    /// RFC 3339; until when it counts, exclusive; null for good.
    pub valid_until: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/prices`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePrice {
    /// Digits of E.164, with or without the plus sign.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 16, pattern = r"^\+?[1-9][0-9]*$"))]
    pub prefix: String,
    /// ISO 4217; a workspace's own price is in its wallet's.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Price per minute.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub per_min_e4: i64,
    /// What an answered call is billed for at least, a multiple of the increment; absent or 0: one increment.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3600))]
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds; absent or 0: by the second.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3600))]
    pub billing_increment_seconds: i64,
    /// From when it counts: a day or a moment that is not over; absent: now. A price without end ends the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub valid_from: Option<String>,
    /// Until when it counts, exclusive; the price before it counts again after that. Absent: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub valid_until: Option<String>,
    /// Whose own price it is; absent: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
}

/// `POST /v1/admin/prices/{id}/end`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EndPrice {
    /// When it ends: a day or a moment that is not over; absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub at: Option<String>,
}

/// `POST /v1/admin/prices/import`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportPrices {
    /// CSV whose first line names its columns, in any order and case: `prefix`, `currency` and `per_minute` (in whole units, 3.00)
    /// are needed; `minimum_seconds`, `increment_seconds`, `valid_from`, `workspace_id` and `destination` (for people) may be
    /// there.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub csv: String,
    /// Only says what would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Ends the prices of the currencies and workspaces in the file whose prefix the file does not name.
    #[serde(default)]
    pub end_missing: bool,
    /// From when lines count that do not say it themselves: a day or a moment that is not over; absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub valid_from: Option<String>,
}

/// What a price asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceTerms {
    /// Price per minute.
    pub per_min_e4: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
}

/// What an import does to one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceDifference {
    /// Where it stands in the file; null for a price that the file does not name.
    pub line: Option<u64>,
    /// `added`, `changed`, `ended` or `unchanged`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::PriceChange))]
    pub change: String,
    /// Whose own price it is.
    pub workspace_id: Option<WorkspaceId>,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Digits of E.164.
    pub prefix: String,
    /// RFC 3339; from when.
    pub from: String,
    /// What counted before.
    pub before: Option<PriceTerms>,
    /// What counts from then on.
    pub after: Option<PriceTerms>,
}

/// What an import of prices came to: all of it, or nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceImport {
    /// Whether it was made.
    pub applied: bool,
    /// How many prices are new.
    pub added: i64,
    /// How many are others than before.
    pub changed: i64,
    /// How many end.
    pub ended: i64,
    /// How many stay as they are.
    pub unchanged: i64,
    /// Every price that does not stay as it is.
    pub lines: Vec<PriceDifference>,
    /// What keeps it from being made; of a dry run only.
    pub errors: Vec<LineError>,
}

/// A currency that a workspace can be opened in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfferedCurrency {
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub code: String,
    /// How many decimals its minor unit stands for: 2, or 0 for UGX.
    pub exponent: u32,
}

/// What numbers of one kind cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberPricing {
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// Its name.
    pub country_name: String,
    /// What they can do.
    pub capabilities: Vec<String>,
    /// Rental of a whole month.
    pub monthly_price_minor: i64,
    /// Calls to the number.
    pub inbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub inbound_per_min_minor: i64,
    /// Calls from the number within its country, where no destination below says otherwise.
    pub outbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub outbound_per_min_minor: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
    /// How many can be claimed now.
    pub available: i64,
}

/// What calls to numbers with one prefix cost; the longest prefix counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationPricing {
    /// Digits of E.164 without the plus sign.
    pub prefix: String,
    /// ISO 3166-1 alpha-2; null where no country has the prefix.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
    /// Its name.
    pub country_name: Option<String>,
    /// Price per minute.
    pub per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub per_min_minor: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
}

/// `GET /v1/pricing`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pricing {
    /// Of all prices here, ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// How many decimals its minor unit stands for.
    pub exponent: u32,
    /// Currencies that a workspace can be opened in.
    pub currencies: Vec<OfferedCurrency>,
    /// Numbers that can be claimed, by country and price.
    pub numbers: Vec<NumberPricing>,
    /// Destinations of calls, by country and prefix.
    pub destinations: Vec<DestinationPricing>,
    /// Whether there are more destinations than one answer shows: ask for a country.
    pub has_more_destinations: bool,
}
