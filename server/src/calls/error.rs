//! Codes of this room.

use sautikit_api::ErrorCode;

use super::CallError;
use crate::web::error::{ApiError, STORAGE_RETRY_SECONDS};
use crate::web::idempotency;

/// Seconds after which a node that had too much to do may have room again.
const OVERLOADED_RETRY_SECONDS: u32 = 1;
/// Seconds after which a node that was stopping is back, or another answers.
const DRAINING_RETRY_SECONDS: u32 = 5;

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::NotFound => ErrorCode::CallsNotFound.into(),
            CallError::NotLive => ErrorCode::CallsNotLive.into(),
            CallError::NumberUnknown => Self::field("from", format!("`from` is {message}.")),
            CallError::Invalid { field, .. } => Self::field(field, message),
            CallError::Actions(_) => Self::new(ErrorCode::ActionsInvalid).message(message).at("actions"),
            CallError::Emergency { field, number } => {
                let what = "an emergency number or a short code, which can't be called here";
                refused_at(ErrorCode::CallsEmergencyBlocked, field, &format!("`{field}`: {number} is {what}."))
            }
            CallError::DestinationBlocked { field, number } => {
                let what = "may not be called, or calls to it have no price";
                refused_at(ErrorCode::CallsDestinationBlocked, field, &format!("`{field}`: {number} {what}."))
            }
            CallError::Draining => Self::new(ErrorCode::ServiceDraining).retry_after(DRAINING_RETRY_SECONDS),
            CallError::Overloaded => Self::new(ErrorCode::CallsOverloaded).retry_after(OVERLOADED_RETRY_SECONDS),
            CallError::StorageUnavailable => {
                Self::new(ErrorCode::StorageUnavailable).retry_after(STORAGE_RETRY_SECONDS)
            }
            CallError::KeyTaken => idempotency::key_taken(),
            CallError::ElsewhereLive => Self::new(ErrorCode::CallsNoRoute).message(format!("Sorry: {message}.")),
            CallError::WorkspaceClosed => ErrorCode::AccountSuspended.into(),
            CallError::NoRoute => ErrorCode::CallsNoRoute.into(),
            CallError::Wallet(error) => error.into(),
            CallError::Rating(_) => Self::internal(message),
            CallError::Database(error) => error.into(),
        }
    }
}

/// What happened, with the number, which the error's own text keeps from the logs; what to do in the catalogue's words.
fn refused_at(code: ErrorCode, field: &str, happened: &str) -> ApiError {
    ApiError::new(code).message(format!("{happened} {}", code.remedy())).at(field)
}
