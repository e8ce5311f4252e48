//! A carrier delivers a call to one of our numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use sautikit_api::ErrorCode;
use voice::{LegId, Origin, Target};

use super::{caller, refuse, refuse_busy, refuse_by, refuse_unfit};
use crate::calls::{self, CallError, NewInbound};
use crate::gateway::call_task::CallSetup;
use crate::gateway::leg::call_id::call_id_of;
use crate::gateway::leg::custom_headers::passed_of;
use crate::gateway::leg::invited::Invited;
use crate::gateway::overload::Comes;
use crate::gateway::sip::IncomingCall;
use crate::gateway::trunks::SANDBOX;
use crate::gateway::{Gateway, MediaTransport, begin};
use crate::numbers::TenantNumber;
use crate::telephone;

/// Finds the number's workspace and starts the call, to which `hops` on-net calls led.
pub(super) async fn admit(gateway: Arc<Gateway>, call: IncomingCall, trunk: &str, hops: u32) {
    let known = gateway.trunks.table().named(trunk).map(|entry| {
        let passed = passed_of(&call.request.headers, &entry.trunk.shape.pass_headers);
        (entry.trunk.country.clone(), entry.trunk.terms.clone(), passed)
    });
    // A call of our own to a number of ours comes by no trunk.
    let (country, terms, custom_headers) = known.unwrap_or_default();
    let to = match called_number(&gateway, &call, country.as_deref()).await {
        Ok(Some(to)) => to,
        Ok(None) => return refuse(&gateway, &call, 404, ErrorCode::NumbersNotFound).await,
        Err(error) => return refuse_by(&gateway, &call, error).await,
    };
    let workspace = match calls::workspace_called(&gateway.app, &to).await {
        Ok(workspace) => workspace,
        Err(error) => return refuse_by(&gateway, &call, error).await,
    };
    let invited = match Invited::read(&call.request, MediaTransport::Rtp, &terms) {
        Ok(invited) => invited,
        Err(unfit) => return refuse_unfit(&gateway, &call, &unfit).await,
    };
    let comes = if hops == 0 { Comes::ByCarrier } else { Comes::FromWithin };
    let setting_up = match gateway.overload.begin(&gateway.app, comes, workspace) {
        Ok(setting_up) => setting_up,
        Err(retry_after_seconds) => return refuse_busy(&gateway, &call, retry_after_seconds).await,
    };
    let caller = caller::caller_of(&call.request);
    let id = if trunk == SANDBOX { call_id_of(&call.request.headers) } else { None };
    let inbound = NewInbound {
        id,
        number_e164: &to,
        caller: caller.as_deref(),
        country: country.as_deref(),
        is_on_net: hops > 0,
    };
    let admitted = match calls::admit_inbound(&gateway.app, inbound).await {
        Ok(admitted) => admitted,
        Err(error) => return refuse_by(&gateway, &call, error).await,
    };
    setting_up.done();
    let row = admitted.record.call();
    tracing::debug!(call = %row.id, trunk, "inbound call");
    let ring = ringing_targets(&gateway, &admitted.number.number).await;
    let origin = Origin::Inbound { caller: Target::Telephone(row.from.clone()), ring };
    let legs = admitted.inbound_leg.map(|id| (LegId::FIRST, id)).into_iter().collect();
    let setup = CallSetup { hops, custom_headers, ..begin::setup(&gateway.app, admitted, origin, legs) };
    begin::with_caller(&gateway, setup, call, invited).await;
}

/// Who rings when the number has no callback: the workspace's browsers and the number's own devices, if the number lets them.
/// Where nodes reach each other those of the others too.
pub(super) async fn ringing_targets(gateway: &Gateway, number: &TenantNumber) -> Vec<Target> {
    if !number.ring_devices {
        return Vec::new();
    }
    let app = &gateway.app;
    let here = gateway.registrar.users_of(app.clock.monotonic(), number.workspace_id, number.id);
    let mut users: BTreeSet<_> = here.into_iter().collect();
    if app.config.nodes.is_on() {
        match calls::registrations::names_at_others(app, number.workspace_id, number.id).await {
            Ok(names) => users.extend(names),
            Err(error) => tracing::warn!(%error, "who is registered at other nodes is not rung"),
        }
    }
    users.into_iter().map(Target::Client).collect()
}

/// Whom the carrier calls, as it writes it: where we have registered, the Request-URI is what we gave as Contact, and To has
/// the number.
fn written(gateway: &Gateway, call: &IncomingCall) -> Option<String> {
    let table = gateway.trunks.table();
    let account = table.of_peer(&call.peer).and_then(|entry| entry.trunk.account());
    let uri = &call.request.uri;
    if account.is_some() && uri.decoded_user().as_deref() == account {
        return call.request.to().ok()?.uri.telephone().map(std::borrow::Cow::into_owned);
    }
    uri.telephone().map(std::borrow::Cow::into_owned)
}

/// The number that the Request-URI names, in E.164: national in the trunk's country, or without one in that of the number of
/// ours that is meant.
async fn called_number(
    gateway: &Gateway,
    call: &IncomingCall,
    country: Option<&str>,
) -> Result<Option<String>, CallError> {
    let Some(written) = written(gateway, call) else { return Ok(None) };
    match telephone::e164_of_carrier(&written, country) {
        None if country.is_none() => calls::own_number_written(&gateway.app, &written).await,
        number => Ok(number),
    }
}
