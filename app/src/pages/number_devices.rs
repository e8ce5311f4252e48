//! Of a number's page: the credentials of its devices, and which of them are registered.

use super::member::Member;
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        Copied, CopyButton, Empty, FailureNotice, Field, Glyph,
        Head::{Start, Unseen},
        Moment, Pager, Select, Tone, TypedConfirm, badge, cell, heads, hidden, of_workspace, qr,
    },
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::Number,
    rights::Scope,
    sip::{CreatedSipCredential, SipConfig, SipCredential, SipCredentialStatus, SipRegistration},
};

/// What the page shows of devices.
pub(super) struct Devices {
    credentials: Vec<SipCredential>,
    /// Where the next page of credentials is.
    next: Option<String>,
    registered: Vec<SipRegistration>,
    config: SipConfig,
}

impl Devices {
    pub(super) async fn of(member: &Member, number: &Number) -> Result<Self, ApiFailure> {
        let id = escape(&number.id.to_string());
        let page = format!("/numbers/{id}");
        let cursor = member.visit.query.get("cursor").unwrap_or_default();
        let path = format!("/v1/numbers/{id}/sip-credentials");
        let answer = member.api().fetch(with_query(&path, &[("cursor", cursor), ("limit", "20")])).await?;
        let credentials = answer.read()?;
        let next =
            answer.header("x-next-cursor").map(|cursor| with_query(&page, &[("tab", "devices"), ("cursor", cursor)]));
        let mut registered: Vec<SipRegistration> = member.api().list("/v1/sip/registrations").await?;
        registered.retain(|registered| registered.number_id == Some(number.id));
        let config = member.api().get(format!("/v1/numbers/{id}/sip-config")).await?;
        Ok(Self { credentials, next, registered, config })
    }

    pub(super) fn show(self, member: &Member, number: &Number) -> AnyView {
        let text = &member.text().devices;
        let lang = member.visit.lang;
        let may_write = member.may(Scope::NumbersWrite);
        let failure = [forms::CREATE_CREDENTIAL, forms::ROTATE_CREDENTIAL, forms::REVOKE_CREDENTIAL]
            .iter()
            .find_map(|form| member.visit.failure_of(form))
            .filter(|failure| failure.field().is_none())
            .cloned();
        let Self { credentials, next, registered, config } = self;
        view! {
            <section class="panel" id="devices">
                <div class="panel__head"><h2>{text.devices}</h2><p>{text.devices_text}</p></div>
                {failure.map(|failure| view! { <div class="panel__body"><FailureNotice failure lang/></div> })}
                {may_write.then(|| create_form(member, number))}
                {list(member, number, credentials)}
                <Pager lang label=text.devices next/>
                <div class="panel__body">
                    <h3>{text.registered}</h3>
                    {registrations(member, registered)}
                    <details class="disclosure">
                        <summary>{text.setup}</summary>
                        {settings(member, &config)}
                    </details>
                </div>
            </section>
        }
        .into_any()
    }

    /// The account that was made a moment ago, with its password.
    pub(super) fn made(&self, member: &Member) -> Option<AnyView> {
        let Some(Flash::CredentialShown(made)) = &member.visit.flash else { return None };
        let CreatedSipCredential { credential, password } = &**made;
        let text = &member.text().devices;
        let lang = member.visit.lang;
        let shown = view! {
            <section class="secret" role="status">
                <h2>{text.made}": "{credential.label.clone()}</h2>
                <p>{text.made_text}</p>
                <dl class="facts">
                    <dt>{text.username}</dt><dd><Copied id="new-username" value=credential.username.clone() lang/></dd>
                    <dt>{text.password}</dt><dd><span class="copied"><code id="new-password">{password.clone()}</code><CopyButton of="new-password" lang/></span></dd>
                </dl>
                {settings(member, &self.config)}
                {qr(&scanned(&credential.username, password, &self.config), text.qr_label)}
                <p class="small muted">{text.qr_text}</p>
            </section>
        };
        Some(shown.into_any())
    }
}

/// The account as a telephone's camera shows it, to be copied: softphones have no code in common.
fn scanned(username: &str, password: &str, config: &SipConfig) -> String {
    let SipConfig { domain, port, .. } = config;
    format!("sip:{username}@{domain}:{port}\n{username}\n{password}\n{domain}\n{port}")
}

/// What stands in a device's account beside name and password.
fn settings(member: &Member, config: &SipConfig) -> AnyView {
    let text = &member.text().devices;
    let tls = config.tls_port.map(|port| format!(" · {port} TLS")).unwrap_or_default();
    let ports = format!("{} UDP, TCP{tls}", config.port);
    view! {
        <dl class="facts">
            <dt>{text.server}</dt><dd><code>{config.domain.clone()}</code></dd>
            <dt>{text.port}</dt><dd><code>{ports}</code></dd>
            <dt>{text.web_socket}</dt><dd><code>{config.ws_url.clone()}</code></dd>
            <dt>{text.codecs}</dt><dd>{config.codecs.join(", ")}</dd>
            <dt>{text.srtp}</dt><dd>{config.srtp_suites.join(", ")}</dd>
        </dl>
    }
    .into_any()
}

/// How a device's audio can be encrypted.
const POLICIES: [&str; 4] = ["off", "accepted", "preferred", "required"];

/// A policy in words; one that a later release knows stands as it is.
fn policy_name<'a>(member: &Member, policy: &'a str) -> &'a str {
    let text = &member.text().trunks;
    match policy {
        "off" => text.srtp_off,
        "accepted" => text.srtp_accepted,
        "preferred" => text.srtp_preferred,
        "required" => text.srtp_required,
        other => other,
    }
}

fn create_form(member: &Member, number: &Number) -> AnyView {
    const FORM: &str = forms::CREATE_CREDENTIAL;
    let text = &member.text().devices;
    let visit = member.visit.clone();
    let policies = POLICIES.map(|policy| (policy.to_owned(), policy_name(member, policy).to_owned())).to_vec();
    view! {
        <form class="form form--row panel__body" method="post" action=format!("/console/numbers/{}/sip-credentials", number.id)>
            {of_workspace(&visit)}
            {hidden("form_token", visit.form_token.clone())}
            <Field visit=visit.clone() form=FORM name="label" label=text.label autocomplete="off" maxlength=80/>
            <Select visit form=FORM name="srtp" label=text.srtp options=policies value="accepted".to_owned()/>
            <button class="button">{text.create}</button>
        </form>
    }
    .into_any()
}

fn list(member: &Member, number: &Number, credentials: Vec<SipCredential>) -> AnyView {
    let text = &member.text().devices;
    let lang = member.visit.lang;
    if credentials.is_empty() {
        let words = if member.may(Scope::NumbersWrite) { text.none_text } else { text.none_may };
        return view! { <Empty glyph=Glyph::Softphone title=text.none text=words/> }.into_any();
    }
    let rows = credentials.into_iter().map(|credential| {
        let is_active = credential.status == SipCredentialStatus::Active;
        let status = match credential.status {
            SipCredentialStatus::Active => badge(Tone::Good, text.active).into_any(),
            SipCredentialStatus::Revoked => badge(Tone::Neutral, text.revoked).into_any(),
        };
        let since = credential.rotated_at.clone().unwrap_or_else(|| credential.created_at.clone());
        view! {
            <tr class=if is_active { "" } else { "table__past" }>
                {cell(text.device, "strong breakable", credential.label.clone())}
                {cell(text.username, "", view! { <code>{credential.username.clone()}</code> })}
                {cell(text.srtp, "", policy_name(member, &credential.srtp).to_owned())}
                {cell(text.created, "muted", view! { <Moment at=since lang/> })}
                {cell(text.status, "", status)}
                {cell("", "end", (is_active && member.may(Scope::NumbersWrite)).then(|| actions(member, number, &credential)))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.device),
        Start(text.username),
        Start(text.srtp),
        Start(text.created),
        Start(text.status),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn actions(member: &Member, number: &Number, credential: &SipCredential) -> AnyView {
    let text = &member.text().devices;
    let path = format!("/console/numbers/{}/sip-credentials/{}", number.id, credential.id);
    let token = format!("{}-{}", member.visit.form_token, credential.id);
    view! {
        <div class="actions">
            <details class="confirm">
                <summary class="button button--small" aria-label=fill(text.rotate_label, &credential.label)>{text.rotate}</summary>
                <form class="confirm__ask" method="post" action=format!("{path}/rotate")>
                    <p>{text.rotate_ask}</p>
                    {of_workspace(&member.visit)}
                    {hidden("form_token", token)}
                    <button class="button button--small button--primary">{text.rotate_sure}</button>
                </form>
            </details>
            <TypedConfirm visit=member.visit.clone() opens=text.revoke label=fill(text.revoke_label, &credential.label)
                action=format!("{path}/revoke") name=credential.username.clone() ask=fill(text.revoke_ask, &credential.label) sure=text.revoke_sure/>
        </div>
    }
    .into_any()
}

fn registrations(member: &Member, registered: Vec<SipRegistration>) -> AnyView {
    let text = &member.text().devices;
    let lang = member.visit.lang;
    if registered.is_empty() {
        return view! { <p class="muted">{text.none_registered}</p> }.into_any();
    }
    let rows = registered.into_iter().map(|device| {
        let agent = device.user_agent.unwrap_or_else(|| "–".to_owned());
        let who = view! { <span class="who"><code>{device.identity}</code><span class="muted small breakable">{agent}</span></span> };
        let address = format!("{} ({})", device.address, device.transport);
        view! {
            <tr>
                {cell(text.device, "", who)}
                {cell(text.address, "breakable", view! { <code>{address}</code> })}
                {cell(text.until, "muted", view! { <Moment at=device.expires_at lang/> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <div class="table-box"><table class="table">{heads([Start(text.device), Start(text.address), Start(text.until)])}<tbody>{rows}</tbody></table></div> }.into_any()
}
