//! Codes of this room.

use sautikit_api::ErrorCode;

use super::Error;
use crate::web::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotFound => ErrorCode::NumbersSipCredentialsNotFound.into(),
            Error::AlreadyRevoked => ErrorCode::NumbersSipCredentialsAlreadyRevoked.into(),
            Error::LabelInvalid => Self::field("label", message),
            Error::SrtpInvalid => Self::field("srtp", message),
            Error::TooMany => Self::new(ErrorCode::ValidationBadRequest).message(message),
            Error::Unmade => Self::new(ErrorCode::InternalError).cause(message),
            Error::Number(error) => error.into(),
            Error::Seal(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}
