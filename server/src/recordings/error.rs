//! Codes of this room.

use sautikit_api::ErrorCode;

use super::RecordingError;
use crate::web::error::{ApiError, STORAGE_RETRY_SECONDS};

impl From<RecordingError> for ApiError {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::NotFound => ErrorCode::CallsRecordingNotFound.into(),
            RecordingError::NotRunning => Self::new(ErrorCode::CallsRecordingNotFound)
                .message("Nothing of this call is being recorded now, so nothing can pause or go on."),
            RecordingError::Expired => ErrorCode::CallsRecordingExpired.into(),
            RecordingError::InProgress => ErrorCode::CallsRecordingInProgress.into(),
            RecordingError::Failed(reason) => {
                let code = ErrorCode::CallsRecordingFailed;
                Self::new(code).message(format!("{} {reason} {}", code.happened(), code.remedy()))
            }
            RecordingError::NoRoom => {
                Self::new(ErrorCode::CallsRecordingFailed).message("The storage tier's space is used up.")
            }
            RecordingError::Store(error) => {
                Self::new(ErrorCode::CallsRecordingFailed).retry_after(STORAGE_RETRY_SECONDS).message(format!(
                    "The place where the recording is kept does not give it just now: {error}. Try again in a moment."
                ))
            }
            RecordingError::Call(error) => error.into(),
            RecordingError::Storage(error) => error.into(),
            RecordingError::Seal(error) => error.into(),
            RecordingError::Database(error) => error.into(),
        }
    }
}
