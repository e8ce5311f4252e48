//! Codes of this room.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::{Method, PaymentError};
use crate::web::error::ApiError;

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
            PaymentError::BelowMinimum { minimum_minor, currency } => Self::new(ErrorCode::WalletTopupBelowMinimum)
                .message(format!("The smallest top-up is {}.", currency.format_minor(minimum_minor)))
                .at("amount_minor")
                .details(json!({ "minimum_minor": minimum_minor })),
            PaymentError::NoSuchPayment => ErrorCode::PaymentsUnmatchedNotFound.into(),
            PaymentError::ClaimLimit => ErrorCode::PaymentsClaimLimit.into(),
            PaymentError::Wallet(error) => error.into(),
            PaymentError::Database(error) => error.into(),
        }
    }
}
