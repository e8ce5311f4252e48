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
}
