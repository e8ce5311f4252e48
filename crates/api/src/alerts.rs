//! Bodies of `/v1/wallet/alerts` and `/v1/wallet/alert-subscribers`.

use serde::{Deserialize, Serialize};

use crate::ids::AlertSubscriberId;

/// `GET /v1/wallet/alerts`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alerts {
    /// Falling below it fires `wallet.low_balance` once and mails the subscribers; rising to it arms the alert again. Null is
    /// off.
    pub low_balance_threshold_minor: Option<i64>,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// `PUT /v1/wallet/alerts`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SetAlerts {
    /// In minor units; null or absent turns the alert off.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_000_000_000_000_000_i64))]
    pub low_balance_threshold_minor: Option<i64>,
}

/// `POST /v1/wallet/alert-subscribers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAlertSubscriber {
    /// Who is told by mail; need not be a member.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Email))]
    pub email: String,
}

/// Somebody who is told by mail when the balance falls below the threshold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertSubscriber {
    /// Its id.
    pub id: AlertSubscriberId,
    /// The address.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Email))]
    pub email: String,
    /// RFC 3339.
    pub created_at: String,
}
