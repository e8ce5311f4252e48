//! Bodies of `/v1/numbers`.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::{InventoryNumberId, NumberId};

/// Whose words a number's voice callbacks are in: which parameters they have, and how they are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compat {
    /// Ours.
    #[default]
    Sautikit,
    /// Twilio's, with `X-Twilio-Signature`.
    Twilio,
    /// Africa's Talking's.
    AfricasTalking,
}

impl Compat {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Sautikit, Self::Twilio, Self::AfricasTalking];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sautikit => "sautikit",
            Self::Twilio => "twilio",
            Self::AfricasTalking => "africastalking",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compat| compat.as_str() == name)
    }
}

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
    /// Rental of a whole month, without tax.
    pub monthly_price_minor: i64,
    /// What claiming it today debits: the rental of the days that are left in the billing month, and the tax on it.
    pub due_now_minor: i64,
    /// Rate of calls to the number, per minute, in 1/10,000 of a minor unit.
    pub inbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub inbound_per_min_minor: i64,
    /// Rate of calls from the number within its country, per minute, in 1/10,000 of a minor unit.
    pub outbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub outbound_per_min_minor: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// RFC 3339; when the next rental is debited after a claim of today.
    pub next_charge_at: String,
    /// What that debits: the rental of a whole month, and the tax on it.
    pub next_charge_minor: i64,
    /// `available`; or `reserved` or `cooling_off`, when the workspace alone may claim it.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::NumberState))]
    pub state: String,
    /// RFC 3339; until when a number that the workspace gave back is kept for it.
    pub kept_until: Option<String>,
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
    /// Rate of calls to the number, per minute, in 1/10,000 of a minor unit.
    pub inbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub inbound_per_min_minor: i64,
    /// Rate of calls from the number within its country, per minute, in 1/10,000 of a minor unit.
    pub outbound_per_min_e4: i64,
    /// The same in whole minor units, rounded up.
    pub outbound_per_min_minor: i64,
    /// What an answered call is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
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
    /// Who gets a copy of each voice callback request, to be compared with the live answer.
    pub shadow_url: Option<String>,
    /// Whether browsers and devices ring when no callback is set.
    pub ring_devices: bool,
    /// Whose words the voice callbacks are in.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::Compat))]
    pub compat: String,
}

/// Answer of a claim (201): the number and what it cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimedNumber {
    /// The number.
    #[serde(flatten)]
    pub number: Number,
    /// What was debited now, tax included.
    pub charged_minor: i64,
    /// What of it is tax.
    pub tax_minor: i64,
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
    /// New shadow URL: a handler that is tried on live traffic. It gets a copy of each voice callback request, and what it
    /// answers is compared with the live answer and never run.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub shadow_url: Option<Option<String>>,
    /// The secret that signs voice callbacks, chosen by the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_signing_secret: Option<String>,
    /// Whether browsers and devices ring when no callback is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_devices: Option<bool>,
    /// Whose words the voice callbacks are in: a handler that was written for another platform is asked as it expects to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::Compat>))]
    pub compat: Option<String>,
}

/// Answer of `POST /v1/numbers/{id}/routing/rotate-secret`: the only time that the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningSecret {
    /// `whsec_` and 64 hexadecimal digits: signs the number's voice callbacks and the events of its `events_url` from now on.
    pub secret: String,
    /// RFC 3339: until when the former one still signs what the new one is refused for (400, 401 or 403).
    pub former_secret_until: String,
}

/// `POST /v1/numbers/{id}/routing/test`; the body is optional.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestRouting {
    /// Who would call, in any form that telephone numbers are written in; the number itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Answer of `POST /v1/numbers/{id}/routing/test`: what was asked, what came, and what a call would do with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestedRouting {
    /// What was sent.
    pub request: TestedRequest,
    /// What came; null when nothing did.
    pub response: Option<TestedResponse>,
    /// How long it took, retry included.
    pub duration_ms: u64,
    /// Why the first try came to nothing, where this is what the second one brought.
    pub first_failure: Option<String>,
    /// The voice actions as they were read, in order; null when there are none to run.
    pub actions: Option<Vec<serde_json::Value>>,
    /// What of an XML document was skipped, and where.
    #[serde(default)]
    pub warnings: Vec<ReadingWarning>,
    /// What a call would fail by; null when it would go on.
    pub error: Option<TestedError>,
}

/// Something in an XML document that was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadingWarning {
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What was skipped and what holds instead.
    pub message: String,
}

/// The request of a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestedRequest {
    /// Always `POST`.
    pub method: String,
    /// Where it went.
    pub url: String,
    /// Its headers; the signature is that of this very body.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The form as it was sent.
    pub body: String,
}

/// The answer to a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestedResponse {
    /// The HTTP status.
    pub status: u16,
    /// Where it came from, after redirects; null when it was no 2xx.
    pub url: Option<String>,
    /// The media type; null when it was no 2xx.
    pub content_type: Option<String>,
    /// The beginning of the body: at most 16 KiB.
    pub body: String,
    /// How long the whole body was, in bytes.
    pub body_bytes: usize,
}

/// Why a call would fail with the answer to a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestedError {
    /// `actions.invalid`, or as on a call's timeline `call.callback_failed` or `call.callback_timeout`.
    pub code: String,
    /// Where in the answer, as a JSON path such as `actions[0].dial.to`; null when it is not about a place in it.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
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
