//! `/developers/keys`: create, see once, revoke.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{
        CodeBlock, CopyButton, Empty, FailureNotice, Field, Glyph,
        Head::{Start, Unseen},
        Moment, Notice, PageHead, Tone, badge, cell, heads, hidden,
    },
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    keys::{ApiKey, CreatedApiKey, SCOPES},
    numbers::Number,
};

/// API keys.
#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    member_page(|text| text.common.keys, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().keys;
    let keys: Vec<ApiKey> = member.api().get("/v1/api-keys").await?;
    let created = match &member.visit.flash {
        Some(Flash::KeyCreated(created)) => {
            let numbers: Vec<Number> = member.api().get("/v1/numbers?limit=1").await.unwrap_or_default();
            Some(shown_once(&member, created, numbers.first()))
        }
        _ => None,
    };
    let revoked = member.visit.query.get("done") == Some("revoked");
    let failure = member.visit.failure_of(forms::REVOKE_KEY).cloned();
    let lang = member.visit.lang;
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        {created}
        {revoked.then(|| view! { <Notice tone=Tone::Good title=text.was_revoked.to_owned() text=text.was_revoked_text.to_owned()/> })}
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <div class="columns">
            <section class="panel"><div class="panel__head"><h2>{text.list}</h2></div>{list(&member, keys)}</section>
            {create_form(&member)}
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
    view! {
        <section class="secret" role="status">
            <h2>{text.created}</h2>
            <p>{text.created_text}</p>
            <div class="secret__value"><code id="new-key">{created.key.clone()}</code><CopyButton of="new-key" lang/></div>
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
        return view! { <Empty glyph=Glyph::Key title=text.none text=text.none_text/> }.into_any();
    }
    let rows = keys.into_iter().map(|key| {
        let scopes = if key.scopes.iter().any(|scope| scope == "*") { text.all_scopes.to_owned() } else { key.scopes.join(", ") };
        let name = view! { <span><span class="strong">{key.name.clone()}</span><br/><span class="muted small">{scopes}</span></span> };
        let used = match key.last_used_at {
            Some(at) => view! { <Moment at lang/> }.into_any(),
            None => common.never.into_any(),
        };
        let end = if key.revoked_at.is_some() {
            badge(Tone::Neutral, text.revoked).into_any()
        } else {
            // A question before the deed, without script: <details> opens onto the button that does it.
            view! {
                <details class="confirm">
                    <summary class="button button--small button--danger">{text.revoke}</summary>
                    <form class="confirm__ask" method="post" action=format!("/console/keys/{}/revoke", key.id)>
                        <p>{fill(text.revoke_ask, &key.name)}</p>
                        <button class="button button--small button--danger-solid">{text.revoke_sure}</button>
                    </form>
                </details>
            }
            .into_any()
        };
        view! {
            <tr>
                {cell(text.name, "", name)}
                {cell(text.key, "nowrap", view! { <code>{key.prefix}"…"</code> })}
                {cell(text.last_used, "muted", used)}
                {cell("", "end", end)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <table class="table">{heads([Start(text.name), Start(text.key), Start(text.last_used), Unseen(common.action)])}<tbody>{rows}</tbody></table> }.into_any()
}

fn create_form(member: &Member) -> AnyView {
    const FORM: &str = forms::CREATE_KEY;
    let text = &member.text().keys;
    let visit = member.visit.clone();
    let failure = visit.failure_of(FORM).filter(|failure| failure.field() != Some("name")).cloned();
    let lang = visit.lang;
    let scopes = SCOPES.iter().filter(|scope| **scope != "*").map(|scope| {
        view! { <label class="choice"><input type="checkbox" name="scope" value=*scope/><code>{*scope}</code></label> }
    });
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.create}</h2></div>
            <div class="panel__body">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                <form class="form" method="post" action=FORM>
                    {hidden("form_token", visit.form_token.clone())}
                    <Field visit form=FORM name="name" label=text.name hint=text.name_hint autocomplete="off" maxlength=80/>
                    <fieldset class="choices">
                        <legend class="field__label">{text.scopes}</legend>
                        {scopes.collect_view()}
                    </fieldset>
                    <p class="field__hint">{text.scopes_hint}</p>
                    <div class="form__actions"><button class="button button--primary">{text.create_button}</button></div>
                </form>
            </div>
        </section>
    }
    .into_any()
}
