//! `/docs/errors` and `/docs/errors/CODE`: written from the catalogue, so that no code lacks its page.

use std::collections::BTreeMap;

use sautikit_api::ErrorCode;
use serde_json::{Value, json};

use super::{ROOT, provoked};
use crate::http::openapi;

/// More requests than this that answer a code are not listed: almost all do.
const MOST_REQUESTS: usize = 25;

/// Path of the list.
pub(super) const LIST: &str = "/docs/errors";

/// Every page as path and Markdown: the list, one per code, and one per other spelling of a code.
pub(super) fn pages() -> Vec<(String, String)> {
    let sources = sources(&openapi::document());
    let mut pages = vec![(LIST.to_owned(), list())];
    for code in ErrorCode::ALL.iter().copied() {
        let names = [code.as_str()].into_iter().chain(code.aliases().iter().copied());
        pages.extend(names.map(|name| (format!("{ROOT}/errors/{name}"), page(code, sources.get(code.as_str())))));
    }
    pages
}

fn list() -> String {
    let mut text = "# Error catalogue\n\n\
        Every answer that is not a success carries one of these codes in `error.code`, a sentence in `error.message`, \
        the address of the code's page in `error.docs_url` and the request's id in `error.request_id`. Codes are stable: \
        programs may rely on them, and never on the wording of a message.\n\n\
        ```json\n{\"error\": {\n  \"code\": \"not_found\",\n  \"message\": \"…\",\n  \"docs_url\": \"…/docs/errors/not_found\",\n  \
        \"request_id\": \"req_…\"\n}}\n```\n\n\
        `error.field` names the field of the request at fault and `error.details` holds further facts, where there are any.\n"
        .to_owned();
    let mut codes = ErrorCode::ALL.to_vec();
    codes.sort_by_key(|code| (area(*code).is_some(), code.as_str()));
    let mut current = None;
    for code in codes {
        if current != Some(area(code)) {
            current = Some(area(code));
            let heading = area(code).map_or_else(|| "General".to_owned(), |area| area.to_owned());
            text += &format!("\n## {heading}\n\n| code | status | title |\n|---|---|---|\n");
        }
        text += &format!("| [`{code}`]({LIST}/{code}) | {} | {} |\n", code.status(), code.title());
    }
    text
}

/// The part before the first full stop; codes without one are general.
fn area(code: ErrorCode) -> Option<&'static str> {
    code.as_str().split_once('.').map(|(area, _)| area)
}

/// Which requests answer which code, by the API's description.
pub(super) fn sources(document: &Value) -> BTreeMap<String, Vec<String>> {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            for response in operation["responses"].as_object().into_iter().flat_map(|responses| responses.values()) {
                let target = response["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
                let response = target.and_then(|target| document.pointer(target)).unwrap_or(response);
                let examples = response.pointer("/content/application~1json/examples").and_then(Value::as_object);
                for code in examples.into_iter().flat_map(|examples| examples.keys()) {
                    let request = format!("`{} {path}`", method.to_ascii_uppercase());
                    sources.entry(code.clone()).or_default().push(request);
                }
            }
        }
    }
    sources
}

/// The answer with this code, as JSON.
fn answer(code: ErrorCode) -> String {
    let body = json!({ "error": {
        "code": code.as_str(), "message": code.happened(), "docs_url": format!("https://voice.example{LIST}/{code}"),
        "request_id": "req_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa",
    } });
    serde_json::to_string_pretty(&body).unwrap_or_default()
}

fn page(code: ErrorCode, sources: Option<&Vec<String>>) -> String {
    let mut text = format!("# {}\n\n<code>{code}</code> · HTTP {}\n", code.title(), code.status());
    if !code.aliases().is_empty() {
        let names: Vec<_> = code.aliases().iter().map(|alias| format!("`{alias}`")).collect();
        text += &format!("\nAlso known as {}: answers list it in `error.aliases`.\n", names.join(", "));
    }
    text += &format!("\n## What happened\n\n{}\n\n## What to do\n\n{}\n", code.happened(), code.remedy());
    text += &advice(code);
    let requests = provoked::requests(code);
    if let Some((last, before)) = requests.split_last() {
        text += "\n## A request that provokes it\n";
        if let Some(setting) = provoked::setting(code) {
            text += &format!("\n{setting}\n");
        }
        if !before.is_empty() {
            text += "\nFirst these; what stands in braces is of their answers:\n";
        }
        for request in before {
            text += &format!("\n```http\n{request}\n```\n");
        }
        match provoked::meanwhile(code) {
            Some(meanwhile) => text += &format!("\nThen, once {meanwhile}, this one is refused with it:\n"),
            None if !before.is_empty() => text += "\nThen this one is refused with it:\n",
            None => {}
        }
        if let Some(times) = provoked::times(code) {
            let counts = if last.contains("{n}") { ", and `{n}` counts them from 1" } else { "" };
            text += &format!("\nIt is sent {times} times, one right after the other{counts}; the last is refused:\n");
        }
        text += &format!("\n```http\n{last}\n```\n");
    } else if let Some(fault) = provoked::fault(code) {
        text += &format!(
            "\n## When it comes\n\nNo request that could be copied here provokes it: it is answered when {fault}.\n"
        );
    }
    text += &format!("\n## The answer\n\n```json\n{}\n```\n", answer(code));
    match sources {
        Some(requests) if requests.len() > MOST_REQUESTS => {
            text += "\n## Where it comes from\n\nAlmost every request can be answered so.\n";
        }
        Some(requests) => {
            let requests: Vec<String> = requests.iter().map(|request| format!("- {request}")).collect();
            text += &format!("\n## Where it comes from\n\n{}\n", requests.join("\n"));
        }
        None => {}
    }
    text += &format!("\n[All codes]({LIST})\n");
    text
}

/// Whether sending the request again can help, which follows from the status.
fn advice(code: ErrorCode) -> String {
    let words = match code.status() {
        429 | 503 => {
            "Sending the same request again later can succeed; wait for as long as the header `Retry-After` says, where there is one."
        }
        500 | 502 | 504 => {
            "The fault is not in your request. Send it again with the same `Idempotency-Key`; if the error stays, give the operator the `request_id`."
        }
        _ => "Sending the same request again gives the same answer, until what it says is put right.",
    };
    format!("\n## Trying again\n\n{words}\n")
}
