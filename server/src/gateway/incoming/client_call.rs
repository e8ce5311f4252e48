//! A browser or device calls: a telephone number, or another identity of its workspace. A device calls from its own number
//! only; a browser from any that its token allows.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::ids::{LegRecordId, WorkspaceId};
use sip::message::{HeaderName, NameAddr};
use voice::{LegId, Origin, Target};

use super::trunk_call::ringing_targets;
use super::{refuse, refuse_busy, refuse_by, refuse_unfit};
use crate::calls::{self, Admitted, Direction, Rate};
use crate::destination::is_emergency;
use crate::gateway::call_task::CallSetup;
use crate::gateway::leg::custom_headers::custom_headers_of;
use crate::gateway::leg::invited::Invited;
use crate::gateway::leg::transfer::TransferRights;
use crate::gateway::overload::Comes;
use crate::gateway::sip::IncomingCall;
use crate::gateway::trunks::terms::Terms;
use crate::gateway::{Gateway, MediaTransport, begin};
use crate::sip_tokens::identity::{Identity, is_identity};
use crate::telephone;

/// Where the SDK and standard stacks name the number to call from.
const FROM_HEADERS: [&str; 2] = ["P-Preferred-Identity", "X-Sautikit-From"];

/// Checks what the token or credential and the workspace allow and starts the call.
pub(super) async fn admit(gateway: Arc<Gateway>, call: IncomingCall, identity: &Identity) {
    let wanted = call.request.uri.decoded_user().and_then(|user| Wanted::parse(&user, identity.workspace));
    let Some(wanted) = wanted else {
        return refuse(&gateway, &call, 404, ErrorCode::NumbersNotFound).await;
    };
    // Before all that could be wrong with the caller.
    if let Wanted::Telephone(number) = &wanted
        && is_emergency(number)
    {
        return refuse(&gateway, &call, 403, ErrorCode::CallsEmergencyBlocked).await;
    }
    let Some(from) = number_to_call_from(&call, identity) else {
        return refuse(&gateway, &call, 403, ErrorCode::NumbersNotAssigned).await;
    };
    if !identity.permissions.outbound {
        return refuse(&gateway, &call, 403, ErrorCode::CallsDestinationBlocked).await;
    }
    let srtp = identity.device.map(|device| device.srtp).unwrap_or_default();
    let terms = Terms::default().secured(srtp);
    let invited = match Invited::read(&call.request, MediaTransport::over(call.path), &terms) {
        Ok(invited) => invited,
        Err(unfit) => return refuse_unfit(&gateway, &call, &unfit).await,
    };
    let setting_up = match gateway.overload.begin(&gateway.app, Comes::FromWithin, identity.workspace) {
        Ok(setting_up) => setting_up,
        Err(retry_after_seconds) => return refuse_busy(&gateway, &call, retry_after_seconds).await,
    };
    // The token's prefixes are of telephone numbers.
    let may_call = |number: &str| identity.permissions.allow_destination(number);
    let admitted = match &wanted {
        Wanted::Telephone(number) => {
            calls::admit_browser(&gateway.app, identity.workspace, &from, number, may_call).await
        }
        Wanted::Client(name) => calls::admit_client(&gateway.app, identity.workspace, &from, name).await,
    };
    match admitted {
        Ok(admitted) => {
            setting_up.done();
            let custom_headers = custom_headers_of(&call.request.headers);
            let setup = CallSetup { custom_headers, ..prepare(&gateway, admitted, identity, wanted).await };
            begin::with_caller(&gateway, setup, call, invited).await;
        }
        Err(error) => refuse_by(&gateway, &call, error).await,
    }
}

async fn prepare(gateway: &Gateway, mut admitted: Admitted, identity: &Identity, wanted: Wanted) -> CallSetup {
    let app = &gateway.app;
    let caller = Target::Client(identity.name.clone());
    let started_at = admitted.record.call().started_at;
    let id = LegRecordId(app.new_uuid());
    admitted.record.leg_began(begin::leg_record(id, &caller, Direction::Inbound, Rate::FREE, started_at));
    let mut legs = vec![(LegId::FIRST, id)];
    let origin = match (wanted, admitted.targets.first()) {
        (Wanted::Client(name), _) => Origin::Client { caller, to: Target::Client(name) },
        (Wanted::Telephone(_), Some(target)) => {
            legs.push((LegId(1), target.leg_id));
            Origin::Client { caller, to: Target::Telephone(target.e164.clone()) }
        }
        // The workspace's own number, whose inbound routing runs.
        (Wanted::Telephone(_), None) => {
            Origin::Inbound { caller, ring: ringing_targets(gateway, &admitted.number.number).await }
        }
    };
    let number = admitted.number.number.e164.clone();
    let domain = &app.config.sip.domain;
    let rights = TransferRights::of((&identity.name, identity.workspace), &identity.permissions, &number, domain);
    CallSetup { rights: Some(rights), ..begin::setup(app, admitted, origin, legs) }
}

/// Whom a browser or device calls.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// A number, as it was dialled.
    Telephone(String),
    /// Another identity of its workspace.
    Client(String),
}

impl Wanted {
    /// Reads the user part of the Request-URI. None for identities of other workspaces: nobody learns whether they exist.
    fn parse(user: &str, workspace: WorkspaceId) -> Option<Self> {
        if let Some((name, of)) = Identity::parse_user(user) {
            return (of == workspace).then(|| Self::Client(name.to_owned()));
        }
        // Emergency codes are told apart later. What is neither a number nor a possible identity is a mistake, which the
        // check of numbers puts into words.
        let is_client = telephone::keys_of(user).is_none() && is_identity(user);
        Some(if is_client { Self::Client(user.to_owned()) } else { Self::Telephone(user.to_owned()) })
    }
}

/// The header's number, or the one that token or credential fix; then they must agree.
fn number_to_call_from(call: &IncomingCall, identity: &Identity) -> Option<String> {
    let asked = FROM_HEADERS.iter().find_map(|name| {
        let value = call.request.headers.text(&HeaderName::from_token(name)).ok()??;
        number_in(value)
    });
    match (&identity.permissions.from, asked) {
        (Some(fixed), Some(asked)) if !telephone::names(&asked, fixed) => None,
        (Some(fixed), _) => Some(fixed.clone()),
        (None, asked) => asked,
    }
}

/// The number in `<sip:+2547…@host>`, `tel:+2547…` or plain `+2547…`, as it is written there.
fn number_in(value: &str) -> Option<String> {
    if let Some(keys) = telephone::keys_of(value) {
        return Some(keys);
    }
    let address = NameAddr::parse(value.as_bytes())?;
    telephone::keys_of(&address.uri.decoded_user()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_identity_of_the_own_workspace() {
        let (own, other) = (WorkspaceId(uuid::Uuid::from_u128(7)), WorkspaceId(uuid::Uuid::from_u128(8)));
        for number in ["+254700000001", "0722 000 042", "(0722) 000-042", "+254722000042;ext=1", "*144#", "999"] {
            assert_eq!(Wanted::parse(number, own), Some(Wanted::Telephone(number.to_owned())));
        }
        assert_eq!(Wanted::parse("abc def!", own), Some(Wanted::Telephone("abc def!".to_owned())));
        let bob = Some(Wanted::Client("bob.2".to_owned()));
        assert_eq!(Wanted::parse("bob.2", own), bob);
        assert_eq!(Wanted::parse(&crate::sip_tokens::identity::user_of("bob.2", own), own), bob);
        assert_eq!(Wanted::parse(&crate::sip_tokens::identity::user_of("bob.2", other), own), None);
        let no_name = crate::sip_tokens::identity::user_of("a\0b", own);
        assert_eq!(Wanted::parse(&no_name, own), Some(Wanted::Telephone(no_name)));
    }

    #[test]
    fn the_number_is_found_in_every_form() {
        for value in [
            "<sip:+254700000001@sautikit>",
            "sip:+254-700-000-001@sautikit",
            "tel:+254700000001",
            "<tel:+254-700-000-001;ext=1>",
            "+254 700 000 001",
            "\"A\" <sip:+254700000001@x>;a=b",
        ] {
            assert_eq!(number_in(value).as_deref(), Some("+254700000001"), "{value}");
        }
        assert_eq!(number_in("<sip:0700000001@x>").as_deref(), Some("0700000001"));
        assert_eq!(number_in("sip:alice@x"), None);
    }
}
