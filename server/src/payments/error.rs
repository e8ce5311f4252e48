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
            PaymentError::Credentials(Method::Mpesa) => Self::new(ErrorCode::ProviderInvalidCredentials).message(
                "M-Pesa refuses `mpesa.consumer_key` and `mpesa.consumer_secret`. Correct them in the configuration and start the \
                 server again.",
            ),
            PaymentError::Credentials(Method::Paystack) => Self::new(ErrorCode::ProviderInvalidCredentials).message(
                "Paystack refuses `paystack.secret_key`. Correct it in the configuration and start the server again.",
            ),
            PaymentError::Invalid { field, message } => Self::field(field, message),
            PaymentError::NotWhole => Self::new(ErrorCode::WalletInvalidAmount)
                .message("M-Pesa moves whole shillings only, and `amount_minor` is in cents: send a multiple of 100.")
                .at("amount_minor"),
            PaymentError::UnsupportedCurrency(currency) => Self::new(ErrorCode::CurrencyUnsupported)
                .message(format!("Paystack takes no payments in {currency} here. Pay in another way, or ask the operator."))
                .at("method"),
            PaymentError::BelowMinimum { minimum_minor, currency } => Self::new(ErrorCode::WalletTopupBelowMinimum)
                .message(format!("The smallest top-up is {}.", currency.format_minor(minimum_minor)))
                .at("amount_minor")
                .details(json!({ "minimum_minor": minimum_minor })),
            PaymentError::NoSuchPayment => ErrorCode::PaymentsUnmatchedNotFound.into(),
            PaymentError::NoSuchPaymentYet => Self::new(ErrorCode::PaymentsUnmatchedNotFound).message(
                "No payment waits that has this receipt, amount and telephone. M-Pesa is asked about a code that is unknown here: if \
                 it has a payment to us that fits, the wallet is credited within minutes.",
            ),
            PaymentError::AnotherWorkspace => Self::field(
                "workspace_id",
                "The payment answers a top-up that another workspace asked for: it is that one's money.",
            ),
            PaymentError::AlreadyCredited { amount_minor, currency } => {
                Self::new(ErrorCode::PaymentsUnmatchedNotFound).message(format!(
                    "The top-up that the payment answers is credited with {} already. Dismiss the payment; what is missing is \
                     an adjustment of the wallet.",
                    currency.format_minor(amount_minor)
                ))
            }
            PaymentError::ClaimLimit => ErrorCode::PaymentsClaimLimit.into(),
            PaymentError::Wallet(error) => error.into(),
            PaymentError::Database(error) => error.into(),
        }
    }
}
