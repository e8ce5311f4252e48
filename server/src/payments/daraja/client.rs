//! Asks Daraja: the token, a push, what became of one, whether it has a payment, and where confirmations go.
//!
//! A refusal and silence are told apart: after a refusal nothing happens at M-Pesa, after silence a push may be on its way,
//! so it is never sent again.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::Mutex;

use super::super::providers::Credentials;
use super::results::{self, Outcome};
use super::wire::{Answered, StatusQuery, StkPush, StkQuery, Token, password, stamp};
use crate::config::{self, TransactionType};
use crate::state::{AppState, Part};

/// Daraja answers in a second or two; whoever pays waits at a page.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A token is not used in its last minute.
const TOKEN_MARGIN_US: i64 = 60_000_000;
/// What the payer's telephone shows beside the reference; at most 13 characters.
const DESCRIPTION: &str = "Wallet top-up";

/// Daraja as configured.
pub struct Daraja {
    pub(super) config: config::Mpesa,
    http: reqwest::Client,
    /// The token, and until when it is used (microseconds UTC). One request at a time asks for it.
    token: Mutex<Option<(String, i64)>>,
}

impl Part for Option<Daraja> {}

/// Why Daraja did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::payments) enum Failed {
    /// It answered, and nothing happened there.
    #[error("Daraja refused: {0}")]
    Refused(String),
    /// No answer that can be read. What was asked for may have happened.
    #[error("Daraja did not answer: {0}")]
    Silent(String),
}

/// A push that is to be sent.
pub(super) struct Push<'a> {
    pub(super) amount_units: i64,
    /// Digits without the plus sign.
    pub(super) phone: &'a str,
    pub(super) account_reference: &'a str,
    pub(super) callback_url: &'a str,
}

/// A question about a payment.
pub(super) struct Inquiry<'a> {
    pub(super) receipt: &'a str,
    pub(super) result_url: &'a str,
    /// Where Daraja tells that its queue lost the question.
    pub(super) queue_timeout_url: &'a str,
}

/// Whom a short code names, as Daraja numbers it.
const TILL: &str = "2";
const SHORTCODE: &str = "4";

impl Daraja {
    /// As configured; `None` without a consumer key.
    ///
    /// # Errors
    /// No HTTP client could be made.
    pub fn from_config(config: &config::Mpesa) -> Result<Option<Self>, reqwest::Error> {
        if config.consumer_key.is_empty() {
            return Ok(None);
        }
        // No redirects: what is asked holds secrets.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Some(Self { config: config.clone(), http, token: Mutex::default() }))
    }

    /// This server's, if it has one.
    pub fn of(app: &AppState) -> Option<&Self> {
        app.part::<Option<Self>>().as_ref()
    }

    /// The business number that payers type; none where payments go to a till.
    pub fn paybill(&self) -> Option<&str> {
        (self.config.transaction_type == TransactionType::CustomerPayBillOnline).then_some(&self.config.shortcode)
    }

    /// Whether Daraja answers us: before anything is written for a customer who waits.
    pub(in crate::payments) async fn is_there(&self, app: &AppState) -> Result<(), Failed> {
        self.token(app).await.map(drop)
    }

    /// Whether Daraja takes the consumer key and its secret, whatever token is kept.
    pub(in crate::payments) async fn check(&self, app: &AppState) -> Credentials {
        let mut kept = self.token.lock().await;
        match self.fresh_token(app, &mut kept).await {
            Ok(_) => Credentials::Taken,
            Err(NoToken::Credentials(_)) => Credentials::Refused,
            Err(NoToken::Failed(failed)) => Credentials::Unknown(failed.to_string()),
        }
    }

    /// Shows a request on the payer's telephone; Daraja's id of it.
    pub(super) async fn push(&self, app: &AppState, push: &Push<'_>) -> Result<String, Failed> {
        let timestamp = stamp(app.now_us());
        let shortcode = &self.config.shortcode;
        let body = StkPush {
            business_short_code: shortcode,
            password: password(shortcode, &self.config.passkey, &timestamp),
            timestamp,
            transaction_type: self.config.transaction_type.as_str(),
            amount: push.amount_units,
            party_a: push.phone,
            party_b: if self.config.till.is_empty() { shortcode } else { &self.config.till },
            phone_number: push.phone,
            callback_url: push.callback_url,
            account_reference: push.account_reference,
            transaction_desc: DESCRIPTION,
        };
        let answer: Answered = self.post(app, "/mpesa/stkpush/v1/processrequest", &body).await?;
        match (answer.response_code(), answer.checkout_request_id) {
            (Some(0), Some(id)) => Ok(id),
            (code, _) => Err(Failed::Refused(format!("response code {code:?}"))),
        }
    }

    /// What became of a push; `None` while it is not decided. The code is M-Pesa's.
    pub(super) async fn query(&self, app: &AppState, checkout_id: &str) -> Result<Option<i64>, Failed> {
        let timestamp = stamp(app.now_us());
        let shortcode = &self.config.shortcode;
        let body = StkQuery {
            business_short_code: shortcode,
            password: password(shortcode, &self.config.passkey, &timestamp),
            timestamp,
            checkout_request_id: checkout_id,
        };
        match self.post::<Answered>(app, "/mpesa/stkpushquery/v1/query", &body).await {
            Ok(answer) => Ok(answer.result_code().filter(|code| results::outcome(*code) != Outcome::Processing)),
            Err(Failed::Refused(code)) if code.starts_with(results::STILL_PROCESSING) => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// Whether M-Pesa can be asked about a payment: that takes an API user of the short code.
    pub(in crate::payments) fn can_inquire(&self) -> bool {
        !self.config.initiator.is_empty()
    }

    /// Asks M-Pesa whether it has a payment. It answers later, at the URL of the question.
    pub(super) async fn inquire(&self, app: &AppState, inquiry: &Inquiry<'_>) -> Result<(), Failed> {
        let body = StatusQuery {
            initiator: &self.config.initiator,
            security_credential: &self.config.security_credential,
            command_id: "TransactionStatusQuery",
            transaction_id: inquiry.receipt,
            party_a: &self.config.shortcode,
            identifier_type: if self.config.till.is_empty() { SHORTCODE } else { TILL },
            result_url: inquiry.result_url,
            queue_timeout_url: inquiry.queue_timeout_url,
            remarks: "Confirmation",
            occasion: "",
        };
        self.post::<Answered>(app, "/mpesa/transactionstatus/v1/query", &body).await.and_then(taken)
    }

    /// Tells Daraja where payments to the Paybill are validated and confirmed.
    pub(super) async fn register(&self, app: &AppState, validation: &str, confirmation: &str) -> Result<(), Failed> {
        let body = json!({
            "ShortCode": self.config.shortcode,
            "ResponseType": "Completed",
            "ConfirmationURL": confirmation,
            "ValidationURL": validation,
        });
        self.post::<Answered>(app, "/mpesa/c2b/v1/registerurl", &body).await.and_then(taken)
    }

    async fn post<A: DeserializeOwned>(&self, app: &AppState, path: &str, body: &impl Serialize) -> Result<A, Failed> {
        let url = format!("{}{path}", self.config.base_url.trim_end_matches('/'));
        let mut is_first_try = true;
        loop {
            let token = self.token(app).await.map_err(|failed| Failed::Refused(failed.to_string()))?;
            let answer = self.http.post(&url).bearer_auth(token).json(body).send().await.map_err(not_sent)?;
            if answer.status() == reqwest::StatusCode::UNAUTHORIZED {
                *self.token.lock().await = None;
                // Nothing was looked at behind a token that holds no longer than it said.
                if std::mem::take(&mut is_first_try) {
                    continue;
                }
            }
            return read(answer).await;
        }
    }

    /// The token of OAuth, kept until a minute before its end.
    async fn token(&self, app: &AppState) -> Result<String, Failed> {
        let mut kept = self.token.lock().await;
        let now_us = app.now_us();
        if let Some((token, _)) = kept.as_ref().filter(|(_, until_us)| now_us < *until_us) {
            return Ok(token.clone());
        }
        self.fresh_token(app, &mut kept).await.map_err(|error| match error {
            NoToken::Credentials(why) => Failed::Refused(why),
            NoToken::Failed(failed) => failed,
        })
    }

    async fn fresh_token(&self, app: &AppState, kept: &mut Option<(String, i64)>) -> Result<String, NoToken> {
        let now_us = app.now_us();
        let url =
            format!("{}/oauth/v1/generate?grant_type=client_credentials", self.config.base_url.trim_end_matches('/'));
        let request = self.http.get(url).basic_auth(&self.config.consumer_key, Some(&self.config.consumer_secret));
        let answer = request.send().await.map_err(|error| NoToken::Failed(silent(error)))?;
        let status = answer.status();
        let token: Token = read(answer).await.map_err(|failed| match status.as_u16() {
            // Daraja says 400 (400.008.01) of a key that it does not know.
            400 | 401 | 403 => NoToken::Credentials(failed.to_string()),
            _ => NoToken::Failed(failed),
        })?;
        let until_us = now_us + token.lifetime_seconds().clamp(0, 86_400) * 1_000_000 - TOKEN_MARGIN_US;
        *kept = Some((token.access_token.clone(), until_us));
        Ok(token.access_token)
    }
}

/// Why there is no token.
enum NoToken {
    /// It does not know us; what it said.
    Credentials(String),
    /// Anything else.
    Failed(Failed),
}

/// Whether a request that is answered later, or not at all, was taken.
fn taken(answer: Answered) -> Result<(), Failed> {
    match answer.response_code() {
        Some(0) => Ok(()),
        code => Err(Failed::Refused(format!("response code {code:?}"))),
    }
}

/// A request that never left us moved nothing.
fn not_sent(error: reqwest::Error) -> Failed {
    if error.is_connect() { Failed::Refused("no connection".to_owned()) } else { silent(error) }
}

fn silent(error: reqwest::Error) -> Failed {
    // Without the URL: it says nothing that the reader does not know.
    Failed::Silent(error.without_url().to_string())
}

/// How the codes of refusals begin that Daraja answers with a 5xx: a request that breaks its rules (also "still processing", as the
/// answer to a question), and more requests than it takes. Its other ones tell of failures inside, after which a push may go on.
const REFUSALS_BY_5XX: [&str; 3] = ["500.001.", "500.003.02", "500.003.03"];

/// A 2xx is the answer; a 4xx and what Daraja names as a refusal is one; anything else says nothing of what happened.
async fn read<A: DeserializeOwned>(answer: reqwest::Response) -> Result<A, Failed> {
    let status = answer.status();
    let body = answer.bytes().await.map_err(silent)?;
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|error| Failed::Silent(format!("an answer that is no JSON: {error}")));
    }
    let told: Answered = serde_json::from_slice(&body).unwrap_or_default();
    match told.error_code {
        Some(code) => {
            let is_refusal = status.is_client_error() || REFUSALS_BY_5XX.iter().any(|begin| code.starts_with(begin));
            let why = format!("{code} {}", told.error_message.unwrap_or_default());
            Err(if is_refusal { Failed::Refused(why) } else { Failed::Silent(why) })
        }
        None if status.is_client_error() => Err(Failed::Refused(format!("HTTP {status}"))),
        None => Err(Failed::Silent(format!("HTTP {status}"))),
    }
}
