//! A customer through the public API: signs in, makes a workspace, asks.

use std::time::Duration;

use reqwest::{Client, Method, Response, header};
use serde_json::{Value, json};

use super::Outcome;

/// Between two looks for a mail or a top-up.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks until it is an error.
const LOOKS: u32 = 100;

/// A signed-in owner, or a key of hers.
pub(super) struct Account {
    http: Client,
    base: String,
    /// Empty before she has signed in.
    credential: (header::HeaderName, String),
}

impl Account {
    /// Signs up at `base` and makes a workspace in Kenya.
    pub(super) async fn sign_up(base: &str) -> Outcome<Self> {
        let http = Client::builder().no_proxy().build()?;
        let mut account = Self { http, base: base.to_owned(), credential: (header::COOKIE, String::new()) };
        account.sign_in().await?;
        let onboarding = json!({ "name": "Bench", "workspace_name": "Bench", "country": "KE", "currency": "KES" });
        account.post("/v1/auth/onboarding", onboarding).await?;
        Ok(account)
    }

    async fn sign_in(&mut self) -> Outcome<()> {
        self.post("/v1/auth/magic-link", json!({ "email": "bench@example.com" })).await?;
        let token = self
            .eventually(async |account| {
                let mails = account.get("/dev/mail.json").await?;
                let link = mails[0]["links"][0].as_str().and_then(|link| link.split_once("token="));
                Ok(link.map(|(_, token)| token.to_owned()))
            })
            .await?;
        let answer = self.request(Method::POST, "/v1/auth/magic-link/verify", Some(json!({ "token": token }))).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).ok_or("no session")?.to_str()?;
        self.credential.1 = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(())
    }

    /// A key with this scope: what a customer's server asks with.
    #[allow(dead_code, reason = "not every benchmark asks with a key")]
    pub(super) async fn key(&self, scope: &str) -> Outcome<Self> {
        let made = self.post("/v1/api-keys", json!({ "name": "bench", "scopes": [scope] })).await?;
        let credential = (header::AUTHORIZATION, format!("Bearer {}", made["key"].as_str().ok_or("no key")?));
        Ok(Self { http: self.http.clone(), base: self.base.clone(), credential })
    }

    /// What its requests show: a key after `Bearer`.
    #[allow(dead_code, reason = "not every benchmark asks by itself")]
    pub(super) fn secret(&self) -> &str {
        self.credential.1.trim_start_matches("Bearer ")
    }

    /// Looks until there is something to see.
    pub(super) async fn eventually<T>(&self, look: impl AsyncFn(&Self) -> Outcome<Option<T>>) -> Outcome<T> {
        for _ in 0..LOOKS {
            if let Some(seen) = look(self).await? {
                return Ok(seen);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err("something that should have happened did not".into())
    }

    pub(super) async fn get(&self, path: &str) -> Outcome<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Outcome<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let answer = self.request(method, path, body).await?.bytes().await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Response> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header(&self.credential.0, &self.credential.1);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        if let Err(error) = answer.error_for_status_ref() {
            return Err(format!("{error}: {}", answer.text().await?).into());
        }
        Ok(answer)
    }
}
