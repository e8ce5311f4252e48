//! `/docs/api` and `/docs/api/GROUP`: the requests of the API, a page per group, read from its own description (`http/openapi`).
//!
//! [`Group`] is what a page draws (`app/src/pages/reference.rs`); [`text`] says the same in Markdown, for search and for
//! programs.

mod fields;
mod operations;
mod requests;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use app::reference::{Field, Group};
use sautikit_api::ErrorCode;
use serde_json::Value;

use super::{errors, markdown};
use crate::http::openapi;

/// A code with which more requests than this can be refused is no request's own.
const MOST_REQUESTS: usize = 40;

/// Path of the list of groups.
pub(super) const LIST: &str = "/docs/api";

/// A page of the reference.
pub(super) struct Page {
    pub(super) href: String,
    /// The whole of it, for search and for programs.
    pub(super) markdown: String,
    /// What stands above its requests, or all of it where there are none.
    pub(super) head: String,
    pub(super) group: Option<Arc<Group>>,
}

/// The list of groups, then every group in the order of the document's tags.
pub(super) fn pages() -> Vec<Page> {
    let document = openapi::document();
    let common = common(&document);
    let reader = operations::Reader { document: &document, common: &common };
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = tags.iter().map(|tag| (tag, reader.group(text_of(tag, "name"))));
    let groups: Vec<(&Value, Group)> = read.filter(|(_, group)| !group.operations.is_empty()).collect();
    let list = text::list(&document, &groups, &common);
    let mut pages = vec![Page { href: LIST.to_owned(), markdown: list.clone(), head: list, group: None }];
    pages.extend(groups.into_iter().map(|(tag, group)| {
        let head = format!("# {}\n\n{}\n", text_of(tag, "name"), text_of(tag, "description"));
        let markdown = text::group(&head, &group);
        Page { href: path(text_of(tag, "name")), markdown, head, group: Some(Arc::new(rendered(group))) }
    }));
    pages
}

/// `API keys` is `/docs/api/api-keys`.
fn path(tag: &str) -> String {
    format!("{LIST}/{}", tag.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}

fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// What a reference leads to; what is none is itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}

/// Codes with which almost every request can be answered; they stand on the list alone.
fn common(document: &Value) -> Vec<ErrorCode> {
    let sources: BTreeMap<String, Vec<String>> = errors::sources(document);
    let is_common = |code: &&ErrorCode| sources.get(code.as_str()).is_some_and(|all| all.len() > MOST_REQUESTS);
    ErrorCode::ALL.iter().filter(is_common).copied().collect()
}

/// The group with its texts as HTML.
fn rendered(mut group: Group) -> Group {
    fn fields(all: &mut [Field]) {
        for field in all {
            field.about = html(&field.about);
            field.takes = html(&field.takes);
            fields(&mut field.members);
        }
    }
    for operation in &mut group.operations {
        operation.about = html(&operation.about);
        fields(&mut operation.parameters);
        fields(&mut operation.body);
        for answer in &mut operation.answers {
            answer.about = html(&answer.about);
        }
    }
    for object in &mut group.objects {
        object.about = html(&object.about);
        fields(&mut object.members);
    }
    group
}

/// A description as HTML: what is one paragraph comes without its tag.
fn html(source: &str) -> String {
    let html = markdown::render(source, "api").html;
    let inner = html.trim().strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>"));
    inner.filter(|inner| !inner.contains("<p>")).map(str::to_owned).unwrap_or(html)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use app::reference::{Access, Operation};

    use super::*;

    fn groups() -> Vec<Arc<Group>> {
        pages().into_iter().filter_map(|page| page.group).collect()
    }

    fn operation(method: &str, path: &str) -> Operation {
        let all = groups();
        let mut all = all.iter().flat_map(|group| &group.operations);
        all.find(|operation| operation.method == method && operation.path == path).cloned().unwrap()
    }

    #[test]
    fn every_request_of_the_api_stands_on_one_page() {
        let shown: Vec<String> = groups()
            .iter()
            .flat_map(|group| {
                group.operations.iter().map(|one| format!("{} {}", one.method, one.path)).collect::<Vec<_>>()
            })
            .collect();
        let document = openapi::document();
        let mut known = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            known.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
        assert!(known.len() > 100, "{} requests", known.len());
        assert_eq!(shown.len(), known.len());
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn anchors_of_a_page_are_its_own() {
        for page in pages() {
            let Some(group) = page.group else { continue };
            let anchors =
                group.operations.iter().map(|one| &one.anchor).chain(group.objects.iter().map(|one| &one.anchor));
            let all: Vec<&String> = anchors.collect();
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{}: {all:?}", page.href);
        }
    }

    #[test]
    fn a_request_says_who_may_send_it_what_it_takes_and_what_it_gives() {
        let create = operation("POST", "/v1/calls");
        assert_eq!(create.access, Access::Scope("calls:write".to_owned()));
        assert!(create.roles.contains(&"developer") && !create.roles.contains(&"viewer"), "{:?}", create.roles);
        let from = create.body.iter().find(|field| field.name == "from").unwrap();
        assert!(from.required && !from.nullable, "{from:?}");
        let duration = create.body.iter().find(|field| field.name == "max_duration").unwrap();
        assert!(!duration.required && duration.nullable && duration.takes.contains("1 to 14400"), "{duration:?}");
        let actions = create.body.iter().find(|field| field.name == "actions").unwrap();
        assert_eq!(actions.see.as_deref(), Some("/docs/verbs"));
        assert!(create.refusals.iter().any(|(code, status, _)| (*code, *status) == ("calls.destination_blocked", 403)));
        assert!(!create.refusals.iter().any(|(code, ..)| *code == "rate_limited"), "{:?}", create.refusals);
        let list = operation("GET", "/v1/calls");
        assert_eq!(list.answers[0].object.as_deref(), Some("object-call"));
        assert!(list.parameters.iter().any(|field| field.name == "cursor" && field.place == "query"));
    }

    #[test]
    fn members_of_members_are_told() {
        let all = groups();
        let call = all.iter().flat_map(|group| &group.objects).find(|object| object.name == "Call").unwrap();
        let legs = call.members.iter().find(|field| field.name == "legs").unwrap();
        assert!(
            legs.members.iter().any(|field| field.name == "duration_seconds" && field.takes.contains("seconds")),
            "{legs:?}"
        );
    }

    #[test]
    fn every_request_has_its_curl_and_those_of_keys_all_languages() {
        for operation in groups().iter().flat_map(|group| &group.operations) {
            let languages: Vec<&str> = operation.examples.iter().map(|(language, _)| *language).collect();
            let name = format!("{} {}", operation.method, operation.path);
            assert_eq!(languages.first(), Some(&"curl"), "{name}");
            if matches!(operation.access, Access::Scope(_) | Access::Key) {
                assert_eq!(languages, ["curl", "Node.js", "Python", "Go", "PHP"], "{name}: run `cargo xtask sdks`");
            }
        }
    }

    #[test]
    fn groups_have_plain_addresses() {
        assert_eq!(path("API keys"), "/docs/api/api-keys");
    }
}
