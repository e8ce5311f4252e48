//! Setting up, changing, testing and deleting webhook endpoints, and sending deliveries again.

use super::{
    CHANGE_WEBHOOK, CREATE_WEBHOOK, DELETE_WEBHOOK, Fields, Next, RETRY_DELIVERIES, RETRY_DELIVERY,
    ROTATE_WEBHOOK_SECRET, ROTATE_WORKSPACE_SECRET, SWITCH_WEBHOOK, TEST_WEBHOOK, is_confirmed,
};
use crate::{
    api_client::{Api, ApiFailure, escape},
    visit::Flash,
};
use sautikit_api::webhooks::{
    CreateWebhook, CreatedWebhook, Delivery, Retried, RetryDeliveries, RotateSecret, TestWebhook, UpdateWebhook,
    WebhookStatus, WorkspaceSecret,
};

const LIST: &str = "/developers/webhooks";

fn page(id: &str) -> String {
    format!("{LIST}/{}", escape(id))
}

fn path(id: &str) -> String {
    format!("/v1/webhooks/{}", escape(id))
}

/// What was chosen; nothing chosen is everything.
fn events(fields: &Fields) -> Vec<String> {
    let chosen: Vec<String> = fields.all("events").map(str::to_owned).collect();
    if chosen.is_empty() { vec!["*".to_owned()] } else { chosen }
}

fn rate(fields: &Fields) -> Result<Option<i64>, ApiFailure> {
    match fields.text("rate_per_second") {
        text if text.is_empty() => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| ApiFailure::of_field("rate_per_second", format!("“{text}” is no number of events."))),
    }
}

pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let made = async {
        let body = CreateWebhook {
            url: fields.text("url"),
            events: Some(events(fields)),
            description: Some(fields.text("description")),
            rate_per_second: rate(fields)?,
            own_secret: None,
        };
        api.post_once("/v1/webhooks", &body, &fields.text("form_token")).await?.read::<CreatedWebhook>()
    };
    match made.await {
        Ok(made) => shown_once(made),
        Err(failure) => Next::failed(CREATE_WEBHOOK, LIST, failure, fields),
    }
}

fn rotation(fields: &Fields) -> RotateSecret {
    let end_former = fields.get("end_former").is_some();
    RotateSecret { grace_seconds: fields.text("grace_seconds").parse().ok(), end_former }
}

pub(super) async fn rotate(id: &str, fields: &Fields, api: &Api) -> Next {
    let answer =
        api.post_once(format!("{}/rotate-secret", path(id)), &rotation(fields), &fields.text("form_token")).await;
    match answer.and_then(|answer| answer.read::<CreatedWebhook>()) {
        Ok(made) => shown_once(made),
        Err(failure) => Next::failed(ROTATE_WEBHOOK_SECRET, page(id), failure, fields),
    }
}

/// Shows the endpoint's page with the secret instead of redirecting: nothing may keep the secret until a second request.
fn shown_once(made: CreatedWebhook) -> Next {
    let page = page(&made.webhook.id.to_string());
    Next::Show { page, flash: Flash::WebhookShown(Box::new(made)), status: 200 }
}

pub(super) async fn rotate_default(fields: &Fields, api: &Api) -> Next {
    let asked = rotation(fields);
    let answer = api.post_once("/v1/workspace/signing-secret/rotate", &asked, &fields.text("form_token")).await;
    match answer.and_then(|answer| answer.read::<WorkspaceSecret>()) {
        Ok(made) => Next::Show { page: LIST.to_owned(), flash: Flash::SecretShown(made.secret), status: 200 },
        Err(failure) => Next::failed(ROTATE_WORKSPACE_SECRET, LIST, failure, fields),
    }
}

pub(super) async fn change(id: &str, fields: &Fields, api: &Api) -> Next {
    let changed = async {
        let is_of_number = fields.get("of_number").is_some();
        let body = UpdateWebhook {
            url: (!is_of_number).then(|| fields.text("url")),
            events: (!is_of_number).then(|| events(fields)),
            description: Some(fields.text("description")),
            status: None,
            rate_per_second: Some(rate(fields)?),
        };
        api.patch(path(id), &body).await
    };
    match changed.await {
        Ok(_) => Next::redirect(format!("{}?done=saved", page(id))),
        Err(failure) => Next::failed(CHANGE_WEBHOOK, page(id), failure, fields),
    }
}

pub(super) async fn switch(id: &str, fields: &Fields, api: &Api) -> Next {
    let status = if fields.text("status") == "enabled" { WebhookStatus::Enabled } else { WebhookStatus::Disabled };
    match api.patch(path(id), &UpdateWebhook { status: Some(status), ..UpdateWebhook::default() }).await {
        Ok(_) => Next::redirect(format!("{}?done=saved", page(id))),
        Err(failure) => Next::failed(SWITCH_WEBHOOK, page(id), failure, fields),
    }
}

pub(super) async fn delete(id: &str, fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(&page(id));
    }
    match api.delete(path(id)).await {
        Ok(_) => Next::redirect(format!("{LIST}?done=deleted")),
        Err(failure) => Next::failed(DELETE_WEBHOOK, page(id), failure, fields),
    }
}

pub(super) async fn test(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = TestWebhook { event: Some(fields.text("event")).filter(|event| !event.is_empty()) };
    let answer = api.post_once(format!("{}/test", path(id)), &body, &fields.text("form_token")).await;
    match answer.and_then(|answer| answer.read::<Delivery>()) {
        Ok(_) => Next::redirect(format!("{}?done=tested#deliveries", page(id))),
        Err(failure) => Next::failed(TEST_WEBHOOK, page(id), failure, fields),
    }
}

/// Requests of one retry of all: 10,000 deliveries, of which whoever has more is shown the rest.
const MOST_PARTS: u32 = 10;

pub(super) async fn retry_all(id: &str, fields: &Fields, api: &Api) -> Next {
    let given = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let missing = fields.get("missing").is_some();
    let mut body =
        RetryDeliveries { from: fields.text("since"), to: given("to"), event: given("event"), missing, after: None };
    let mut has_more = true;
    // A request sends a part of many again, so that it holds nobody up.
    for part in 0..MOST_PARTS {
        let key = format!("{}-{part}", fields.text("form_token"));
        let answer = api.post_once(format!("{}/retry", path(id)), &body, &key).await;
        match answer.and_then(|answer| answer.read::<Retried>()) {
            Ok(retried) => (has_more, body.after) = (retried.has_more, retried.next_after),
            Err(failure) => return Next::failed(RETRY_DELIVERIES, page(id), failure, fields),
        }
        if !has_more {
            break;
        }
    }
    let done = if has_more { "retried_part" } else { "retried" };
    Next::redirect(format!("{}?done={done}#deliveries", page(id)))
}

pub(super) async fn retry(id: &str, fields: &Fields, api: &Api) -> Next {
    let (page, path) =
        (format!("/developers/deliveries/{}", escape(id)), format!("/v1/webhooks/deliveries/{}/retry", escape(id)));
    match api.post_once(path, &serde_json::json!({}), &fields.text("form_token")).await {
        Ok(_) => Next::redirect(format!("{page}?done=retried")),
        Err(failure) => Next::failed(RETRY_DELIVERY, page, failure, fields),
    }
}
