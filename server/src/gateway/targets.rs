//! From a target of the call to the addresses that its leg tries.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use sip::message::Headers;
use voice::{Cause, CauseKind, Target};

use super::begin::leg_record;
use super::leg::call_id::call_id_headers;
use super::leg::way::Way;
use super::sip::datagram_path;
use super::{Gateway, MediaTransport};
use crate::calls::{self, CallFunds, Direction, LegKind, LegRecord, Rate};
use crate::sip_tokens::identity::{Identity, user_of};
use crate::web::error::ApiError;

/// How a target is reached.
#[derive(Debug)]
pub struct Reach {
    /// At least one.
    pub ways: Ways,
    /// What carries its audio.
    pub transport: MediaTransport,
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
}

/// A leg that is about to call, as far as finding its way needs to know.
pub(super) struct Dialling {
    pub(super) gateway: Arc<Gateway>,
    pub(super) call_id: CallId,
    pub(super) workspace_id: WorkspaceId,
    /// The workspace's number that the call is made from or came by, E.164: what prices go by.
    pub(super) number: String,
    /// What the target is shown.
    pub(super) caller_id: String,
    /// The leg's record, when admission has checked, priced and paid it already.
    pub(super) admitted: Option<LegRecord>,
    /// Pays for it otherwise.
    pub(super) funds: CallFunds,
    /// On-net calls that led here.
    pub(super) hops: u32,
}

/// Finds the way to `target`. The cause says why there is none.
pub(super) async fn resolve(mut dialling: Dialling, target: &Target) -> Result<Reach, Cause> {
    match target {
        Target::Telephone(number) => {
            let record = match dialling.admitted.take() {
                Some(record) => record,
                None => admit(&dialling, number).await?,
            };
            telephone(&dialling, record)
        }
        Target::Client(identity) => client(&dialling, identity),
        // External SIP targets are off by default (voice-actions.md, "Running").
        Target::Sip(uri) => own_client(&dialling, uri),
    }
}

/// Checks and prices a number that the call dials now, and reserves what it needs at first.
async fn admit(dialling: &Dialling, number: &str) -> Result<LegRecord, Cause> {
    let code = |error| refused(ApiError::from(error).code);
    let Dialling { gateway, workspace_id, number: from, funds, .. } = dialling;
    let record = calls::admit_leg(&gateway.app, *workspace_id, from, number).await.map_err(code)?;
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
        return Ok(Reach { ways: Ways::InTurn(vec![way]), transport: MediaTransport::Rtp, record });
    }
    let ways: Vec<_> = gateway
        .trunks
        .for_number(&record.target)
        .into_iter()
        .map(|trunk| Way {
            trunk: Some(trunk.name.clone()),
            path: datagram_path(trunk.address),
            target: trunk.uri_of(&record.target),
            from: format!("<sip:{caller_id}@{domain}>"),
            to: format!("<{}>", trunk.uri_of(&record.target)),
            headers: Headers::new(),
            auth: trunk.auth.clone(),
        })
        .collect();
    if ways.is_empty() {
        return Err(refused(ErrorCode::CallsNoRoute));
    }
    Ok(Reach { ways: Ways::InTurn(ways), transport: MediaTransport::Rtp, record })
}

fn client(dialling: &Dialling, identity: &str) -> Result<Reach, Cause> {
    let Dialling { gateway, caller_id, .. } = dialling;
    let app = &gateway.app;
    let user = user_of(identity, dialling.workspace_id);
    let bindings = gateway.registrar.bindings_of(app.clock.monotonic(), &user);
    let domain = &app.config.sip.domain;
    let ways: Vec<_> = bindings
        .into_iter()
        .map(|binding| Way {
            trunk: None,
            path: binding.path.path,
            target: binding.contact,
            from: format!("<sip:{caller_id}@{domain}>"),
            to: format!("<sip:{user}@{domain}>"),
            headers: call_id_headers(dialling.call_id),
            auth: None,
        })
        .collect();
    if ways.is_empty() {
        return Err(Cause::from_network(480, None));
    }
    let target = Target::Client(identity.to_owned());
    let record = leg_record(LegRecordId(app.new_uuid()), &target, Direction::Outbound, Rate::FREE, app.now_us());
    Ok(Reach { ways: Ways::AtOnce(ways), transport: MediaTransport::WebRtc, record })
}

/// A SIP URI of our own domain names one of the workspace's identities; any other is not called.
fn own_client(dialling: &Dialling, uri: &str) -> Result<Reach, Cause> {
    let uri = sip::message::Uri::parse(uri).map_err(|_| Cause::from(CauseKind::NotFound))?;
    if uri.host.to_string() != dialling.gateway.app.config.sip.domain {
        return Err(refused(ErrorCode::CallsDestinationBlocked));
    }
    let user = uri.decoded_user().ok_or_else(|| Cause::from(CauseKind::NotFound))?;
    match Identity::parse_user(&user) {
        Some((name, workspace)) if workspace == dialling.workspace_id => client(dialling, name),
        _ => Err(CauseKind::NotFound.into()),
    }
}

/// We refuse a leg before the network is asked.
fn refused(code: ErrorCode) -> Cause {
    Cause::refused(code.as_str(), super::incoming::sip_status(code))
}
