//! Asks Paystack: begin a transaction, and what became of one.

use std::time::Duration;

use sautikit_api::money::Currency;
use serde::de::DeserializeOwned;

use super::super::providers::Credentials;
use super::wire::{Answered, Begun, Initialize, Transaction};
use crate::config;
use crate::state::{AppState, Part};

/// Whoever pays waits at a page.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Paystack as configured.
pub struct Paystack {
    config: config::Paystack,
    http: reqwest::Client,
}

impl Part for Option<Paystack> {}

/// Paystack did not do what it was asked, in words for the log.
#[derive(Debug, thiserror::Error)]
#[error("Paystack: {0}")]
pub(super) struct Failed(String);

impl Paystack {
    /// As configured; `None` without a secret key.
    ///
    /// # Errors
    /// No HTTP client could be made.
    pub fn from_config(config: &config::Paystack) -> Result<Option<Self>, reqwest::Error> {
        if config.secret_key.is_empty() {
            return Ok(None);
        }
        // No redirects: what is asked bears the secret key.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Some(Self { config: config.clone(), http }))
    }

    /// This server's, if it has one.
    pub fn of(app: &AppState) -> Option<&Self> {
        app.part::<Option<Self>>().as_ref()
    }

    /// Whether the account takes payments in it.
    pub(in crate::payments) fn takes(&self, currency: Currency) -> bool {
        self.config.currencies.contains(&currency)
    }

    /// What signs webhooks.
    pub(super) fn secret_key(&self) -> &[u8] {
        self.config.secret_key.as_bytes()
    }

    /// Whether Paystack takes the secret key.
    pub(in crate::payments) async fn check(&self) -> Credentials {
        let request = self.http.get(self.url("/balance")).bearer_auth(&self.config.secret_key);
        match request.send().await.map(|answer| answer.status().as_u16()) {
            Ok(401 | 403) => Credentials::Refused,
            Ok(status @ 500..) => Credentials::Unknown(format!("HTTP {status}")),
            // What the key may not see is not what is asked here.
            Ok(_) => Credentials::Taken,
            Err(error) => Credentials::Unknown(error.without_url().to_string()),
        }
    }

    /// Begins a transaction: the page where the payer goes.
    pub(super) async fn initialize(&self, transaction: &Initialize<'_>) -> Result<String, Failed> {
        let request = self.http.post(self.url("/transaction/initialize")).json(transaction);
        Ok(self.ask::<Begun>(request).await?.authorization_url)
    }

    /// A transaction by our reference; `None` where Paystack knows none.
    pub(super) async fn verify(&self, reference: &str) -> Result<Option<Transaction>, Failed> {
        let request = self.http.get(self.url(&format!("/transaction/verify/{reference}")));
        match self.ask::<Transaction>(request).await {
            Ok(transaction) => Ok(Some(transaction)),
            Err(Failed(why)) if why.starts_with(UNKNOWN) => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.base_url.trim_end_matches('/'))
    }

    async fn ask<D: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<D, Failed> {
        let failed = |error: reqwest::Error| Failed(error.without_url().to_string());
        let answer = request.bearer_auth(&self.config.secret_key).send().await.map_err(failed)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(failed)?;
        if status == reqwest::StatusCode::NOT_FOUND || status == reqwest::StatusCode::BAD_REQUEST {
            return Err(Failed(format!("{UNKNOWN}: HTTP {status}")));
        }
        if !status.is_success() {
            return Err(Failed(format!("HTTP {status}")));
        }
        let answer: Answered<D> = serde_json::from_slice(&body).map_err(|error| Failed(error.to_string()))?;
        answer.data.filter(|_| answer.status).ok_or_else(|| Failed("an answer without data".to_owned()))
    }
}

/// How a refusal of the reference itself begins.
const UNKNOWN: &str = "refused";
