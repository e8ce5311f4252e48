//! Requests for what runs on another node: passed on to it as they came, and answered as it answers.
//!
//! The handler here says which node it is ([`ApiError::of_node`]); by then nothing has been done. The other node takes them at its
//! internal listener (`nodes.listen`), where everything is checked anew: a request travels with its own credentials, so that the
//! proof of the node that passes it on opens nothing by itself. It says who the client is, for the audit log.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use serde_json::Value;

use super::request_id::RequestId;
use crate::calls;
use crate::state::{AppState, Part};
use crate::web::client_ip::client_address;
use crate::web::error::ApiError;
use crate::web::json::collect;
use crate::web::page::{OfSeveralNodes, POSITIONS, Page};
use crate::web::passed_on::{PASSED_ON, client_of, path_of, proof};

/// Routes of what one node has, below `/v1`.
const OF_ONE_NODE: [&str; 5] =
    ["/calls/{id}/", "/admin/calls/{id}/", "/conferences/{id}", "/queues/{id}", "/pbx/events"];
/// Lists of what each node has.
const LISTS: [&str; 4] = ["/admin/registrations", "/conferences", "/queues", "/sip/registrations"];
/// For a connection to another node.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// For its answer: an announcement is spoken first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The same where several are asked.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// A list that a node answers with: a page of 200 rows stays far below.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What belongs to a connection and not to the request on it, and what is written anew.
const NOT_PASSED: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    HeaderName::from_static("x-forwarded-for"),
];

/// The client for other nodes.
pub struct Passing(reqwest::Client);

impl Part for Passing {}

impl Passing {
    /// One that keeps its connections.
    ///
    /// # Errors
    /// The system has no randomness for TLS, which it does not speak.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        client.connect_timeout(CONNECT_TIMEOUT).build().map(Self)
    }
}

/// Why a request was not passed on.
#[derive(Debug, thiserror::Error)]
enum NotPassed {
    #[error("it has no internal listener (`nodes.listen`)")]
    NoListener,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Header(#[from] axum::http::header::InvalidHeaderValue),
}

/// Runs the handler; where that says that another node can do it, asks that one. What each node lists of its own is put together.
pub(super) async fn run(app: &AppState, request: Request, next: Next) -> Response {
    match Scope::of(app, &request) {
        // Apart, or every request would be as large as one that is passed on.
        Some(scope) => Box::pin(ask(app, scope, request, next)).await,
        None => next.run(request).await,
    }
}

/// Middleware that does so over routes of their own.
pub(super) async fn pass_on(State(app): State<AppState>, request: Request, next: Next) -> Response {
    run(&app, request, next).await
}

async fn ask(app: &AppState, scope: Scope, mut request: Request, next: Next) -> Response {
    if scope == Scope::Every {
        request.extensions_mut().insert(OfSeveralNodes);
    }
    let (parts, body) = request.into_parts();
    let body = match collect(Request::from_parts(parts.clone(), body)).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let response = next.run(Request::from_parts(parts.clone(), Body::from(body.clone()))).await;
    let asked = Asked { app, parts, body };
    match scope {
        Scope::Every if response.status().is_success() => asked.together(response).await,
        Scope::Every => response,
        Scope::One => asked.instead(response).await,
    }
}

/// Which nodes know the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The one that has it.
    One,
    /// Each a part.
    Every,
}

impl Scope {
    fn of(app: &AppState, request: &Request) -> Option<Self> {
        if !app.config.nodes.is_on() {
            return None;
        }
        let route = request.extensions().get::<MatchedPath>()?.as_str();
        let route = route.strip_prefix("/v1").unwrap_or(route);
        if OF_ONE_NODE.iter().any(|prefix| route.starts_with(prefix)) {
            return Some(Self::One);
        }
        (LISTS.contains(&route) && *request.method() == Method::GET).then_some(Self::Every)
    }
}

/// A request that this node has looked at.
struct Asked<'a> {
    app: &'a AppState,
    parts: Parts,
    body: Bytes,
}

impl Asked<'_> {
    /// What another node answers, where the refusal of this one says that it can.
    async fn instead(self, refusal: Response) -> Response {
        let Some(error) = refusal.extensions().get::<ApiError>() else { return refusal };
        let answer = match (&error.node, error.code) {
            (Some(node), _) => self.by_node(node).await.map(Some),
            (None, ErrorCode::QueuesNotFound) => self.by_any().await,
            (None, _) => return refusal,
        };
        match answer {
            Ok(Some(answer)) => answer,
            Ok(None) => refusal,
            Err(error) => {
                tracing::warn!(%error, "a request is not passed on to the node that could answer it");
                refusal
            }
        }
    }

    async fn by_node(&self, node: &str) -> Result<Response, NotPassed> {
        let address = calls::nodes::address_of(self.app, node).await?.ok_or(NotPassed::NoListener)?;
        self.at(&address, ANSWER_TIMEOUT).await
    }

    /// The answer of the first node that has it; nobody writes down where queues are.
    async fn by_any(&self) -> Result<Option<Response>, NotPassed> {
        for (node, address) in calls::nodes::reachable(self.app).await? {
            match self.at(&address, LIST_TIMEOUT).await {
                Ok(answer) if answer.status() != StatusCode::NOT_FOUND => return Ok(Some(answer)),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(node, %error, "a node is not asked what it has");
                }
            }
        }
        Ok(None)
    }

    /// The list of this node with those of all others; a node that does not answer is left out.
    async fn together(mut self, own: Response) -> Response {
        let page = match Page::from_request_parts(&mut self.parts, self.app).await {
            Ok(page) => page,
            Err(error) => return error.into_response(),
        };
        let nodes = match calls::nodes::reachable(self.app).await {
            Ok(nodes) => nodes,
            Err(error) => return ApiError::from(error).into_response(),
        };
        let asked = nodes.iter().map(|(_, address)| self.at(address, LIST_TIMEOUT));
        let answers = futures::future::join_all(asked).await;
        let Some((mut rows, mut is_cut)) = read_list(own).await else {
            return ApiError::internal("a list of this node can't be read").into_response();
        };
        for ((node, _), answer) in nodes.iter().zip(answers) {
            let read = match answer {
                Ok(answer) if answer.status().is_success() => read_list(answer).await,
                Ok(_) => None,
                Err(error) => {
                    tracing::warn!(node, %error, "a node is not asked what it has");
                    None
                }
            };
            if let Some((more, is_cut_there)) = read {
                rows.extend(more);
                is_cut |= is_cut_there;
            }
        }
        page.answer_together(rows, is_cut)
    }

    /// What the node at the address answers.
    async fn at(&self, address: &str, timeout: Duration) -> Result<Response, NotPassed> {
        let (app, parts) = (self.app, &self.parts);
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let client = client_address(&parts.extensions, &parts.headers, &app.config.http.trusted_proxies);
        let proof = proof(&app.secrets, app.now_us(), client, &parts.method, uri);
        let mut headers = parts.headers.clone();
        remove_what_stays(&mut headers);
        headers.insert(PASSED_ON, HeaderValue::from_str(&proof)?);
        if let Some(RequestId(id)) = parts.extensions.get() {
            headers.insert("x-request-id", HeaderValue::from_str(id)?);
        }
        let url = format!("http://{address}{}", path_of(uri));
        let asked = app.part::<Passing>().0.request(parts.method.clone(), url).headers(headers);
        let answer = asked.body(self.body.clone()).timeout(timeout).send().await;
        // Its URL would show in logs what a conference is named.
        let answer = answer.map_err(reqwest::Error::without_url)?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        remove_what_stays(&mut headers);
        Ok((status, headers, answer.bytes().await?).into_response())
    }
}

/// The rows of a node's list with their cursors, and whether it has more.
async fn read_list(answer: Response) -> Option<(Vec<(String, Value)>, bool)> {
    let (parts, body) = answer.into_parts();
    let positions = parts.headers.get(POSITIONS)?.to_str().ok()?;
    let positions: Vec<_> = positions.split(',').filter(|cursor| !cursor.is_empty()).map(str::to_owned).collect();
    let rows: Vec<Value> = serde_json::from_slice(&to_bytes(body, MOST_BYTES).await.ok()?).ok()?;
    let is_whole = positions.len() == rows.len();
    is_whole.then(|| (positions.into_iter().zip(rows).collect(), parts.headers.contains_key(header::LINK)))
}

fn remove_what_stays(headers: &mut HeaderMap) {
    for name in &NOT_PASSED {
        headers.remove(name);
    }
}

/// Middleware around the internal listener: nobody else's requests, and those of nodes as coming from their clients.
pub(super) async fn only_of_nodes(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let said = request.headers_mut().remove(PASSED_ON);
    let said = said.as_ref().and_then(|said| said.to_str().ok());
    let client = said.and_then(|said| client_of(&app.secrets, app.now_us(), said, request.method(), request.uri()));
    let Some(client) = client else { return ApiError::from(ErrorCode::NotFound).into_response() };
    request.extensions_mut().remove::<ConnectInfo<SocketAddr>>();
    request.extensions_mut().insert(OfSeveralNodes);
    if let Some(address) = client {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    next.run(request).await
}
