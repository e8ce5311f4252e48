//! Codes of this room.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::PricingError;
use crate::web::error::ApiError;

impl From<PricingError> for ApiError {
    fn from(error: PricingError) -> Self {
        let message = error.to_string();
        match error {
            PricingError::NoPrice => ErrorCode::CallsDestinationBlocked.into(),
            PricingError::NotFound => Self::new(ErrorCode::NotFound)
                .message("No price has this id. List the prices and use one of their ids."),
            PricingError::Invalid { field, .. } => Self::field(field, message),
            PricingError::Lines(errors) => {
                let first = errors.first().map(|error| format!(" Line {}: {}", error.line, error.message));
                let message = format!("The file has mistakes, so nothing was changed.{}", first.unwrap_or_default());
                Self::field("csv", message).details(json!({ "errors": errors }))
            }
            PricingError::Database(error) => error.into(),
        }
    }
}
