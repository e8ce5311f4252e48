//! Codes of this room.

use sautikit_api::ErrorCode;

use super::Error;
use crate::web::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Invalid { field, .. } => Self::field(field, message),
            Error::TokenInvalid => ErrorCode::AuthTokenInvalid.into(),
            Error::Sealed(_) | Error::Signing => Self::new(ErrorCode::NumbersSipTokenUnavailable).cause(message),
            Error::Database(error) => error.into(),
        }
    }
}
