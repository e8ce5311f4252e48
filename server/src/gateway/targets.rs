//! From a target of the call to the addresses that its leg tries.

use sautikit_api::ErrorCode;
use sautikit_api::ids::LegRecordId;
use sip::message::Headers;
use voice::{Cause, CauseKind, Profile, Target};

use super::begin::leg_record;
use super::leg::call_id::call_id_headers;
use super::leg::destination::Destination;
use super::sip::datagram_path;
use super::{Gateway, MediaTransport};
use crate::calls::{self, CallFunds, CallRow, Direction, LegKind, LegRecord, Rate};
use crate::sip_tokens::identity::{Identity, user_of};
use crate::web::error::ApiError;

/// How a target is reached.
#[derive(Debug)]
pub struct Reach {
    /// At least one.
    pub destinations: Destinations,
    /// What carries its audio.
    pub transport: MediaTransport,
    /// The leg's record, with the rate of this moment.
    pub record: LegRecord,
}

/// The places where a target may be.
#[derive(Debug)]
pub enum Destinations {
    /// Carriers: the next one is tried when one fails.
    InTurn(Vec<Destination>),
    /// Browsers and devices of one identity: all ring, the first to answer wins.
    AtOnce(Vec<Destination>),
}

/// Finds the way to `target`; `admitted` is its record when admission has checked, priced and paid it already, else that is
/// done here from `funds`. The cause says why there is no way. `hops` on-net calls led here.
pub(super) async fn resolve(
    gateway: &Gateway,
    call: &CallRow,
    funds: &CallFunds,
    admitted: Option<LegRecord>,
    target: &Target,
    profile: &Profile,
    hops: u32,
) -> Result<Reach, Cause> {
    match target {
        Target::Telephone(number) => {
            let record = match admitted {
                Some(record) => record,
                None => admit(gateway, call, funds, number).await?,
            };
            telephone(gateway, record, profile, hops)
        }
        Target::Client(identity) => client(gateway, call, identity, profile),
        // External SIP targets are off by default (voice-actions.md, "Running").
        Target::Sip(uri) => own_client(gateway, call, uri, profile),
    }
}

/// Checks and prices a number that the call dials now, and reserves what it needs at first.
async fn admit(gateway: &Gateway, call: &CallRow, funds: &CallFunds, number: &str) -> Result<LegRecord, Cause> {
    let code = |error| refused(ApiError::from(error).code);
    let record = calls::admit_leg(&gateway.app, call, number).await.map_err(code)?;
    funds.reserve(record.id, record.rate).await.map_err(code)?;
    Ok(record)
}

fn telephone(gateway: &Gateway, record: LegRecord, profile: &Profile, hops: u32) -> Result<Reach, Cause> {
    let domain = &gateway.app.config.sip.domain;
    if record.kind == LegKind::Onnet {
        let destination = gateway.on_net.destination(&record.target, &profile.caller_id, domain, hops);
        // What goes round in a circle ends here (RFC 3261 §16.3, 482 Loop Detected).
        let destination = destination.ok_or_else(|| Cause::from_network(482, None))?;
        return Ok(Reach {
            destinations: Destinations::InTurn(vec![destination]),
            transport: MediaTransport::Rtp,
            record,
        });
    }
    let destinations: Vec<_> = gateway
        .trunks
        .for_number(&record.target)
        .into_iter()
        .map(|trunk| Destination {
            trunk: Some(trunk.name.clone()),
            path: datagram_path(trunk.address),
            target: trunk.uri_of(&record.target),
            from: format!("<sip:{}@{domain}>", profile.caller_id),
            to: format!("<{}>", trunk.uri_of(&record.target)),
            headers: Headers::new(),
            auth: trunk.auth.clone(),
        })
        .collect();
    if destinations.is_empty() {
        return Err(refused(ErrorCode::CallsNoRoute));
    }
    Ok(Reach { destinations: Destinations::InTurn(destinations), transport: MediaTransport::Rtp, record })
}

fn client(gateway: &Gateway, call: &CallRow, identity: &str, profile: &Profile) -> Result<Reach, Cause> {
    let app = &gateway.app;
    let user = user_of(identity, call.workspace_id);
    let bindings = gateway.registrar.bindings_of(app.clock.monotonic(), &user);
    let domain = &app.config.sip.domain;
    let destinations: Vec<_> = bindings
        .into_iter()
        .map(|binding| Destination {
            trunk: None,
            path: binding.path.path,
            target: binding.contact,
            from: format!("<sip:{}@{domain}>", profile.caller_id),
            to: format!("<sip:{user}@{domain}>"),
            headers: call_id_headers(call.id),
            auth: None,
        })
        .collect();
    if destinations.is_empty() {
        return Err(Cause::from_network(480, None));
    }
    let target = Target::Client(identity.to_owned());
    let record = leg_record(LegRecordId(app.new_uuid()), &target, Direction::Outbound, Rate::FREE, app.now_us());
    Ok(Reach { destinations: Destinations::AtOnce(destinations), transport: MediaTransport::WebRtc, record })
}

/// A SIP URI of our own domain names one of the workspace's identities; any other is not called.
fn own_client(gateway: &Gateway, call: &CallRow, uri: &str, profile: &Profile) -> Result<Reach, Cause> {
    let uri = sip::message::Uri::parse(uri).map_err(|_| Cause::from(CauseKind::NotFound))?;
    if uri.host.to_string() != gateway.app.config.sip.domain {
        return Err(refused(ErrorCode::CallsDestinationBlocked));
    }
    let user = uri.decoded_user().ok_or_else(|| Cause::from(CauseKind::NotFound))?;
    match Identity::parse_user(&user) {
        Some((name, workspace)) if workspace == call.workspace_id => client(gateway, call, name, profile),
        _ => Err(CauseKind::NotFound.into()),
    }
}

/// We refuse a leg before the network is asked.
fn refused(code: ErrorCode) -> Cause {
    Cause::refused(code.as_str(), super::admission::sip_status(code))
}
