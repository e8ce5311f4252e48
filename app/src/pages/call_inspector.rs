//! What opens beside a call's axis or list: each stretch and moment with its times, its facts, and the documents that
//! belong to it – the question to the customer's server, its answer, an action – indented and ready to be copied.
//!
//! Everything stands in the document and CSS shows what the address names (`:target`), so that a click opens it without a
//! script; with one it opens in place and by keyboard (`app/js/axis.js`).

use super::{
    call_spans::{Kind, Span},
    call_timeline::{headline, parties, span_facts},
};
use crate::{
    components::{CodeBlock, Moment},
    format,
    i18n::{Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::calls::CallEvent;
use serde_json::Value;

/// Where the axis is on the page: closing leads back there.
pub(super) const AXIS: &str = "call-axis";

/// The details of all of them, with those of what else the page draws (`call_signals`); `began_us` is when the call began.
pub(super) fn inspector(
    events: &[CallEvent],
    spans: &[Span<'_>],
    signalled: Option<AnyView>,
    began_us: i64,
    lang: Lang,
) -> Option<AnyView> {
    if spans.is_empty() {
        return None;
    }
    let text = &lang.text().axis;
    let parties = parties(events);
    let items = spans.iter().map(|span| item(span, &parties, began_us, lang)).collect_view();
    Some(view! { <aside class="inspector" aria-label=text.inspector><p class="inspector__hint muted small">{text.hint}</p>{items}{signalled}</aside> }.into_any())
}

fn item(span: &Span<'_>, parties: &[(i64, String)], began_us: i64, lang: Lang) -> AnyView {
    let text = &lang.text().axis;
    let anchor = span.anchor();
    let took = match (span.kind, span.lasted_us()) {
        (Kind::Moment, _) => None,
        (_, Some(lasted_us)) => Some(format::span(lasted_us)),
        (_, None) => span.is_open.then(|| text.goes_on.to_owned()),
    };
    let facts = span_facts(span, parties, lang).into_iter().map(|(key, value)| {
        let key = if key.is_empty() { text.party.to_owned() } else { key };
        view! { <dt>{key}</dt><dd>{value}</dd> }
    });
    let facts = facts.collect_view();
    let documents = documents(span, lang).into_iter().enumerate().map(|(place, document)| {
        let Document { title, note, code } = document;
        let block = (!code.is_empty()).then(|| {
            view! { <CodeBlock id=format!("{anchor}-{place}") label=title code lang/> }
        });
        view! { <div class="inspector__document"><h3>{title}</h3>{note.map(|note| view! { <p class="muted small breakable">{note}</p> })}{block}</div> }
    });
    let documents = documents.collect_view();
    let raw = [Some(span.begin), span.end].into_iter().flatten().map(raw).collect::<Vec<_>>().join("\n\n");
    let heading = format!("{anchor}-title");
    let named_by = heading.clone();
    view! {
        <section class="inspector__item panel" id=anchor.clone() aria-labelledby=named_by>
            <div class="panel__head">
                <h2 id=heading tabindex="-1">{headline(span, lang)}</h2>
                <a class="button button--small" href=format!("#{AXIS}") data-inspector-close>{text.close}</a>
            </div>
            <div class="panel__body stack">
                <dl class="facts">
                    <dt>{text.when}</dt><dd><Moment at=span.begin.occurred_at.clone() lang exact=true/></dd>
                    <dt>{text.offset}</dt><dd class="figure">{format::offset(span.from_us - began_us)}</dd>
                    {took.map(|took| view! { <dt>{text.took}</dt><dd class="figure">{took}</dd> })}
                    {facts}
                </dl>
                {documents}
                <details class="disclosure"><summary>{text.raw}</summary><CodeBlock id=format!("{anchor}-raw") label=text.raw code=raw lang/></details>
            </div>
        </section>
    }
    .into_any()
}

fn raw(event: &CallEvent) -> String {
    serde_json::to_string_pretty(event).unwrap_or_default()
}

/// Something that can be read and copied.
#[derive(Debug, PartialEq)]
struct Document {
    title: &'static str,
    /// A sentence above it.
    note: Option<String>,
    code: String,
}

fn documents(span: &Span<'_>, lang: Lang) -> Vec<Document> {
    let text = &lang.text().axis;
    let begin = &span.begin.data;
    match span.kind {
        Kind::Callback => {
            let asked = Document {
                title: text.asked,
                note: Some(format!("POST {}", text_of(begin, "url"))).filter(|_| begin.get("url").is_some()),
                code: form(begin.get("params")),
            };
            let headers = |title, member| {
                let code = span.end.map(|end| header_lines(end.data.get(member))).unwrap_or_default();
                (!code.is_empty()).then_some(Document { title, note: None, code })
            };
            let answer = span.end.map(|end| answer(&end.data, lang));
            let documents = [
                Some(asked),
                headers(text.asked_headers, "request_headers"),
                answer,
                headers(text.answer_headers, "headers"),
            ];
            documents.into_iter().flatten().collect()
        }
        Kind::Verb => {
            let attributes = shown(begin.get("attributes"));
            let result = span.end.map(|end| shown(end.data.get("details"))).unwrap_or_default();
            let documents = [(text.attributes, attributes), (text.result, result)];
            let documents = documents.into_iter().filter(|(_, code)| !code.is_empty());
            documents.map(|(title, code)| Document { title, note: None, code }).collect()
        }
        _ => Vec::new(),
    }
}

fn answer(data: &Value, lang: Lang) -> Document {
    let text = &lang.text().axis;
    let body = text_of(data, "body");
    let whole = data.get("body_bytes").and_then(Value::as_i64).unwrap_or_default();
    let status = data.get("status").and_then(Value::as_i64).map(|status| format!("HTTP {status}"));
    let kept = i64::try_from(body.len()).unwrap_or(i64::MAX);
    let note = match (body.is_empty(), status.is_some()) {
        (true, true) => Some(text.empty_body.to_owned()),
        (false, _) if whole > kept => Some(fill(text.cut_body, &format::bytes(kept))),
        _ => None,
    };
    let note = [status, note].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let note = if note.is_empty() { text.no_answer.to_owned() } else { note };
    Document { title: text.answer, note: Some(note), code: format::pretty(body) }
}

/// Pairs of a header's name and value, a line each.
fn header_lines(headers: Option<&Value>) -> String {
    let pairs = headers.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let lines = pairs.iter().map(|pair| format!("{}: {}", text(pair.get(0)), text(pair.get(1))));
    lines.collect::<Vec<_>>().join("\n")
}

/// The parameters of a form, a line each.
fn form(params: Option<&Value>) -> String {
    let Some(params) = params.and_then(Value::as_object) else { return String::new() };
    let lines = params.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

/// JSON to be read; nothing where there is nothing in it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Object(members)) if members.is_empty() => String::new(),
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn text_of<'a>(data: &'a Value, member: &str) -> &'a str {
    data.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{super::call_spans::spans, *};
    use sautikit_api::ids::CallEventId;
    use serde_json::json;

    fn event(sequence: i64, kind: &str, data: Value) -> CallEvent {
        let occurred_at = format!("2026-11-21T09:31:{sequence:02}Z");
        CallEvent { id: CallEventId(Default::default()), sequence, kind: kind.to_owned(), occurred_at, data }
    }

    fn of(events: &[CallEvent]) -> Vec<Document> {
        documents(&spans(events, 0)[0], Lang::English)
    }

    #[test]
    fn a_callback_shows_its_form_and_its_answer_indented() {
        let sent = json!({"url": "https://shop.example/voice", "params": {"CallSid": "HD_1", "From": "+254"}});
        let body = r#"{"actions":[]}"#;
        let answered = json!({"status": 200, "body": body, "body_bytes": body.len(), "ms": 84});
        let documents = of(&[event(1, "callback.sent", sent), event(2, "callback.answered", answered)]);
        assert_eq!(documents[0].note.as_deref(), Some("POST https://shop.example/voice"));
        assert_eq!(documents[0].code, "CallSid=HD_1\nFrom=+254");
        assert_eq!(
            (documents[1].note.as_deref(), documents[1].code.as_str()),
            (Some("HTTP 200"), "{\n  \"actions\": []\n}")
        );
    }

    #[test]
    fn headers_stand_beside_what_they_came_with() {
        let answered = json!({"status": 200, "body": "{}", "body_bytes": 2,
            "request_headers": [["content-type", "application/x-www-form-urlencoded"]],
            "headers": [["server", "nginx"], ["via", "a"], ["via", "b"]]});
        let documents = of(&[event(1, "callback.sent", json!({})), event(2, "callback.answered", answered)]);
        let shown: Vec<_> = documents.iter().map(|document| document.code.as_str()).collect();
        assert_eq!(
            shown[1..],
            ["content-type: application/x-www-form-urlencoded", "{}", "server: nginx\nvia: a\nvia: b"]
        );
    }

    #[test]
    fn an_answer_that_was_cut_off_or_never_came_says_so() {
        let cut = json!({"status": 200, "body": "[1,", "body_bytes": 40_000});
        let documents = of(&[event(1, "callback.sent", json!({})), event(2, "callback.answered", cut)]);
        assert_eq!((documents[0].note.as_deref(), documents[0].code.as_str()), (None, ""));
        assert_eq!(
            (documents[1].note.as_deref(), documents[1].code.as_str()),
            (Some("HTTP 200 · The first 3 B of it."), "[1,")
        );
        let none = json!({"status": null, "body": "", "body_bytes": 0});
        let documents = of(&[event(1, "callback.sent", json!({})), event(2, "callback.failed", none)]);
        assert_eq!(documents[1].note.as_deref(), Some("no answer"));
    }

    #[test]
    fn an_action_shows_what_it_was_given_and_what_came_of_it() {
        let started = json!({"verb": "say", "attributes": {"text": "Habari"}});
        let documents = of(&[
            event(1, "verb.started", started),
            event(2, "verb.ended", json!({"verb": "say", "outcome": "completed", "details": {}})),
        ]);
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].code, "{\n  \"text\": \"Habari\"\n}");
    }
}
