//! `/developers/playground`: a voice document, how a call reads it, and running it as one.

use super::{
    member::{Member, member_page},
    playground_check,
    playground_marks::marks,
    playground_recipes,
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{CodeBlock, FailureNotice, Field, Notice, PageHead, Tone, hidden, of_workspace},
    forms,
    i18n::{PlaygroundText, fill},
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::{Compat, Number},
    playground::{InvalidActions, ValidatedActions},
    rights::Scope,
};

/// The page.
pub(super) const PAGE: &str = "/developers/playground";
/// Longest address that a link is offered for; browsers and chats cut longer ones.
const LONGEST_LINK: usize = 8_000;
/// What the form takes, in bytes.
const LONGEST_DOCUMENT: usize = 65_536;
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
            let shared = || visit.query.get("document").filter(|document| document.len() <= LONGEST_DOCUMENT);
            let document = document.or_else(|| shared().map(ToOwned::to_owned));
            let compat = visit.query.get("compat").unwrap_or_default().to_owned();
            (None, document.unwrap_or_else(|| EXAMPLE.to_owned()), compat)
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
        {playground_recipes::links(lang)}
        <div class="stack-lg">
            <section class="panel">
                <form class="form panel__body" method="post" action=forms::CHECK_ACTIONS>
                    {of_workspace(&visit)}
                    <div class="field">
                        <label class="field__label" for="document">{text.document}</label>
                        <div class="editor" data-editor>
                            {marks(&document, read.as_ref())}
                            <textarea class="field__input field__input--area field__input--code" id="document" name="document" rows="16" maxlength="65536" spellcheck="false" required aria-describedby="document-said">{crate::format::in_textarea(&document)}</textarea>
                        </div>
                        <p class="field__hint" id="document-said" data-editor-said role="status">{read.as_ref().map(|read| said(&member, read))}</p>
                    </div>
                    <div class="field">
                        <label class="field__label" for="compat">{text.compat}</label>
                        <select class="field__input" id="compat" name="compat">{choices.collect_view()}</select>
                    </div>
                    <button class="button button--primary">{text.check}</button>
                </form>
            </section>
            {result}
            <script type="module" src=format!("{}/editor.js", visit.assets)></script>
            <div data-editor-follows="share">{share(&member, &document, &compat)}</div>
            <div data-editor-follows="run">{run}</div>
            {check}
        </div>
    }
    .into_any())
}

/// A link that opens the page with this document, where an address has room for it.
fn share(member: &Member, document: &str, compat: &str) -> Option<AnyView> {
    let text = &member.text().playground;
    let compat = if compat == Compat::Sautikit.as_str() { "" } else { compat };
    let path = with_query(PAGE, &[("document", document.trim()), ("compat", compat)]);
    if path.len() > LONGEST_LINK || document.trim() == EXAMPLE {
        return None;
    }
    let (code, lang) = (format!("{}{path}", member.visit.public_url), member.visit.lang);
    Some(
        view! {
            <details class="panel disclosure disclosure--panel">
                <summary>{text.share}</summary>
                <div class="panel__body stack"><p class="small muted">{text.share_text}</p><CodeBlock id="share" label=text.share code lang/></div>
            </details>
        }
        .into_any(),
    )
}

/// `line 3:5, actions[0].dial.to: …`.
fn sentence(text: &'static PlaygroundText, error: &InvalidActions) -> String {
    let line = error.line.map(|line| {
        let place = error.column.map_or_else(|| line.to_string(), |column| format!("{line}:{column}"));
        fill(text.place, &place)
    });
    let place: Vec<_> = line.into_iter().chain(error.path.clone()).collect();
    let begin = if place.is_empty() { String::new() } else { format!("{}: ", place.join(", ")) };
    format!("{begin}{}", error.message)
}

/// The same below the editor: what is wrong, else what is skipped, else that a call would run it.
fn said(member: &Member, read: &ValidatedActions) -> String {
    let text = &member.text().playground;
    match (&read.error, read.warnings.first()) {
        (Some(error), _) => format!("{}: {}", text.bad, sentence(text, error)),
        (None, Some(warning)) => {
            format!(
                "{}: {}, {}",
                text.skipped,
                fill(text.place, &format!("{}:{}", warning.line, warning.column)),
                warning.message
            )
        }
        (None, None) => text.good.to_owned(),
    }
}

fn outcome(member: &Member, read: &ValidatedActions) -> AnyView {
    let text = &member.text().playground;
    let lang = member.visit.lang;
    let notice = match &read.error {
        None => view! { <Notice tone=Tone::Good title=text.good.to_owned() text=String::new()/> },
        Some(error) => view! { <Notice tone=Tone::Bad title=text.bad.to_owned() text=sentence(text, error)/> },
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
    let body = match read.is_none_or(|read| read.error.is_none()) {
        true => {
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
        false => view! { <p class="muted">{text.call_mended}</p> }.into_any(),
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.call}</h2><p>{text.call_text}</p></div>
            <div class="panel__body">{body}</div>
        </section>
    }
    .into_any()
}
