use std::collections::HashSet;

use sautikit_api::ErrorCode;
use serde_json::Value;

use super::document;

/// Every operation as `GET /v1/calls` and what the document says of it.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_endpoint_says_who_may_call_it_and_what_it_is_for() {
    let document = document();
    let mut ids = HashSet::new();
    for (name, operation) in operations(&document) {
        assert!(operation["security"].is_array(), "{name}: give it an x-scope or a security");
        assert!(operation["summary"].is_string(), "{name}: give its handler a doc comment");
        assert!(ids.insert(operation["operationId"].clone()), "{name}: its operation_id is another's");
        let successes = operation["responses"].as_object().unwrap().keys();
        // A browser's steps succeed by leading on.
        let succeeds = |status: &String| status.starts_with(['2', '3']);
        assert!(successes.into_iter().any(succeeds), "{name}: describe its success");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn visit(value: &Value, root: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    assert!(root.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
                }
                members.values().for_each(|member| visit(member, root));
            }
            Value::Array(items) => items.iter().for_each(|item| visit(item, root)),
            _ => {}
        }
    }
    let document = document();
    visit(&document, &document);
}

#[test]
fn refusals_stand_once_and_name_their_codes() {
    let document = document();
    let mut used = HashSet::new();
    for (name, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let target = response["$ref"].as_str().unwrap_or_else(|| panic!("{name}: {status} is described in place"));
            let codes = document.pointer(target.trim_start_matches('#')).unwrap();
            let schema = codes.pointer("/content/application~1json/schema/allOf/1").unwrap();
            let codes = schema.pointer("/properties/error/properties/code/enum").unwrap().as_array().unwrap();
            for code in codes {
                let code = ErrorCode::parse(code.as_str().unwrap()).unwrap();
                assert_eq!(code.status().to_string(), *status, "{name}: {code}");
            }
            used.insert(target);
        }
    }
    assert_eq!(used.len(), document["components"]["responses"].as_object().unwrap().len(), "one is never answered");
}

/// Of an endpoint, with its share of what endpoints refer to: 3.6 KiB today. Written out at each endpoint, refusals alone took
/// more than that.
const MOST_BYTES_OF_ONE: usize = 4 * 1024;

#[test]
fn the_document_is_not_larger_than_it_needs() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").values();
    let endpoints: usize = paths.map(|path| path.as_object().expect("a path").len()).sum();
    let length = document.to_string().len();
    assert!(length < MOST_BYTES_OF_ONE * endpoints, "{length} bytes: let endpoints refer to what they share");
}

#[test]
fn closed_sets_are_filled_from_the_codes_tables() {
    let document = document();
    for name in sautikit_api::sets::names() {
        let schema = &document["components"]["schemas"][&name];
        let values = schema.get("enum").or_else(|| schema.pointer("/anyOf/0/enum"));
        assert!(values.is_some_and(|values| values.as_array().is_some_and(|values| !values.is_empty())), "{name}");
    }
}

#[test]
fn voice_actions_are_described_by_their_readers() {
    let document = document();
    for (name, schema) in sautikit_api::actions::schemas() {
        assert_eq!(document["components"]["schemas"][&name], schema, "{name} is another schema's name too");
    }
}

#[test]
fn every_body_has_an_example() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap().values();
        for body in responses.chain([&operation["requestBody"]]) {
            let Some(schema) = body.pointer("/content/application~1json/schema") else { continue };
            let text = schema.to_string();
            let Some(target) = text.split("schemas/").nth(1).and_then(|rest| rest.split('"').next()) else { continue };
            let has_example = body.pointer("/content/application~1json/example").is_some();
            assert!(has_example || !schemas[target]["example"].is_null(), "{name}: {target} needs one in examples.rs");
        }
    }
}
