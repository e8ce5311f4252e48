//! What the quickstart does for who is signed in: it makes the key that its code has, and places the call that it shows, which
//! then appears beside the code while it runs.

use crate::{
    api_client::escape,
    components::{CallBadge, FailureNotice, Notice, Tone, hidden},
    format,
    forms::{self, BESIDE},
    i18n::fill,
    visit::{Flash, Visit},
};
use leptos::prelude::*;
use sautikit_api::calls::Call;

/// Where a page has the call.
pub(super) const PLACE: &str = "<!--run-->";
/// Where a page has the key.
pub(super) const KEY_PLACE: &str = "<!--key-->";
/// The key and the address that examples have, until somebody has their own.
const SAMPLE_KEY: &str = "skt_test_…";
const SAMPLE_ADDRESS: &str = "https://voice.example";
/// What the key of the page may.
const SCOPES: [&str; 2] = ["calls:read", "calls:write"];
/// What the page's own request says.
const DOCUMENT: &str = r#"{"actions": [{"say": {"text": "Habari! This is your first call."}}]}"#;
/// Whoever answers in development.
const SANDBOX: &str = "+254722000042";
/// Seconds between two looks at a call that runs or awaits its debit.
const LOOK_SECONDS: &str = "2";

/// The page's code with this server's address, and with the key that was just made.
pub(super) fn with_own_key(visit: &Visit, html: &str) -> String {
    let html = html.replace(SAMPLE_ADDRESS, &visit.public_url);
    match &visit.flash {
        Some(Flash::KeyCreated(created)) => html.replace(SAMPLE_KEY, &created.key),
        _ => html,
    }
}

/// The button that makes a key, for who is signed in.
pub(super) fn key(visit: &Visit) -> AnyView {
    let text = &visit.text().docs;
    match &visit.flash {
        Some(Flash::KeyCreated(_)) => {
            return view! { <Notice tone=Tone::Good title=text.key_made.to_owned()/> }.into_any();
        }
        Some(Flash::Failed { form, failure, .. }) if form == forms::CREATE_KEY => {
            return view! { <FailureNotice failure=failure.clone() lang=visit.lang/> }.into_any();
        }
        _ => {}
    }
    view! {
        <form class="docs__run" method="post" action=forms::CREATE_KEY>
            {hidden("form_token", format!("{}-key", visit.form_token))}
            {hidden(BESIDE, "yes")}
            {hidden("name", "quickstart")}
            {SCOPES.map(|scope| hidden("scope", scope)).into_iter().collect_view()}
            <button class="button button--small">{text.key}</button>
        </form>
    }
    .into_any()
}

/// The button for who has a number, and the call that was placed by it.
pub(super) async fn run(visit: &Visit, own: Option<&str>) -> AnyView {
    let text = &visit.text().docs;
    let Some(own) = own else {
        return view! { <p class="docs__run small muted" id="run">{text.run_signed_out}</p> }.into_any();
    };
    let call = match visit.query.get("call") {
        Some(id) => visit.api.get::<Call>(format!("/v1/calls/{}", escape(id))).await.ok(),
        None => None,
    };
    let failure = match &visit.flash {
        Some(Flash::Failed { form, failure, .. }) if form == forms::RUN_ACTIONS => Some(failure.clone()),
        _ => None,
    };
    let failure = failure.map(|failure| view! { <FailureNotice failure lang=visit.lang/> });
    let to = visit.typed(forms::RUN_ACTIONS, "to").unwrap_or_default();
    let to = if to.is_empty() && visit.development { SANDBOX.to_owned() } else { to };
    view! {
        <section class="docs__run panel" id="run" aria-label=text.run>
            <div class="panel__body stack">
                {failure}
                <form class="form form--row" method="post" action=forms::RUN_ACTIONS>
                    {hidden("form_token", visit.form_token.clone())}
                    {hidden(BESIDE, "yes")}
                    {hidden("document", DOCUMENT)}
                    {hidden("from", own.to_owned())}
                    <div class="field">
                        <label class="field__label" for="run-to">{fill(text.run_to, own)}</label>
                        <input class="field__input" id="run-to" name="to" type="tel" autocomplete="off" required=true maxlength=20 placeholder=SANDBOX value=to/>
                    </div>
                    <button class="button button--primary">{text.run}</button>
                </form>
                {call.map(|call| placed(visit, &call))}
            </div>
        </section>
    }
    .into_any()
}

/// The call as it stands, looked at again until its cost is known.
fn placed(visit: &Visit, call: &Call) -> AnyView {
    let (text, lang) = (&visit.text().docs, visit.lang);
    let unsettled = !call.status.is_terminal() || call.cost_minor.is_none();
    let href = format!("/calls/{}", call.id);
    let talked = call.duration_seconds.map(|seconds| view! { <span class="muted">{format::duration(seconds)}</span> });
    let cost = call.cost_minor.map(|cost| view! { <span class="muted">{format::money(cost, &call.currency)}</span> });
    let parties = format!("{} → {}", call.from, call.to);
    view! {
        <p class="docs__placed" role="status" data-live="run" data-live-seconds=unsettled.then_some(LOOK_SECONDS) data-live-calls=unsettled.then(|| call.id.to_string())>
            <CallBadge status=call.status lang/><span>{parties}</span>{talked}{cost}<a href=href>{text.run_open}</a>
        </p>
    }
    .into_any()
}
