//! Creating, rotating and revoking API keys.

use super::{BESIDE, CREATE_KEY, Fields, Next, QUICKSTART, REVOKE_KEY, ROTATE_KEY, is_confirmed};
use crate::{
    api_client::{Api, ApiFailure, ApiResponse, escape},
    visit::Flash,
};
use sautikit_api::keys::{CreateApiKey, CreatedApiKey, RotateApiKey};

const PAGE: &str = "/developers/keys";

pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let scopes: Vec<String> = fields.all("scope").map(str::to_owned).collect();
    // The whole of the chosen day; what is no day is refused by the API, in its words.
    let expires_at =
        Some(fields.text("expires_on")).filter(|day| !day.is_empty()).map(|day| format!("{day}T23:59:59Z"));
    let body = CreateApiKey { name: fields.text("name"), scopes: (!scopes.is_empty()).then_some(scopes), expires_at };
    let answer = api.post_once("/v1/api-keys", &body, &fields.text("form_token")).await;
    shown_once(CREATE_KEY, if fields.get(BESIDE).is_some() { QUICKSTART } else { PAGE }, answer, fields)
}

pub(super) async fn rotate(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = RotateApiKey { overlap_seconds: fields.text("overlap_seconds").parse().ok() };
    let path = format!("/v1/api-keys/{}/rotate", escape(id));
    let answer = api.post_once(path, &body, &fields.text("form_token")).await;
    shown_once(ROTATE_KEY, PAGE, answer, fields)
}

/// Shows the page with the secret instead of redirecting: nothing may keep the secret until a second request.
fn shown_once(form: &str, page: &str, answer: Result<ApiResponse, ApiFailure>, fields: &Fields) -> Next {
    match answer.and_then(|answer| answer.read::<CreatedApiKey>()) {
        Ok(created) => Next::Show { page: page.to_owned(), flash: Flash::KeyCreated(Box::new(created)), status: 200 },
        Err(failure) => Next::failed(form, page, failure, fields),
    }
}

pub(super) async fn revoke(id: &str, fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(PAGE);
    }
    match api.delete(format!("/v1/api-keys/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=revoked")),
        Err(failure) => Next::failed(REVOKE_KEY, PAGE, failure, fields),
    }
}
