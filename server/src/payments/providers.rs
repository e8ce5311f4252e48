//! Whether providers take our credentials: asked when the server starts, and whenever an operator wants to know. Otherwise only
//! customers would learn that nobody can pay.

use super::daraja::Daraja;
use super::paystack::Paystack;
use super::{Method, PaymentError};
use crate::state::AppState;

/// What a provider says of our credentials.
pub(super) enum Credentials {
    /// It takes them.
    Taken,
    /// It does not.
    Refused,
    /// It does not answer, or not to that.
    Unknown(String),
}

/// Asks the provider of a method.
///
/// # Errors
/// It is not configured, does not answer, or refuses the credentials.
pub(super) async fn check(app: &AppState, method: Method) -> Result<(), PaymentError> {
    let told = match method {
        Method::Mpesa => Daraja::of(app).ok_or(PaymentError::Unavailable(method))?.check(app).await,
        Method::Paystack => Paystack::of(app).ok_or(PaymentError::Unavailable(method))?.check().await,
    };
    match told {
        Credentials::Taken => Ok(()),
        Credentials::Refused => {
            tracing::error!(method = method.as_str(), "the provider refuses our credentials, so nobody can pay by it");
            Err(PaymentError::Credentials(method))
        }
        Credentials::Unknown(why) => {
            tracing::warn!(method = method.as_str(), why, "the provider does not say whether it takes our credentials");
            Err(PaymentError::Unavailable(method))
        }
    }
}

/// Asks each that is configured; the log says what comes of it.
pub async fn check_all(app: AppState) {
    let configured = [(Method::Mpesa, Daraja::of(&app).is_some()), (Method::Paystack, Paystack::of(&app).is_some())];
    for (method, _) in configured.into_iter().filter(|(_, is_configured)| *is_configured) {
        let _ = check(&app, method).await;
    }
}
