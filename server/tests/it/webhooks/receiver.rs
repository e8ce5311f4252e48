//! A customer's server that keeps what it is told and answers as a test wants.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use sautikit::webhooks::signature;
use sautikit_api::ids::CallId;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::support::within;

/// Far above what anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The event's id, and its call.
    pub(crate) fn event_and_call(&self) -> (String, CallId) {
        let (event, text) = (self.json(), |value: &Value| value.as_str().expect("text").to_owned());
        (text(&event["id"]), text(&event["data"]["call_id"]).parse().expect("an id"))
    }

    /// Whether it is signed with the secret, by the rules of the documentation.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let given = self.header("x-sautikit-signature");
        let t = given.strip_prefix("t=").and_then(|rest| rest.split(',').next()).and_then(|t| t.parse().ok());
        t.is_some_and(|t| signature::sign(secret, &self.body, t) == given)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answers {
    /// At once with this status.
    Status(u16),
    /// With this status and a `Retry-After`.
    RetryAfter(u16, &'static str),
    /// After a while with 200.
    Slowly(Duration),
    /// With this status once the test lets one more answer go.
    When(u16, Arc<Semaphore>),
    /// With 401 unless this secret has signed.
    OnlySignedWith(String),
    /// With another address.
    Redirect(String),
    /// With 200 and this text.
    Text(String),
}

#[derive(Default)]
struct Kept {
    told: Vec<Told>,
    answers: HashMap<String, Answers>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let kept = Arc::<Mutex<Kept>>::default();
        let routes = Router::new().fallback(take).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, kept }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on.
    pub(crate) fn answers(&self, path: &str, answers: Answers) {
        self.kept.lock().answers.insert(path.to_owned(), answers);
    }

    /// What came to the path so far.
    pub(crate) fn told(&self, path: &str) -> Vec<Told> {
        self.kept.lock().told.iter().filter(|told| told.path == path).cloned().collect()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.kept.lock().told.iter().filter(|told| told.path == path).count()
    }

    /// Once so many came to the path, they.
    pub(crate) async fn wait(&self, path: &str, count: usize) -> Vec<Told> {
        let what = format!("{count} requests to {path}");
        within(DEADLINE, &what, async || Some(self.told(path)).filter(|told| told.len() >= count)).await
    }
}

async fn take(State(kept): State<Arc<Mutex<Kept>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let told = Told { path: path.clone(), headers: parts.headers, body, at: Instant::now() };
    let answers = {
        let mut kept = kept.lock();
        kept.told.push(told.clone());
        kept.answers.get(&path).cloned().unwrap_or(Answers::Status(200))
    };
    let status = |code| StatusCode::from_u16(code).expect("a status");
    match answers {
        Answers::Status(code) => status(code).into_response(),
        Answers::RetryAfter(code, after) => (status(code), [(header::RETRY_AFTER, after)]).into_response(),
        Answers::Slowly(span) => {
            tokio::time::sleep(span).await;
            StatusCode::OK.into_response()
        }
        Answers::When(code, gate) => {
            gate.acquire().await.expect("a gate that stays").forget();
            status(code).into_response()
        }
        Answers::OnlySignedWith(secret) if told.is_signed_with(&secret) => StatusCode::OK.into_response(),
        Answers::OnlySignedWith(_) => StatusCode::UNAUTHORIZED.into_response(),
        Answers::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Answers::Text(text) => text.into_response(),
    }
}
