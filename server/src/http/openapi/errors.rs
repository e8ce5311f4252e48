//! Which error codes an endpoint can give beyond its own: what follows from who may call it and what it takes.

use sautikit_api::ErrorCode;
use sautikit_api::rights::RIGHTS;

use sautikit_api::rights::Scope;

/// What decides the codes that endpoints share.
#[derive(Debug, Default)]
pub(super) struct Kind {
    /// The scope that it asks for.
    pub(super) scope: Option<Scope>,
    /// Whether an API key is taken.
    pub(super) takes_key: bool,
    /// Whether a session is taken.
    pub(super) takes_session: bool,
    /// Whether the session must be an operator's.
    pub(super) operators_only: bool,
    /// Whether it is one of `/v1/auth`, which a foreign page may not use even without a cookie.
    pub(super) signs_in: bool,
    /// Whether its method changes something.
    pub(super) writes: bool,
    /// Whether a body is read.
    pub(super) has_body: bool,
    /// Whether anything of path, query or headers is read.
    pub(super) has_params: bool,
    /// Whether requests to it are counted.
    pub(super) limited: bool,
    /// Whether it is a list by pages.
    pub(super) paged: bool,
    /// Whether it takes an `Idempotency-Key`.
    pub(super) idempotent: bool,
}

/// The scope of that name, whoever can carry it.
pub(super) fn scope_named(name: &str) -> Option<Scope> {
    RIGHTS.iter().find(|row| row.name == name).map(|row| row.scope)
}

/// The codes, in no order.
pub(super) fn shared_codes(kind: &Kind) -> Vec<ErrorCode> {
    use ErrorCode::{
        AccountSuspended, ApiKeyExpired, ApiKeyInvalid, ApiKeyRevoked, ApiKeyScopeDenied, AuthAdminRequired,
        AuthNoWorkspace, AuthOriginDenied, AuthSessionInvalid, AuthWorkspaceForbidden, IdempotencyConflict,
        InternalError, PayloadTooLarge, RateLimited, UnsupportedMediaType, ValidationBadRequest,
        ValidationInvalidCursor,
    };
    let mut codes = vec![InternalError];
    let mut when = |applies: bool, more: &[ErrorCode]| codes.extend(more.iter().filter(|_| applies));
    when(kind.limited, &[RateLimited]);
    when(kind.takes_key, &[ApiKeyInvalid, ApiKeyExpired, ApiKeyRevoked]);
    when(kind.takes_session, &[AuthSessionInvalid, AuthWorkspaceForbidden]);
    // Whoever acts in a workspace needs one; pages of the person alone do not.
    when(kind.takes_session && (kind.takes_key || kind.scope.is_some()), &[AuthNoWorkspace]);
    when((kind.takes_session || kind.signs_in) && kind.writes, &[AuthOriginDenied]);
    when(kind.operators_only, &[AuthAdminRequired]);
    when(kind.has_body, &[ValidationBadRequest, PayloadTooLarge, UnsupportedMediaType]);
    when(kind.has_params, &[ValidationBadRequest]);
    when(kind.paged, &[ValidationInvalidCursor]);
    when(kind.idempotent, &[IdempotencyConflict, PayloadTooLarge]);
    if let Some(scope) = kind.scope {
        when(true, &[ApiKeyScopeDenied]);
        when(!scope.survives_suspension(), &[AccountSuspended]);
        when(!scope.is_of_everyone(), &[scope.refusal()]);
    }
    codes
}
