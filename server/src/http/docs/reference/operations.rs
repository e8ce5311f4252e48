//! Operations of the document as the page shows them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use app::reference::{Access, Answer, Group, Object, Operation};
use sautikit_api::ErrorCode;
use sautikit_api::rights::RIGHTS;
use serde_json::Value;

use super::fields::{self, bare, is_object, plain};
use super::{requests, resolved, text_of};
use crate::http::docs::links;

/// Methods in the order in which a path shows them.
const METHODS: [(&str, &str); 5] =
    [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];
/// Longest example that is shown whole, in lines; of a longer one its beginning.
const EXAMPLE_LINES: usize = 60;
/// What of the installation's own is for its operators.
const OF_OPERATORS: &str = "/v1/admin/";

pub(super) struct Reader<'a> {
    pub(super) document: &'a Value,
    /// Codes that no request lists.
    pub(super) common: &'a [ErrorCode],
}

impl<'a> Reader<'a> {
    /// The requests with this tag, and what they answer with.
    pub(super) fn group(&self, tag: &str) -> Group {
        let named: RefCell<BTreeSet<&'a str>> = RefCell::default();
        let mut operations = Vec::new();
        for (path, item) in self.document["paths"].as_object().into_iter().flatten() {
            for (key, method) in METHODS {
                let Some(said) = item.get(key).filter(|said| has_tag(said, tag)) else { continue };
                operations.push(self.operation(method, path, said, &named));
            }
        }
        let objects = named.into_inner().into_iter().map(|name| self.object(name)).collect();
        Group { operations, objects }
    }

    fn operation(
        &self,
        method: &'static str,
        path: &'a str,
        said: &'a Value,
        named: &RefCell<BTreeSet<&'a str>>,
    ) -> Operation {
        let parameters = said["parameters"].as_array().into_iter().flatten().map(|one| resolved(self.document, one));
        let content = &resolved(self.document, &said["requestBody"])["content"]["application/json"];
        let body = bare(self.document, &content["schema"]);
        let title = match text_of(said, "summary") {
            "" => format!("{method} {path}"),
            summary => plain(summary),
        };
        let scope = said["x-scope"].as_str();
        let right = RIGHTS.iter().find(|right| scope == Some(right.name));
        Operation {
            anchor: links::anchor(&title),
            title,
            method,
            path: path.to_owned(),
            about: plain(text_of(said, "description")),
            access: access(path, said),
            roles: right.map(|right| right.roles.iter().map(|role| role.as_str()).collect()).unwrap_or_default(),
            parameters: parameters.map(|one| fields::parameter(self.document, one)).collect(),
            body: fields::members(self.document, body.schema, &mut body.name.into_iter().collect()),
            answers: self.answers(said, named),
            refusals: self.refusals(said),
            examples: requests::examples(self.document, method, path, said),
        }
    }

    fn object(&self, name: &'a str) -> Object {
        let schema = &self.document["components"]["schemas"][name];
        Object {
            anchor: object_anchor(name),
            name: name.to_owned(),
            about: plain(text_of(schema, "description")),
            members: fields::members(self.document, schema, &mut vec![name]),
        }
    }

    /// Answers of success, and those that lead on.
    fn answers(&self, said: &'a Value, named: &RefCell<BTreeSet<&'a str>>) -> Vec<Answer> {
        let all = said["responses"].as_object().into_iter().flatten();
        let good = all.filter(|(status, _)| status.starts_with(['2', '3']));
        good.map(|(status, answer)| self.answer(status, resolved(self.document, answer), named)).collect()
    }

    fn answer(&self, status: &str, answer: &'a Value, named: &RefCell<BTreeSet<&'a str>>) -> Answer {
        let about = plain(text_of(answer, "description"));
        let Some((kind, content)) = answer["content"].as_object().and_then(|all| all.iter().next()) else {
            return Answer { status: status.to_owned(), about, gives: String::new(), object: None, example: None };
        };
        let whole = bare(self.document, &content["schema"]);
        let is_list = whole.schema.get("items").is_some();
        let one = if is_list { bare(self.document, &whole.schema["items"]) } else { whole };
        let object = one.name.filter(|_| is_object(one.schema));
        if let Some(name) = object {
            named.borrow_mut().insert(name);
        }
        let example = [content.get("example"), one.schema.get("example")].into_iter().flatten().next();
        let example = example.map(|example| match is_list && content.get("example").is_none() {
            true => Value::Array(vec![example.clone()]),
            false => example.clone(),
        });
        let gives = match (kind.as_str(), is_list, object) {
            ("application/json", true, Some(name)) => format!("list of {name}"),
            ("application/json", false, Some(name)) => name.to_owned(),
            ("application/json", ..) => fields::takes(self.document, &content["schema"], "").replace('`', ""),
            ("text/event-stream", _, Some(name)) => format!("server-sent events, each with {name}"),
            (kind, ..) => kind.to_owned(),
        };
        Answer {
            status: status.to_owned(),
            about,
            gives,
            object: object.map(object_anchor),
            example: example.map(|example| shown(&example)).filter(|_| kind == "application/json"),
        }
    }

    /// Codes of its own, in the order of their status.
    fn refusals(&self, said: &Value) -> Vec<(&'static str, u16, &'static str)> {
        let answers =
            said["responses"].as_object().into_iter().flatten().map(|(_, answer)| resolved(self.document, answer));
        let codes = answers
            .flat_map(|answer| answer["content"]["application/json"]["examples"].as_object().into_iter().flatten());
        let codes = codes.filter_map(|(code, _)| ErrorCode::parse(code)).filter(|code| !self.common.contains(code));
        let mut told: Vec<_> = codes.map(|code| (code.as_str(), code.status(), code.title())).collect();
        told.sort_by_key(|(code, status, _)| (*status, *code));
        told
    }
}

fn has_tag(said: &Value, tag: &str) -> bool {
    said["tags"].as_array().is_some_and(|tags| tags.iter().any(|one| one == tag))
}

fn object_anchor(name: &str) -> String {
    format!("object-{}", name.to_lowercase())
}

fn access(path: &str, said: &Value) -> Access {
    let ways = said["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let key = ways.iter().find_map(|way| way.get("api_key"));
    match key {
        _ if path.starts_with(OF_OPERATORS) => Access::Operator,
        Some(scopes) => match scopes[0].as_str() {
            Some(scope) => Access::Scope(scope.to_owned()),
            None => Access::Key,
        },
        None if ways.iter().any(|way| way.get("session").is_some()) => Access::Session,
        None => Access::Open,
    }
}

/// An example as it is printed, its beginning where it is long.
fn shown(example: &Value) -> String {
    let text = serde_json::to_string_pretty(example).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    match lines.get(..EXAMPLE_LINES) {
        Some(first) if lines.len() > EXAMPLE_LINES => format!("{}\n…", first.join("\n")),
        _ => text,
    }
}
