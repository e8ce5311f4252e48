//! How the console talks to the server: it is a client of the REST API and nothing more.
//!
//! The server provides an [`ApiClient`] that runs requests through its own router, in process, with the visitor's
//! cookie; tests provide a scripted one. Deliberately absent: rules. Authentication, validation, idempotency and the
//! words of errors belong to the API.

mod failure;

pub use failure::ApiFailure;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fmt::Write as _, future::Future, pin::Pin, sync::Arc};

/// The verbs that the API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or acts.
    Post,
    /// Sets all members.
    Put,
    /// Changes some members.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The verb that HTTP spells so, if the API has it.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete].into_iter().find(|method| method.as_str() == name)
    }

    /// The verb as HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Rows that the API gives at once, at most.
const LIST_LIMIT: &str = "200";
/// Rows of [`Api::list`]: no page shows more choices.
pub const MOST_ROWS: usize = 5_000;

/// One request to the API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiRequest {
    /// The verb.
    pub method: Method,
    /// Path and query, from `/v1/`.
    pub path: String,
    /// The JSON body, for verbs that have one.
    pub body: Option<Value>,
    /// The `Idempotency-Key` header: a form sent twice acts once.
    pub idempotency_key: Option<String>,
    /// The `X-Sautikit-Workspace` header, by which a session changes its workspace.
    pub workspace: Option<String>,
}

/// A 2xx answer.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// 200 to 299.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; null for an empty one.
    pub json: Value,
}

impl ApiResponse {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The cookies that the API sets, to be passed on to the browser unchanged.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.iter().filter(|(key, _)| key == "set-cookie").map(|(_, value)| value.clone()).collect()
    }

    /// The body as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiFailure> {
        T::deserialize(&self.json).map_err(|problem| ApiFailure::Unreadable(problem.to_string()))
    }
}

/// What [`ApiClient::send`] answers; boxed so that the trait stays object-safe.
pub type ApiFuture = Pin<Box<dyn Future<Output = Result<ApiResponse, ApiFailure>> + Send>>;

/// Carries a request to the API and its answer back. Answers outside 2xx become [`ApiFailure::Refused`].
pub trait ApiClient: Send + Sync + 'static {
    /// Sends one request.
    fn send(&self, request: ApiRequest) -> ApiFuture;
}

/// The client that pages and forms use: typed calls over an [`ApiClient`].
#[derive(Clone)]
pub struct Api {
    client: Arc<dyn ApiClient>,
    /// Where every request acts; the session's own choice when absent.
    workspace: Option<String>,
}

impl Api {
    /// Wraps the server's (or a test's) client.
    pub fn new(client: Arc<dyn ApiClient>) -> Self {
        Self { client, workspace: None }
    }

    /// The same, acting in this workspace whatever the session chose since; from then on the session works in it.
    pub fn within(&self, workspace: &str) -> Self {
        Self { client: self.client.clone(), workspace: Some(workspace.to_owned()) }
    }

    /// GET, the body read as `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: impl Into<String>) -> Result<T, ApiFailure> {
        self.fetch(path).await?.read()
    }

    /// GET with headers, for lists that carry a cursor.
    pub async fn fetch(&self, path: impl Into<String>) -> Result<ApiResponse, ApiFailure> {
        self.send(request(Method::Get, path)).await
    }

    /// Every row of a list that has a cursor, at most [`MOST_ROWS`]: for choices and counts, which a page of a list would cut short.
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ApiFailure> {
        self.list_of(path, &[]).await
    }

    /// [`Self::list`] of what fits these filters.
    pub async fn list_of<T: DeserializeOwned>(
        &self,
        path: &str,
        filters: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiFailure> {
        let mut rows: Vec<T> = Vec::new();
        let mut cursor = String::new();
        loop {
            let pairs = [filters, &[("limit", LIST_LIMIT), ("cursor", cursor.as_str())]].concat();
            let answer = self.fetch(with_query(path, &pairs)).await?;
            rows.extend(answer.read::<Vec<T>>()?);
            match answer.header("x-next-cursor") {
                Some(next) if rows.len() < MOST_ROWS && next != cursor => next.clone_into(&mut cursor),
                _ => return Ok(rows),
            }
        }
    }

    /// Makes the session work in this workspace from now on.
    pub async fn enter_workspace(&self, id: &str) -> Result<ApiResponse, ApiFailure> {
        let workspace = Some(id.to_owned());
        self.send(ApiRequest { workspace, ..request(Method::Get, "/v1/workspace") }).await
    }

    /// POST of `body`.
    pub async fn post(&self, path: impl Into<String>, body: &impl Serialize) -> Result<ApiResponse, ApiFailure> {
        self.send(with_body(request(Method::Post, path), body)?).await
    }

    /// POST that creates or moves money; the same `key` makes a repetition harmless.
    pub async fn post_once(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
        key: &str,
    ) -> Result<ApiResponse, ApiFailure> {
        let idempotency_key = Some(key.to_owned());
        self.send(ApiRequest { idempotency_key, ..with_body(request(Method::Post, path), body)? }).await
    }

    /// PUT of `body`.
    pub async fn put(&self, path: impl Into<String>, body: &impl Serialize) -> Result<ApiResponse, ApiFailure> {
        self.send(with_body(request(Method::Put, path), body)?).await
    }

    /// PATCH of `body`.
    pub async fn patch(&self, path: impl Into<String>, body: &impl Serialize) -> Result<ApiResponse, ApiFailure> {
        self.send(with_body(request(Method::Patch, path), body)?).await
    }

    /// DELETE.
    pub async fn delete(&self, path: impl Into<String>) -> Result<ApiResponse, ApiFailure> {
        self.send(request(Method::Delete, path)).await
    }

    /// DELETE with a body, for what has to be confirmed.
    pub async fn delete_confirmed(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<ApiResponse, ApiFailure> {
        self.send(with_body(request(Method::Delete, path), body)?).await
    }

    /// Sends a request of the log again: its method and path as they stand there, a write once however often `key` comes.
    pub async fn repeat(
        &self,
        method: Method,
        path: String,
        body: Option<Value>,
        key: &str,
    ) -> Result<ApiResponse, ApiFailure> {
        let idempotency_key = (method == Method::Post).then(|| key.to_owned());
        self.send(ApiRequest { body, idempotency_key, ..request(method, path) }).await
    }

    async fn send(&self, mut request: ApiRequest) -> Result<ApiResponse, ApiFailure> {
        request.workspace = request.workspace.or_else(|| self.workspace.clone());
        self.client.send(request).await
    }
}

fn request(method: Method, path: impl Into<String>) -> ApiRequest {
    ApiRequest { method, path: path.into(), body: None, idempotency_key: None, workspace: None }
}

fn with_body(request: ApiRequest, body: &impl Serialize) -> Result<ApiRequest, ApiFailure> {
    Ok(ApiRequest { body: Some(to_json(body)?), ..request })
}

fn to_json(body: &impl Serialize) -> Result<Value, ApiFailure> {
    serde_json::to_value(body).map_err(|problem| ApiFailure::Unreadable(problem.to_string()))
}

/// `text` as one path segment or query value (RFC 3986 §2.3: all but unreserved characters are escaped).
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

/// `path` with the pairs that are not empty as its query.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", escape(value)))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_and_a_slash_cannot_leave_their_segment() {
        assert_eq!(escape("+254/../x"), "%2B254%2F..%2Fx");
    }

    #[test]
    fn empty_filters_are_left_out() {
        assert_eq!(with_query("/v1/calls", &[("status", ""), ("remote", "+254")]), "/v1/calls?remote=%2B254");
        assert_eq!(with_query("/v1/calls", &[("status", "")]), "/v1/calls");
    }
}
