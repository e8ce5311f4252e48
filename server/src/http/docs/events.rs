//! `/docs/events/KIND`: each kind of event, written from what the server sends.

use serde_json::json;

use super::{ROOT, markdown::cell};
use crate::webhooks::{EventKind, examples};

/// The list.
pub(super) const LIST: &str = "/docs/events";
/// Where signatures, repetition and order are told.
const ABOUT: &str = "/docs/concepts/webhooks";
const EVENT: &str = "evt_019a2f6b-1c60-7a11-8f0e-5b2f0c9d7e31";
const WORKSPACE: &str = "019a2f60-9d04-7e52-b1c7-0a4de3f21c22";
const AT: &str = "2026-11-30T08:00:47.120Z";

/// Every page as path and Markdown: the list, then one per kind.
pub(super) fn pages() -> Vec<(String, String)> {
    let one = |kind: &EventKind| (format!("{ROOT}/events/{}", kind.as_str()), page(*kind));
    [(LIST.to_owned(), list())].into_iter().chain(EventKind::ALL.iter().map(one)).collect()
}

fn list() -> String {
    let mut text = format!(
        "# Webhook events\n\nWhat Sautikit tells your endpoints, signed, in order of each call, and again until it arrives; \
        [Webhooks]({ABOUT}) says how. `GET /v1/webhooks/kinds` gives this list to programs.\n\n| kind | tells |\n|---|---|\n"
    );
    for kind in EventKind::ALL {
        text += &format!("| [`{kind}`]({LIST}/{kind}) | {} |\n", cell(examples::tells(*kind)), kind = kind.as_str());
    }
    text
}

fn page(kind: EventKind) -> String {
    let name = kind.as_str();
    let data = examples::data(kind);
    let body = json!({
        "id": EVENT, "event": name, "event_kind": name, "sequence": i64::from(name.starts_with("call.")), "created_at": AT,
        "workspace_id": WORKSPACE, "data": data, "payload": data,
    });
    let body = serde_json::to_string_pretty(&body).unwrap_or_default();
    let subject = name.split('.').next().unwrap_or_default();
    let family = EventKind::ALL.iter().filter(|other| other.as_str().starts_with(subject) && **other != kind);
    let family: Vec<String> = family.map(|other| format!("[`{name}`]({LIST}/{name})", name = other.as_str())).collect();
    let mut text = format!(
        "# {name}\n\n{}\n\nVersion {}, which each delivery says in `X-Sautikit-Event-Version`.\n\n## Body\n\n```json\n{body}\n```\n\n\
        `data` and `payload` are the same. `id` tells repetitions apart: answer 2xx to one that you have seen. Signatures, \
        order and repetition are told in [Webhooks]({ABOUT}).\n\n## Subscribe\n\n```http\nPOST /v1/webhooks\n\
        Content-Type: application/json\n\n{}\n```\n\n`{subject}.*` subscribes to all of its kind, `*` to everything.\n",
        examples::tells(kind),
        kind.version(),
        json!({ "url": "https://shop.example/events", "events": [name] }),
    );
    if !family.is_empty() {
        text += &format!("\n## Of the same kind\n\n{}\n", family.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_page_with_what_it_tells() {
        let pages = pages();
        assert_eq!(pages.len(), EventKind::ALL.len() + 1);
        for (kind, (href, page)) in EventKind::ALL.iter().zip(&pages[1..]) {
            assert!(href.ends_with(kind.as_str()) && page.contains(examples::tells(*kind)), "{href}");
            let body = page.split("```json\n").nth(1).unwrap().split("\n```").next().unwrap();
            let body: sautikit_api::webhooks::Event = serde_json::from_str(body).unwrap();
            assert_eq!(body.event, kind.as_str());
        }
    }
}
