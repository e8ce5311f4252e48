//! Codes of the rooms that handle money, numbers and calls.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::{ApiError, STORAGE_RETRY_SECONDS};
use crate::calls::CallError;
use crate::numbers::NumberError;
use crate::payments::{Method, PaymentError};
use crate::wallet::WalletError;

/// Seconds after which a locked wallet is worth another try.
const WALLET_RETRY_SECONDS: u32 = 1;
/// Seconds after which a node that had too much to do may have room again.
const OVERLOADED_RETRY_SECONDS: u32 = 1;
/// Seconds after which a node that was stopping is back, or another answers.
const DRAINING_RETRY_SECONDS: u32 = 5;

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
                Self::new(ErrorCode::NumbersWalletUnavailable).retry_after(WALLET_RETRY_SECONDS).cause(error)
            }
            WalletError::Database(error) => error.into(),
        }
    }
}

impl From<NumberError> for ApiError {
    fn from(error: NumberError) -> Self {
        let message = error.to_string();
        match error {
            NumberError::NotFound => ErrorCode::NumbersNotFound.into(),
            NumberError::NotAssigned => ErrorCode::NumbersNotAssigned.into(),
            NumberError::AlreadyClaimed => ErrorCode::NumbersAlreadyClaimed.into(),
            NumberError::Retired => ErrorCode::NumbersRetired.into(),
            NumberError::PriceMissing(_) => {
                let message = format!("{message}. Choose a number priced in your currency.");
                Self::new(ErrorCode::NumbersPriceMissing).message(message)
            }
            NumberError::InvalidUrl { field, .. } => {
                let message = format!("{message}. Give an https URL of a public host.");
                Self::new(ErrorCode::NumbersInvalidRoutingUrl).message(message).at(field)
            }
            NumberError::Invalid { field, .. } => Self::field(field, message),
            // Whatever kept the wallet from being read or locked: nothing was charged.
            NumberError::Wallet(WalletError::Database(error)) => {
                Self::new(ErrorCode::NumbersWalletUnavailable).retry_after(WALLET_RETRY_SECONDS).cause(error)
            }
            NumberError::Wallet(error) => error.into(),
            NumberError::Seal(error) => error.into(),
            NumberError::Database(error) => error.into(),
        }
    }
}

impl From<PaymentError> for ApiError {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => ErrorCode::TopupNotFound.into(),
            PaymentError::Unavailable(Method::Mpesa) => ErrorCode::MpesaUnavailable.into(),
            PaymentError::Unavailable(Method::Paystack) => ErrorCode::PaystackUnavailable.into(),
            PaymentError::Invalid { field, message } => Self::field(field, message),
            PaymentError::NotWhole => Self::new(ErrorCode::WalletInvalidAmount)
                .message("M-Pesa moves whole shillings only, and `amount_minor` is in cents: send a multiple of 100.")
                .at("amount_minor"),
            PaymentError::Wallet(error) => error.into(),
            PaymentError::Database(error) => error.into(),
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::NotFound => ErrorCode::CallsNotFound.into(),
            CallError::NotLive => ErrorCode::CallsNotLive.into(),
            CallError::NumberUnknown(_) => Self::field("from", format!("`from`: {message}.")),
            CallError::Invalid { field, .. } => Self::field(field, message),
            CallError::Actions(_) => Self::new(ErrorCode::ActionsInvalid).message(message).at("actions"),
            CallError::Emergency => ErrorCode::CallsEmergencyBlocked.into(),
            CallError::DestinationBlocked => ErrorCode::CallsDestinationBlocked.into(),
            CallError::Draining => Self::new(ErrorCode::ServiceDraining).retry_after(DRAINING_RETRY_SECONDS),
            CallError::Overloaded => Self::new(ErrorCode::CallsOverloaded).retry_after(OVERLOADED_RETRY_SECONDS),
            CallError::StorageUnavailable => {
                Self::new(ErrorCode::StorageUnavailable).retry_after(STORAGE_RETRY_SECONDS)
            }
            CallError::KeyTaken => crate::web::idempotency::key_taken(),
            CallError::ElsewhereLive => Self::new(ErrorCode::CallsNoRoute).message(format!("Sorry: {message}.")),
            CallError::WorkspaceClosed => ErrorCode::AccountSuspended.into(),
            CallError::NoRoute => ErrorCode::CallsNoRoute.into(),
            CallError::Wallet(error) => error.into(),
            CallError::Rating(_) => Self::internal(message),
            CallError::Database(error) => error.into(),
        }
    }
}
