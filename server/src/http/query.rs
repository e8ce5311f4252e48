//! The query of a URL as a struct; an error names the parameter.
//!
//! Axum's own extractor answers in plain text. Parameters that the struct does not know are ignored, as `limit` and
//! `cursor` are, which [`Page`](super::page::Page) reads.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json::refusal;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// The query, read as `T`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> ApiResult<T> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| refusal(&error.path().to_string(), &error.inner().to_string(), "The query"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Wanted {
        status: String,
        link: bool,
    }

    #[test]
    fn absent_and_unknown_parameters_are_fine() {
        let read: Wanted = read("limit=5&status=a%2Bb").unwrap();
        assert_eq!((read.status.as_str(), read.link), ("a+b", false));
    }

    #[test]
    fn the_offending_parameter_is_named() {
        let field_of = |query: &str| read::<Wanted>(query).unwrap_err().field;
        assert_eq!(field_of("link=perhaps").as_deref(), Some("link"));
        assert_eq!(field_of("status=a&status=b").as_deref(), Some("status"));
    }
}
