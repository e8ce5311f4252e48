//! Topping up.

use super::{CLAIM_PAYMENT, Fields, Next, TOP_UP};
use crate::{api_client::Api, format};
use sautikit_api::wallet::{ClaimPayment, CreateTopUp, PaymentClaim, TopUp};

pub(super) async fn top_up(fields: &Fields, api: &Api) -> Next {
    let Some(amount_minor) = format::parse_major(&fields.text("amount"), &fields.text("currency")) else {
        return Next::redirect("/wallet?bad_amount=1#top-up");
    };
    let phone = Some(fields.text("phone")).filter(|phone| !phone.is_empty());
    // Pressing Enter presses the first button.
    let method = Some(fields.text("method")).filter(|method| !method.is_empty()).unwrap_or_else(|| "mpesa".to_owned());
    let body = CreateTopUp { phone: phone.filter(|_| method == "mpesa"), method, amount_minor };
    let requested = match api.post_once("/v1/wallet/top-ups", &body, &fields.text("form_token")).await {
        Ok(answer) => answer.read::<TopUp>(),
        Err(failure) => Err(failure),
    };
    match requested {
        Ok(top_up) => Next::redirect(format!("/wallet?top_up={}", top_up.id)),
        Err(failure) => Next::failed(TOP_UP, "/wallet", failure.named(&[("amount_minor", "amount")]), fields),
    }
}

/// Claims a payment that nobody could be credited with.
pub(super) async fn claim_payment(fields: &Fields, api: &Api) -> Next {
    let Some(amount_minor) = format::parse_major(&fields.text("claim_amount"), &fields.text("currency")) else {
        return Next::redirect("/wallet?claimed=bad_amount#paybill");
    };
    let body = ClaimPayment { receipt: fields.text("receipt"), amount_minor, phone: fields.text("claim_phone") };
    let claimed = match api.post_once("/v1/wallet/payment-claims", &body, &fields.text("form_token")).await {
        Ok(answer) => answer.read::<PaymentClaim>(),
        Err(failure) => Err(failure),
    };
    match claimed {
        Ok(claim) => Next::redirect(format!("/wallet?claimed={}#paybill", claim.outcome.as_str())),
        // The form shares its page with another one, so its fields have names of their own.
        Err(failure) => {
            let failure = failure.named(&[("amount_minor", "claim_amount"), ("phone", "claim_phone")]);
            Next::failed(CLAIM_PAYMENT, "/wallet", failure, fields)
        }
    }
}
