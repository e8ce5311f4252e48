//! Typed identifiers. Each kind has its own type, so that a call's id can't be passed where a number's is meant.
//!
//! On the wire all are bare UUIDs (version 7, so time-ordered). Ids are made by the server, which owns clock and
//! randomness; this module only parses and prints them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::parse_str(text).map(Self) }
        }
    )*};
}

ids! {
    /// A tenant.
    WorkspaceId;
    /// A person.
    UserId;
    /// A signed-in browser.
    SessionId;
    /// An invitation to a workspace.
    InvitationId;
    /// A line of the audit log.
    AuditEntryId;
    /// A line of the request log.
    LoggedRequestId;
    /// A copy of a voice callback request, to a number's shadow.
    ShadowRequestId;
    /// An API key.
    ApiKeyId;
    /// A number of the inventory.
    InventoryNumberId;
    /// A carrier that gives numbers.
    ProviderId;
    /// A block of numbers.
    SeriesId;
    /// A price of a destination.
    PriceId;
    /// A claimed number.
    NumberId;
    /// A device's credential for SIP.
    SipCredentialId;
    /// A phone call.
    CallId;
    /// An entry of a call's timeline.
    CallEventId;
    /// One telephone, browser or device taking part in a call.
    LegRecordId;
    /// A movement of money.
    LedgerEntryId;
    /// A payment into the wallet.
    TopUpId;
    /// A payment that a provider received for us.
    IncomingPaymentId;
    /// A time in which a workspace's outbound calls were frozen.
    FreezeId;
    /// Somebody who is told when a balance falls.
    AlertSubscriberId;
    /// A conference that is live.
    ConferenceId;
    /// A queue that somebody is in.
    QueueId;
    /// A person's number that was erased.
    ErasureId;
    /// A recording of a call.
    RecordingId;
    /// An event that webhooks tell.
    EventId;
    /// Where a workspace's events go.
    WebhookEndpointId;
    /// An event on its way to an endpoint.
    DeliveryId;
    /// The way to a carrier.
    TrunkId;
    /// A unit of background work.
    JobId;
}

impl CallId {
    /// The PBX's own spelling of the call: `HD_` and the UUID without hyphens.
    pub fn pbx_call_id(self) -> String {
        format!("HD_{}", self.0.simple())
    }

    /// Reads any spelling that finds a call: the UUID, or `HD_` and the UUID.
    pub fn parse_any(text: &str) -> Option<Self> {
        Uuid::parse_str(text.strip_prefix("HD_").unwrap_or(text)).ok().map(Self)
    }
}

impl LegRecordId {
    /// The leg that a live call dials as its `number`th. It is reckoned, not drawn (UUID version 8), so that callbacks name it
    /// before there is a record of it: the call's id with the leg's number in place of what is random beside the version.
    pub fn dialled(call: CallId, number: u32) -> Self {
        let call = call.0.as_u128();
        let (low, high) = (u128::from(number & 0xfff), u128::from(number >> 12));
        Self(Uuid::from_u128((call & !(0xffff << 64) | 8 << 76 | low << 64) ^ high))
    }

    /// The least and the greatest id that the call can have which dialled it, where it was [`Self::dialled`]. All that stand
    /// between the two and end as it does (the last 64 bits) differ in twelve random bits only.
    pub fn calls_that_may_have_dialled(self) -> Option<(CallId, CallId)> {
        let leg = self.0.as_u128();
        let beside = leg & !(0xffff << 64);
        let of = |version: u128| CallId(Uuid::from_u128(beside | version << 64));
        (leg >> 76 & 0xf == 8).then(|| (of(0x7000), of(0x7fff)))
    }

    /// As callbacks spell it where they tell of it as a call of its own.
    pub fn pbx_call_id(self) -> String {
        format!("HD_{}", self.0.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_found_by_either_spelling() {
        let id = CallId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(CallId::parse_any(&id.to_string()), Some(id));
        assert_eq!(CallId::parse_any(&id.pbx_call_id()), Some(id));
        assert_eq!(CallId::parse_any("HD_nonsense"), None);
    }

    #[test]
    fn legs_of_a_call_have_ids_of_their_own_in_their_order() {
        let call = CallId(Uuid::from_u128(0x019a_2f6b_1c5e_7c3f_9a52_d0b7_c1e4_f8aa));
        assert_eq!(LegRecordId::dialled(call, 1).pbx_call_id(), "HD_019a2f6b1c5e80019a52d0b7c1e4f8aa");
        let ids: Vec<_> = (0..4_096).map(|number| LegRecordId::dialled(call, number)).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.0 > call.0 && id.0.get_version_num() == 8));
        assert!(!ids.contains(&LegRecordId::dialled(call, 4_096)));
        for id in ids {
            let (least, greatest) = id.calls_that_may_have_dialled().unwrap();
            assert!(least.0 <= call.0 && call.0 <= greatest.0 && least.to_string()[19..] == call.to_string()[19..]);
        }
        assert_eq!(LegRecordId(call.0).calls_that_may_have_dialled(), None);
    }
}
