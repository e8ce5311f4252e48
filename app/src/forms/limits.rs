//! Limits of calls and the low-balance alert.

use super::{
    ADD_SUBSCRIBER, Fields, Next, REMOVE_SUBSCRIBER, SET_ALERTS, SET_CEILING, SET_LIMITS, UNFREEZE, UNFREEZE_WORKSPACE,
};
use crate::{
    api_client::{Api, escape},
    format,
};
use sautikit_api::{
    alerts::{CreateAlertSubscriber, SetAlerts},
    limits::LimitSet,
};

const LIMITS: &str = "/wallet/limits";
const ALERTS: &str = "/wallet/alerts";

/// What was typed; what can't be read is sent as what the API refuses at its field.
fn limits(fields: &Fields) -> LimitSet {
    let typed = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let figure = |name: &str| typed(name).map(|text| text.replace([',', ' '], "").parse().unwrap_or(0));
    let flag = |name: &str| match fields.text(name).as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let codes = |text: String| {
        let codes = text.split([',', ' ', ';']).map(|code| code.trim().to_uppercase());
        codes.filter(|code| !code.is_empty()).collect()
    };
    LimitSet {
        spend_per_day_minor: money(fields, "spend_per_day_minor"),
        concurrent_calls: figure("concurrent_calls"),
        calls_per_second: figure("calls_per_second"),
        countries: typed("countries").map(codes),
        premium: flag("premium"),
        satellite: flag("satellite"),
    }
}

fn money(fields: &Fields, name: &str) -> Option<i64> {
    let text = Some(fields.text(name)).filter(|text| !text.is_empty())?;
    Some(format::parse_major(&text, &fields.text("currency")).unwrap_or(-1))
}

pub(super) async fn set(fields: &Fields, api: &Api) -> Next {
    match api.put("/v1/wallet/limits", &limits(fields)).await {
        Ok(_) => Next::redirect(format!("{LIMITS}?done=saved")),
        Err(failure) => Next::failed(SET_LIMITS, LIMITS, failure, fields),
    }
}

pub(super) async fn unfreeze(fields: &Fields, api: &Api) -> Next {
    match api.post("/v1/wallet/unfreeze", &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{LIMITS}?done=unfrozen")),
        Err(failure) => Next::failed(UNFREEZE, LIMITS, failure, fields),
    }
}

pub(super) async fn set_ceiling(id: &str, fields: &Fields, api: &Api) -> Next {
    let (id, page) = (escape(id), format!("/operator/workspaces/{}", escape(id)));
    match api.put(format!("/v1/admin/workspaces/{id}/limits"), &limits(fields)).await {
        Ok(_) => Next::redirect(format!("{page}?done=saved")),
        Err(failure) => Next::failed(SET_CEILING, page, failure, fields),
    }
}

pub(super) async fn unfreeze_workspace(id: &str, fields: &Fields, api: &Api) -> Next {
    let (id, page) = (escape(id), format!("/operator/workspaces/{}", escape(id)));
    match api.post(format!("/v1/admin/workspaces/{id}/unfreeze"), &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{page}?done=unfrozen")),
        Err(failure) => Next::failed(UNFREEZE_WORKSPACE, page, failure, fields),
    }
}

pub(super) async fn set_alerts(fields: &Fields, api: &Api) -> Next {
    let body = SetAlerts { low_balance_threshold_minor: money(fields, "low_balance_threshold_minor") };
    match api.put("/v1/wallet/alerts", &body).await {
        Ok(_) => Next::redirect(format!("{ALERTS}?done=threshold_set")),
        Err(failure) => Next::failed(SET_ALERTS, ALERTS, failure, fields),
    }
}

pub(super) async fn add_subscriber(fields: &Fields, api: &Api) -> Next {
    let body = CreateAlertSubscriber { email: fields.text("email") };
    match api.post_once("/v1/wallet/alert-subscribers", &body, &fields.text("form_token")).await {
        Ok(_) => Next::redirect(format!("{ALERTS}?done=added")),
        Err(failure) => Next::failed(ADD_SUBSCRIBER, ALERTS, failure, fields),
    }
}

pub(super) async fn remove_subscriber(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/wallet/alert-subscribers/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{ALERTS}?done=removed")),
        Err(failure) => Next::failed(REMOVE_SUBSCRIBER, ALERTS, failure, fields),
    }
}
