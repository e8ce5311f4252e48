//! What comes in from outside: calls of browsers and carriers, registrations, and everything else.
//!
//! Order for a call: who is it (identity or trunk) → which number → what the workspace may do and pay
//! (`calls::admit_*`, under the wallet's lock) → a call task. Until then nothing of ours is spent on it.

mod browser_call;
mod requests;
mod trunk_call;

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sip::message::StatusCode;
use sip::ua::Reply;
use tokio::sync::mpsc;
use voice::Refusal;

use super::Gateway;
use super::leg::inbound;
use super::sip::{Incoming, IncomingCall, Peer};
use crate::error::ApiError;

/// Takes what the endpoint passes on, a task each, until the endpoint closes.
pub(super) async fn run(gateway: Arc<Gateway>, mut incoming: mpsc::Receiver<Incoming>) {
    while let Some(work) = incoming.recv().await {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            match work {
                Incoming::Call(call) => admit(gateway, call).await,
                Incoming::Request { transaction, path, peer, request } => {
                    requests::answer(&gateway, transaction, path, &peer, &request).await;
                }
            }
        });
    }
}

async fn admit(gateway: Arc<Gateway>, call: IncomingCall) {
    if gateway.app.stopping.is_cancelled() {
        return refuse(&gateway, &call, 503, ErrorCode::ServiceDraining).await;
    }
    match &call.peer {
        Peer::Datagram(source) => match gateway.trunks.by_source(*source) {
            Some(trunk) => {
                let trunk = trunk.name.clone();
                trunk_call::admit(gateway, call, &trunk).await;
            }
            // A device's first request never carries credentials: it is challenged, nothing is kept.
            None => {
                let reply = gateway.authentication.challenge(&gateway.app, super::authentication::Unproven::Nothing);
                gateway.sip.respond(call.transaction, reply).await;
            }
        },
        Peer::Web(_) => match gateway.authentication.identify(&gateway.app, &call.peer, &call.request).await {
            Ok(identity) => browser_call::admit(gateway, call, &identity).await,
            Err(unproven) => {
                let reply = gateway.authentication.challenge(&gateway.app, unproven);
                gateway.sip.respond(call.transaction, reply).await;
            }
        },
    }
}

/// Turns a call away with a code of the catalogue.
async fn refuse(gateway: &Gateway, call: &IncomingCall, status: u16, code: ErrorCode) {
    let refusal = Refusal { status, code: Some(code.as_str()) };
    inbound::refuse(&gateway.sip, call.transaction, refusal).await;
}

/// Turns a call away for a reason of the calls room, with the status of gateway.md's "Catalogue → SIP".
async fn refuse_by(gateway: &Gateway, call: &IncomingCall, error: crate::calls::CallError) {
    let code = ApiError::from(error).code;
    refuse(gateway, call, sip_status(code), code).await;
}

/// The SIP status that browsers and devices get for a code.
pub(super) fn sip_status(code: ErrorCode) -> u16 {
    match code.status() {
        402 => 402,
        403 => 403,
        400 | 404 | 410 => 404,
        409 => 480,
        _ => 503,
    }
}

/// A request that nothing is to be done about.
async fn answer(gateway: &Gateway, transaction: sip::ua::TransactionId, status: StatusCode) {
    gateway.sip.respond(transaction, Reply::new(status)).await;
}
