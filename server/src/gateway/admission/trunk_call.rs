//! A carrier delivers a call to one of our numbers.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use voice::{LegId, Origin, Target};

use super::{refuse, refuse_busy, refuse_by};
use crate::calls::{self, NewInbound};
use crate::gateway::call_task::CallSetup;
use crate::gateway::sip::IncomingCall;
use crate::gateway::{Gateway, MediaTransport, begin};
use crate::numbers::TenantNumber;

/// Finds the number's workspace and starts the call, to which `hops` on-net calls led.
pub(super) async fn admit(gateway: Arc<Gateway>, call: IncomingCall, trunk: &str, hops: u32) {
    let (Some(to), Some(from)) = (called_number(&call), calling_number(&call)) else {
        return refuse(&gateway, &call, 404, ErrorCode::NumbersNotFound).await;
    };
    if let Err(retry_after_seconds) = gateway.overload.has_room(&gateway.app) {
        return refuse_busy(&gateway, &call, retry_after_seconds).await;
    }
    let inbound = NewInbound { number_e164: &to, remote: &from, is_on_net: hops > 0 };
    let setting_up = gateway.overload.begin(gateway.app.clock.monotonic());
    let admitted = match calls::admit_inbound(&gateway.app, inbound).await {
        Ok(admitted) => admitted,
        Err(error) => return refuse_by(&gateway, &call, error).await,
    };
    gateway.overload.done(setting_up, gateway.app.clock.monotonic());
    let row = admitted.record.call();
    tracing::debug!(call = %row.id, trunk, "inbound call");
    let ring = ringing_targets(&gateway, row.workspace_id, &admitted.number.number);
    let origin = Origin::Inbound { caller: Target::Telephone(from), ring };
    let legs = admitted.inbound_leg.map(|id| (LegId::FIRST, id)).into_iter().collect();
    let setup = CallSetup { hops, ..begin::setup(admitted, origin, legs) };
    begin::run_with_caller(&gateway, setup, call, MediaTransport::Rtp).await;
}

/// Who rings when the number has no callback: the workspace's browsers, if the number lets them.
pub(super) fn ringing_targets(gateway: &Gateway, workspace: WorkspaceId, number: &TenantNumber) -> Vec<Target> {
    if !number.ring_devices {
        return Vec::new();
    }
    let users = gateway.registrar.users_of(gateway.app.clock.monotonic(), workspace);
    users.into_iter().map(Target::Client).collect()
}

/// The number that the Request-URI names, in E.164.
fn called_number(call: &IncomingCall) -> Option<String> {
    e164(&call.request.uri.decoded_user()?)
}

/// Who calls: the number in From, or `anonymous`.
fn calling_number(call: &IncomingCall) -> Option<String> {
    let from = call.request.from().ok()?;
    let user = from.uri.decoded_user();
    Some(user.as_deref().and_then(e164).unwrap_or_else(|| "anonymous".to_owned()))
}

/// Carriers write numbers with and without the plus.
fn e164(user: &str) -> Option<String> {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_and_without_the_plus() {
        assert_eq!(e164("+254700000001").as_deref(), Some("+254700000001"));
        assert_eq!(e164("254700000001").as_deref(), Some("+254700000001"));
        assert_eq!(e164("alice"), None);
        assert_eq!(e164(""), None);
    }
}
