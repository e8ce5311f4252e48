//! `/developers/keys`: create, see once, rotate, revoke.

use super::{
    key_form::create_form,
    member::{Member, member_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CodeBlock, CopyButton, CsvLink, Empty, Glyph,
        Head::{Start, Unseen},
        Icon, Moment, PageHead, Pager, Tone, TypedConfirm, badge, cell, heads, hidden, of_workspace, outcome,
    },
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    keys::{ApiKey, ApiKeyStatus, CreatedApiKey},
    numbers::Number,
    rights::Scope,
};

/// API keys.
#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    member_page(|text| text.common.keys, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().keys, member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/api-keys", &[("cursor", cursor)])).await?;
    let keys: Vec<ApiKey> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query("/developers/keys", &[("cursor", cursor)]));
    let created = match &member.visit.flash {
        Some(Flash::KeyCreated(created)) => {
            let numbers: Vec<Number> = member.api().get("/v1/numbers?limit=1").await.unwrap_or_default();
            Some(shown_once(&member, created, numbers.first()))
        }
        _ => None,
    };
    let may_write = member.may(Scope::ApiKeysWrite);
    let create = (may_write && !keys.is_empty())
        .then(|| view! { <a class="button button--primary" href="#create"><Icon glyph=Glyph::Plus/>{text.create}</a> });
    let csv = view! { <CsvLink visit=member.visit.clone() list="api-keys"/> };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text>{csv}{create}</PageHead>
        {created}
        {outcome(&member.visit, &[("revoked", text.was_revoked, text.was_revoked_text)])}
        <div class="stack-lg">
            <section class="panel">
                {list(&member, keys)}
                <Pager lang label=text.title next/>
            </section>
            {may_write.then(|| create_form(&member))}
        </div>
    }
    .into_any())
}

fn shown_once(member: &Member, created: &CreatedApiKey, number: Option<&Number>) -> AnyView {
    let text = &member.text().keys;
    let lang = member.visit.lang;
    let from = number.map_or("+254700000001", |number| number.e164.as_str());
    let curl = format!(
        "curl {}/v1/calls \\\n  -H \"Authorization: Bearer {}\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"from\": \"{from}\", \"to\": \"+254722000042\"}}'",
        member.visit.public_url, created.key
    );
    let former = created.api_key.former_secret_until.clone();
    view! {
        <section class="secret" role="status">
            <h2>{text.created}</h2>
            <p>{text.created_text}</p>
            <div class="secret__value"><code id="new-key">{created.key.clone()}</code><CopyButton of="new-key" lang/></div>
            {former.map(|until| view! { <p>{text.former_until}" "<Moment at=until lang/>"."</p> })}
            <h3>{text.first_call}</h3>
            <CodeBlock id="first-call" label=text.first_call code=curl lang/>
        </section>
    }
    .into_any()
}

fn list(member: &Member, keys: Vec<ApiKey>) -> AnyView {
    let text = &member.text().keys;
    let common = &member.text().common;
    let lang = member.visit.lang;
    if keys.is_empty() {
        let words = if member.may(Scope::ApiKeysWrite) { text.none_text } else { text.none_may };
        return view! { <Empty glyph=Glyph::Key title=text.none text=words/> }.into_any();
    }
    let moment = |at: Option<String>| match at {
        Some(at) => view! { <Moment at lang/> }.into_any(),
        None => common.never.into_any(),
    };
    let rows = keys.into_iter().map(|key| {
        let scopes = if key.scopes.iter().any(|scope| scope == "*") { text.all_scopes.to_owned() } else { key.scopes.join(", ") };
        let name = view! { <span class="who"><span class="strong">{key.name.clone()}</span><span class="muted small">{scopes}</span></span> };
        let used = view! { <span class="who">{moment(key.last_used_at.clone())}{key.last_used_ip.clone().map(|ip| view! { <code class="small">{ip}</code> })}</span> };
        let former = key.former_secret_until.clone().map(|until| view! { <span class="muted small">{text.former_until}" "<Moment at=until lang/></span> });
        let secret = view! { <span class="who"><code>{key.prefix.clone()}"…"</code>{former}</span> };
        view! {
            <tr class=if key.status == ApiKeyStatus::Active { "" } else { "table__past" }>
                {cell(text.name, "", name)}
                {cell(text.key, "", secret)}
                {cell(text.last_used, "muted", used)}
                {cell(text.expires, "muted", moment(key.expires_at.clone()))}
                {cell(text.status, "", status(member, key.status))}
                {cell("", "end", actions(member, &key))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.name),
        Start(text.key),
        Start(text.last_used),
        Start(text.expires),
        Start(text.status),
        Unseen(common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn status(member: &Member, status: ApiKeyStatus) -> AnyView {
    let text = &member.text().keys;
    match status {
        ApiKeyStatus::Active => badge(Tone::Good, text.active).into_any(),
        ApiKeyStatus::Expired => badge(Tone::Warn, text.expired).into_any(),
        ApiKeyStatus::Revoked => badge(Tone::Neutral, text.revoked).into_any(),
    }
}

/// A key that works is given another secret or taken back; one that has expired is only taken back.
fn actions(member: &Member, key: &ApiKey) -> Option<AnyView> {
    let text = &member.text().keys;
    if key.status == ApiKeyStatus::Revoked || !member.may(Scope::ApiKeysWrite) {
        return None;
    }
    let rotate = (key.status == ApiKeyStatus::Active).then(|| rotate_form(member, key));
    let revoke = view! {
        <TypedConfirm visit=member.visit.clone() opens=text.revoke label=fill(text.revoke_label, &key.name)
            action=format!("/console/keys/{}/revoke", key.id) name=key.name.clone() ask=fill(text.revoke_ask, &key.name) sure=text.revoke_sure/>
    };
    Some(view! { <div class="actions">{rotate}{revoke}</div> }.into_any())
}

fn rotate_form(member: &Member, key: &ApiKey) -> AnyView {
    let text = &member.text().keys;
    /// What the API takes when nothing is said: a day.
    const USUAL: &str = "86400";
    let overlaps = [
        ("0", text.overlap_none),
        ("3600", text.overlap_hour),
        (USUAL, text.overlap_day),
        ("604800", text.overlap_week),
    ];
    let options =
        overlaps.map(|(seconds, words)| view! { <option value=seconds selected=seconds == USUAL>{words}</option> });
    let token = format!("{}-{}", member.visit.form_token, key.id);
    view! {
        <details class="confirm">
            <summary class="button button--small" aria-label=fill(text.rotate_label, &key.name)>{text.rotate}</summary>
            <form class="confirm__ask" method="post" action=format!("/console/keys/{}/rotate", key.id)>
                <p>{text.rotate_ask}</p>
                {of_workspace(&member.visit)}
                {hidden("form_token", token)}
                <label class="field"><span class="field__label">{text.overlap}</span><select class="field__input" name="overlap_seconds">{options.into_iter().collect_view()}</select></label>
                <button class="button button--small button--primary">{text.rotate_sure}</button>
            </form>
        </details>
    }
    .into_any()
}
