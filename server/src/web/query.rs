//! The query of a URL as a struct: each parameter at most once, and as text that the database takes. An error names the
//! parameter, where axum's own extractor answers in plain text.
//!
//! Of a parameter that stands twice, one value would be ignored in silence. Handlers read [`Query`] as a result and look at
//! it after the caller's rights, because what a caller may do is checked before what they ask for. Parameters that the
//! struct does not know are ignored here, as `limit` and `cursor` are, which [`Page`](super::page::Page) reads; those that
//! nobody knows are refused by `openapi::unknown_parameter`.

use std::borrow::Cow;
use std::collections::HashSet;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json::refusal;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// Longest part of a name that an error repeats; real names are shorter.
pub(crate) const NAME_MAX_CHARS: usize = 40;

/// The query, read as `T`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        read(&parts.uri).map(Self)
    }
}

fn read<T: DeserializeOwned>(uri: &Uri) -> ApiResult<T> {
    pairs(uri)?;
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text_of(uri)));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| refusal(&error.path().to_string(), &error.inner().to_string(), "The query"))
}

/// Names and values of the query.
///
/// # Errors
/// A name stands twice, or a value holds a NUL, which is no text to PostgreSQL.
pub fn pairs(uri: &Uri) -> ApiResult<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let pairs: Vec<_> = form_urlencoded::parse(text_of(uri)).collect();
    let mut seen = HashSet::new();
    for (name, value) in &pairs {
        let refused = if !seen.insert(name.as_ref()) {
            "stands twice in the query. Give it once."
        } else if value.contains('\0') {
            "holds a NUL character. Leave it out."
        } else {
            continue;
        };
        let name: String = name.chars().take(NAME_MAX_CHARS).collect();
        return Err(ApiError::field(name.as_str(), format!("`{name}` {refused}")));
    }
    Ok(pairs)
}

fn text_of(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
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

    fn of(uri: &str) -> ApiResult<Wanted> {
        read(&uri.parse().unwrap())
    }

    #[test]
    fn absent_and_unknown_parameters_are_fine() {
        let read = of("/x?limit=5&status=a%2Bb").unwrap();
        assert_eq!((read.status.as_str(), read.link), ("a+b", false));
        assert!(of("/x").is_ok());
        assert!(of("/x?a=1&A=1").is_ok());
    }

    #[test]
    fn the_offending_parameter_is_named() {
        let field_of = |uri: &str| of(uri).unwrap_err().field;
        assert_eq!(field_of("/x?link=perhaps").as_deref(), Some("link"));
        assert_eq!(field_of("/x?status=a&status=a").as_deref(), Some("status"));
        assert_eq!(field_of("/x?limit=1&status=b&l%69mit=2").as_deref(), Some("limit"));
        assert_eq!(field_of("/x?status=b%00").as_deref(), Some("status"));
    }
}
