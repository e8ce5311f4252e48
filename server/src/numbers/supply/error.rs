//! Codes of the supply.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::SupplyError;
use crate::web::error::ApiError;

impl From<SupplyError> for ApiError {
    fn from(error: SupplyError) -> Self {
        let message = error.to_string();
        match error {
            SupplyError::ProviderUnknown | SupplyError::SeriesUnknown => {
                Self::new(ErrorCode::NotFound).message(message)
            }
            SupplyError::NumberUnknown => ErrorCode::NumbersNotFound.into(),
            SupplyError::Invalid { field, .. } => Self::field(field, message),
            SupplyError::Series(rule) => Self::new(ErrorCode::NumbersSeriesInvalid).message(message).at(rule.field),
            SupplyError::SuffixCollision { number, series_id } => Self::new(ErrorCode::NumbersSuffixCollision)
                .message(message)
                .at("first_suffix")
                .details(json!({ "number": number, "series_id": series_id })),
            SupplyError::Lines(errors) => {
                let first = errors.first().map(|error| format!(" Line {}: {}", error.line, error.message));
                let message = format!("The file has mistakes, so nothing was made.{}", first.unwrap_or_default());
                Self::new(ErrorCode::NumbersSeriesInvalid)
                    .message(message)
                    .at("csv")
                    .details(json!({ "errors": errors }))
            }
            SupplyError::SeriesRetired => {
                let message = "The series was retired for good. Load its numbers as a new series if they came back.";
                Self::new(ErrorCode::NumbersSeriesNotActive).message(message)
            }
            SupplyError::ProviderInUse(_) => {
                Self::new(ErrorCode::ProviderHasActiveSeries).message(format!("{message}. Retire them first."))
            }
            SupplyError::Assigned => {
                let message = "A workspace has the number. It can be withdrawn once it is released.";
                Self::new(ErrorCode::NumbersAlreadyClaimed).message(message)
            }
            SupplyError::NumberRetired => ErrorCode::NumbersRetired.into(),
            SupplyError::Database(error) => error.into(),
        }
    }
}
