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
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc};
use voice::Refusal;

use super::Gateway;
use super::authentication::Unproven;
use super::leg::inbound;
use super::leg::invited::Unfit;
use super::on_net::ON_NET;
use super::sip::{INCOMING_QUEUE, Incoming, IncomingCall, Peer};
use crate::calls::CallError;
use crate::web::error::ApiError;

/// When somebody may come again whom we could not deal with.
const RETRY_AFTER_SECONDS: u32 = 5;
/// What is looked at at the same time of those who come by no trunk. Each asks the database who it is, and a slow one must not
/// gather as many tasks as a flood sends in that time.
const AT_ONCE: usize = 256;

/// Takes what the endpoint passes on, a task each, until the endpoint closes. Calls by trunks wait for nobody.
pub(super) async fn run(gateway: Arc<Gateway>, mut incoming: mpsc::Receiver<Incoming>) {
    let (others, waiting) = mpsc::channel(INCOMING_QUEUE);
    let of_others = gateway.clone();
    tokio::spawn(at_most(AT_ONCE, waiting, move |work| take(of_others.clone(), work)));
    while let Some(work) = incoming.recv().await {
        let by_trunk = matches!(&work, Incoming::Call(call) if way_in(&gateway, call).is_some());
        if by_trunk || matches!(work, Incoming::Closed { .. }) {
            tokio::spawn(take(gateway.clone(), work));
            continue;
        }
        // A request that is dropped comes again; an INVITE without a final answer is kept for ever.
        if let Err(TrySendError::Full(Incoming::Call(call))) = others.try_send(work) {
            refuse_busy(&gateway, &call, RETRY_AFTER_SECONDS).await;
        }
    }
}

async fn take(gateway: Arc<Gateway>, work: Incoming) {
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
}

/// Does what comes, a task each and at most so many at the same time, until nothing comes any more.
async fn at_most<T, F>(most: usize, mut waiting: mpsc::Receiver<T>, take: impl Fn(T) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(most));
    // Nobody closes it.
    while let Ok(slot) = slots.clone().acquire_owned().await {
        let Some(work) = waiting.recv().await else { return };
        let doing = take(work);
        tokio::spawn(async move {
            doing.await;
            drop(slot);
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
    if unproven == Unproven::NotLookedUp {
        // Who is right must neither ask people for another password nor be taken for one who guesses.
        let code = ErrorCode::StorageUnavailable;
        return answer_later(gateway, transaction, code, RETRY_AFTER_SECONDS).await;
    }
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
    answer_later(gateway, call.transaction, ErrorCode::CallsOverloaded, retry_after_seconds).await;
}

/// Answers with 503, and after how many seconds it is worth another try.
async fn answer_later(gateway: &Gateway, transaction: TransactionId, code: ErrorCode, retry_after_seconds: u32) {
    let mut reply = inbound::refusal_reply(Refusal { status: 503, code: Some(code.as_str()) });
    reply.headers.push(HeaderName::RetryAfter, Bytes::from(retry_after_seconds.to_string()));
    gateway.sip.respond(transaction, reply).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_is_done_at_the_same_time_than_there_are_slots() {
        let (work, waiting) = mpsc::channel(10);
        let (begins, mut begun) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let of_tasks = gate.clone();
        let doing = tokio::spawn(at_most(2, waiting, move |number: u32| {
            let (begins, gate) = (begins.clone(), of_tasks.clone());
            async move {
                begins.send(number).unwrap();
                gate.acquire_owned().await.unwrap().forget();
            }
        }));
        for number in 0..5 {
            work.send(number).await.unwrap();
        }
        assert_eq!((begun.recv().await, begun.recv().await), (Some(0), Some(1)));
        // Everybody else has had a turn.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(begun.try_recv().is_err());
        gate.add_permits(5);
        for number in 2..5 {
            assert_eq!(begun.recv().await, Some(number));
        }
        drop(work);
        doing.await.unwrap();
    }
}
