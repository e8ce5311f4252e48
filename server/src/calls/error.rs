//! Codes of this room.

use sautikit_api::ErrorCode;
use sautikit_api::money::Currency;
use serde_json::json;

use super::CallError;
use super::limits::Full;
use crate::clock::rfc3339;
use crate::wallet::quota::Day;
use crate::web::error::{ApiError, STORAGE_RETRY_SECONDS};
use crate::web::idempotency;

/// Seconds after which a node that had too much to do may have room again.
const OVERLOADED_RETRY_SECONDS: u32 = 1;
/// Seconds after which a node that was stopping is back, or another answers.
const DRAINING_RETRY_SECONDS: u32 = 5;
/// Seconds after which another call may begin where too many did; when one of those that run ends nobody knows.
const LIMIT_RETRY_SECONDS: u32 = 1;

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::NotFound => ErrorCode::CallsNotFound.into(),
            CallError::NotLive => ErrorCode::CallsNotLive.into(),
            CallError::NumberUnknown => Self::field("from", format!("`from` is {message}.")),
            CallError::Invalid { field, .. } => Self::field(field, message),
            CallError::Actions { field, .. } => Self::new(ErrorCode::ActionsInvalid).message(message).at(field),
            CallError::Emergency { field, number } => {
                let what = "an emergency number or a short code, which can't be called here";
                refused_at(ErrorCode::CallsEmergencyBlocked, field, &format!("`{field}`: {number} is {what}."))
            }
            CallError::DestinationBlocked { field, number, why } => {
                let happened = format!("`{field}`: {number} {}.", why.says());
                let details = json!({ "reason": why.as_str(), "number": number });
                refused_at(ErrorCode::CallsDestinationBlocked, field, &happened).details(details)
            }
            CallError::LimitExceeded(full) => limit_exceeded(full),
            CallError::SpendLimit { day, held_minor, currency } => spend_limit(day, held_minor, currency),
            CallError::Frozen { number } => Self::new(ErrorCode::CallsFrozen).at("to").fact("number", json!(number)),
            CallError::Draining => Self::new(ErrorCode::ServiceDraining).retry_after(DRAINING_RETRY_SECONDS),
            CallError::Overloaded => Self::new(ErrorCode::CallsOverloaded).retry_after(OVERLOADED_RETRY_SECONDS),
            CallError::StorageUnavailable => {
                Self::new(ErrorCode::StorageUnavailable).retry_after(STORAGE_RETRY_SECONDS)
            }
            CallError::KeyTaken => idempotency::key_taken(),
            CallError::ElsewhereLive(node) => {
                Self::new(ErrorCode::CallsNoRoute).message(format!("Sorry: {message}.")).of_node(node)
            }
            CallError::WorkspaceClosed => ErrorCode::AccountSuspended.into(),
            CallError::NoRoute => ErrorCode::CallsNoRoute.into(),
            CallError::Wallet(error) => error.into(),
            CallError::Rating(_) => Self::internal(message),
            CallError::Database(error) => error.into(),
        }
    }
}

/// Names the call that was refused, where it is the workspace as a whole that has no room for it: too many calls, too little money
/// or too little left of the day. `to` is whom it called, E.164, with commas between several.
pub(super) fn about(error: CallError, to: &str) -> ApiError {
    let is_of_workspace =
        matches!(error, CallError::LimitExceeded(_) | CallError::SpendLimit { .. } | CallError::Wallet(_));
    let error = ApiError::from(error);
    if is_of_workspace && error.code.status() < 500 { error.at("to").fact("number", json!(to)) } else { error }
}

fn limit_exceeded(full: Full) -> ApiError {
    let (limit, most, happened) = match full {
        Full::Concurrent(most) => {
            ("concurrent_calls", most, format!("{most} calls run, as many as this workspace may."))
        }
        Full::PerSecond(most) => {
            ("calls_per_second", most, format!("{most} calls began within a second, as many as this workspace may."))
        }
    };
    let code = ErrorCode::CallsLimitExceeded;
    let details = json!({ "limit": limit, "most": most });
    ApiError::new(code)
        .message(format!("{happened} {}", code.remedy()))
        .details(details)
        .retry_after(LIMIT_RETRY_SECONDS)
}

fn spend_limit(day: Day, held_minor: i64, currency: Currency) -> ApiError {
    let Day { limit_minor, spent_minor, until_us } = day;
    let [limit, spent, held] = [limit_minor, spent_minor, held_minor].map(|minor| currency.format_minor(minor));
    let (code, resets_at) = (ErrorCode::SpendLimitReached, rfc3339(until_us));
    let happened = format!("Calls may cost {limit} a day; {spent} are billed today and {held} held by running calls.");
    let details = json!({ "limit_minor": limit_minor, "spent_minor": spent_minor, "held_minor": held_minor,
        "currency": currency.code(), "resets_at": resets_at });
    ApiError::new(code)
        .message(format!("{happened} A new day begins at {resets_at}. {}", code.remedy()))
        .details(details)
}

/// What happened, with the number, which the error's own text keeps from the logs; what to do in the catalogue's words.
fn refused_at(code: ErrorCode, field: &str, happened: &str) -> ApiError {
    ApiError::new(code).message(format!("{happened} {}", code.remedy())).at(field)
}
