//! A browser calls: a telephone number, or another identity of its workspace.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::ids::LegRecordId;
use sip::message::HeaderName;
use voice::{LegId, Origin, Target};

use super::trunk_call::ringing_targets;
use super::{refuse, refuse_by};
use crate::calls::{self, Admitted, Direction, Rate};
use crate::gateway::sip::IncomingCall;
use crate::gateway::{Gateway, MediaTransport, begin};
use crate::sip_tokens::identity::Identity;

/// Where the SDK and standard stacks name the number to call from.
const FROM_HEADERS: [&str; 2] = ["P-Preferred-Identity", "X-Sautikit-From"];

/// Checks what the token and the workspace allow and starts the call.
pub(super) async fn admit(gateway: Arc<Gateway>, call: IncomingCall, identity: &Identity) {
    let Some(wanted) = call.request.uri.decoded_user().map(|user| user.into_owned()) else {
        return refuse(&gateway, &call, 404, ErrorCode::NumbersNotFound).await;
    };
    let Some(from) = number_to_call_from(&call, identity) else {
        return refuse(&gateway, &call, 403, ErrorCode::NumbersNotAssigned).await;
    };
    if !identity.permissions.outbound {
        return refuse(&gateway, &call, 403, ErrorCode::CallsDestinationBlocked).await;
    }
    let admitted = match calls::admit_browser(&gateway.app, identity.workspace, &from, &wanted).await {
        Ok(admitted) => admitted,
        Err(error) => return refuse_by(&gateway, &call, error).await,
    };
    let call_id = admitted.call.id;
    if !identity.permissions.allow_destination(&admitted.call.to) {
        // The row exists by now, so the call ends as a record too.
        begin::abandon(&gateway, call_id, ErrorCode::CallsDestinationBlocked).await;
        return refuse(&gateway, &call, 403, ErrorCode::CallsDestinationBlocked).await;
    }
    match prepare(&gateway, admitted, identity).await {
        Ok(begin) => begin::run_with_caller(&gateway, begin, call, MediaTransport::WebRtc).await,
        Err(error) => {
            tracing::error!(call = %call_id, %error, "a browser's call could not begin");
            begin::abandon(&gateway, call_id, ErrorCode::InternalError).await;
            refuse(&gateway, &call, 503, ErrorCode::InternalError).await;
        }
    }
}

async fn prepare(
    gateway: &Gateway,
    admitted: Admitted,
    identity: &Identity,
) -> Result<crate::gateway::call_task::Begin, begin::BeginError> {
    let Admitted { call, number, targets, .. } = admitted;
    let app = &gateway.app;
    let caller = Target::Client(identity.name.clone());
    let record =
        begin::leg_record(LegRecordId(app.new_uuid()), &caller, Direction::Inbound, Rate::FREE, call.started_at);
    let mut legs = vec![(LegId::FIRST, record)];
    // No target: the workspace's own number, whose inbound routing runs.
    let origin = match targets.first() {
        Some(target) => {
            let to = Target::Telephone(target.e164.clone());
            let dialled = begin::leg_record(target.leg_id, &to, Direction::Outbound, target.rate, call.started_at);
            legs.push((LegId(1), dialled));
            Origin::Client { caller, to }
        }
        None => Origin::Inbound { caller, ring: ringing_targets(gateway, call.workspace_id, &number) },
    };
    begin::begin(gateway, call, &number, origin, legs).await
}

/// The header's number, or the token's; they must agree when the token fixes one.
fn number_to_call_from(call: &IncomingCall, identity: &Identity) -> Option<String> {
    let asked = FROM_HEADERS.iter().find_map(|name| {
        let value = call.request.headers.text(&HeaderName::from_token(name)).ok()??;
        number_in(value)
    });
    match (&identity.permissions.from, asked) {
        (Some(fixed), Some(asked)) if *fixed != asked => None,
        (Some(fixed), _) => Some(fixed.clone()),
        (None, asked) => asked,
    }
}

/// The number in `<sip:+2547…@host>`, `tel:+2547…` or plain `+2547…`.
fn number_in(value: &str) -> Option<String> {
    let start = value.find('+')?;
    let rest = value.get(start + 1..)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_every_form() {
        for value in
            ["<sip:+254700000001@sautikit>", "tel:+254700000001", "+254700000001", "\"A\" <sip:+254700000001@x>;a=b"]
        {
            assert_eq!(number_in(value).as_deref(), Some("+254700000001"), "{value}");
        }
        assert_eq!(number_in("sip:alice@x"), None);
    }
}
