//! What operators do to workspaces.

use super::{Fields, Next, RESUME_WORKSPACE, SUSPEND_WORKSPACE};
use crate::api_client::{Api, escape};
use sautikit_api::operator::SuspendWorkspace;

const PAGE: &str = "/operator/workspaces";

pub(super) async fn suspend(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = SuspendWorkspace { reason: fields.text("reason") };
    match api.post(format!("/v1/admin/workspaces/{}/suspend", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=suspended")),
        Err(failure) => Next::failed(SUSPEND_WORKSPACE, PAGE, failure, fields),
    }
}

pub(super) async fn resume(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.post(format!("/v1/admin/workspaces/{}/resume", escape(id)), &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=resumed")),
        Err(failure) => Next::failed(RESUME_WORKSPACE, PAGE, failure, fields),
    }
}
