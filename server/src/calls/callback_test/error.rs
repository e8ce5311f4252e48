//! Codes of a test of routing.

use sautikit_api::ErrorCode;

use super::Untested;
use crate::web::error::ApiError;

impl From<Untested> for ApiError {
    fn from(error: Untested) -> Self {
        let message = error.to_string();
        match error {
            Untested::Number(error) => error.into(),
            Untested::Call(error) => error.into(),
            Untested::NoCallback => {
                Self::new(ErrorCode::NumbersInvalidRoutingUrl).message(message).at("voice_callback_url")
            }
            Untested::From => Self::field("from", message),
        }
    }
}
