//! What comes in from outside: calls of browsers, devices and carriers, registrations, and everything else.
//!
//! Order for a call: who is it (identity or trunk) → which number → whether its INVITE can be taken at all (`leg::invited`)
//! → what the workspace may do and pay (`calls::admit_*`, under the wallet's lock) → a call task. Until then nothing of ours
//! is spent on it.

mod caller;
mod client_call;
mod requests;
mod trunk_call;

use std::sync::Arc;

use bytes::Bytes;
use sautikit_api::ErrorCode;
use sip::message::{HeaderName, StatusCode};
use sip::ua::{Path, Reply, TransactionId};
use tokio::sync::mpsc;
use voice::Refusal;

use super::Gateway;
use super::authentication::Unproven;
use super::leg::inbound;
use super::leg::invited::Unfit;
use super::on_net::ON_NET;
use super::sip::{Incoming, IncomingCall, Peer};
use crate::calls::CallError;
use crate::web::error::ApiError;

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
                Incoming::Closed { flow } => {
                    gateway.registrar.flow_closed(flow);
                    gateway.instances.closed(gateway.app.clock.monotonic(), flow);
                }
            }
        });
    }
}

async fn admit(gateway: Arc<Gateway>, call: IncomingCall) {
    if gateway.app.draining.is_cancelled() {
        return refuse(&gateway, &call, 503, ErrorCode::ServiceDraining).await;
    }
    match way_in(&gateway, &call) {
        Some(WayIn::Open(way, hops)) => return trunk_call::admit(gateway, call, &way, hops).await,
        // The operator has taken the trunk away; its carrier tries elsewhere.
        Some(WayIn::Closed) => return refuse(&gateway, &call, 503, ErrorCode::CallsNoRoute).await,
        None => {}
    }
    match gateway.authentication.identify(&gateway.app, &call.peer, &call.request).await {
        Ok(identity) => {
            proven(&gateway, call.path, &call.peer, identity.user()).await;
            client_call::admit(gateway, call, &identity).await;
        }
        Err(unproven) => challenge(&gateway, call.transaction, &call.peer, unproven).await,
    }
}

/// Somebody has proven who it is: that speaks for its address and its connection.
async fn proven(gateway: &Gateway, path: Path, peer: &Peer, user: String) {
    if let Some(source) = peer.address() {
        gateway.door.proven(source);
    }
    gateway.sip.proven(path, user).await;
}

/// Nobody is proven: asks for it.
async fn challenge(gateway: &Gateway, transaction: TransactionId, peer: &Peer, unproven: Unproven) {
    let source = peer.address();
    // A used-up nonce is nobody's fault.
    if let Some(source) = source.filter(|_| unproven != Unproven::Stale) {
        gateway.door.failed(source);
    }
    gateway.sip.respond(transaction, gateway.authentication.challenge(&gateway.app, source, unproven)).await;
}

/// How a call comes in.
enum WayIn {
    /// The name of the trunk that delivers it, or of the way from ourselves, and how many on-net calls led to it.
    Open(String, u32),
    /// By a trunk that takes no new calls.
    Closed,
}

fn way_in(gateway: &Gateway, call: &IncomingCall) -> Option<WayIn> {
    if let Some(hops) = gateway.on_net.hops_of(&call.request) {
        return Some(WayIn::Open(ON_NET.to_owned(), hops));
    }
    let trunks = gateway.trunks.table();
    let entry = trunks.of_peer(&call.peer)?;
    Some(if entry.is_open() { WayIn::Open(entry.trunk.name.clone(), 0) } else { WayIn::Closed })
}

/// Turns a call away with a code of the catalogue.
async fn refuse(gateway: &Gateway, call: &IncomingCall, status: u16, code: ErrorCode) {
    let refusal = Refusal { status, code: Some(code.as_str()) };
    inbound::refuse(&gateway.sip, call.transaction, refusal).await;
}

/// Turns a call away whose INVITE we can't take.
async fn refuse_unfit(gateway: &Gateway, call: &IncomingCall, unfit: &Unfit) {
    gateway.sip.respond(call.transaction, unfit.reply()).await;
}

/// Turns a call away because too many are being set up; it is worth another try so many seconds later.
async fn refuse_busy(gateway: &Gateway, call: &IncomingCall, retry_after_seconds: u32) {
    let mut reply = inbound::refusal_reply(Refusal { status: 503, code: Some(ErrorCode::CallsOverloaded.as_str()) });
    reply.headers.push(HeaderName::RetryAfter, Bytes::from(retry_after_seconds.to_string()));
    gateway.sip.respond(call.transaction, reply).await;
}

/// Turns a call away for a reason of the calls room, with the status of gateway.md's "Catalogue → SIP".
async fn refuse_by(gateway: &Gateway, call: &IncomingCall, error: CallError) {
    let code = match error {
        // No field of a body: the number that is called, or the one to call from.
        CallError::NumberUnknown => ErrorCode::NumbersNotAssigned,
        error => ApiError::from(error).code,
    };
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
