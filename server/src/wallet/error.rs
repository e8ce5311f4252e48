//! Codes of this room.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::WalletError;
use super::alerts::AlertError;
use crate::web::error::ApiError;

/// Seconds after which a locked wallet is worth another try.
pub(crate) const RETRY_SECONDS: u32 = 1;

impl From<AlertError> for ApiError {
    fn from(error: AlertError) -> Self {
        let message = error.to_string();
        match error {
            AlertError::Exists => Self::new(ErrorCode::WalletAlertSubscriberExists).at("email"),
            AlertError::InvalidEmail(_) => {
                Self::new(ErrorCode::WalletAlertSubscriberInvalidEmail).message(message).at("email")
            }
            AlertError::NotFound => ErrorCode::WalletAlertSubscriberNotFound.into(),
            AlertError::TooMany => ErrorCode::WalletAlertSubscribersMax.into(),
            AlertError::Threshold => {
                let field = "low_balance_threshold_minor";
                Self::field(field, format!("`{field}` is 0 or more, in minor units, or null."))
            }
            AlertError::Wallet(error) => error.into(),
            AlertError::Database(error) => error.into(),
        }
    }
}

impl From<WalletError> for ApiError {
    fn from(error: WalletError) -> Self {
        let message = error.to_string();
        match error {
            WalletError::NotFound => ErrorCode::WalletNotFound.into(),
            WalletError::InsufficientFunds { available_minor, needed_minor, currency } => {
                let details = json!({ "available_minor": available_minor, "needed_minor": needed_minor,
                    "currency": currency.code() });
                let message = format!("Not enough money: {message}. Top up, then try again.");
                Self::new(ErrorCode::WalletInsufficientFunds).message(message).details(details)
            }
            WalletError::CurrencyMismatch { .. } => {
                Self::new(ErrorCode::WalletCurrencyMismatch).message(format!("Wrong currency: {message}."))
            }
            WalletError::InvalidAmount => Self::new(ErrorCode::WalletInvalidAmount).at("amount_minor"),
            WalletError::Period(_) => Self::internal(message),
            WalletError::Database(error) if crate::db::is_contention(&error) => {
                Self::new(ErrorCode::NumbersWalletUnavailable).retry_after(RETRY_SECONDS).cause(error)
            }
            WalletError::Database(error) => error.into(),
        }
    }
}
