//! In-process requests to the router.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use parking_lot::Mutex;
use serde_json::Value;
use tower::ServiceExt;

/// Speaks to one server with fixed headers.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    headers: Vec<(String, String)>,
    peer: Option<SocketAddr>,
    wire: Wire,
    codes: Codes,
}

/// The error codes that a server's clients were answered with.
pub(crate) type Codes = Arc<Mutex<BTreeSet<String>>>;

/// How requests travel.
#[derive(Clone)]
pub(crate) enum Wire {
    /// Straight into the router.
    InProcess,
    /// By HTTP over TCP.
    Socket {
        /// With its connections.
        client: reqwest::Client,
        /// The server's web port.
        address: SocketAddr,
    },
}

impl Wire {
    pub(super) fn to(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Self::Socket { client: client.expect("a client"), address }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, if it is JSON; else null.
    pub(crate) json: Value,
    /// The body.
    pub(crate) text: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Client {
    pub(super) fn new(router: Router, wire: Wire, codes: Codes) -> Self {
        let host = ("host".to_owned(), "127.0.0.1:4000".to_owned());
        Self { router, headers: vec![host], peer: None, wire, codes }
    }

    /// Adds a header to every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// Connects from this address; without one a request has no address, as the server's own have.
    pub(crate) fn connected_from(&self, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        Self { peer: Some((address, 4001).into()), ..self.clone() }
    }

    /// The header that it sends with every request.
    pub(crate) fn sends(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Leaves a header out.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(other, _)| other != name);
        client
    }

    /// Signs in by cookie.
    pub(crate) fn with_cookie(&self, value: impl AsRef<str>) -> Self {
        self.with("cookie", &format!("sk_session={}", value.as_ref()))
    }

    /// The same client of another server, such as one with other settings.
    pub(crate) fn at(&self, server: &super::Server) -> Self {
        self.on(&server.client())
    }

    /// The same headers, sent where the other client sends.
    pub(crate) fn on(&self, other: &Self) -> Self {
        Self { headers: self.headers.clone(), ..other.clone() }
    }

    /// Signs in by API key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    /// The id of the workspace that it works in.
    pub(crate) async fn workspace_id(&self) -> String {
        let workspace = self.get("/v1/workspace").await.expect(200).json;
        workspace["id"].as_str().expect("an id").to_owned()
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, "").await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, "").await
    }

    /// POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some("application/json"), &body.to_string()).await
    }

    /// PUT of a JSON body.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some("application/json"), &body.to_string()).await
    }

    /// PATCH of a JSON body.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some("application/json"), &body.to_string()).await
    }

    /// Any request.
    pub(crate) async fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type).header("content-length", body.len());
        }
        if let Some(peer) = self.peer {
            request = request.extension(ConnectInfo(peer));
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let answer = match &self.wire {
            Wire::InProcess => {
                let response = self.router.clone().oneshot(request).await.expect("the router never fails");
                let (parts, body) = response.into_parts();
                let bytes = to_bytes(body, usize::MAX).await.expect("a body");
                Answer::new(parts.status.as_u16(), parts.headers, &bytes)
            }
            Wire::Socket { client, address } => {
                let (parts, _) = request.into_parts();
                let url = format!("http://{address}{}", parts.uri);
                let sent = client.request(parts.method, url).headers(parts.headers).body(body.to_owned()).send();
                let response = sent.await.expect("an answer");
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                Answer::new(status, headers, &response.bytes().await.expect("a body"))
            }
        };
        if let Some(code) = answer.json["error"]["code"].as_str() {
            self.codes.lock().insert(code.to_owned());
        }
        answer
    }
}

impl Answer {
    fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, json, text, bytes: body.to_vec() }
    }

    /// Fails the test, showing the body, unless the status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Fails the test unless this is a well-formed error of the code.
    #[track_caller]
    pub(crate) fn expect_error(self, code: &str) -> Self {
        let error = &self.json["error"];
        assert_eq!(error["code"], code, "{} {}", self.status, self.text);
        let known = sautikit_api::ErrorCode::parse(code).expect("a code of the catalogue");
        assert_eq!(self.status, known.status(), "{}", self.text);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.text);
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"), "{}", self.text);
        assert!(error["docs_url"].as_str().is_some_and(|url| url.ends_with(code)), "{}", self.text);
        self
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the answer sets a cookie of that name.
    pub(crate) fn sets(&self, name: &str) -> bool {
        let mut lines = self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        lines.any(|line| line.split('=').next() == Some(name))
    }

    /// The value of a cookie that the answer sets.
    #[track_caller]
    pub(crate) fn cookie(&self, name: &str) -> String {
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let mut values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let value = values.next().expect("that cookie");
        value.split(';').next().unwrap_or_default().to_owned()
    }
}
