//! Ending a call, and having the sandbox carrier make one.

use super::{Fields, HANG_UP, Next, SANDBOX_CALL};
use crate::api_client::{Api, escape};

/// A call that has ended meanwhile is what was wanted.
pub(super) async fn hang_up(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("/calls/{}", escape(id));
    match api.post(format!("/v1/calls/{}/hangup", escape(id)), &serde_json::json!({})).await {
        Ok(_) => Next::redirect(page),
        Err(failure) if failure.status() == 409 => Next::redirect(page),
        Err(failure) => Next::failed(HANG_UP, page, failure, fields),
    }
}

pub(super) async fn sandbox_call(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("/numbers/{}", escape(id));
    let body = serde_json::json!({ "to": fields.text("to"), "from": fields.text("from") });
    match api.post("/v1/sandbox/inbound", &body).await {
        Ok(_) => Next::redirect(format!("{page}?done=calling")),
        Err(failure) => Next::failed(SANDBOX_CALL, page, failure, fields),
    }
}
