//! Requests outside dialogs: REGISTER by a browser, OPTIONS by anyone.

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Method, Request, StatusCode};
use sip::registration::Refusal;
use sip::ua::{Path, Reply, TransactionId};

use super::answer as answer_with;
use crate::gateway::Gateway;
use crate::gateway::authentication::Unproven;
use crate::gateway::registrar::Refused;
use crate::gateway::sip::Peer;

/// Answers one request.
pub(super) async fn answer(gateway: &Gateway, transaction: TransactionId, path: Path, peer: &Peer, request: &Request) {
    match request.method {
        Method::Register => register(gateway, transaction, path, peer, request).await,
        Method::Options => answer_with(gateway, transaction, StatusCode::OK).await,
        _ => answer_with(gateway, transaction, StatusCode::METHOD_NOT_ALLOWED).await,
    }
}

async fn register(gateway: &Gateway, transaction: TransactionId, path: Path, peer: &Peer, request: &Request) {
    let app = &gateway.app;
    let identity = match gateway.authentication.identify(app, peer, request).await {
        Ok(identity) => {
            if let Peer::Datagram(source) = peer {
                gateway.door.proven(*source);
            }
            identity
        }
        Err(unproven) => {
            // A used-up nonce is nobody's fault.
            if let (Peer::Datagram(source), true) = (peer, unproven != Unproven::Stale) {
                gateway.door.failed(*source);
            }
            return gateway.sip.respond(transaction, gateway.authentication.challenge(app, unproven)).await;
        }
    };
    let user = request.to().ok().and_then(|to| to.uri.decoded_user().map(|user| user.into_owned()));
    if user.as_deref() != Some(&identity.user()) || !identity.permissions.inbound {
        return answer_with(gateway, transaction, StatusCode::FORBIDDEN).await;
    }
    match gateway.registrar.register(app.clock.monotonic(), &identity, request, path) {
        Ok(contacts) => {
            if let Some(instance) = instance_of(request)
                && let Some(before) =
                    gateway.instances.registered(app.clock.monotonic(), &identity.user(), &instance, path.flow)
            {
                gateway.sip.rebind(before, path.flow).await;
            }
            let mut headers = Headers::new();
            for contact in contacts {
                headers.push(HeaderName::Contact, Bytes::from(contact));
            }
            gateway.sip.respond(transaction, Reply { status: StatusCode::OK, headers, body: None }).await;
        }
        Err(Refused::TokenInUse) => answer_with(gateway, transaction, StatusCode::FORBIDDEN).await,
        Err(Refused::Rule(refusal)) => {
            let status = StatusCode::new(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let mut headers = Headers::new();
            if let Refusal::TooBrief { min_expires } = refusal {
                headers.push(HeaderName::MinExpires, Bytes::from(min_expires.as_secs().to_string()));
            }
            gateway.sip.respond(transaction, Reply { status, headers, body: None }).await;
        }
    }
}

/// The browser session that registers (RFC 5626 §4.1).
fn instance_of(request: &Request) -> Option<String> {
    request.contacts().ok()?.iter().find_map(|contact| contact.instance().map(str::to_owned))
}
