//! Requests outside dialogs: REGISTER by a browser or device, OPTIONS by anyone.

use std::time::Duration;

use bytes::Bytes;
use sautikit_api::ErrorCode;
use sip::message::{HeaderName, Headers, Method, Request, StatusCode};
use sip::registration;
use sip::ua::{Path, Reply, TransactionId};
use voice::Refusal;

use super::answer as answer_with;
use crate::accounts;
use crate::db;
use crate::gateway::Gateway;
use crate::gateway::leg::inbound;
use crate::gateway::registrar::{Moment, Refused};
use crate::gateway::sip::{Peer, UDP_FLOW};
use crate::sip_tokens::identity::Identity;
use crate::state::AppState;

/// Answers one request.
pub(super) async fn answer(gateway: &Gateway, transaction: TransactionId, path: Path, peer: &Peer, request: &Request) {
    match request.method {
        Method::Register => register(gateway, transaction, path, peer, request).await,
        Method::Options => {
            let mut headers = Headers::new();
            headers.push(HeaderName::Accept, Bytes::from_static(b"application/sdp"));
            gateway.sip.respond(transaction, Reply { status: StatusCode::OK, headers, body: None }).await;
        }
        _ => answer_with(gateway, transaction, StatusCode::METHOD_NOT_ALLOWED).await,
    }
}

/// Whether nobody of the identity's workspace may be called. What can't be looked up is refused: the browser tries again.
async fn is_closed(app: &AppState, identity: &Identity) -> bool {
    let closed = async {
        let mut conn = app.db.acquire().await?;
        accounts::workspaces::is_closed_to_calls(&mut conn, identity.workspace).await
    };
    db::in_time(closed).await.unwrap_or_else(|error: sqlx::Error| {
        tracing::error!(%error, "a workspace's state could not be looked up");
        true
    })
}

async fn register(gateway: &Gateway, transaction: TransactionId, path: Path, peer: &Peer, request: &Request) {
    let app = &gateway.app;
    let identity = match gateway.authentication.identify(app, peer, request).await {
        Ok(identity) => {
            super::proven(gateway, path, peer, identity.user()).await;
            identity
        }
        Err(unproven) => return super::challenge(gateway, transaction, peer, unproven).await,
    };
    let user = request.to().ok().and_then(|to| to.uri.decoded_user().map(|user| user.into_owned()));
    if user.as_deref() != Some(&identity.user()) || !identity.permissions.inbound {
        return answer_with(gateway, transaction, StatusCode::FORBIDDEN).await;
    }
    if is_closed(app, &identity).await {
        let refusal = Refusal { status: 403, code: Some(ErrorCode::AccountSuspended.as_str()) };
        return inbound::refuse(&gateway.sip, transaction, refusal).await;
    }
    let left = Duration::from_micros(u64::try_from(identity.expires_at_us - app.now_us()).unwrap_or_default());
    let now = Moment { monotonic: app.clock.monotonic(), wall_us: app.now_us() };
    match gateway.registrar.register(now, left, &identity, request, path) {
        Ok(contacts) => {
            // Only a connection can be lost and come back as another one.
            if path.flow != UDP_FLOW
                && let Some(instance) = instance_of(request)
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
            if let registration::Refusal::TooBrief { min_expires } = refusal {
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
