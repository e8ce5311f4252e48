//! Codes of the catalogue for what goes wrong with trunks.

use sautikit_api::ErrorCode;

use super::TrunkError;
use crate::web::error::ApiError;

impl From<TrunkError> for ApiError {
    fn from(error: TrunkError) -> Self {
        match error {
            TrunkError::NotFound => Self::new(ErrorCode::NotFound),
            TrunkError::Invalid { field, message } => Self::field(field, message),
            TrunkError::Seal(error) => error.into(),
            TrunkError::Database(error) => error.into(),
        }
    }
}
