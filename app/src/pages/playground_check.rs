//! Of the playground: a handler is called as calls would, and what of its answers would not do is said with its place.

use super::member::Member;
use crate::{
    components::{FailureNotice, Field, Notice, Select, Tone, badge, of_workspace},
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{
    numbers::{Compat, Number},
    playground::{CheckFinding, CheckedCall, CheckedHandler, CheckedRequest},
};

/// The form, and below it what came of it a moment ago.
pub(super) fn check(member: &Member, numbers: &[Number]) -> AnyView {
    const FORM: &str = forms::CHECK_HANDLER;
    let text = &member.text().playground;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let shown_beside = |field: Option<&str>| matches!(field, Some("url" | "secret"));
    let failure = visit.failure_of(FORM).filter(|failure| !shown_beside(failure.field())).cloned();
    let checked = match &visit.flash {
        Some(Flash::HandlerChecked(checked)) => Some(checked.clone()),
        _ => None,
    };
    let typed = checked.as_ref().map(|checked| checked.1.clone()).unwrap_or_default();
    let compats = Compat::ALL.map(|each| (each.as_str().to_owned(), each.as_str().to_owned()));
    let numbers = numbers.iter().map(|number| (number.e164.clone(), number.e164.clone()));
    let numbers: Vec<_> = std::iter::once((String::new(), text.check_any.to_owned())).chain(numbers).collect();
    let result = checked.as_ref().map(|checked| outcome(member, &checked.0));
    view! {
        <section class="panel" id="check">
            <div class="panel__head"><h2>{text.handler}</h2><p>{text.handler_text}</p></div>
            <div class="panel__body">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                <form class="form" method="post" action=format!("{FORM}#check")>
                    {of_workspace(&visit)}
                    <Field visit=visit.clone() form=FORM name="url" label=text.handler_url kind="url" placeholder="https://example.co.ke/voice" maxlength=2048 value=typed.url/>
                    <Select visit=visit.clone() form=FORM name="check_compat" label=text.compat options=compats.to_vec() value=typed.compat.unwrap_or_default()/>
                    <Select visit=visit.clone() form=FORM name="check_to" label=text.check_to hint=text.check_to_hint options=numbers value=typed.to.unwrap_or_default()/>
                    <Field visit=visit.clone() form=FORM name="secret" label=text.secret hint=text.secret_hint kind="password" autocomplete="off" required=false maxlength=256/>
                    <div class="form__actions"><button class="button button--primary">{text.check_button}</button></div>
                </form>
                {result}
            </div>
        </section>
    }
    .into_any()
}

fn outcome(member: &Member, checked: &CheckedHandler) -> AnyView {
    let text = &member.text().playground;
    let notice = match (checked.fails, checked.skipped) {
        (0, 0) => view! { <Notice tone=Tone::Good title=text.checked_good.to_owned() text=String::new()/> },
        (0, skipped) => {
            let words = fill(text.checked_skipped, &skipped.to_string());
            view! { <Notice tone=Tone::Warn title=text.checked_runs.to_owned() text=words/> }
        }
        (fails, _) => {
            let words = fill(text.checked_fails, &fails.to_string());
            view! { <Notice tone=Tone::Bad title=text.checked_bad.to_owned() text=words/> }
        }
    };
    let calls = checked.calls.iter().map(|call| played(member, call));
    view! { <div class="stack tested">{notice}{calls.collect_view()}</div> }.into_any()
}

fn played(member: &Member, call: &CheckedCall) -> AnyView {
    let requests = call.requests.iter().map(|request| asked(member, request));
    view! {
        <h3>{call.name.clone()}</h3>
        <ol>{requests.collect_view()}</ol>
        <p class="muted">{call.end.clone()}</p>
    }
    .into_any()
}

fn asked(member: &Member, request: &CheckedRequest) -> AnyView {
    let text = &member.text().playground;
    let verbs = if request.verbs.is_empty() { text.nothing.to_owned() } else { request.verbs.join(", ") };
    let findings = request.findings.iter().map(|finding| found(member, finding));
    let findings = (!request.findings.is_empty()).then(|| view! { <ul>{findings.collect_view()}</ul> });
    view! {
        <li>
            <code class="breakable">{request.url.clone()}</code>" "<code class="muted breakable">{request.told.clone()}</code>
            <br/>{request.came.clone()}": "{verbs}
            {findings}
        </li>
    }
    .into_any()
}

fn found(member: &Member, finding: &CheckFinding) -> AnyView {
    let text = &member.text().playground;
    let (tone, words) = match finding.severity.as_str() {
        "skipped" => (Tone::Warn, text.is_skipped),
        _ => (Tone::Bad, text.fails),
    };
    let place = finding.line.zip(finding.column).map(|(line, column)| {
        let place = fill(text.place, &format!("{line}:{column}"));
        view! { <code>{place}</code>" " }
    });
    view! { <li>{badge(tone, words)}" "{place}{finding.message.clone()}</li> }.into_any()
}
