//! From a target of the call to the addresses that its leg tries.

pub(super) mod outside;

use std::sync::Arc;

use bytes::Bytes;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use sip::message::Headers;
use voice::{Cause, CauseKind, Login, Target};

use super::Gateway;
use super::begin::leg_record;
use super::edge::{self, Reachable};
use super::leg::call_id::call_id_headers;
use super::leg::custom_headers::passed_of;
use super::leg::transfer::TransferRights;
use super::leg::way::Way;
use crate::calls::{self, CallFunds, Direction, LegKind, LegRecord, Rate};
use crate::db;
use crate::sip_credentials;
use crate::sip_tokens::identity::{Identity, is_device_name, user_of};
use crate::state::AppState;
use crate::web::error::ApiError;

/// How a target is reached.
#[derive(Debug)]
pub struct Reach {
    /// At least one.
    pub ways: Ways,
    /// The leg's record, with the rate of this moment.
    pub record: LegRecord,
}

/// The places where a target may be.
#[derive(Debug)]
pub enum Ways {
    /// Carriers: the next one is tried when one fails.
    InTurn(Vec<Way>),
    /// Browsers and devices of one identity: all ring, the first to answer wins.
    AtOnce(Vec<Way>),
    /// Addresses of somebody else's server: as carriers, and audio goes to public addresses only.
    Outside(Vec<Way>),
}

/// A leg that is about to call, as far as finding its way needs to know.
pub(super) struct Dialling {
    pub(super) gateway: Arc<Gateway>,
    pub(super) call_id: CallId,
    /// What the leg's record will be known by, unless admission has made it.
    pub(super) leg_id: LegRecordId,
    pub(super) workspace_id: WorkspaceId,
    /// The workspace's number that the call is made from or came by, E.164: what prices go by.
    pub(super) number: String,
    /// What the target is shown.
    pub(super) caller_id: String,
    /// What a SIP server outside is told where it asks who calls.
    pub(super) login: Option<Login>,
    /// The leg's record, when admission has checked, priced and paid it already.
    pub(super) admitted: Option<LegRecord>,
    /// Pays for it otherwise.
    pub(super) funds: CallFunds,
    /// On-net calls that led here.
    pub(super) hops: u32,
    /// What the calling page tells browsers, or the carrier that a call comes by whomever it reaches.
    pub(super) custom_headers: Headers,
}

/// Finds the way to `target`. The cause says why there is none.
pub(super) async fn resolve(mut dialling: Dialling, target: &Target) -> Result<Reach, Cause> {
    match target {
        Target::Telephone(number) => {
            if let Some(record) = dialling.admitted.take() {
                return telephone(&dialling, record);
            }
            let record = admit(&dialling, number).await?;
            let id = record.id;
            // The call never hears of a leg without a way: nobody else would give back what it holds.
            telephone(&dialling, record).inspect_err(|_| dialling.funds.release(id))
        }
        Target::Client(identity) => client(&dialling, identity).await,
        Target::Sip(uri) => sip_address(&dialling, uri).await,
    }
}

/// Checks and prices a number that the call dials now, and reserves what it needs at first.
async fn admit(dialling: &Dialling, number: &str) -> Result<LegRecord, Cause> {
    let code = |error| refused(ApiError::from(error).code);
    let Dialling { gateway, workspace_id, number: from, funds, .. } = dialling;
    let record = calls::admit_leg(&gateway.app, dialling.leg_id, *workspace_id, from, number).await.map_err(code)?;
    funds.reserve(record.id, record.rate).await.map_err(code)?;
    Ok(record)
}

fn telephone(dialling: &Dialling, record: LegRecord) -> Result<Reach, Cause> {
    let Dialling { gateway, caller_id, hops, .. } = dialling;
    let domain = &gateway.app.config.sip.domain;
    if record.kind == LegKind::Onnet {
        let way = gateway.on_net.way(&record.target, caller_id, domain, *hops);
        // What goes round in a circle ends here (RFC 3261 §16.3, 482 Loop Detected).
        let way = way.ok_or_else(|| Cause::from_network(482, None))?;
        return Ok(Reach { ways: Ways::InTurn(vec![way]), record });
    }
    let ways: Vec<_> = gateway
        .trunks
        .for_number(&record.target)
        .into_iter()
        .flat_map(|trunk| {
            let passed = passed_of(&dialling.custom_headers, &trunk.shape.pass_headers);
            let mut ways = trunk.ways(&record.target, caller_id, domain);
            for way in &mut ways {
                for (name, value) in passed.iter() {
                    way.headers.push(name.clone(), Bytes::copy_from_slice(value));
                }
            }
            ways
        })
        .collect();
    if ways.is_empty() {
        return Err(refused(ErrorCode::CallsNoRoute));
    }
    Ok(Reach { ways: Ways::InTurn(ways), record })
}

async fn client(dialling: &Dialling, identity: &str) -> Result<Reach, Cause> {
    let Dialling { gateway, caller_id, .. } = dialling;
    let app = &gateway.app;
    let user = user_of(identity, dialling.workspace_id);
    let bindings = gateway.registrar.bindings_of(app.clock.monotonic(), dialling.workspace_id, &user);
    let mut places: Vec<_> = bindings.into_iter().map(Reachable::here).collect();
    places.extend(gateway.edge.places((dialling.workspace_id, identity), &user).await);
    edge::only_where_it_is_now(&mut places);
    if is_device_name(identity) && !places.is_empty() {
        // A credential that was revoked or rotated on any node is called no more.
        let live = live_generations(app, dialling.workspace_id).await.map_err(|error| {
            tracing::error!(%error, "a device's credential could not be looked up");
            refused(ErrorCode::StorageUnavailable)
        })?;
        places.retain(|place| live.contains(&place.jti));
    }
    let domain = &app.config.sip.domain;
    let mut headers = call_id_headers(dialling.call_id);
    for (name, value) in dialling.custom_headers.iter() {
        headers.push(name.clone(), Bytes::copy_from_slice(value));
    }
    let ways: Vec<_> = places
        .into_iter()
        .map(|place| Way {
            trunk: None,
            path: place.path,
            hop: None,
            borrowing: place.borrowing,
            target: place.contact,
            from: format!("<sip:{caller_id}@{domain}>"),
            to: format!("<sip:{user}@{domain}>"),
            headers: headers.clone(),
            auth: None,
            srtp: place.srtp,
            rights: Some(TransferRights::of(
                (identity, dialling.workspace_id),
                &place.permissions,
                &dialling.number,
                domain,
            )),
        })
        .collect();
    if ways.is_empty() {
        return Err(Cause::from_network(480, None));
    }
    let target = Target::Client(identity.to_owned());
    let record = leg_record(dialling.leg_id, &target, Direction::Outbound, Rate::FREE, app.now_us());
    Ok(Reach { ways: Ways::AtOnce(ways), record })
}

async fn live_generations(app: &AppState, workspace: WorkspaceId) -> Result<Vec<String>, sqlx::Error> {
    db::in_time(async { sip_credentials::live_generations(&mut *app.db.acquire().await?, workspace).await }).await
}

/// A SIP URI of our own domain names one of the workspace's identities; any other leads outside.
async fn sip_address(dialling: &Dialling, uri: &str) -> Result<Reach, Cause> {
    let uri = sip::message::Uri::parse(uri).map_err(|_| Cause::from(CauseKind::NotFound))?;
    if !uri.host.to_string().eq_ignore_ascii_case(&dialling.gateway.app.config.sip.domain) {
        return outside::reach(dialling, &uri).await;
    }
    let user = uri.decoded_user().ok_or_else(|| Cause::from(CauseKind::NotFound))?;
    match Identity::parse_user(&user) {
        Some((name, workspace)) if workspace == dialling.workspace_id => client(dialling, name).await,
        None if is_device_name(&user) => client(dialling, &user).await,
        _ => Err(CauseKind::NotFound.into()),
    }
}

/// We refuse a leg before the network is asked.
pub(super) fn refused(code: ErrorCode) -> Cause {
    Cause::refused(code.as_str(), super::incoming::sip_status(code))
}
