//! What a number has of its own: the test of its routing, its signing secret, and the credentials of its devices.

use super::{
    CREATE_CREDENTIAL, Fields, Next, REVOKE_CREDENTIAL, ROTATE_CREDENTIAL, ROTATE_SIGNING_SECRET, TEST_ROUTING,
    is_confirmed,
};
use crate::{
    api_client::{Api, ApiFailure, ApiResponse, escape},
    visit::Flash,
};
use sautikit_api::{
    numbers::{SigningSecret, TestRouting, TestedRouting},
    sip::{CreateSipCredential, CreatedSipCredential},
};

fn page(number: &str) -> String {
    format!("/numbers/{}", escape(number))
}

pub(super) async fn test(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = TestRouting { from: Some(fields.text("test_from")).filter(|from| !from.is_empty()) };
    let answer = api.post(format!("/v1/numbers/{}/routing/test", escape(id)), &body).await;
    match answer.and_then(|answer| answer.read::<TestedRouting>()) {
        Ok(tested) => Next::Show { page: page(id), flash: Flash::RoutingTested(Box::new(tested)), status: 200 },
        Err(failure) => Next::failed(TEST_ROUTING, page(id), failure, fields),
    }
}

/// As with keys, the page with the secret is shown at once: nothing may keep it until a second request.
pub(super) async fn rotate_secret(id: &str, fields: &Fields, api: &Api) -> Next {
    let path = format!("/v1/numbers/{}/routing/rotate-secret", escape(id));
    let answer = api.post_once(path, &serde_json::json!({}), &fields.text("form_token")).await;
    match answer.and_then(|answer| answer.read::<SigningSecret>()) {
        Ok(made) => Next::Show { page: page(id), flash: Flash::SecretShown(made.secret), status: 200 },
        Err(failure) => Next::failed(ROTATE_SIGNING_SECRET, page(id), failure, fields),
    }
}

pub(super) async fn create(id: &str, fields: &Fields, api: &Api) -> Next {
    let path = format!("/v1/numbers/{}/sip-credentials", escape(id));
    let srtp = Some(fields.text("srtp")).filter(|policy| !policy.is_empty());
    let body = CreateSipCredential { label: fields.text("label"), srtp };
    let answer = api.post_once(path, &body, &fields.text("form_token")).await;
    shown_once(CREATE_CREDENTIAL, id, answer, fields)
}

pub(super) async fn rotate((number, id): (&str, &str), fields: &Fields, api: &Api) -> Next {
    let path = format!("/v1/numbers/{}/sip-credentials/{}/rotate", escape(number), escape(id));
    let answer = api.post_once(path, &serde_json::json!({}), &fields.text("form_token")).await;
    shown_once(ROTATE_CREDENTIAL, number, answer, fields)
}

fn shown_once(form: &str, number: &str, answer: Result<ApiResponse, ApiFailure>, fields: &Fields) -> Next {
    match answer.and_then(|answer| answer.read::<CreatedSipCredential>()) {
        Ok(made) => Next::Show { page: page(number), flash: Flash::CredentialShown(Box::new(made)), status: 200 },
        Err(failure) => Next::failed(form, page(number), failure, fields),
    }
}

pub(super) async fn revoke((number, id): (&str, &str), fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(&format!("{}?tab=devices", page(number)));
    }
    match api.delete(format!("/v1/numbers/{}/sip-credentials/{}", escape(number), escape(id))).await {
        Ok(_) => Next::redirect(format!("{}?tab=devices&done=revoked", page(number))),
        Err(failure) => Next::failed(REVOKE_CREDENTIAL, page(number), failure, fields),
    }
}
