//! Codes of this room.

use sautikit_api::ErrorCode;

use super::Error;
use crate::web::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::LinkUnknown => ErrorCode::AuthTokenInvalid.into(),
            Error::LinkExpired => ErrorCode::AuthTokenExpired.into(),
            Error::LinkUsed => ErrorCode::AuthTokenUsed.into(),
            Error::AlreadyOnboarded => ErrorCode::AuthAlreadyOnboarded.into(),
            Error::CurrencyUnsupported { .. } => {
                Self::new(ErrorCode::CurrencyUnsupported).message(message).at("currency")
            }
            Error::NotAMember => ErrorCode::AuthWorkspaceForbidden.into(),
            Error::Invalid { field, .. } => Self::field(field, message),
            Error::SessionUnknown | Error::MemberUnknown | Error::WorkspaceUnknown => {
                Self::new(ErrorCode::NotFound).message(message)
            }
            Error::LastOwner => ErrorCode::AccountsLastOwner.into(),
            Error::RoleChangeDenied => ErrorCode::AccountsRoleChangeDenied.into(),
            Error::RemoveDenied => ErrorCode::AccountsRemoveDenied.into(),
            Error::InvitationUnknown => ErrorCode::InvitationsNotFound.into(),
            Error::InvitationForAnother => ErrorCode::AuthInviteEmailMismatch.into(),
            Error::TooManyInvitations => Self::new(ErrorCode::RateLimited).message(message).retry_after(3600),
            Error::WorkspaceSuspended => ErrorCode::AccountSuspended.into(),
            Error::NotEmpty(_) => Self::new(ErrorCode::ValidationBadRequest).message(message),
            Error::Wallet(error) => error.into(),
            Error::Corrupt(_) => Self::internal(message),
            Error::Database(error) => error.into(),
        }
    }
}
