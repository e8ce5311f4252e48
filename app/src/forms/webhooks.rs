//! Setting up, changing, testing and deleting webhook endpoints, and sending deliveries again.

use super::{
    CHANGE_WEBHOOK, CREATE_WEBHOOK, DELETE_WEBHOOK, Fields, Next, RETRY_ALL_DELIVERIES, RETRY_DELIVERIES,
    RETRY_DELIVERY, ROTATE_WEBHOOK_SECRET, ROTATE_WORKSPACE_SECRET, SWITCH_WEBHOOK, TEST_WEBHOOK, is_confirmed,
};
use crate::{
    api_client::{Api, ApiFailure, escape},
    visit::Flash,
};
use sautikit_api::webhooks::{
    CreateWebhook, CreatedWebhook, Delivery, Retried, RetryDeliveries, RotateSecret, TestWebhook, UpdateWebhook,
    Webhook, WebhookStatus, WorkspaceSecret,
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
        text => {
            text.parse().map(Some).map_err(|_| ApiFailure::of_field("rate_per_second", |text| text.events, &[&text]))
        }
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
/// The page of all deliveries.
const DELIVERIES: &str = "/developers/deliveries";

/// What is to be sent again, as the form says.
fn what(fields: &Fields) -> RetryDeliveries {
    let given = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let missing = fields.get("missing").is_some();
    RetryDeliveries { from: fields.text("since"), to: given("to"), event: given("event"), missing, after: None }
}

/// Sends it again to an endpoint, by `parts` requests at most, of which it takes what it needs; whether there is more.
async fn send_again(id: &str, fields: &Fields, api: &Api, parts: &mut u32) -> Result<bool, ApiFailure> {
    let mut body = what(fields);
    // A request sends a part of many again, so that it holds nobody up.
    while let Some(left) = parts.checked_sub(1) {
        *parts = left;
        let key = format!("{}-{id}-{left}", fields.text("form_token"));
        let answer = api.post_once(format!("{}/retry", path(id)), &body, &key).await?;
        let retried = answer.read::<Retried>()?;
        if !retried.has_more {
            return Ok(false);
        }
        body.after = retried.next_after;
    }
    Ok(true)
}

pub(super) async fn retry_all(id: &str, fields: &Fields, api: &Api) -> Next {
    match send_again(id, fields, api, &mut { MOST_PARTS }).await {
        Ok(has_more) => Next::redirect(format!("{}?done={}#deliveries", page(id), done(has_more))),
        Err(failure) => Next::failed(RETRY_DELIVERIES, page(id), failure, fields),
    }
}

fn done(has_more: bool) -> &'static str {
    if has_more { "retried_part" } else { "retried" }
}

/// To the endpoint that is chosen, or to each that is on.
pub(super) async fn retry_everywhere(fields: &Fields, api: &Api) -> Next {
    let sent = async {
        let endpoints = match fields.text("webhook_id") {
            id if id.is_empty() => {
                let all: Vec<Webhook> = api.get("/v1/webhooks?limit=200").await?;
                let are_on = all.into_iter().filter(|one| one.status == WebhookStatus::Enabled);
                are_on.map(|one| one.id.to_string()).collect()
            }
            id => vec![id],
        };
        // One for each, and those of a long list besides.
        let mut parts = MOST_PARTS + u32::try_from(endpoints.len()).unwrap_or(0);
        let mut has_more = false;
        for id in endpoints {
            has_more |= send_again(&id, fields, api, &mut parts).await?;
        }
        Ok::<_, ApiFailure>(has_more)
    };
    match sent.await {
        Ok(has_more) => Next::redirect(format!("{DELIVERIES}?done={}", done(has_more))),
        Err(failure) => Next::failed(RETRY_ALL_DELIVERIES, DELIVERIES, failure, fields),
    }
}

pub(super) async fn retry(id: &str, fields: &Fields, api: &Api) -> Next {
    let (page, path) =
        (format!("/developers/deliveries/{}", escape(id)), format!("/v1/webhooks/deliveries/{}/retry", escape(id)));
    match api.post_once(path, &serde_json::json!({}), &fields.text("form_token")).await {
        Ok(_) => Next::redirect(format!("{page}?done=retried")),
        Err(failure) => Next::failed(RETRY_DELIVERY, page, failure, fields),
    }
}
