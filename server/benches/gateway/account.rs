//! A customer through the public API: signs up, tops up, claims [`super::NUMBER`] and routes it.

use std::time::Duration;

use reqwest::{Client, Method, Response, header};
use serde_json::{Value, json};

use super::{NUMBER, Outcome};

/// KES 1,000,000: more than any run costs.
const MONEY_MINOR: i64 = 100_000_000;
/// Between two looks for a mail or a top-up.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks until it is an error.
const LOOKS: u32 = 100;

/// A signed-in owner.
pub(super) struct Account {
    http: Client,
    base: String,
    cookie: String,
}

impl Account {
    /// Signs up and is ready to be called; `callback_url` decides what happens then.
    pub(super) async fn open(base: &str, callback_url: &str) -> Outcome<Self> {
        let http = Client::builder().no_proxy().build()?;
        let mut account = Self { http, base: base.to_owned(), cookie: String::new() };
        account.sign_in().await?;
        let onboarding = json!({ "name": "Bench", "workspace_name": "Bench", "country": "KE", "currency": "KES" });
        account.post("/v1/auth/onboarding", onboarding).await?;
        account.post("/v1/wallet/top-ups", json!({ "method": "paystack", "amount_minor": MONEY_MINOR })).await?;
        account.eventually(async |account| Ok((account.balance().await? > 0).then_some(()))).await?;
        let available = account.get("/v1/numbers/available?country=KE&currency=KES").await?;
        let numbers = available.as_array().ok_or("no numbers")?;
        let number = numbers.iter().find(|number| number["number"] == NUMBER).ok_or("the number is not available")?;
        let id = number["id"].as_str().ok_or("no id")?;
        let claimed = account.post(&format!("/v1/numbers/{id}/claim"), json!({})).await?;
        let id = claimed["id"].as_str().ok_or("no id")?;
        let routing = json!({ "voice_callback_url": callback_url });
        account.send(Method::PATCH, &format!("/v1/numbers/{id}/routing"), Some(routing)).await?;
        Ok(account)
    }

    /// Waits until every call has ended and is debited, and says how many of the newest 100 completed.
    pub(super) async fn settled(&self) -> Outcome<usize> {
        self.eventually(async |account| {
            let calls = account.get("/v1/calls?limit=100").await?;
            let calls = calls.as_array().ok_or("no calls")?;
            let done = calls.iter().all(|call| !call["cost_minor"].is_null());
            Ok(done.then(|| calls.iter().filter(|call| call["status"] == "completed").count()))
        })
        .await
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
        self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(())
    }

    async fn balance(&self) -> Outcome<i64> {
        Ok(self.get("/v1/wallet/balance").await?["balance_minor"].as_i64().ok_or("no balance")?)
    }

    async fn eventually<T>(&self, look: impl AsyncFn(&Self) -> Outcome<Option<T>>) -> Outcome<T> {
        for _ in 0..LOOKS {
            if let Some(seen) = look(self).await? {
                return Ok(seen);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err("something that should have happened did not".into())
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Outcome<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let answer = self.request(method, path, body).await?.bytes().await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Response> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header(header::COOKIE, &self.cookie);
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
