//! Daraja as its own pages describe it, on a free port: token, push, query, URL registration and questions about payments, with
//! its faults.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What a push is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OnPush {
    /// Taken.
    #[default]
    Taken,
    /// Refused with Daraja's body of an error.
    Refused,
    /// Taken, and answered with a 500: as after a time-out between Daraja's own machines.
    TakenSilently,
    /// Taken, and answered with a 500 that bears Daraja's own error.
    TakenWithAnError,
    /// Taken, and never answered.
    TakenAndHangs,
    /// Taken, and answered when [`Script::answers`] is rung.
    TakenAndWaits,
    /// The first token that was given is not taken any more.
    RefusedByItsFirstToken,
}

#[derive(Default)]
pub(super) struct Script {
    pub(super) on_push: OnPush,
    /// Lets a push be answered that waits.
    pub(super) answers: Arc<Notify>,
    /// Whether OAuth answers.
    pub(super) is_down: bool,
    /// What a query tells of a push, by CheckoutRequestID; none is "still processing".
    pub(super) ends: HashMap<String, i64>,
    /// Bodies of pushes as they came.
    pub(super) pushes: Vec<Value>,
    /// How often the token was asked for.
    pub(super) tokens: usize,
    /// Bodies of URL registrations.
    pub(super) registered: Vec<Value>,
    /// Bodies of questions about payments.
    pub(super) inquiries: Vec<Value>,
    /// Whether questions about payments are refused.
    pub(super) refuses_inquiries: bool,
}

/// The fake, shared with its server.
#[derive(Clone, Default)]
pub(super) struct Daraja(pub(super) Arc<Mutex<Script>>);

impl Daraja {
    /// Serves until the test ends; the base URL.
    pub(super) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/oauth/v1/generate", get(token))
            .route("/mpesa/stkpush/v1/processrequest", post(push))
            .route("/mpesa/stkpushquery/v1/query", post(query))
            .route("/mpesa/c2b/v1/registerurl", post(register))
            .route("/mpesa/transactionstatus/v1/query", post(inquire))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    /// The last push's body.
    pub(super) fn last_push(&self) -> Value {
        self.0.lock().pushes.last().cloned().expect("a push")
    }

    /// How Daraja names the push of that place.
    pub(super) fn checkout_id(place: usize) -> String {
        format!("ws_CO_{place:020}")
    }

    /// What queries tell of the push of that place.
    pub(super) fn ends(&self, place: usize, code: i64) {
        self.0.lock().ends.insert(Self::checkout_id(place), code);
    }
}

async fn token(State(daraja): State<Daraja>, headers: HeaderMap) -> Response {
    let mut script = daraja.0.lock();
    script.tokens += 1;
    let authorization = headers["authorization"].to_str().expect("text");
    if script.is_down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if authorization != "Basic a2V5OnNlY3JldA==" {
        return refused(StatusCode::BAD_REQUEST, "400.008.01", "Invalid Authentication passed");
    }
    Json(json!({ "access_token": "token-1", "expires_in": "3599" })).into_response()
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "requestId": "1-2-3", "errorCode": code, "errorMessage": message }))).into_response()
}

fn is_authorized(headers: &HeaderMap) -> bool {
    headers["authorization"] == "Bearer token-1"
}

async fn push(State(daraja): State<Daraja>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if !is_authorized(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "404.001.03", "Invalid Access Token");
    }
    let (on_push, answers, id) = {
        let mut script = daraja.0.lock();
        if script.on_push == OnPush::RefusedByItsFirstToken && script.tokens == 1 {
            return refused(StatusCode::UNAUTHORIZED, "404.001.03", "Invalid Access Token");
        }
        script.pushes.push(body);
        (script.on_push, script.answers.clone(), Daraja::checkout_id(script.pushes.len() - 1))
    };
    if on_push == OnPush::TakenAndWaits {
        answers.notified().await;
    }
    match on_push {
        OnPush::Refused => refused(StatusCode::BAD_REQUEST, "400.002.02", "Bad Request - Invalid PhoneNumber"),
        OnPush::TakenSilently => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        OnPush::TakenWithAnError => refused(StatusCode::INTERNAL_SERVER_ERROR, "500.003.1001", "Internal Server Error"),
        OnPush::TakenAndHangs => std::future::pending().await,
        OnPush::Taken | OnPush::TakenAndWaits | OnPush::RefusedByItsFirstToken => {
            Json(json!({ "MerchantRequestID": "29115-1", "CheckoutRequestID": id, "ResponseCode": "0",
            "ResponseDescription": "Success. Request accepted for processing",
            "CustomerMessage": "Success. Request accepted for processing" }))
            .into_response()
        }
    }
}

async fn query(State(daraja): State<Daraja>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert!(is_authorized(&headers));
    let id = body["CheckoutRequestID"].as_str().expect("an id");
    match daraja.0.lock().ends.get(id) {
        None => refused(StatusCode::INTERNAL_SERVER_ERROR, "500.001.1001", "The transaction is being processed"),
        Some(code) => {
            Json(json!({ "ResponseCode": "0", "ResponseDescription": "accepted", "MerchantRequestID": "29115-1",
            "CheckoutRequestID": id, "ResultCode": code.to_string(), "ResultDesc": "in words" }))
            .into_response()
        }
    }
}

async fn register(State(daraja): State<Daraja>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert!(is_authorized(&headers));
    daraja.0.lock().registered.push(body);
    Json(json!({ "OriginatorCoversationID": "7619-1", "ResponseCode": "0", "ResponseDescription": "success" }))
        .into_response()
}

/// Only takes the question: the answer is the test's to send.
async fn inquire(State(daraja): State<Daraja>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert!(is_authorized(&headers));
    let mut script = daraja.0.lock();
    script.inquiries.push(body);
    if script.refuses_inquiries {
        return refused(StatusCode::BAD_REQUEST, "400.002.02", "Bad Request - Invalid SecurityCredential");
    }
    Json(json!({ "OriginatorConversationID": "1236-7134259-1", "ConversationID": "AG_20210709_1234409f86436c583e3f",
        "ResponseCode": "0", "ResponseDescription": "Accept the service request successfully." }))
    .into_response()
}
