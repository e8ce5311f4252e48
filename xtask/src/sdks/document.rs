//! Reads the OpenAPI document: which endpoints a key opens, what they take and answer, and which schemas that needs.

use super::{
    naming::{described, method, words},
    overrides,
    schemas::{Schemas, doc_of},
    types::{Answer, Api, Family, LeftOut, Member, Operation, Place, Resource, Schema, Shape, Type, Verb},
};
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Reads a document as `sautikit openapi` prints it.
pub(crate) fn read(text: &str) -> Outcome<Api> {
    let document: Value = serde_json::from_str(text)?;
    let schemas = Schemas(&document["components"]["schemas"]);
    let resources = Reader { document: &document, schemas: &schemas }.resources()?;
    let left_out = left_out(&document)?;
    let callback = schemas.schema(overrides::CALLBACK)?;
    let Shape::Object(callback) = callback.shape else { return Err("the callback's form is no object".into()) };
    let families = families(&schemas.schema(overrides::ERRORS)?)?;
    let mut api = Api { resources, schemas: Vec::new(), families, verbs: Vec::new(), callback, left_out };
    collect(&mut api, &schemas)?;
    api.verbs = verbs(&api)?;
    Ok(api)
}

struct Reader<'a> {
    document: &'a Value,
    schemas: &'a Schemas<'a>,
}

impl Reader<'_> {
    fn resources(&self) -> Outcome<Vec<Resource>> {
        let mut found: BTreeMap<Vec<String>, Resource> = BTreeMap::new();
        let paths = self.document["paths"].as_object().ok_or("the document has no paths")?;
        for (path, item) in paths {
            for method in METHODS {
                let Some(endpoint) = item.get(method).filter(|endpoint| is_for_servers(endpoint)) else { continue };
                let name = self.resource_of(path, endpoint);
                let operation = self.operation(&name, method, path, endpoint)?;
                let tag = endpoint["tags"][0].as_str().unwrap_or_default();
                let resource = found.entry(name.clone()).or_insert_with(|| Resource {
                    name,
                    doc: self.doc_of_tag(tag),
                    operations: Vec::new(),
                });
                resource.operations.push(operation);
            }
        }
        found.into_values().map(told_apart).collect()
    }

    /// The first part of the path says the subject; what lies beside `/v1`, or is a file there, goes by its tag.
    fn resource_of(&self, path: &str, endpoint: &Value) -> Vec<String> {
        let first = path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next());
        let stem = first.map(|first| first.split('.').next().unwrap_or(first));
        let is_subject = |stem: &str| self.document["paths"].get(format!("/v1/{stem}")).is_some();
        match (first, stem) {
            (Some(first), Some(stem)) if first == stem || is_subject(stem) => words(stem),
            _ => words(endpoint["tags"][0].as_str().unwrap_or("service")),
        }
    }

    fn doc_of_tag(&self, tag: &str) -> String {
        let known = self.document["tags"].as_array().into_iter().flatten().find(|known| known["name"] == tag);
        known.and_then(|known| known["description"].as_str()).map(described).unwrap_or_default()
    }

    fn operation(&self, resource: &[String], verb: &str, path: &str, endpoint: &Value) -> Outcome<Operation> {
        let id = endpoint["operationId"].as_str().ok_or_else(|| format!("{verb} {path} has no operationId"))?;
        let mut path_members = Vec::new();
        let mut parameters = Vec::new();
        let mut idempotent = false;
        for parameter in endpoint["parameters"].as_array().into_iter().flatten() {
            let parameter = self.followed(parameter)?;
            let name = parameter["name"].as_str().ok_or("a parameter without a name")?;
            idempotent |= name == "Idempotency-Key";
            if overrides::OPTIONS.contains(&name) {
                continue;
            }
            let (kind, _) = self.schemas.kind(&parameter["schema"])?;
            let required = parameter["required"].as_bool().unwrap_or(false);
            let member = Member { wire: name.to_owned(), kind, required, nullable: false, doc: doc_of(parameter) };
            match parameter["in"].as_str() {
                Some("path") => path_members.push(member),
                Some("header") => parameters.push((Place::Header, member)),
                _ => parameters.push((Place::Query, member)),
            }
        }
        path_members.sort_by_key(|member| path.find(&format!("{{{}}}", member.wire)));
        let paged = parameters.iter().any(|(_, member)| member.wire == overrides::CURSOR);
        let body = match endpoint.get("requestBody") {
            Some(body) => {
                let kind = self.schemas.kind(&body["content"]["application/json"]["schema"])?.0;
                Some((kind, body["required"].as_bool().unwrap_or(false)))
            }
            None => None,
        };
        let sample = match endpoint.get("requestBody") {
            Some(body) => {
                let json = &body["content"]["application/json"];
                json.get("example").or(self.followed(&json["schema"])?.get("example")).cloned()
            }
            None => None,
        };
        Ok(Operation {
            id: id.to_owned(),
            name: method(id, resource),
            method: verb.to_uppercase(),
            path: path.to_owned(),
            summary: described(endpoint["summary"].as_str().unwrap_or_default()),
            doc: described(endpoint["description"].as_str().unwrap_or_default()),
            scope: endpoint["x-scope"].as_str().map(str::to_owned),
            path_members,
            parameters,
            body,
            sample,
            idempotent,
            answer: self.answer(endpoint, paged)?,
        })
    }

    /// Of all that success may look like: JSON before text before bytes, and one of them where there are several of JSON.
    fn answer(&self, endpoint: &Value, paged: bool) -> Outcome<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        for (status, response) in endpoint["responses"].as_object().into_iter().flatten() {
            if !status.starts_with('2') {
                continue;
            }
            let response = self.followed(response)?;
            let content = response["content"].as_object();
            let of = |kind: &str| content.and_then(|content| content.iter().find(|(name, _)| name.starts_with(kind)));
            let answer = if let Some((_, json)) = of("application/json") {
                let kind = self.schemas.kind(&json["schema"])?.0;
                match kind {
                    Type::List(row) if paged => Answer::Page(*row),
                    kind => Answer::Json(kind),
                }
            } else if let Some((_, events)) = of("text/event-stream") {
                Answer::Events(self.schemas.kind(&events["schema"])?.0)
            } else if of("text/").is_some() {
                Answer::Text
            } else if content.is_some_and(|content| !content.is_empty()) {
                Answer::Bytes
            } else {
                continue;
            };
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        let kinds: Vec<Type> = answers
            .iter()
            .filter_map(|answer| if let Answer::Json(kind) = answer { Some(kind.clone()) } else { None })
            .collect();
        Ok(match answers.len() {
            0 => Answer::Nothing,
            several if several > 1 && kinds.len() == several => Answer::Json(Type::Choice(kinds)),
            _ => answers.remove(0),
        })
    }

    /// What a reference within the document leads to.
    fn followed<'v>(&'v self, value: &'v Value) -> Outcome<&'v Value> {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.document.pointer(pointer).ok_or_else(|| format!("{reference} leads nowhere").into())
            }
            None => Ok(value),
        }
    }
}

/// Where operations would be one method, those that lost a word to the resource get it back; but of several that did the one
/// about a single thing stays short: `stream(id)` beside `stream_calls()`.
fn told_apart(mut resource: Resource) -> Outcome<Resource> {
    let is_shortened = |operation: &Operation| operation.name != words(&operation.id);
    let shortened: Vec<_> = resource
        .operations
        .iter()
        .filter(|operation| is_shortened(operation))
        .map(|operation| operation.name.clone())
        .collect();
    let all: Vec<_> = resource.operations.iter().map(|operation| operation.name.clone()).collect();
    let times = |names: &[Vec<String>], name: &[String]| names.iter().filter(|other| *other == name).count();
    for operation in &mut resource.operations {
        let alone = times(&shortened, &operation.name) == 1;
        if times(&all, &operation.name) > 1 && (alone || operation.path_members.is_empty()) {
            operation.name = words(&operation.id);
        }
    }
    let mut seen = BTreeMap::new();
    for operation in &resource.operations {
        if let Some(twin) = seen.insert(&operation.name, &operation.id) {
            return Err(
                format!("{twin} and {} would be one method of {}", operation.id, resource.name.join("_")).into()
            );
        }
    }
    Ok(resource)
}

/// Whether an API key, or nobody's credential, is enough.
fn is_for_servers(endpoint: &Value) -> bool {
    let tag = endpoint["tags"][0].as_str().unwrap_or_default();
    let ways = endpoint["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let by_key = ways.iter().any(|way| way.get("api_key").is_some());
    let open = ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty));
    by_key || (open && !overrides::LEFT_OUT_TAGS.contains(&tag))
}

/// What only a person opens, by subject.
fn left_out(document: &Value) -> Outcome<BTreeMap<String, Vec<LeftOut>>> {
    let mut subjects: BTreeMap<String, Vec<LeftOut>> = BTreeMap::new();
    let paths = document["paths"].as_object().ok_or("the document has no paths")?;
    for (path, item) in paths {
        for method in METHODS {
            let Some(endpoint) = item.get(method).filter(|endpoint| !is_for_servers(endpoint)) else { continue };
            let tag = endpoint["tags"][0].as_str().ok_or_else(|| format!("{method} {path} has no tag"))?;
            let summary = described(endpoint["summary"].as_str().unwrap_or_default());
            let one = LeftOut { method: method.to_uppercase(), path: path.clone(), summary };
            subjects.entry(tag.to_owned()).or_default().push(one);
        }
    }
    Ok(subjects)
}

fn families(codes: &Schema) -> Outcome<Vec<Family>> {
    let Shape::Words(codes) = &codes.shape else { return Err("the catalogue of errors is no set of codes".into()) };
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for code in codes {
        let prefix = code.split('.').next().unwrap_or(code);
        families.entry(prefix.to_owned()).or_default().push(code.clone());
    }
    Ok(families.into_iter().map(|(prefix, codes)| Family { prefix, codes }).collect())
}

fn verbs(api: &Api) -> Outcome<Vec<Verb>> {
    let choices = match api.schema(overrides::VERBS).map(|schema| &schema.shape) {
        Some(Shape::Alias(Type::Choice(choices))) => choices,
        _ => return Err("the verbs are no choice".into()),
    };
    let mut verbs = Vec::new();
    for choice in choices {
        let Type::Object(members) = choice else { return Err("a verb is no object".into()) };
        let [Member { wire, kind: Type::Named(schema), .. }] = members.as_slice() else {
            return Err("a verb has not one key".into());
        };
        let members = api.members(&Type::Named(schema.clone())).ok_or_else(|| format!("{schema} has no attributes"))?;
        let doc = api.schema(schema).map(|schema| schema.doc.clone()).unwrap_or_default();
        verbs.push(Verb { wire: wire.clone(), schema: schema.clone(), doc, members: members.to_vec() });
    }
    Ok(verbs)
}

/// Takes up every named schema that the operations, the callback and the verbs lead to.
fn collect(api: &mut Api, schemas: &Schemas<'_>) -> Outcome<()> {
    let mut wanted: Vec<(Type, bool)> =
        vec![(Type::Named(overrides::VERBS.into()), true), (Type::Named(overrides::ERRORS.into()), false)];
    wanted.extend(api.callback.iter().map(|member| (member.kind.clone(), false)));
    for operation in api.resources.iter().flat_map(|resource| &resource.operations) {
        wanted.extend(operation.body.iter().map(|(kind, _)| (kind.clone(), true)));
        wanted.extend(operation.parameters.iter().map(|(_, member)| (member.kind.clone(), true)));
        match &operation.answer {
            Answer::Json(kind) | Answer::Page(kind) | Answer::Events(kind) => wanted.push((kind.clone(), false)),
            _ => {}
        }
    }
    while let Some((kind, sent)) = wanted.pop() {
        let name = match kind {
            Type::Named(name) => name,
            Type::List(kind) | Type::Map(kind) => {
                wanted.push((*kind, sent));
                continue;
            }
            Type::Choice(kinds) => {
                wanted.extend(kinds.into_iter().map(|kind| (kind, sent)));
                continue;
            }
            Type::Object(members) => {
                wanted.extend(members.into_iter().map(|member| (member.kind, sent)));
                continue;
            }
            _ => continue,
        };
        match api.schemas.iter_mut().find(|schema| schema.name == name) {
            Some(known) if known.sent || !sent => continue,
            Some(known) => known.sent = true,
            None => api.schemas.push(Schema { sent, ..schemas.schema(&name)? }),
        }
        let inner = match &api.schema(&name).ok_or("a schema that was just taken up is gone")?.shape {
            Shape::Object(members) => members.iter().map(|member| member.kind.clone()).collect(),
            Shape::Alias(kind) => vec![kind.clone()],
            Shape::Words(_) => Vec::new(),
        };
        wanted.extend(inner.into_iter().map(|kind| (kind, sent)));
    }
    api.schemas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str, path: &str) -> Value {
        let parameters = if path.contains("{id}") {
            serde_json::json!([{ "name": "id", "in": "path", "schema": { "type": "string" } }])
        } else {
            Value::Null
        };
        serde_json::json!({ "operationId": id, "tags": ["Tag"], "security": [{ "api_key": [] }], "parameters": parameters, "responses": { "204": {} } })
    }

    fn names(operations: &[(&str, &str)]) -> Vec<String> {
        let paths: serde_json::Map<_, _> = operations
            .iter()
            .map(|(id, path)| ((*path).to_owned(), serde_json::json!({ "get": operation(id, path) })))
            .collect();
        let document = serde_json::json!({ "paths": paths });
        let resources = Reader { document: &document, schemas: &Schemas(&Value::Null) }.resources().expect("names");
        resources.iter().flat_map(|resource| &resource.operations).map(|operation| operation.name.join("_")).collect()
    }

    #[test]
    fn operations_of_a_resource_have_names_of_their_own() {
        assert_eq!(
            names(&[("stream_calls", "/v1/calls/stream"), ("stream_call", "/v1/calls/{id}/stream")]),
            ["stream_calls", "stream"]
        );
        let deliveries = [
            ("list_deliveries", "/v1/webhooks/deliveries"),
            ("list_webhook_deliveries", "/v1/webhooks/{id}/deliveries"),
        ];
        assert_eq!(names(&deliveries), ["list_deliveries", "list_webhook_deliveries"]);
    }

    #[test]
    fn what_no_key_opens_is_left_out() {
        let mut endpoint = operation("list_calls", "/v1/calls");
        assert!(is_for_servers(&endpoint));
        endpoint["security"] = serde_json::json!([{ "session": [] }]);
        assert!(!is_for_servers(&endpoint));
        endpoint["security"] = serde_json::json!([{}]);
        assert!(is_for_servers(&endpoint));
        endpoint["tags"] = serde_json::json!(["Sign-in"]);
        assert!(!is_for_servers(&endpoint));
    }
}
