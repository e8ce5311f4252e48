//! One request of the log beside its list: what was sent, what came back, the same as curl, and sending it again.

use super::member::Member;
use crate::{
    api_client::{ApiFailure, Method, escape, with_query},
    components::{CodeBlock, Copied, Empty, Glyph, Moment, Tone, badge, hidden, of_workspace},
    format, forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::requests::{LoggedExchange, LoggedRequest};
use serde_json::Value;

/// The request with this id; `close` leads back to the list alone.
pub(super) async fn opened(member: &Member, request_id: &str, close: String) -> Result<AnyView, ApiFailure> {
    let path = with_query("/v1/requests", &[("request_id", request_id), ("limit", "1")]);
    let found: Vec<LoggedRequest> = member.api().get(path).await?;
    let text = &member.text().requests;
    let Some(request) = found.into_iter().next() else {
        return Ok(view! { <section class="panel drawer"><Empty glyph=Glyph::Requests title=text.gone text=text.gone_text/></section> }
            .into_any());
    };
    let title = format!("{} {}", request.method, request.route);
    let facts = facts(member, &request);
    let answered = repeated(member, &request);
    let documents = match &request.exchange {
        Some(exchange) => documents(member, &request, exchange),
        None => view! { <p class="muted">{text.not_kept}</p> }.into_any(),
    };
    Ok(view! {
        <section class="panel drawer" aria-labelledby="opened-title">
            <div class="panel__head">
                <h2 id="opened-title" class="breakable">{title}</h2>
                <a class="button button--small" href=close>{text.close}</a>
            </div>
            <div class="panel__body stack">{facts}{answered}{documents}</div>
        </section>
    }
    .into_any())
}

/// Good below 400, a warning below 500.
pub(super) fn tone_of(status: u16) -> Tone {
    match status {
        ..400 => Tone::Good,
        400..500 => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn facts(member: &Member, request: &LoggedRequest) -> AnyView {
    let text = &member.text().requests;
    let lang = member.visit.lang;
    let who = request.actor.label.clone().or(request.actor.id.clone()).unwrap_or_default();
    let error = request.error_code.clone().map(|code| {
        view! { <dt>{text.error}</dt><dd><a href=format!("/docs/errors/{}", escape(&code))><code>{code.clone()}</code></a></dd> }
    });
    let made = made(request).map(|href| view! { <dt>{text.made}</dt><dd><a href=href>{text.see_made}</a></dd> });
    let address = request.ip.clone().map(|ip| view! { <dt>{text.address}</dt><dd><code>{ip}</code></dd> });
    view! {
        <dl class="facts">
            <dt>{text.status}</dt><dd>{badge(tone_of(request.status), request.status.to_string())}</dd>
            {error}
            {made}
            <dt>{text.when}</dt><dd><Moment at=request.created_at.clone() lang exact=true/></dd>
            <dt>{text.duration}</dt><dd class="figure">{format::milliseconds(request.duration_us)}</dd>
            <dt>{text.path_of_one}</dt><dd><code class="breakable">{request.path.clone()}</code></dd>
            <dt>{text.id}</dt><dd><Copied id="opened-id" value=request.request_id.clone() lang/></dd>
            <dt>{text.who}</dt><dd class="breakable">{who}</dd>
            {address}
        </dl>
    }
    .into_any()
}

fn documents(member: &Member, request: &LoggedRequest, exchange: &LoggedExchange) -> AnyView {
    let text = &member.text().requests;
    let lang = member.visit.lang;
    let document = |id: &'static str, title: &'static str, code: String, note: Option<&'static str>| {
        let block = (!code.is_empty()).then(|| view! { <CodeBlock id label=title code lang/> });
        let note = note.map(|note| view! { <p class="small muted">{note}</p> });
        (block.is_some() || note.is_some())
            .then(|| view! { <div class="drawer__document"><h3>{title}</h3>{note}{block}</div> })
    };
    let pretty = |body: &Option<String>| body.as_deref().map(format::pretty).unwrap_or_default();
    let cut = (!exchange.request_is_whole).then_some(text.not_whole);
    let is_read = request.method == "GET" && request.status < 400;
    let curl = curl(&member.visit.public_url, request, exchange);
    view! {
        {document("opened-body", text.body, pretty(&exchange.request_body), cut)}
        {document("opened-answer", text.answer, pretty(&exchange.answer_body), is_read.then_some(text.answer_not_kept))}
        {document("opened-curl", text.curl, curl, None)}
        {repeat(member, request)}
        {document("opened-headers", text.headers, exchange.request_headers.clone(), None)}
        {document("opened-answer-headers", text.answer_headers, exchange.answer_headers.clone(), None)}
    }
    .into_any()
}

/// Reads are sent at once, what changes something after a question.
fn repeat(member: &Member, request: &LoggedRequest) -> Option<AnyView> {
    let (method, ..) = forms::repeatable(request)?;
    let text = &member.text().requests;
    let visit = &member.visit;
    let form = |button: AnyView, sure: &'static str| {
        view! {
            <form class=if sure.is_empty() { "form drawer__repeat" } else { "confirm__ask" } method="post" action=forms::REPEAT_REQUEST>
                <p class="small muted">{if sure.is_empty() { text.repeat_text.to_owned() } else { fill(text.repeat_ask, &request.method) }}</p>
                {of_workspace(visit)}
                {hidden("request_id", request.request_id.clone())}
                {hidden("form_token", visit.form_token.clone())}
                {(!sure.is_empty()).then(|| hidden("sure", sure.to_owned()))}
                {button}
            </form>
        }
    };
    let shown = match method {
        Method::Get => form(view! { <button class="button">{text.repeat}</button> }.into_any(), "").into_any(),
        _ => {
            let button = view! { <button class="button button--danger-solid">{text.repeat_sure}</button> }.into_any();
            view! {
                <details class="confirm confirm--flow">
                    <summary class="button">{text.repeat}</summary>
                    {form(button, "yes")}
                </details>
            }
            .into_any()
        }
    };
    Some(shown)
}

/// What the request answered when it was sent again just now.
fn repeated(member: &Member, request: &LoggedRequest) -> Option<AnyView> {
    let Some(Flash::Repeated(repeated)) = &member.visit.flash else { return None };
    if repeated.request_id != request.request_id {
        return None;
    }
    let text = &member.text().requests;
    let (status, code, lang) = (repeated.status, format::pretty(&repeated.body), member.visit.lang);
    let shown = view! {
        <div class="drawer__document" role="status">
            <h3>{text.repeated}" "{badge(tone_of(status), status.to_string())}</h3>
            <CodeBlock id="opened-repeated" label=text.repeated code lang/>
        </div>
    };
    Some(shown.into_any())
}

/// The page of what a request made, or was about.
fn made(request: &LoggedRequest) -> Option<String> {
    let answer = request.exchange.as_ref().and_then(|exchange| exchange.answer_body.as_deref());
    let answer: Value = answer.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let told = |name: &str| answer.get(name).and_then(Value::as_str).map(escape);
    let route: Vec<&str> = request.route.split('/').skip(2).collect();
    // The id in the path, where the route has one in its second place.
    let named = || request.path.split('?').next()?.split('/').nth(3).map(escape);
    let is_one = route.get(1).is_some_and(|part| part.starts_with('{'));
    let id = if is_one { named() } else { told("call_id").or_else(|| told("id")) };
    match (*route.first()?, id) {
        ("calls", Some(id)) => Some(format!("/calls/{id}")),
        ("numbers", Some(id)) => Some(format!("/numbers/{id}")),
        ("webhooks", Some(id)) if route.get(1) != Some(&"deliveries") => Some(format!("/developers/webhooks/{id}")),
        ("wallet", Some(id)) if route.get(1) == Some(&"top-ups") => Some(format!("/wallet?top_up={id}")),
        ("api-keys", Some(_)) => Some("/developers/keys".to_owned()),
        ("recordings", Some(id)) => Some(with_query("/search", &[("q", &id)])),
        _ => None,
    }
}

/// The request as a line for a shell.
fn curl(public_url: &str, request: &LoggedRequest, exchange: &LoggedExchange) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let method = if request.method == "GET" { String::new() } else { format!(" -X {}", request.method) };
    let mut lines = vec![
        format!("curl{method} {}", quoted(&format!("{public_url}{}", request.path))),
        "-H \"Authorization: Bearer $SAUTIKIT_API_KEY\"".to_owned(),
    ];
    if request.method == "POST" && exchange.request_headers.contains("idempotency-key: ") {
        lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
    }
    if let Some(body) = &exchange.request_body {
        lines.push("-H 'Content-Type: application/json'".to_owned());
        lines.push(format!("-d {}", quoted(body)));
    }
    lines.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn logged(method: &str, route: &str, path: &str, sent: Option<&str>, answer: Option<&str>) -> LoggedRequest {
        let exchange = json!({ "request_headers": "idempotency-key: a\n", "request_body": sent, "request_is_whole": true,
            "answer_headers": "", "answer_body": answer });
        serde_json::from_value(json!({ "id": "019a0000-0000-7000-8000-000000000001", "created_at": "2026-11-21T09:00:00Z",
            "request_id": "req_1", "method": method, "route": route, "path": path, "status": 202, "error_code": null,
            "actor": { "kind": "user", "id": null, "label": null }, "ip": null, "duration_us": 1, "exchange": exchange }))
        .unwrap()
    }

    #[test]
    fn a_shell_reads_the_request_as_it_was_sent() {
        let request = logged("POST", "/v1/calls", "/v1/calls", Some(r#"{"say":"It's here"}"#), None);
        let line = curl("https://voice.example", &request, request.exchange.as_ref().unwrap());
        assert_eq!(
            line,
            "curl -X POST 'https://voice.example/v1/calls' \\\n  -H \"Authorization: Bearer $SAUTIKIT_API_KEY\" \\\n  \
            -H \"Idempotency-Key: $(uuidgen)\" \\\n  -H 'Content-Type: application/json' \\\n  \
            -d '{\"say\":\"It'\\''s here\"}'"
        );
        let read = logged("GET", "/v1/calls", "/v1/calls?limit=1", None, None);
        let line = curl("https://voice.example", &read, read.exchange.as_ref().unwrap());
        assert_eq!(line.lines().next(), Some("curl 'https://voice.example/v1/calls?limit=1' \\"));
        assert_eq!(line.lines().count(), 2);
    }

    #[test]
    fn what_it_made_has_its_page() {
        let place = |method, route, path, answer| made(&logged(method, route, path, None, answer));
        assert_eq!(place("POST", "/v1/calls", "/v1/calls", Some(r#"{"call_id":"c1"}"#)).as_deref(), Some("/calls/c1"));
        assert_eq!(place("POST", "/v1/calls/{id}/hangup", "/v1/calls/c1/hangup", None).as_deref(), Some("/calls/c1"));
        let device = ("/v1/numbers/{id}/sip-credentials", "/v1/numbers/n1/sip-credentials");
        assert_eq!(place("POST", device.0, device.1, Some(r#"{"id":"d1"}"#)).as_deref(), Some("/numbers/n1"));
        let paid = "/v1/wallet/top-ups";
        assert_eq!(place("POST", paid, paid, Some(r#"{"id":"t1"}"#)).as_deref(), Some("/wallet?top_up=t1"));
        assert_eq!(place("GET", "/v1/calls", "/v1/calls", None), None);
        assert_eq!(place("POST", "/v1/calls", "/v1/calls", Some(r#"{"error":{"code":"x"}}"#)), None);
    }
}
