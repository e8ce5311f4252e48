//! A failure on its way to the client. It knows no room: each room chooses its own codes, in its file `error.rs`.
//!
//! [`ApiError`] is what handlers return. Its body is written by `http::request_id`, which knows the request's id.
//! Causes from inside (SQL, sealing) are logged there once and never shown.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use serde_json::Value;

use crate::db;
use crate::secrets::SealBroken;

/// Seconds after which a database that was away may be back.
pub(crate) const STORAGE_RETRY_SECONDS: u32 = 5;

/// A failure on its way to the client.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The catalogue's code; it fixes the HTTP status.
    pub code: ErrorCode,
    /// A sentence that names the offending value and the remedy.
    pub message: Cow<'static, str>,
    /// The offending field of body or query.
    pub field: Option<String>,
    /// Facts for programs.
    pub details: Option<Value>,
    /// Seconds until trying again makes sense.
    pub retry_after_seconds: Option<u32>,
    /// For the log only.
    pub cause: Option<String>,
    /// The node that can do it, where this one can't.
    pub node: Option<Box<str>>,
}

/// What handlers return.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The code with the catalogue's own words.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: format!("{} {}", code.happened(), code.remedy()).into(),
            field: None,
            details: None,
            retry_after_seconds: None,
            cause: None,
            node: None,
        }
    }

    /// `validation.bad_request` for one field of the body or query.
    pub fn field(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorCode::ValidationBadRequest).message(message);
        error.field = Some(field.into());
        error
    }

    /// `internal_error`, with the cause for the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::InternalError).cause(cause)
    }

    /// Replaces the words.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Names the offending field.
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds facts for programs.
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Adds one fact for programs to those that there are.
    pub fn fact(mut self, name: &'static str, value: Value) -> Self {
        if let Value::Object(facts) = self.details.get_or_insert_with(|| Value::Object(serde_json::Map::new())) {
            facts.insert(name.to_owned(), value);
        }
        self
    }

    /// Says when to try again.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Names the node that can do it, so that the request is passed on to it where nodes do so.
    pub fn of_node(mut self, node: String) -> Self {
        self.node = Some(node.into());
        self
    }

    /// Keeps the cause for the log.
    pub fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
}

/// Gives failures of ours (the database's, for the most part) the code that the catalogue has for them at one endpoint.
pub trait FailedAs<T> {
    /// `internal_error` becomes `code`, with its words; any other error stays.
    ///
    /// # Errors
    /// The error that was there.
    fn failed_as(self, code: ErrorCode) -> ApiResult<T>;
}

impl<T, E: Into<ApiError>> FailedAs<T> for Result<T, E> {
    fn failed_as(self, code: ErrorCode) -> ApiResult<T> {
        self.map_err(|error| {
            let error: ApiError = error.into();
            match error.code {
                ErrorCode::InternalError => ApiError { cause: error.cause, ..ApiError::new(code) },
                _ => error,
            }
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if db::is_contention(&error) {
            return Self::internal(&error).message("The database is busy. Try again in a moment; nothing was changed.");
        }
        if db::is_unavailable(&error) {
            return Self::new(ErrorCode::StorageUnavailable).retry_after(STORAGE_RETRY_SECONDS).cause(error);
        }
        Self::internal(error)
    }
}

impl From<SealBroken> for ApiError {
    fn from(error: SealBroken) -> Self {
        Self::internal(error)
    }
}
