//! Forms of people on their way in and out.

use super::{Fields, Next, ONBOARDING, SIGN_IN, Submitted, VERIFY};
use crate::{
    api_client::Api,
    gate::{self, by_way_of},
    visit::Flash,
};
use sautikit_api::accounts::{MagicLinkRequest, MagicLinkVerify, OnboardingRequest, SignedIn};

pub(super) async fn sign_in(fields: &Fields, api: &Api) -> Submitted {
    let (email, to) = (fields.text("email"), fields.text("return_to"));
    let page = by_way_of(gate::SIGN_IN, &to);
    let body = MagicLinkRequest { email: email.clone(), return_to: Some(to).filter(|to| !to.is_empty()) };
    match api.post("/v1/auth/magic-link", &body).await {
        // The cookie by which the mailed link knows this browser.
        Ok(answer) => {
            let set_cookies = answer.set_cookies();
            Submitted { next: Next::Show { page, flash: Flash::MailSent(email), status: 200 }, set_cookies }
        }
        Err(failure) => Next::failed(SIGN_IN, page, failure, fields).into(),
    }
}

pub(super) async fn verify(fields: &Fields, api: &Api) -> Submitted {
    let answer = match api.post("/v1/auth/magic-link/verify", &MagicLinkVerify { token: fields.text("token") }).await {
        Ok(answer) => answer,
        Err(failure) => return Next::failed(VERIFY, "/auth/verify", failure, fields).into(),
    };
    let set_cookies = answer.set_cookies();
    // Pages send on whoever has no workspace yet, so an answer that can't be read loses nobody.
    let return_to = answer.read::<SignedIn>().ok().and_then(|signed_in| signed_in.return_to);
    Submitted { next: Next::redirect(gate::beyond(return_to.as_deref())), set_cookies }
}

pub(super) async fn onboarding(fields: &Fields, api: &Api) -> Submitted {
    let body = OnboardingRequest {
        name: fields.text("name"),
        workspace_name: fields.text("workspace_name"),
        country: fields.text("country"),
        currency: fields.text("currency"),
    };
    let to = fields.text("return_to");
    let next = Next::redirect(gate::beyond(Some(&to)));
    match api.post_once("/v1/auth/onboarding", &body, &fields.text("form_token")).await {
        Ok(answer) => Submitted { next, set_cookies: answer.set_cookies() },
        Err(failure) if failure.code() == Some("auth.already_onboarded") => next.into(),
        Err(failure) => Next::failed(ONBOARDING, by_way_of(gate::ONBOARDING, &to), failure, fields).into(),
    }
}

/// Leads to the start page whatever the API says: a session that is over already is signed out too.
pub(super) async fn sign_out(api: &Api) -> Submitted {
    let set_cookies = api
        .post("/v1/auth/logout", &serde_json::json!({}))
        .await
        .map(|answer| answer.set_cookies())
        .unwrap_or_default();
    Submitted { next: Next::redirect("/"), set_cookies }
}
