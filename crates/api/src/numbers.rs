//! Bodies of `/v1/numbers`.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::{InventoryNumberId, NumberId};

/// A number that can be claimed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AvailableNumber {
    /// Its id in the inventory, for `POST /v1/numbers/{id}/claim`.
    pub id: InventoryNumberId,
    /// E.164.
    pub number: String,
    /// The same as `number`.
    pub e164: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// Rental of a whole month.
    pub monthly_price_minor: i64,
    /// What claiming it today debits: the rental of the days that are left in the billing month.
    pub due_now_minor: i64,
    /// Rate of calls to the number, per minute.
    pub inbound_per_min_minor: i64,
    /// Rate of calls from the number within its country, per minute.
    pub outbound_per_min_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// A claimed number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// E.164.
    pub number: String,
    /// The same as `number`.
    pub e164: String,
    /// `active` or `suspended`; a released number is not shown.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::NumberStatus))]
    pub status: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Rental of a whole month.
    pub monthly_price_minor: i64,
    /// Rate of calls to the number, per minute.
    pub inbound_per_min_minor: i64,
    /// Rate of calls from the number within its country, per minute.
    pub outbound_per_min_minor: i64,
    /// RFC 3339.
    pub created_at: String,
    /// Who is asked for voice actions.
    pub voice_callback_url: Option<String>,
    /// The same as `voice_callback_url`.
    pub voice_url: Option<String>,
    /// Who is told of the number's calls.
    pub events_url: Option<String>,
    /// Who is asked when the voice callback fails.
    pub fallback_url: Option<String>,
    /// Whether browsers and devices ring when no callback is set.
    pub ring_devices: bool,
}

/// Answer of a claim (201): the number and what it cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimedNumber {
    /// The number.
    #[serde(flatten)]
    pub number: Number,
    /// What was debited now.
    pub charged_minor: i64,
    /// RFC 3339; begin of the paid period.
    pub period_start: String,
    /// RFC 3339; end of the paid period, exclusive.
    pub period_end: String,
    /// RFC 3339; when the next rental is debited.
    pub next_charge_at: String,
}

/// `PATCH /v1/numbers/{id}/routing`: a member that is absent stays, null clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateRouting {
    /// New voice callback URL.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub voice_callback_url: Option<Option<String>>,
    /// Another spelling of `voice_callback_url`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub voice_url: Option<Option<String>>,
    /// New events URL.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub events_url: Option<Option<String>>,
    /// New fallback URL.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub fallback_url: Option<Option<String>>,
    /// The secret that signs voice callbacks, chosen by the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_signing_secret: Option<String>,
    /// Whether browsers and devices ring when no callback is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_devices: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_stays_and_null_clears() {
        let update: UpdateRouting = serde_json::from_str(r#"{"events_url":null}"#).unwrap();
        assert_eq!(update.events_url, Some(None));
        assert_eq!(update.voice_callback_url, None);
        assert_eq!(serde_json::to_string(&update).unwrap(), r#"{"events_url":null}"#);
    }
}
