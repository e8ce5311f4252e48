//! What operators do to workspaces and payments.

use super::{
    ADJUST, ASSIGN_PAYMENT, DISMISS_PAYMENT, Fields, Next, OPERATOR_HANG_UP, RECONCILE, RESUME_WORKSPACE, RETRY_JOB,
    ROTATE_SIP_KEYS, SET_COUNTRY, SET_OVERDRAFT, SUSPEND_WORKSPACE,
};
use crate::{
    api_client::{Api, escape, with_query},
    format,
    visit::Flash,
};
use sautikit_api::operator::{
    CreateAdjustment, DismissPayment, ReconcilePayments, Reconciliation, SuspendWorkspace, UpdateAdminWorkspace,
    UpdateWallet,
};

const PAGE: &str = "/operator/workspaces";
const PAYMENTS: &str = "/operator/payments";
const CALLS: &str = "/operator/calls";
const JOBS: &str = "/operator/jobs";
const REGISTRATIONS: &str = "/operator/registrations";
/// Of a UUID as it is written.
const ID_CHARS: usize = 36;

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

pub(super) async fn set_country(id: &str, fields: &Fields, api: &Api) -> Next {
    let (id, page) = (escape(id), format!("{PAGE}/{}", escape(id)));
    let body = UpdateAdminWorkspace { country: Some(fields.text("country")) };
    match api.patch(format!("/v1/admin/workspaces/{id}"), &body).await {
        Ok(_) => Next::redirect(format!("{page}?done=moved")),
        Err(failure) => Next::failed(SET_COUNTRY, page, failure, fields),
    }
}

pub(super) async fn assign(id: &str, fields: &Fields, api: &Api) -> Next {
    // Both are read in one field: an id has more characters than any account number.
    let typed = fields.text("workspace").trim().to_owned();
    let name = if typed.len() == ID_CHARS { "workspace_id" } else { "account_reference" };
    let body = serde_json::json!({ name: typed });
    match api.post(format!("/v1/admin/payments/{}/assign", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PAYMENTS}?done=assigned")),
        Err(failure) => Next::failed(ASSIGN_PAYMENT, PAYMENTS, failure, fields),
    }
}

pub(super) async fn hang_up(id: &str, fields: &Fields, api: &Api) -> Next {
    let workspace = fields.text("workspace_id");
    let page = |done: &str| with_query(CALLS, &[("workspace_id", &workspace), ("done", done)]);
    match api.post(format!("/v1/admin/calls/{}/hangup", escape(id)), &serde_json::json!({})).await {
        Ok(_) => Next::redirect(page("hung_up")),
        Err(failure) => Next::failed(OPERATOR_HANG_UP, page(""), failure, fields),
    }
}

pub(super) async fn retry_job(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.post(format!("/v1/admin/jobs/{}/retry", escape(id)), &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{JOBS}?done=retried")),
        Err(failure) => Next::failed(RETRY_JOB, JOBS, failure, fields),
    }
}

pub(super) async fn rotate_sip_keys(fields: &Fields, api: &Api) -> Next {
    match api.post("/v1/admin/sip-keys/rotate", &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{REGISTRATIONS}?done=rotated")),
        Err(failure) => Next::failed(ROTATE_SIP_KEYS, REGISTRATIONS, failure, fields),
    }
}

pub(super) async fn dismiss(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = DismissPayment { reason: fields.text("reason") };
    match api.post(format!("/v1/admin/payments/{}/dismiss", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PAYMENTS}?done=dismissed")),
        Err(failure) => Next::failed(DISMISS_PAYMENT, PAYMENTS, failure, fields),
    }
}

pub(super) async fn reconcile(fields: &Fields, api: &Api) -> Next {
    // The file; or, where it could not be sent, its text.
    let statement = ["file", "statement"].map(|name| fields.text(name)).into_iter().find(|text| !text.is_empty());
    let take = fields.get("take").is_some();
    let body = ReconcilePayments { statement: statement.unwrap_or_default(), take };
    let answer = api.post("/v1/admin/payments/reconcile", &body).await;
    match answer.and_then(|answer| answer.read::<Reconciliation>()) {
        Ok(found) => Next::Show { page: PAYMENTS.to_owned(), flash: Flash::Reconciled(Box::new(found)), status: 200 },
        Err(failure) => Next::failed(RECONCILE, PAYMENTS, failure, &Fields::new(Vec::new())),
    }
}

pub(super) async fn adjust(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("{PAGE}/{}/money", escape(id));
    let Some(amount_minor) = format::parse_major(&fields.text("amount"), &fields.text("currency")) else {
        return Next::redirect(format!("{page}?done=bad_amount"));
    };
    let body = CreateAdjustment { kind: fields.text("kind"), amount_minor, reason: fields.text("reason") };
    let path = format!("/v1/admin/wallets/{}/adjustments", escape(id));
    match api.post_once(path, &body, &fields.text("form_token")).await {
        Ok(_) => Next::redirect(format!("{page}?done=adjusted")),
        Err(failure) => Next::failed(ADJUST, page, failure, fields),
    }
}

pub(super) async fn set_overdraft(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("{PAGE}/{}/money", escape(id));
    let typed = fields.text("at_most");
    let floor_minor = match format::parse_major(&typed, &fields.text("currency")) {
        Some(amount_minor) => Some(-amount_minor),
        None if typed.trim().is_empty() => None,
        None => return Next::redirect(format!("{page}?done=bad_amount")),
    };
    let body = UpdateWallet { overdraft_floor_minor: Some(floor_minor) };
    match api.patch(format!("/v1/admin/workspaces/{}/wallet", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{page}?done=overdraft")),
        Err(failure) => Next::failed(SET_OVERDRAFT, page, failure, fields),
    }
}
