//! Which parameters of a query an endpoint knows, by its own description.
//!
//! A misspelt filter that is passed over shows everything and says nothing. One look at one table for all endpoints: whoever
//! adds a parameter describes it, and that is all.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use axum::http::Uri;
use serde_json::Value;

use crate::web::error::ApiError;
use crate::web::query;

/// Names by the path of the route.
static KNOWN: LazyLock<HashMap<String, BTreeSet<String>>> = LazyLock::new(|| of_document(&super::document()));

/// The refusal of a read whose query has a parameter that the endpoint at `route` does not know.
///
/// Only reads are asked, and only once they have succeeded, so that who may not read learns that first: a read that is thrown
/// away has done nothing.
pub(in crate::http) fn unknown_parameter(route: &str, uri: &Uri) -> Option<ApiError> {
    let known = KNOWN.get(route)?;
    let pairs = query::pairs(uri).ok()?;
    let (name, _) = pairs.iter().find(|(name, _)| !known.contains(name.as_ref()))?;
    let name: String = name.chars().take(query::NAME_MAX_CHARS).collect();
    let taken = match known.is_empty() {
        true => "This endpoint takes none.".to_owned(),
        false => {
            format!("Those that are: {}.", Vec::from_iter(known.iter().map(|name| format!("`{name}`"))).join(", "))
        }
    };
    Some(ApiError::field(name.as_str(), format!("`{name}` is no parameter of this endpoint. {taken}")))
}

fn of_document(document: &Value) -> HashMap<String, BTreeSet<String>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.map(|(path, item)| (path.clone(), of_read(document, &item["get"]))).collect()
}

fn of_read(document: &Value, operation: &Value) -> BTreeSet<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let described = parameters.map(|parameter| match parameter["$ref"].as_str() {
        Some(shared) => document.pointer(shared.trim_start_matches('#')).unwrap_or(parameter),
        None => parameter,
    });
    let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let tokens = schemes.flat_map(|scheme| scheme.keys()).map(|name| &document["components"]["securitySchemes"][name]);
    let in_query = described.chain(tokens).filter(|parameter| parameter["in"] == "query");
    in_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(route: &str, uri: &str) -> Option<String> {
        unknown_parameter(route, &uri.parse().unwrap()).and_then(|error| error.field)
    }

    #[test]
    fn what_no_endpoint_describes_is_named() {
        assert_eq!(refused("/v1/calls", "/v1/calls?limit=5&cursor=x&status=busy&remote=7"), None);
        assert_eq!(refused("/v1/calls", "/v1/calls?limit=5&state=busy").as_deref(), Some("state"));
        assert_eq!(refused("/v1/wallet/balance", "/v1/wallet/balance?currency=KES").as_deref(), Some("currency"));
        assert_eq!(refused("/v1/calls/{id}/stream", "/v1/calls/x/stream?token=t"), None);
        assert_eq!(refused("/v1/calls/{id}", "/v1/calls/x?token=t").as_deref(), Some("token"));
        assert_eq!(refused("/nowhere", "/nowhere?a=b"), None);
    }

    #[test]
    fn the_parameters_that_are_known_are_listed() {
        let error = unknown_parameter("/v1/calls", &Uri::from_static("/v1/calls?state=busy")).unwrap();
        for name in ["`status`", "`cursor`", "`remote`"] {
            assert!(error.message.contains(name), "{}", error.message);
        }
    }
}
