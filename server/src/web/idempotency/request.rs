//! A request that may carry an `Idempotency-Key`, and what tells it from another request.

use axum::body::Bytes;
use axum::extract::{FromRequest, OriginalUri};
use axum::http::{HeaderMap, HeaderName};
use sautikit_api::ErrorCode;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::secrets::hex;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::{collect, is_json, is_xml, read_json};

/// Longest key.
const KEY_MAX_CHARS: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request that may carry an `Idempotency-Key`; stands in for the body extractor.
pub struct Request {
    /// Looked at when the effect begins, not before: what the caller may do comes first.
    pub(super) key: ApiResult<Option<String>>,
    /// Of method, path, query and body.
    pub(super) fingerprint: String,
    body: Bytes,
    is_json: bool,
    is_xml: bool,
}

impl Request {
    /// The JSON body.
    pub fn read<T: DeserializeOwned>(&self) -> ApiResult<T> {
        if !self.is_json && !self.body.is_empty() {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        read_json(&self.body)
    }

    /// The body, where it says that it is XML.
    pub fn xml(&self) -> Option<&[u8]> {
        self.is_xml.then_some(&*self.body)
    }

    /// The body as it came, for what has to be seen in it before it is read.
    pub fn raw(&self) -> &[u8] {
        &self.body
    }

    /// The JSON body, or the default where a body is optional and absent.
    pub fn read_or_default<T: DeserializeOwned + Default>(&self) -> ApiResult<T> {
        if self.body.is_empty() { Ok(T::default()) } else { self.read() }
    }
}

impl FromRequest<AppState> for Request {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, _: &AppState) -> ApiResult<Self> {
        let key = checked_key(request.headers());
        let (is_json, is_xml) = (is_json(request.headers()), is_xml(request.headers()));
        let uri = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
        let mut hash = Sha256::new();
        // Length before content, so that no two requests run together to the same bytes.
        for part in [request.method().as_str(), uri.path(), uri.query().unwrap_or_default()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let body = collect(request).await?;
        hash.update(&body);
        Ok(Self { key, fingerprint: hex(&hash.finalize()), body, is_json, is_xml })
    }
}

/// The request's key, if it has one. Two of them would leave open which one counts.
fn checked_key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).into_iter();
    let Some(first) = given.next() else { return Ok(None) };
    let is_visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let key = first.to_str().ok().filter(is_visible).filter(|key| !key.is_empty() && key.len() <= KEY_MAX_CHARS);
    match (key, given.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(ApiError::field(
            "Idempotency-Key",
            format!("Give one key of 1 to {KEY_MAX_CHARS} visible ASCII characters, such as a UUID."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key_of(values: &[&str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        checked_key(&headers).ok()
    }

    #[test]
    fn a_key_is_one_word_of_visible_ascii() {
        assert_eq!(key_of(&[]), Some(None));
        assert_eq!(key_of(&["a'b\"c"]), Some(Some("a'b\"c".to_owned())));
        assert!(key_of(&[&"a".repeat(255)]).is_some());
        for wrong in ["", " ", "a b", "a\tb", "é", &"a".repeat(256)] {
            assert_eq!(key_of(&[wrong]), None, "{wrong:?}");
        }
        assert_eq!(key_of(&["a", "a"]), None);
    }
}
