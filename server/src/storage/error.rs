//! Codes of this room.

use sautikit_api::ErrorCode;
use serde_json::json;

use super::StorageError;
use crate::web::error::ApiError;

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let message = error.to_string();
        match error {
            StorageError::NoTier(_) => {
                let code = ErrorCode::StorageTierInvalid;
                Self::new(code).message(format!("Sorry, {message}. {}", code.remedy())).at("tier")
            }
            StorageError::DoesNotFit { used_bytes, capacity_bytes } => {
                let code = ErrorCode::StorageTierSwitchFailed;
                Self::new(code)
                    .message(format!(
                        "What is kept does not fit: {message}. Delete recordings, or choose a larger tier."
                    ))
                    .details(json!({ "used_bytes": used_bytes, "capacity_bytes": capacity_bytes }))
            }
            StorageError::Invalid { field, message } => Self::field(field, message),
            StorageError::Wallet(error) => error.into(),
            StorageError::Seal(error) => error.into(),
            StorageError::Database(error) => error.into(),
        }
    }
}
