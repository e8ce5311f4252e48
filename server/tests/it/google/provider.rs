//! An OpenID provider on loopback, as strict as Google: it checks client, redirect URI, code and PKCE, and signs tokens.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::support::{Answer, ORIGIN};

/// Two keys of tests, good for nothing else.
const KEYS: [&[u8]; 2] = [include_bytes!("key_a.der"), include_bytes!("key_b.der")];

/// How a token is signed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signed {
    /// As Google does, with the key that the provider publishes.
    Rs256,
    /// With another key under the published one's id.
    OtherKey,
    /// With the client secret.
    Hs256,
    /// Not at all.
    None,
}

/// What a code will be exchanged for.
struct Grant {
    challenge: String,
    claims: Value,
    signed: Signed,
}

struct Shared {
    issuer: String,
    key: usize,
    grants: HashMap<String, Grant>,
}

/// The provider. It stops with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeGoogle(Arc<Mutex<Shared>>);

/// A browser on its way back.
pub(super) struct Way {
    pub(super) code: String,
    pub(super) state: String,
}

impl Way {
    /// Where the browser is sent.
    pub(super) fn path(&self) -> String {
        format!("/v1/auth/google/callback?state={}&code={}&scope=email&authuser=0", self.state, self.code)
    }
}

impl FakeGoogle {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let google = Self(Arc::new(Mutex::new(Shared { issuer, key: 0, grants: HashMap::new() })));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(exchange))
            .with_state(google.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        google
    }

    pub(super) fn issuer(&self) -> String {
        self.0.lock().issuer.clone()
    }

    /// Signs with another key from now on, and publishes only that.
    pub(super) fn rotate_keys(&self) {
        let mut shared = self.0.lock();
        shared.key = 1 - shared.key;
    }

    /// The claims that are true for the person who was sent here by `started`.
    pub(super) fn claims(&self, started: &Answer, now_seconds: i64) -> Value {
        let asked = asked(started);
        json!({
            "iss": self.issuer(), "aud": asked["client_id"], "nonce": asked["nonce"],
            "iat": now_seconds, "exp": now_seconds + 3600,
            "sub": "1184", "email": "Asha@example.com", "email_verified": true, "name": "Asha Otieno",
        })
    }

    /// The person agrees: a code that `claims` will be told for.
    pub(super) fn approve(&self, started: &Answer, claims: Value, signed: Signed) -> Way {
        let asked = asked(started);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], "client");
        assert_eq!(asked["redirect_uri"], format!("{ORIGIN}/v1/auth/google/callback"));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["scope"], "openid email profile");
        let mut shared = self.0.lock();
        let code = format!("code-{}", shared.grants.len());
        let challenge = asked["code_challenge"].clone();
        shared.grants.insert(code.clone(), Grant { challenge, claims, signed });
        Way { code, state: asked["state"].clone() }
    }
}

/// The query that a browser was sent to the provider with.
pub(super) fn asked(started: &Answer) -> HashMap<String, String> {
    let url = Url::parse(started.header("location").expect("a redirect")).unwrap();
    assert!(url.path().ends_with("/authorize"), "{url}");
    url.query_pairs().into_owned().collect()
}

async fn discovery(State(FakeGoogle(shared)): State<FakeGoogle>) -> Json<Value> {
    let issuer = shared.lock().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // Tempting the client to believe more than it should.
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    }))
}

async fn keys(State(FakeGoogle(shared)): State<FakeGoogle>) -> Json<Value> {
    let index = shared.lock().key;
    let mut jwk = Jwk::from_encoding_key(&EncodingKey::from_rsa_der(KEYS[index]), Algorithm::RS256).unwrap();
    jwk.common.key_id = Some(key_id(index));
    Json(json!({ "keys": [jwk] }))
}

async fn exchange(State(FakeGoogle(shared)): State<FakeGoogle>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut shared = shared.lock();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    // A code works once.
    let grant = shared.grants.remove(field("code"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    let holds = field("grant_type") == "authorization_code"
        && field("client_id") == "client"
        && field("client_secret") == "client-secret"
        && field("redirect_uri") == format!("{ORIGIN}/v1/auth/google/callback");
    match grant.filter(|grant| holds && grant.challenge == challenge) {
        Some(grant) => Json(json!({
            "access_token": "ya29.test", "token_type": "Bearer", "expires_in": 3599,
            "id_token": token(&grant, shared.key),
        }))
        .into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    }
}

fn token(grant: &Grant, key: usize) -> String {
    let signed = |algorithm: Algorithm, secret: EncodingKey| {
        let header = Header { kid: Some(key_id(key)), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, &grant.claims, &secret).unwrap()
    };
    match grant.signed {
        Signed::Rs256 => signed(Algorithm::RS256, EncodingKey::from_rsa_der(KEYS[key])),
        Signed::OtherKey => signed(Algorithm::RS256, EncodingKey::from_rsa_der(KEYS[1 - key])),
        Signed::Hs256 => signed(Algorithm::HS256, EncodingKey::from_secret(b"client-secret")),
        Signed::None => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&grant.claims))
        }
    }
}

fn key_id(index: usize) -> String {
    format!("key-{index}")
}
