//! `/developers/playground`: a voice document, how a call reads it, and running it as one.

use super::{
    member::{Member, member_page},
    playground_check,
};
use crate::{
    api_client::ApiFailure,
    components::{CodeBlock, FailureNotice, Field, Notice, PageHead, Tone, hidden, of_workspace},
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::{Compat, Number},
    playground::ValidatedActions,
    rights::Scope,
};

/// What a newcomer finds in the editor.
const EXAMPLE: &str = r#"{
  "actions": [
    { "getDigits": {
        "numDigits": 1,
        "prompt": { "say": { "text": "Press 1 for sales, 2 for support." } },
        "action": "/menu"
    } },
    { "say": { "text": "We did not hear a key. Goodbye." } }
  ]
}"#;

/// The playground.
#[component]
pub(crate) fn PlaygroundPage() -> impl IntoView {
    member_page(|text| text.playground.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().playground;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let numbers: Vec<Number> = match member.may(Scope::CallsWrite) {
        true => member.api().list("/v1/numbers").await?,
        false => Vec::new(),
    };
    let (read, document, compat) = match &visit.flash {
        Some(Flash::ActionsRead(read)) => (Some(read.0.clone()), read.1.clone(), read.2.clone()),
        _ => {
            let typed = |form| visit.typed(form, "document");
            let document = typed(forms::CHECK_ACTIONS).or_else(|| typed(forms::RUN_ACTIONS));
            (None, document.unwrap_or_else(|| EXAMPLE.to_owned()), String::new())
        }
    };
    let choices = Compat::ALL.map(|each| {
        view! { <option value=each.as_str() selected=each.as_str() == compat>{each.as_str()}</option> }
    });
    let failures = [forms::CHECK_ACTIONS, forms::RUN_ACTIONS];
    let failure = failures.into_iter().find_map(|form| visit.failure_of(form).cloned());
    let result = read.as_ref().map(|read| outcome(&member, read));
    let check = member.may(Scope::NumbersWrite).then(|| playground_check::check(&member, &numbers));
    let run = (!numbers.is_empty()).then(|| run_form(&member, &numbers, &document, read.as_ref()));
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <section class="panel">
            <form class="form panel__body" method="post" action=forms::CHECK_ACTIONS>
                {of_workspace(&visit)}
                <div class="field">
                    <label class="field__label" for="document">{text.document}</label>
                    <textarea class="field__input field__input--area field__input--code" id="document" name="document" rows="16" maxlength="65536" spellcheck="false" required>{document.clone()}</textarea>
                </div>
                <div class="field">
                    <label class="field__label" for="compat">{text.compat}</label>
                    <select class="field__input" id="compat" name="compat">{choices.collect_view()}</select>
                </div>
                <button class="button button--primary">{text.check}</button>
            </form>
        </section>
        {result}
        {run}
        {check}
    }
    .into_any())
}

fn outcome(member: &Member, read: &ValidatedActions) -> AnyView {
    let text = &member.text().playground;
    let lang = member.visit.lang;
    let notice = match &read.error {
        None => view! { <Notice tone=Tone::Good title=text.good.to_owned() text=String::new()/> },
        Some(error) => {
            let line = error.line.map(|line| {
                let place = error.column.map_or_else(|| line.to_string(), |column| format!("{line}:{column}"));
                fill(text.place, &place)
            });
            let place: Vec<_> = line.into_iter().chain(error.path.clone()).collect();
            let begin = if place.is_empty() { String::new() } else { format!("{}: ", place.join(", ")) };
            view! { <Notice tone=Tone::Bad title=text.bad.to_owned() text=format!("{begin}{}", error.message)/> }
        }
    };
    let runs = read.actions.as_ref().map(|actions| match actions.is_empty() {
        true => view! { <p class="muted">{text.nothing}</p> }.into_any(),
        false => {
            let code = serde_json::to_string_pretty(actions).unwrap_or_default();
            view! { <CodeBlock id="read-actions" label=text.runs code lang/> }.into_any()
        }
    });
    let runs = runs.map(|runs| view! { <h3>{text.runs}</h3>{runs} });
    let skipped = (!read.warnings.is_empty()).then(|| {
        let lines = read.warnings.iter().map(|warning| {
            let place = format!("{}:{}", warning.line, warning.column);
            view! { <li><code>{place}</code>" "{warning.message.clone()}</li> }
        });
        view! { <h3>{text.skipped}</h3><ul class="muted">{lines.collect_view()}</ul> }
    });
    view! { <section class="panel"><div class="panel__body stack">{notice}{runs}{skipped}</div></section> }.into_any()
}

fn run_form(member: &Member, numbers: &[Number], document: &str, read: Option<&ValidatedActions>) -> AnyView {
    let text = &member.text().playground;
    let visit = member.visit.clone();
    let is_json = document.trim_start().starts_with('{');
    let body = match (is_json, read.is_none_or(|read| read.error.is_none())) {
        (true, true) => {
            let options = numbers.iter().map(|number| {
                view! { <option value=number.e164.clone()>{number.e164.clone()}</option> }
            });
            let token = format!("{}-run", visit.form_token);
            view! {
                <form class="form form--row" method="post" action=forms::RUN_ACTIONS>
                    {of_workspace(&visit)}
                    {hidden("form_token", token)}
                    {hidden("document", document.to_owned())}
                    <div class="field">
                        <label class="field__label" for="from">{text.from}</label>
                        <select class="field__input" id="from" name="from">{options.collect_view()}</select>
                    </div>
                    <Field visit=visit.clone() form=forms::RUN_ACTIONS name="to" label=text.to kind="tel" autocomplete="off" required=true maxlength=20 placeholder="+254 722 000 001"/>
                    <button class="button">{text.call_button}</button>
                </form>
            }
            .into_any()
        }
        _ => view! { <p class="muted">{text.call_json}</p> }.into_any(),
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.call}</h2><p>{text.call_text}</p></div>
            <div class="panel__body">{body}</div>
        </section>
    }
    .into_any()
}
