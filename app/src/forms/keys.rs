//! Creating and revoking API keys.

use super::{CREATE_KEY, Fields, Next, REVOKE_KEY};
use crate::{
    api_client::{Api, escape},
    visit::Flash,
};
use sautikit_api::keys::{CreateApiKey, CreatedApiKey};

const PAGE: &str = "/developers/keys";

/// Shows the page with the secret instead of redirecting: nothing may keep the secret until a second request.
pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let scopes: Vec<String> = fields.all("scope").map(str::to_owned).collect();
    let body =
        CreateApiKey { name: fields.text("name"), scopes: (!scopes.is_empty()).then_some(scopes), expires_at: None };
    let created = match api.post_once("/v1/api-keys", &body, &fields.text("form_token")).await {
        Ok(answer) => answer.read::<CreatedApiKey>(),
        Err(failure) => Err(failure),
    };
    match created {
        Ok(created) => Next::Show { page: PAGE.to_owned(), flash: Flash::KeyCreated(Box::new(created)), status: 200 },
        Err(failure) => Next::failed(CREATE_KEY, PAGE, failure, fields),
    }
}

pub(super) async fn revoke(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/api-keys/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=revoked")),
        Err(failure) => Next::failed(REVOKE_KEY, PAGE, failure, fields),
    }
}
