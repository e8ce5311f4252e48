//! The console's way to the API: the same router, in process, as the visitor.

use app::api_client::{ApiClient, ApiFailure, ApiFuture, ApiRequest, ApiResponse};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt;

use crate::gateway::Gateway;
use crate::http::BODY_LIMIT_BYTES;
use crate::http::request_log::OfConsole;
use crate::web::caller::WORKSPACE_HEADER;

/// What of the visitor's request the API has to see: who they are, whether our own page sent them, and whether a proxy
/// stands between (which closes `/dev`).
const PASSED_ON: [&str; 10] = [
    "cookie",
    "origin",
    "sec-fetch-site",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "via",
    "user-agent",
    "host",
];
/// Longest answer that a page reads: lists of 200 rows are about 200 kB.
const ANSWER_LIMIT_BYTES: usize = 4 * BODY_LIMIT_BYTES;

/// Speaks to the API for one visitor.
pub(super) struct InProcess {
    api: Router,
    headers: HeaderMap,
    peer: Option<ConnectInfo<SocketAddr>>,
    gateway: Option<Arc<Gateway>>,
}

impl InProcess {
    /// For the visitor whose request has these parts.
    pub(super) fn new(api: Router, visitor: &Parts) -> Self {
        let mut headers = HeaderMap::new();
        for name in PASSED_ON.map(HeaderName::from_static) {
            for value in visitor.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        Self { api, headers, peer: visitor.extensions.get().copied(), gateway: visitor.extensions.get().cloned() }
    }

    fn request(&self, request: ApiRequest) -> Result<Request<Body>, ApiFailure> {
        let unreadable = |problem: String| ApiFailure::Unreadable(problem);
        let body = request.body.map(|body| body.to_string());
        let mut built = Request::builder()
            .method(request.method.as_str())
            .uri(&request.path)
            .body(body.clone().map_or_else(Body::empty, Body::from))
            .map_err(|problem| unreadable(problem.to_string()))?;
        let headers = built.headers_mut();
        headers.extend(self.headers.clone());
        if let Some(body) = body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        if let Some(key) = request.idempotency_key {
            let key = HeaderValue::from_str(&key).map_err(|problem| unreadable(problem.to_string()))?;
            headers.insert("idempotency-key", key);
        }
        if let Some(workspace) = request.workspace {
            let workspace = HeaderValue::from_str(&workspace).map_err(|problem| unreadable(problem.to_string()))?;
            headers.insert(WORKSPACE_HEADER, workspace);
        }
        built.extensions_mut().insert(OfConsole);
        if let Some(peer) = self.peer {
            built.extensions_mut().insert(peer);
        }
        if let Some(gateway) = &self.gateway {
            built.extensions_mut().insert(gateway.clone());
        }
        Ok(built)
    }
}

impl ApiClient for InProcess {
    fn send(&self, request: ApiRequest) -> ApiFuture {
        let built = self.request(request);
        let api = self.api.clone();
        Box::pin(async move {
            let Ok(response) = api.oneshot(built?).await;
            read(response).await
        })
    }
}

async fn read(response: Response<Body>) -> Result<ApiResponse, ApiFailure> {
    let (parts, body) = response.into_parts();
    let unreadable = |problem: &dyn std::fmt::Display| ApiFailure::Unreadable(problem.to_string());
    let body = to_bytes(body, ANSWER_LIMIT_BYTES).await.map_err(|problem| unreadable(&problem))?;
    let status = parts.status.as_u16();
    if !parts.status.is_success() {
        return Err(ApiFailure::from_answer(status, &body));
    }
    let json = match body.is_empty() {
        true => serde_json::Value::Null,
        false => serde_json::from_slice(&body).map_err(|problem| unreadable(&problem))?,
    };
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    let headers =
        parts.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    Ok(ApiResponse { status, headers, json })
}
