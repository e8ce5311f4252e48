//! Codes of erasures.

use sautikit_api::ErrorCode;

use super::PrivacyError;
use crate::web::error::ApiError;

impl From<PrivacyError> for ApiError {
    fn from(error: PrivacyError) -> Self {
        let message = error.to_string();
        match error {
            PrivacyError::OwnNumber | PrivacyError::NotANumber | PrivacyError::InACall => {
                Self::new(ErrorCode::ValidationBadRequest).message(message).at("number")
            }
            PrivacyError::Recording(error) => error.into(),
            PrivacyError::Receipt(error) => Self::internal(error),
            PrivacyError::Database(error) => error.into(),
        }
    }
}
