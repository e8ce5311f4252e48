//! An operator of the installation: a person with the flag, freshly signed in. Never a key.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sautikit_api::ErrorCode;
use sautikit_api::ids::UserId;

use super::SignedIn;
use crate::accounts;
use crate::error::{ApiError, ApiResult};
use crate::http::client_ip::client_ip;
use crate::state::AppState;

/// How long after sign-in a session may act as operator: a working day, so that a stolen laptop of yesterday can't.
const FRESH_US: i64 = 12 * 3_600 * 1_000_000;

/// Who operates, from where.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The person.
    pub user_id: UserId,
    /// The client's address, for the audit log.
    pub ip: Option<String>,
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let ip = client_ip(parts, &app.config.http.trusted_proxies);
        let person = SignedIn::from_request_parts(parts, app).await?;
        let user = accounts::find_user(app, person.user_id).await?;
        if !user.is_some_and(|user| user.is_operator) {
            return Err(ErrorCode::AuthAdminRequired.into());
        }
        if person.session.created_at_us < app.now_us() - FRESH_US {
            let message = "Operators act within 12 hours of signing in. Sign in again.";
            return Err(ApiError::new(ErrorCode::AuthAdminRequired).message(message));
        }
        Ok(Self { user_id: person.user_id, ip })
    }
}
