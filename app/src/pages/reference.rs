//! The requests of a group of the API, below the head of its page: what each takes, gives and is refused with, and how it is
//! sent from each language beside it.

use super::docs::SAMPLE_NUMBER;
use crate::{
    components::CopyButton,
    i18n::{ReferenceText, fill},
    reference::{Access, Answer, Field, Group, Object, Operation},
    visit::Visit,
};
use leptos::prelude::*;

/// Where codes have their pages.
const ERRORS: &str = "/docs/errors";
/// The codes that no request lists.
const ALL_REFUSALS: &str = "/docs/api#what-every-request-can-be-refused-with";
/// Where a scope is told of.
const ROLES: &str = "/docs/reference/roles";

/// All requests of the group, then the objects that they answer with; examples call from the visitor's own number.
pub(super) fn group(visit: &Visit, group: &Group, own: Option<&str>) -> AnyView {
    let text = &visit.text().reference;
    let lines = group.operations.iter().map(|one| {
        let href = format!("#{}", one.anchor);
        view! { <li>{method(one.method)}<a href=href><code>{one.path.clone()}</code></a><span class="small muted" lang="en">{one.title.clone()}</span></li> }
    });
    let objects = (!group.objects.is_empty()).then(|| {
        let all = group.objects.iter().map(|one| object(text, one)).collect_view();
        view! { <section class="endpoints__objects"><h2 id="objects">{text.objects}</h2>{all}</section> }
    });
    view! {
        <nav class="endpoints__list" aria-label=text.requests><ul>{lines.collect_view()}</ul></nav>
        {group.operations.iter().map(|one| operation(visit, one, own)).collect_view()}
        {objects}
    }
    .into_any()
}

/// The method with its colour.
fn method(method: &'static str) -> impl IntoView {
    view! { <span class=format!("method method--{}", method.to_ascii_lowercase())>{method}</span> }
}

fn operation(visit: &Visit, one: &Operation, own: Option<&str>) -> AnyView {
    let text = &visit.text().reference;
    let roles =
        (!one.roles.is_empty()).then(|| view! { <span class="muted">{fill(text.roles, &one.roles.join(", "))}</span> });
    let about =
        (!one.about.is_empty()).then(|| view! { <div class="prose" lang="en" inner_html=one.about.clone()></div> });
    view! {
        <section class="endpoint" aria-labelledby=one.anchor.clone()>
            <div class="endpoint__text">
                <h2 id=one.anchor.clone()><a class="endpoint__anchor" href=format!("#{}", one.anchor) lang="en">{one.title.clone()}</a></h2>
                <p class="endpoint__line">{method(one.method)}<code>{one.path.clone()}</code></p>
                {about}
                <p class="endpoint__who"><span class="endpoint__label">{text.who}</span>{access(text, &one.access)}{roles}</p>
                {listed(text, text.parameters, &one.parameters)}
                {listed(text, text.body, &one.body)}
                {answers(text, &one.answers)}
                {refusals(text, one)}
            </div>
            <div class="endpoint__code">{examples(visit, one, own)}{answer_example(visit, one)}</div>
        </section>
    }
    .into_any()
}

fn access(text: &ReferenceText, access: &Access) -> AnyView {
    match access {
        Access::Scope(scope) => {
            let (before, after) = text.access_scope.split_once("{}").unwrap_or_default();
            view! { {before}<a href=ROLES><code>{scope.clone()}</code></a>{after} }.into_any()
        }
        Access::Key => text.access_key.into_any(),
        Access::Session => text.access_session.into_any(),
        Access::Operator => text.access_operator.into_any(),
        Access::Open => text.access_open.into_any(),
    }
}

fn listed(text: &'static ReferenceText, title: &'static str, all: &[Field]) -> Option<AnyView> {
    (!all.is_empty()).then(|| view! { <h3>{title}</h3>{fields(text, all)} }.into_any())
}

fn fields(text: &'static ReferenceText, all: &[Field]) -> AnyView {
    let rows = all.iter().map(|one| field(text, one)).collect_view();
    view! { <ul class="fields">{rows}</ul> }.into_any()
}

fn field(text: &'static ReferenceText, one: &Field) -> AnyView {
    let place = match one.place {
        "path" => Some(text.in_path),
        "query" => Some(text.in_query),
        "header" => Some(text.in_header),
        _ => None,
    };
    let place = place.map(|words| view! { <span class="fields__note">{words}</span> });
    // What stands in a path is always there.
    let required = (one.required && one.place != "path")
        .then(|| view! { <strong class="fields__required">{text.required}</strong> });
    let nullable = one.nullable.then(|| view! { <span class="fields__note">{text.nullable}</span> });
    let about = (!one.about.is_empty())
        .then(|| view! { <div class="fields__about" lang="en" inner_html=one.about.clone()></div> });
    let see = one.see.clone().map(|href| view! { <a class="small" href=href>{text.told_at}</a> });
    let members = (!one.members.is_empty()).then(|| {
        view! { <details class="fields__members"><summary>{fill(text.members, &one.name)}</summary>{fields(text, &one.members)}</details> }
    });
    view! {
        <li>
            <p class="fields__head"><code class="fields__name">{one.name.clone()}</code><span class="fields__takes" lang="en" inner_html=one.takes.clone()></span>{place}{nullable}{required}</p>
            {about}{see}{members}
        </li>
    }
    .into_any()
}

fn answers(text: &'static ReferenceText, all: &[Answer]) -> AnyView {
    let rows = all.iter().map(|one| {
        let gives = one.gives.clone();
        let gives = match one.object.clone() {
            Some(anchor) => view! { <a href=format!("#{anchor}")>{gives}</a> }.into_any(),
            None => view! { <span class="fields__takes">{gives}</span> }.into_any(),
        };
        view! {
            <li>
                <p class="fields__head"><code class="fields__name">{one.status.clone()}</code><span lang="en">{gives}</span></p>
                <div class="fields__about" lang="en" inner_html=one.about.clone()></div>
            </li>
        }
    });
    view! { <h3>{text.answers}</h3><ul class="fields">{rows.collect_view()}</ul> }.into_any()
}

fn refusals(text: &'static ReferenceText, one: &Operation) -> AnyView {
    let rows = one.refusals.iter().map(|(code, status, title)| {
        let href = format!("{ERRORS}/{code}");
        view! { <li><a href=href><code>{*code}</code></a><span class="muted" lang="en">{format!("{status} · {title}")}</span></li> }
    });
    let own = (!one.refusals.is_empty())
        .then(|| view! { <h3>{text.refusals}</h3><ul class="endpoint__refusals">{rows.collect_view()}</ul> });
    view! { {own}<p class="small"><a href=ALL_REFUSALS>{text.refusals_all}</a></p> }.into_any()
}

/// One language is open at a time, the one that was chosen last (`app/js/docs.js`).
fn examples(visit: &Visit, one: &Operation, own: Option<&str>) -> AnyView {
    let tabs = one.examples.iter().enumerate().map(|(at, (language, code))| {
        let id = format!("{}-{at}", one.anchor);
        let code = own.map_or_else(|| code.clone(), |own| code.replace(SAMPLE_NUMBER, own));
        view! {
            <details class="examples__one" name=format!("request-{}", one.anchor) open=at == 0>
                <summary>{*language}</summary>
                <div class="codeblock">
                    <pre class="codeblock__lines" tabindex="0"><code id=id.clone() data-request=format!("{} {}", one.method, one.path)>{code}</code></pre>
                    <CopyButton of=id lang=visit.lang/>
                </div>
            </details>
        }
    });
    view! { <div class="examples">{tabs.collect_view()}</div> }.into_any()
}

fn answer_example(visit: &Visit, one: &Operation) -> Option<AnyView> {
    let text = &visit.text().reference;
    let (status, example) =
        one.answers.iter().find_map(|answer| Some((answer.status.clone(), answer.example.clone()?)))?;
    let answer = view! {
        <div class="examples__answer">
            <p class="small muted">{text.answer_example}" · "{status}</p>
            <div class="codeblock"><pre class="codeblock__lines" tabindex="0"><code>{example}</code></pre></div>
        </div>
    };
    Some(answer.into_any())
}

fn object(text: &'static ReferenceText, one: &Object) -> AnyView {
    view! {
        <section class="endpoint__object" aria-labelledby=one.anchor.clone()>
            <h3 id=one.anchor.clone()>{one.name.clone()}</h3>
            <div class="prose" lang="en" inner_html=one.about.clone()></div>
            {fields(text, &one.members)}
        </section>
    }
    .into_any()
}
