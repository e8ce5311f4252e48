//! From a target of the call to the addresses that its leg tries.

use sautikit_api::ErrorCode;
use sautikit_api::ids::LegRecordId;
use sip::message::Headers;
use voice::{Cause, CauseKind, Profile, Target};

use super::begin::leg_record;
use super::identity::{Identity, user_of};
use super::leg::call_id::call_id_headers;
use super::leg::destination::Destination;
use super::sip::datagram_path;
use super::{Gateway, MediaTransport};
use crate::calls::{self, CallRow, Direction, LegRecord, Rate};
use crate::error::ApiError;

/// How a target is reached.
pub(super) struct Reach {
    /// In the order of trying; at least one.
    pub destinations: Vec<Destination>,
    /// What carries its audio.
    pub transport: MediaTransport,
    /// The leg's record, with the rate of this moment.
    pub record: LegRecord,
}

/// Finds the way to `target`; `admitted` is its record when admission has checked and priced it already. The cause says
/// why there is no way.
pub(super) async fn resolve(
    gateway: &Gateway,
    call: &CallRow,
    admitted: Option<&LegRecord>,
    target: &Target,
    profile: &Profile,
) -> Result<Reach, Cause> {
    match target {
        Target::Telephone(number) => telephone(gateway, call, admitted, number, profile).await,
        Target::Client(identity) => client(gateway, call, identity, profile),
        // External SIP targets are off by default (voice-actions.md, "Running").
        Target::Sip(uri) => own_client(gateway, call, uri, profile),
    }
}

async fn telephone(
    gateway: &Gateway,
    call: &CallRow,
    admitted: Option<&LegRecord>,
    number: &str,
    profile: &Profile,
) -> Result<Reach, Cause> {
    let app = &gateway.app;
    let record = match admitted {
        Some(record) => record.clone(),
        None => {
            let (destination, rate) =
                calls::rate_dial(app, call, number).await.map_err(|error| refused(ApiError::from(error).code))?;
            let target = Target::Telephone(destination.e164);
            leg_record(LegRecordId(app.new_uuid()), &target, Direction::Outbound, rate, app.now_us())
        }
    };
    let domain = &app.config.sip.domain;
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
    Ok(Reach { destinations, transport: MediaTransport::Rtp, record })
}

fn client(gateway: &Gateway, call: &CallRow, identity: &str, profile: &Profile) -> Result<Reach, Cause> {
    let app = &gateway.app;
    let user = user_of(identity, call.workspace_id);
    let bindings = gateway.registrar.bindings_of(app.clock.monotonic(), &user);
    let domain = &app.config.sip.domain;
    // The newest browser session of an identity rings; the others are tried when it is gone.
    let destinations: Vec<_> = bindings
        .into_iter()
        .rev()
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
    Ok(Reach { destinations, transport: MediaTransport::WebRtc, record })
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
