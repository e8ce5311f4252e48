//! From what handlers say to the whole document: who may call, shared errors, headers, tags, examples.

use sautikit_api::ErrorCode;
use serde_json::{Map, Value, json};

use super::components::Components;
use super::errors::{Kind, scope_named, shared_codes};
use super::{answers, examples, sets, tags, voice_callback};
use sautikit_api::rights::Scope;

/// Methods that a path item can hold (OpenAPI 3.1 §4.8.9).
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What a handler says of its scope and its own error codes; see `docs/ARCHITECTURE.md`.
const SCOPE: &str = "x-scope";
const ERRORS: &str = "x-errors";

const DESCRIPTION: &str = "JSON in and out, UTF-8. Times are RFC 3339 in UTC, ids UUIDv7, money integers in minor units.\n\n\
    Authenticate with `Authorization: Bearer skt_live_…` or with the console's cookie `sk_session`; with the header present \
    the cookie is ignored. A session picks its workspace by `X-Sautikit-Workspace`, else its last used one.\n\n\
    Every refusal has the same body, and its `code` has a page under `/docs/errors/CODE`. Every answer carries \
    `X-Request-Id`, the client's own where it sent a usable one. Lists are bare arrays, newest first unless they say \
    otherwise; `X-Next-Cursor` and `Link` lead to the next page. Unknown fields of a body are refused.";

/// Adds to the bare document what its parts imply.
pub(super) fn complete(mut document: Value) -> Value {
    document["info"] = json!({
        "title": "Sautikit API", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This installation" }]);
    document["components"]["securitySchemes"] = security_schemes();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.extend(sautikit_api::actions::schemas());
        schemas.extend(voice_callback::schemas());
        sets::fill(schemas);
        complete_schemas(schemas);
    }
    let mut components = Components::default();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let Some(item) = item.as_object_mut() else { continue };
            for (method, operation) in item.iter_mut().filter(|(method, _)| METHODS.contains(&method.as_str())) {
                if let Some(operation) = operation.as_object_mut() {
                    operation.insert("tags".into(), json!([tags::of_path(path)]));
                    complete_operation(path, method, operation, &mut components);
                }
            }
        }
    }
    components.join(&mut document["components"]);
    document["tags"] = tags::all();
    document["webhooks"] = voice_callback::webhooks();
    document
}

fn security_schemes() -> Value {
    json!({
        "api_key": { "type": "http", "scheme": "bearer", "bearerFormat": "skt_live_…",
            "description": "An API key of the console. Its rights are its scopes, cut by its creator's current role." },
        "session": { "type": "apiKey", "in": "cookie", "name": "sk_session",
            "description": "A signed-in person; what they may do follows from their role." },
        "stream_token": { "type": "apiKey", "in": "query", "name": "token",
            "description": "The token in a call's `stream_url`: reads that call's events only." },
    })
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>, components: &mut Components) {
    add_path_parameters(path, operation);
    unwrap_optional_body(operation);
    let scope = operation.get(SCOPE).and_then(Value::as_str).and_then(scope_named);
    if let Some(scope) = scope {
        let mut requirements = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
        requirements.insert(0, json!({ "session": [] }));
        if scope.is_for_keys() {
            requirements.insert(0, json!({ "api_key": [scope.as_str()] }));
        }
        operation.insert("security".into(), Value::Array(requirements));
    }
    let kind = kind_of(path, method, scope, operation);
    if kind.takes_session {
        push_parameter(
            operation,
            json!({
                "name": "X-Sautikit-Workspace", "in": "header", "required": false,
                "description": "The workspace that a session works in; its last used one when absent. A key has only its own.",
                "schema": { "type": "string", "format": "uuid" },
            }),
        );
    }
    let mut codes = shared_codes(&kind);
    let own = operation.remove(ERRORS).unwrap_or_default();
    codes.extend(own.as_array().into_iter().flatten().filter_map(Value::as_str).filter_map(ErrorCode::parse));
    answers::describe_successes(&kind, operation, components);
    answers::add_errors(codes, operation, components);
    components.take_parameters(operation);
}

/// A body that may be left out is not one that may be null.
fn unwrap_optional_body(operation: &mut Map<String, Value>) {
    let Some(body) = operation.get_mut("requestBody") else { return };
    let Some(schema) = body.pointer_mut("/content/application~1json/schema") else { return };
    if let Some(only) = schema.pointer("/oneOf/0").cloned() {
        *schema = only;
        body["required"] = json!(false);
    }
}

/// Ids of paths are UUIDs unless the handler says otherwise.
fn add_path_parameters(path: &str, operation: &mut Map<String, Value>) {
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        if !has_parameter(operation, |parameter| parameter["name"] == name) {
            push_parameter(
                operation,
                json!({
                    "name": name, "in": "path", "required": true, "description": format!("Id of the {}.", noun_before(path, name)),
                    "schema": { "type": "string", "format": "uuid" },
                }),
            );
        }
    }
}

/// What the parameter is the id of: `/v1/numbers/{id}` names a number.
fn noun_before(path: &str, parameter: &str) -> String {
    let list =
        path.split('/').zip(path.split('/').skip(1)).find(|(_, next)| next.trim_matches(['{', '}']) == parameter);
    list.map(|(list, _)| list.trim_end_matches('s').replace("api-", "API ")).unwrap_or_default()
}

fn push_parameter(operation: &mut Map<String, Value>, parameter: Value) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(parameter);
    }
}

fn has_parameter(operation: &Map<String, Value>, is_it: impl Fn(&Value) -> bool) -> bool {
    operation.get("parameters").and_then(Value::as_array).is_some_and(|all| all.iter().any(is_it))
}

fn kind_of(path: &str, method: &str, scope: Option<Scope>, operation: &Map<String, Value>) -> Kind {
    let takes = |scheme: &str| {
        let requirements = operation.get("security").and_then(Value::as_array);
        requirements.is_some_and(|all| all.iter().any(|one| one.get(scheme).is_some()))
    };
    let named = |name: &'static str| has_parameter(operation, |parameter| parameter["name"] == name);
    Kind {
        scope,
        takes_key: takes("api_key"),
        takes_session: takes("session"),
        operators_only: path.starts_with("/v1/admin/"),
        signs_in: path.starts_with("/v1/auth/"),
        writes: method != "get",
        has_body: operation.contains_key("requestBody"),
        has_params: has_parameter(operation, |_| true),
        limited: path.starts_with("/v1/"),
        paged: named("cursor"),
        idempotent: named("Idempotency-Key"),
    }
}

/// Moments are told by their names, as everywhere in the contract: `created_at`, `expires_at`.
fn complete_schemas(schemas: &mut Map<String, Value>) {
    for (name, schema) in schemas {
        for part in parts_of(schema) {
            let Some(properties) = part.get_mut("properties").and_then(Value::as_object_mut) else { continue };
            for (field, property) in properties {
                if field.ends_with("_at")
                    && property.get("type").is_some_and(|kind| kind.to_string().contains("string"))
                {
                    property["format"] = json!("date-time");
                }
            }
        }
        if let Some(example) = examples::of_schema(name) {
            schema["example"] = example;
        }
    }
}

/// The schema and, where it is put together (`allOf`), its parts.
fn parts_of(schema: &mut Value) -> Vec<&mut Value> {
    if schema.get("allOf").is_some() {
        schema["allOf"].as_array_mut().into_iter().flatten().collect()
    } else {
        vec![schema]
    }
}
