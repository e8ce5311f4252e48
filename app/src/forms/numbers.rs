//! Claiming, routing and releasing.

use super::{CLAIM, Fields, Next, RELEASE, ROUTING, is_confirmed};
use crate::api_client::{Api, escape};
use sautikit_api::numbers::{ClaimedNumber, UpdateRouting};

pub(super) async fn claim(fields: &Fields, api: &Api) -> Next {
    let path = format!("/v1/numbers/{}/claim", escape(&fields.text("id")));
    let claimed = match api.post_once(path, &serde_json::json!({}), &fields.text("form_token")).await {
        Ok(answer) => answer.read::<ClaimedNumber>(),
        Err(failure) => Err(failure),
    };
    match claimed {
        Ok(claimed) => Next::redirect(format!("/numbers/{}?done=claimed", claimed.number.id)),
        Err(failure) => Next::failed(CLAIM, "/numbers", failure, fields),
    }
}

pub(super) async fn routing(id: &str, fields: &Fields, api: &Api) -> Next {
    // The form shows every URL, so an empty field means that it was cleared.
    let url = |name: &str| Some(Some(fields.text(name)).filter(|url| !url.is_empty()));
    let body = UpdateRouting {
        voice_callback_url: url("voice_callback_url"),
        events_url: url("events_url"),
        fallback_url: url("fallback_url"),
        shadow_url: url("shadow_url"),
        ring_devices: Some(fields.get("ring_devices").is_some()),
        compat: Some(fields.text("compat")).filter(|compat| !compat.is_empty()),
        ..UpdateRouting::default()
    };
    let id = escape(id);
    match api.patch(format!("/v1/numbers/{id}/routing"), &body).await {
        Ok(_) => Next::redirect(format!("/numbers/{id}?done=saved")),
        Err(failure) => Next::failed(ROUTING, format!("/numbers/{id}"), failure, fields),
    }
}

pub(super) async fn release(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("/numbers/{}", escape(id));
    if !is_confirmed(fields) {
        return Next::mistyped(&format!("{page}?tab=settings"));
    }
    match api.delete(format!("/v1/numbers/{}", escape(id))).await {
        Ok(_) => Next::redirect("/numbers?done=released"),
        Err(failure) => Next::failed(RELEASE, page, failure, fields),
    }
}
