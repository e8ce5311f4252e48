//! Forms of people on their way in and out.

use super::{Fields, Next, ONBOARDING, SIGN_IN, Submitted, VERIFY};
use crate::{api_client::Api, visit::Flash};
use sautikit_api::accounts::{MagicLinkRequest, MagicLinkVerify, OnboardingRequest, SignedIn};

pub(super) async fn sign_in(fields: &Fields, api: &Api) -> Next {
    let email = fields.text("email");
    match api.post("/v1/auth/magic-link", &MagicLinkRequest { email: email.clone() }).await {
        Ok(_) => Next::Show { page: "/signin".to_owned(), flash: Flash::MailSent(email), status: 200 },
        Err(failure) => Next::failed(SIGN_IN, "/signin", failure, fields),
    }
}

pub(super) async fn verify(fields: &Fields, api: &Api) -> Submitted {
    let answer = match api.post("/v1/auth/magic-link/verify", &MagicLinkVerify { token: fields.text("token") }).await {
        Ok(answer) => answer,
        Err(failure) => return Next::failed(VERIFY, "/auth/verify", failure, fields).into(),
    };
    let set_cookies = answer.set_cookies();
    let to = match answer.read::<SignedIn>() {
        Ok(signed_in) if signed_in.onboarding_required => "/onboarding",
        // Home sends on whoever has no workspace, so an answer that can't be read loses nobody.
        _ => "/home",
    };
    Submitted { next: Next::redirect(to), set_cookies }
}

pub(super) async fn onboarding(fields: &Fields, api: &Api) -> Submitted {
    let body = OnboardingRequest {
        name: fields.text("name"),
        workspace_name: fields.text("workspace_name"),
        country: fields.text("country"),
        currency: fields.text("currency"),
    };
    match api.post_once("/v1/auth/onboarding", &body, &fields.text("form_token")).await {
        Ok(answer) => Submitted { next: Next::redirect("/home"), set_cookies: answer.set_cookies() },
        Err(failure) if failure.code() == Some("auth.already_onboarded") => Next::redirect("/home").into(),
        Err(failure) => Next::failed(ONBOARDING, "/onboarding", failure, fields).into(),
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
