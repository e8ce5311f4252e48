//! Codes of this room.

use sautikit_api::ErrorCode;

use super::{Error, NAME_MAX_CHARS};
use crate::line;
use crate::web::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Malformed | Error::Unknown => ErrorCode::ApiKeyInvalid.into(),
            Error::Expired => ErrorCode::ApiKeyExpired.into(),
            Error::Revoked => ErrorCode::ApiKeyRevoked.into(),
            Error::Superseded => Self::new(ErrorCode::ApiKeyRevoked).message(message),
            Error::NameRequired => {
                Self::new(ErrorCode::ApiKeyNameRequired).message(line::rule(NAME_MAX_CHARS)).at("name")
            }
            Error::ScopeInvalid(_) | Error::ScopesEmpty => {
                Self::new(ErrorCode::ApiKeyScopeInvalid).message(message).at("scopes")
            }
            Error::ExpiryInvalid(_) | Error::OutlivesCaller(_) => Self::field("expires_at", message),
            Error::NotFound => ErrorCode::ApiKeyNotFound.into(),
            Error::AlreadyRevoked => ErrorCode::ApiKeyAlreadyRevoked.into(),
            Error::AlreadyExpired => Self::new(ErrorCode::ApiKeyAlreadyRevoked).message(message),
            Error::OverlapInvalid => Self::field("overlap_seconds", message),
            Error::BeyondLifetime => Self::new(ErrorCode::ApiKeyScopeDenied).message(message),
            Error::BeyondRights(scope) => {
                let details = serde_json::json!({ "required": scope.as_str() });
                Self::new(ErrorCode::ApiKeyScopeDenied).message(message).details(details)
            }
            Error::Database(error) => error.into(),
        }
    }
}
