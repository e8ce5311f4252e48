//! Paystack's webhook. Not part of the customers' API, so it stands in no document of it.
//!
//! Signed with the secret key: HMAC-SHA512 of the body as it came, in hex. It answers at once; jobs act on what was told.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sautikit_api::ErrorCode;
use sha2::Sha512;
use sqlx::AnyConnection;
use subtle::ConstantTimeEq;

use super::wire::{self, Told};
use super::{Paystack, Verify};
use crate::jobs::{self, Lane};
use crate::payments::question::CALLED_BACK;
use crate::payments::reverse::Reverse;
use crate::payments::{Method, TopUp, store};
use crate::secrets::hex;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// The route, relative to `/v1/payments`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/paystack", post(webhook))
}

async fn webhook(State(app): State<AppState>, headers: HeaderMap, body: Bytes) -> ApiResult<StatusCode> {
    let paystack = Paystack::of(&app).ok_or(ErrorCode::NotFound)?;
    let given = headers.get("x-paystack-signature").map_or(&[][..], |value| value.as_bytes());
    if !is_signed(paystack.secret_key(), &body, given) {
        return Err(ApiError::new(ErrorCode::AuthSessionInvalid).message("The signature does not fit the body."));
    }
    let told = wire::webhook(&body).ok_or_else(|| {
        ApiError::new(ErrorCode::ValidationBadRequest).message("This is no event that Paystack sends.")
    })?;
    let now_us = app.now_us();
    let mut tx = app.db.begin_write().await?;
    let mut kept_minor = 0;
    let (reference, cause, taken_minor, gives_back) = match told {
        Told::Charge { reference } => {
            if let Some(top_up) = find(&mut tx, &reference).await? {
                let verify = Verify { top_up_id: top_up.id, question: CALLED_BACK };
                jobs::enqueue(&mut tx, &app, &verify, now_us).await?;
            }
            (None, String::new(), None, None)
        }
        Told::Refunded { reference, cause, amount_minor } => (Some(reference), cause, Some(amount_minor), None),
        Told::Disputed { reference, cause, amount_minor } => (Some(reference), cause, amount_minor, None),
        Told::DisputeWon { reference, opened, cause } => (Some(reference), cause, None, Some(opened)),
        Told::DisputeSettled { reference, opened, cause, amount_minor } => {
            kept_minor = amount_minor;
            (Some(reference), cause, None, Some(opened))
        }
        Told::Other => (None, String::new(), None, None),
    };
    if let Some(reference) = reference
        && let Some(top_up) = find(&mut tx, &reference).await?
    {
        let reverse = Reverse { top_up_id: top_up.id, cause, taken_minor, gives_back, kept_minor };
        jobs::enqueue(&mut tx, &app, &reverse, now_us).await?;
    }
    tx.commit().await?;
    jobs::ring(&app, Lane::Payments);
    jobs::ring(&app, Lane::Own);
    Ok(StatusCode::OK)
}

/// The top-up of a reference that is ours; what other systems began with the same account is not.
async fn find(conn: &mut AnyConnection, reference: &str) -> Result<Option<TopUp>, sqlx::Error> {
    let found = store::top_ups::find_by_reference(conn, reference).await?;
    Ok(found.filter(|top_up| top_up.method == Method::Paystack))
}

fn is_signed(secret_key: &[u8], body: &[u8], given: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(secret_key) else { return false };
    mac.update(body);
    bool::from(hex(&mac.finalize().into_bytes()).as_bytes().ct_eq(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_signed_with_the_key_is_taken() {
        // RFC 4231 §4.3, test case 2.
        let expected = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
        let body = b"what do ya want for nothing?";
        assert!(is_signed(b"Jefe", body, expected.as_bytes()));
        assert!(!is_signed(b"jefe", body, expected.as_bytes()));
        assert!(!is_signed(b"Jefe", b"what do ya want for nothing!", expected.as_bytes()));
        assert!(!is_signed(b"Jefe", body, b""));
    }
}
