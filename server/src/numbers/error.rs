//! Codes of this room.

use sautikit_api::ErrorCode;

use super::NumberError;
use crate::wallet::{self, WalletError};
use crate::web::error::ApiError;

impl From<NumberError> for ApiError {
    fn from(error: NumberError) -> Self {
        let message = error.to_string();
        match error {
            NumberError::NotFound => ErrorCode::NumbersNotFound.into(),
            NumberError::NotAssigned => ErrorCode::NumbersNotAssigned.into(),
            NumberError::AlreadyClaimed => ErrorCode::NumbersAlreadyClaimed.into(),
            NumberError::Retired => ErrorCode::NumbersRetired.into(),
            NumberError::SeriesNotActive => {
                let message = "The number's series is paused, so it can't be claimed just now. Choose another number.";
                Self::new(ErrorCode::NumbersSeriesNotActive).message(message)
            }
            NumberError::PriceMissing(_) => {
                let message = format!("{message}. Choose a number priced in your currency.");
                Self::new(ErrorCode::NumbersPriceMissing).message(message)
            }
            NumberError::InvalidUrl { field, .. } => {
                let message = format!("{message}. Give an https URL of a public host.");
                Self::new(ErrorCode::NumbersInvalidRoutingUrl).message(message).at(field)
            }
            NumberError::Invalid { field, .. } => Self::field(field, message),
            NumberError::FormerSigns(_) => {
                Self::new(ErrorCode::WebhooksFormerSecretSigns).message(message).at("end_former")
            }
            // Whatever kept the wallet from being read or locked: nothing was charged.
            NumberError::Wallet(WalletError::Database(error)) => {
                Self::new(ErrorCode::NumbersWalletUnavailable).retry_after(wallet::RETRY_SECONDS).cause(error)
            }
            NumberError::Wallet(error) => error.into(),
            NumberError::Seal(error) => error.into(),
            NumberError::Database(error) => error.into(),
        }
    }
}
