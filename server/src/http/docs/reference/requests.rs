//! A request as people send it: with curl, and with each server SDK.
//!
//! The SDKs' lines are the generator's (`xtask/src/sdks/requests.rs`), which knows their methods. `end2end/sdks/requests.js`
//! runs every one of them, curl's too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::fields::bare;
use super::{resolved, text_of};

/// By operation and language.
const OF_SDKS: &str = include_str!("../../../../../sdks/requests.json");
/// Languages, in the order in which they are shown.
const LANGUAGES: [&str; 4] = ["Node.js", "Python", "Go", "PHP"];
/// What a path names, where it is no month: an id of the right form. As in `xtask/src/sdks/requests.rs`.
const ID: &str = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";
const MONTH: &str = "2026-11";

static WRITTEN: LazyLock<BTreeMap<String, BTreeMap<String, String>>> =
    LazyLock::new(|| serde_json::from_str(OF_SDKS).unwrap_or_default());

/// Language and code, curl first.
pub(super) fn examples(document: &Value, method: &str, path: &str, said: &Value) -> Vec<(&'static str, String)> {
    let written = WRITTEN.get(text_of(said, "operationId"));
    let of = |language: &&'static str| Some((*language, written?.get(*language)?.clone()));
    [("curl", curl(document, method, path, said))].into_iter().chain(LANGUAGES.iter().filter_map(of)).collect()
}

fn curl(document: &Value, method: &str, path: &str, said: &Value) -> String {
    let mut parts = vec![format!("\"$SAUTIKIT_URL{}\"", with_values(document, path, said))];
    let ways = said["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let takes = |scheme: &str| ways.iter().any(|way| way.get(scheme).is_some());
    let writes = method != "GET";
    if takes("api_key") {
        parts.push("-H \"Authorization: Bearer $SAUTIKIT_API_KEY\"".to_owned());
    } else if takes("session") {
        parts.push("-H \"Cookie: sk_session=$SAUTIKIT_SESSION\"".to_owned());
    }
    // A browser's writes are taken from pages of this host alone.
    if writes && !takes("api_key") {
        parts.push("-H \"Origin: $SAUTIKIT_URL\"".to_owned());
    }
    let content = &resolved(document, &said["requestBody"])["content"]["application/json"];
    let example = content.get("example").or(bare(document, &content["schema"]).schema.get("example"));
    if let Some(example) = example {
        parts.push("-H \"Content-Type: application/json\"".to_owned());
        let body = serde_json::to_string_pretty(example).unwrap_or_default();
        parts.push(format!("-d '{}'", body.replace('\'', "'\\''").replace('\n', "\n  ")));
    }
    let streams = said["responses"].to_string().contains("text/event-stream");
    let leads_on = said["responses"].as_object().is_some_and(|all| all.contains_key("302"));
    let switches = match method {
        "GET" if streams => "-N ".to_owned(),
        "GET" if leads_on => "-L -o recording ".to_owned(),
        "GET" => String::new(),
        other => format!("-X {other} "),
    };
    format!("curl {switches}{}", parts.join(" \\\n  "))
}

/// The path with what its names stand for, and the parameters that have to be there.
fn with_values(document: &Value, path: &str, said: &Value) -> String {
    let value = |name: &str| if name == "month" { MONTH } else { ID };
    let parts = path.split('/').map(|part| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => value(name),
        None => part,
    });
    let mut path = parts.collect::<Vec<_>>().join("/");
    let parameters = said["parameters"].as_array().into_iter().flatten().map(|one| resolved(document, one));
    let needed = parameters.filter(|one| one["in"] == "query" && one["required"] == true);
    for (at, one) in needed.enumerate() {
        let mark = if at == 0 { '?' } else { '&' };
        path += &format!("{mark}{}=value", text_of(one, "name"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::fields::members;
    use super::*;
    use crate::http::docs::library;
    use crate::http::openapi;

    /// The operation that a request line means: of several the one with the fewest names.
    fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
        let fits = |pattern: &str| {
            let (own, asked): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
            own.len() == asked.len() && own.iter().zip(&asked).all(|(own, asked)| own == asked || own.starts_with('{'))
        };
        let paths = document["paths"].as_object().unwrap();
        let fitting = paths.iter().filter(|(pattern, _)| fits(pattern));
        let all = fitting.filter_map(|(pattern, item)| Some((pattern, item.get(method.to_ascii_lowercase())?)));
        all.min_by_key(|(pattern, _)| pattern.matches('{').count()).map(|(_, operation)| operation)
    }

    #[test]
    fn every_request_that_pages_show_is_one_of_the_api_with_a_body_that_it_takes() {
        let document = openapi::document();
        let mut bodies = 0;
        // Those of errors are wrong on purpose, and are sent by a test of their own.
        for source in library::sources().iter().filter(|source| !source.is_of_a_code()) {
            for block in source.markdown.split("```http\n").skip(1).filter_map(|rest| rest.split("\n```").next()) {
                let (head, body) = block.split_once("\n\n").unwrap_or((block, ""));
                let (method, target) = head.lines().next().and_then(|line| line.split_once(' ')).expect("a request");
                let path = target.split('?').next().unwrap_or_default();
                // Headers alone are no request.
                if !path.starts_with('/') {
                    continue;
                }
                let said = operation(&document, method, path);
                let said = said.unwrap_or_else(|| panic!("{}: {method} {path} is no request of the API", source.href));
                if body.is_empty() {
                    continue;
                }
                let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{}: {error}", source.href));
                let schema = &resolved(&document, &said["requestBody"])["content"]["application/json"]["schema"];
                let known = members(&document, bare(&document, schema).schema, &mut Vec::new());
                for name in body.as_object().expect("an object").keys() {
                    assert!(known.iter().any(|field| field.name == *name), "{}: {name}", source.href);
                }
                for field in known.iter().filter(|field| field.required) {
                    assert!(body.get(&field.name).is_some(), "{}: {} is missing", source.href, field.name);
                }
                bodies += 1;
            }
        }
        assert!(bodies > 20, "{bodies} bodies");
    }

    #[test]
    fn curl_sends_what_the_description_says() {
        let document = openapi::document();
        let of = |method: &str, path: &str| {
            curl(&document, &method.to_ascii_uppercase(), path, &document["paths"][path][method])
        };
        assert_eq!(
            of("get", "/v1/calls/{id}"),
            format!("curl \"$SAUTIKIT_URL/v1/calls/{ID}\" \\\n  -H \"Authorization: Bearer $SAUTIKIT_API_KEY\"")
        );
        let create = of("post", "/v1/calls");
        let body = create.split("-d '").nth(1).unwrap().trim_end_matches('\'');
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, document["components"]["schemas"]["CreateCall"]["example"]);
        assert!(create.starts_with("curl -X POST \"$SAUTIKIT_URL/v1/calls\" \\\n"), "{create}");
        assert!(of("get", "/v1/wallet/statements/{month}").contains("/v1/wallet/statements/2026-11\""));
        assert!(of("delete", "/v1/workspace").contains("Origin: $SAUTIKIT_URL"));
    }
}
