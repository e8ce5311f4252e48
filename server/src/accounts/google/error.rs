//! Codes of Google sign-in.

use sautikit_api::ErrorCode;

use super::Error;
use crate::web::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotConfigured => ErrorCode::AuthGoogleNotConfigured.into(),
            Error::StateMismatch => ErrorCode::AuthGoogleStateMismatch.into(),
            Error::Exchange(_) => Self::new(ErrorCode::AuthGoogleExchangeFailed).cause(message),
            Error::Refused(_) | Error::MailUnverified => {
                Self::new(ErrorCode::AuthGoogleExchangeFailed).message(message)
            }
            Error::Taken(_) => Self::new(ErrorCode::AuthEmailTaken).message(message),
            Error::OnlyWayIn => Self::new(ErrorCode::AuthCannotUnlinkOnlyAuth).message(
                "You came here through Google and have not signed in by mail yet. Sign in once with a link, then unlink.",
            ),
            Error::ForeignPage => ErrorCode::AuthOriginDenied.into(),
            Error::Account(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}
