//! Of a number's page: the test of its routing and what came of it, and its signing secret.

use super::member::Member;
use crate::{
    components::{CodeBlock, CopyButton, FailureNotice, Field, Glyph, Icon, Notice, Tone, hidden, of_workspace},
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::numbers::{Number, TestedRouting};

/// The button that asks the number's server, and below it what came of it a moment ago.
pub(super) fn test(member: &Member, number: &Number) -> AnyView {
    const FORM: &str = forms::TEST_ROUTING;
    let text = &member.text().devices;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let failure = visit.failure_of(FORM).cloned();
    let tested = match &visit.flash {
        Some(Flash::RoutingTested(tested)) => Some(outcome(member, tested)),
        _ => None,
    };
    let body = if number.voice_callback_url.is_none() {
        view! { <p class="muted">{text.test_none}</p> }.into_any()
    } else {
        view! {
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            <form class="form form--row" method="post" action=format!("/console/numbers/{}/routing/test#test", number.id)>
                {of_workspace(&visit)}
                <Field visit form=FORM name="test_from" label=text.test_from kind="tel" autocomplete="off" required=false maxlength=20 placeholder="+254 722 000 001"/>
                <button class="button">{text.test_button}</button>
            </form>
        }
        .into_any()
    };
    view! {
        <section class="panel" id="test">
            <div class="panel__head"><h2>{text.test}</h2><p>{text.test_text}</p></div>
            <div class="panel__body">{body}{tested}</div>
        </section>
    }
    .into_any()
}

fn outcome(member: &Member, tested: &TestedRouting) -> AnyView {
    let text = &member.text().devices;
    let lang = member.visit.lang;
    let took = fill(text.tested_ms, &tested.duration_ms.to_string());
    let retried = tested.first_failure.as_ref().map(|failure| format!(" {}", fill(text.tested_retried, failure)));
    let retried = retried.unwrap_or_default();
    let notice = match &tested.error {
        None => view! { <Notice tone=Tone::Good title=text.tested_good.to_owned() text=format!("{took}.{retried}")/> },
        Some(error) => {
            let place = error.path.as_ref().map(|path| format!("{}: ", fill(text.tested_place, path)));
            let words = format!("{}{} ({}). {took}.{retried}", place.unwrap_or_default(), error.message, error.code);
            view! { <Notice tone=Tone::Bad title=text.tested_bad.to_owned() text=words/> }
        }
    };
    let answer = match &tested.response {
        None => view! { <p class="muted">{text.no_answer}</p> }.into_any(),
        Some(answer) => {
            let head = answer.content_type.as_ref().map(|kind| format!("\ncontent-type: {kind}")).unwrap_or_default();
            let code = format!("HTTP {}{head}\n\n{}", answer.status, answer.body);
            view! { <CodeBlock id="tested-answer" label=text.answer code lang/> }.into_any()
        }
    };
    let actions = match &tested.actions {
        None => ().into_any(),
        Some(actions) if actions.is_empty() => {
            view! { <h3>{text.actions}</h3><p class="muted">{text.no_actions}</p> }.into_any()
        }
        Some(actions) => {
            let code = serde_json::to_string_pretty(actions).unwrap_or_default();
            view! { <h3>{text.actions}</h3><CodeBlock id="tested-actions" label=text.actions code lang/> }.into_any()
        }
    };
    let skipped = (!tested.warnings.is_empty()).then(|| {
        let lines = tested.warnings.iter().map(|warning| {
            let place = format!("{}:{}", warning.line, warning.column);
            view! { <li><code>{place}</code>" "{warning.message.clone()}</li> }
        });
        view! { <h3>{text.skipped}</h3><ul class="muted">{lines.collect_view()}</ul> }
    });
    view! {
        <div class="stack tested">
            {notice}
            <h3>{text.request}</h3>
            <CodeBlock id="tested-request" label=text.request code=request(tested) lang/>
            <h3>{text.answer}</h3>
            {answer}
            {actions}
            {skipped}
        </div>
    }
    .into_any()
}

/// The request as it went out, its form a member a line.
fn request(tested: &TestedRouting) -> String {
    let request = &tested.request;
    let mut lines = vec![format!("{} {}", request.method, request.url)];
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(String::new());
    lines.push(request.body.replace('&', "\n&"));
    lines.join("\n")
}

/// The secret that signs: shown once after it was made.
pub(super) fn signing_secret(member: &Member, number: &Number) -> AnyView {
    let text = &member.text().devices;
    let visit = &member.visit;
    let lang = visit.lang;
    let failure = visit.failure_of(forms::ROTATE_SIGNING_SECRET).cloned();
    let token = format!("{}-secret", visit.form_token);
    view! {
        <section class="panel" id="secret">
            <div class="panel__head">
                <h2>{text.secret}</h2>
                <details class="confirm">
                    <summary class="button button--small">{text.rotate_secret}</summary>
                    <form class="confirm__ask" method="post" action=format!("/console/numbers/{}/routing/rotate-secret", number.id)>
                        <p>{text.rotate_secret_ask}</p>
                        {of_workspace(visit)}
                        {hidden("form_token", token)}
                        <button class="button button--small button--primary">{text.rotate_secret_sure}</button>
                    </form>
                </details>
                <p>{text.secret_text}</p>
            </div>
            {failure.map(|failure| view! { <div class="panel__body"><FailureNotice failure lang/></div> })}
        </section>
    }
    .into_any()
}

/// A signing secret that was made a moment ago.
pub(super) fn secret_made(member: &Member) -> Option<AnyView> {
    let Some(Flash::SecretShown(secret)) = &member.visit.flash else { return None };
    let text = &member.text().devices;
    let shown = view! {
        <section class="secret" role="status">
            <h2><Icon glyph=Glyph::Key/>" "{text.secret_made}</h2>
            <p>{text.shown_once}</p>
            <div class="secret__value"><code id="new-secret">{secret.clone()}</code><CopyButton of="new-secret" lang=member.visit.lang/></div>
        </section>
    };
    Some(shown.into_any())
}
