//! Setting up, changing and deleting trunks.

use super::{CREATE_TRUNK, DELETE_TRUNK, Fields, Next, SWITCH_TRUNK, UPDATE_TRUNK, is_confirmed};
use crate::api_client::{Api, escape};
use sautikit_api::trunks::{CreateTrunk, UpdateTrunk};

const PAGE: &str = "/operator/trunks";

pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let given = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let body = CreateTrunk {
        name: fields.text("name"),
        address: fields.text("address"),
        prefixes: entries(fields, "prefixes"),
        sources: entries(fields, "sources"),
        country: given("country"),
        username: given("username"),
        password: given("password"),
        codecs: Some(entries(fields, "codecs")),
        priority: number(fields, "priority").flatten(),
        max_calls: number(fields, "max_calls").flatten(),
        transport: given("transport"),
        outbound_proxy: given("outbound_proxy"),
        domain: given("domain"),
        certificate_name: given("certificate_name"),
        register: Some(fields.get("register").is_some()),
        from_user: given("from_user"),
        identity: given("identity"),
        number_format: given("number_format"),
        calls_per_second: number(fields, "calls_per_second").flatten(),
        options_every_seconds: number(fields, "options_every_seconds").flatten(),
        follow_redirects: Some(fields.get("follow_redirects").is_some()),
        srtp: given("srtp"),
        pass_headers: entries(fields, "pass_headers"),
        is_enabled: Some(true),
    };
    match api.post("/v1/admin/trunks", &body).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=created")),
        Err(failure) => Next::failed(CREATE_TRUNK, PAGE, failure, fields),
    }
}

pub(super) async fn update(id: &str, fields: &Fields, api: &Api) -> Next {
    // The form shows everything but the password, so an empty field means that it was cleared.
    let optional = |name: &str| Some(Some(fields.text(name)).filter(|text| !text.is_empty()));
    let body = UpdateTrunk {
        address: Some(fields.text("address")),
        prefixes: Some(entries(fields, "prefixes")),
        sources: Some(entries(fields, "sources")),
        country: optional("country"),
        username: optional("username"),
        password: Some(fields.text("password")).filter(|text| !text.is_empty()),
        codecs: Some(entries(fields, "codecs")),
        priority: number(fields, "priority").flatten(),
        max_calls: number(fields, "max_calls"),
        transport: Some(fields.text("transport")),
        outbound_proxy: optional("outbound_proxy"),
        domain: optional("domain"),
        certificate_name: optional("certificate_name"),
        register: Some(fields.get("register").is_some()),
        from_user: optional("from_user"),
        identity: Some(fields.text("identity")),
        number_format: Some(fields.text("number_format")),
        calls_per_second: number(fields, "calls_per_second"),
        options_every_seconds: number(fields, "options_every_seconds"),
        follow_redirects: Some(fields.get("follow_redirects").is_some()),
        srtp: Some(fields.text("srtp")),
        pass_headers: Some(entries(fields, "pass_headers")),
        is_enabled: None,
    };
    let id = escape(id);
    match api.patch(format!("/v1/admin/trunks/{id}"), &body).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=saved")),
        Err(failure) => Next::failed(UPDATE_TRUNK, format!("{PAGE}/{id}"), failure, fields),
    }
}

/// Lets it take new calls, or none.
pub(super) async fn switch(id: &str, fields: &Fields, api: &Api) -> Next {
    let is_enabled = fields.get("is_enabled").is_some();
    let body = UpdateTrunk { is_enabled: Some(is_enabled), ..UpdateTrunk::default() };
    match api.patch(format!("/v1/admin/trunks/{}", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done={}", if is_enabled { "enabled" } else { "disabled" })),
        Err(failure) => Next::failed(SWITCH_TRUNK, PAGE, failure, fields),
    }
}

pub(super) async fn delete(id: &str, fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(PAGE);
    }
    match api.delete(format!("/v1/admin/trunks/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=deleted")),
        Err(failure) => Next::failed(DELETE_TRUNK, PAGE, failure, fields),
    }
}

/// What stands in a field, by blanks, commas or lines.
fn entries(fields: &Fields, name: &str) -> Vec<String> {
    let text = fields.text(name);
    let entries = text.split(|letter: char| letter.is_whitespace() || letter == ',');
    entries.filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// A number; none is what an empty field says. What is no number is too large for the API, which then names the field.
fn number(fields: &Fields, name: &str) -> Option<Option<u32>> {
    let text = fields.text(name);
    Some((!text.is_empty()).then(|| text.parse().unwrap_or(u32::MAX)))
}
