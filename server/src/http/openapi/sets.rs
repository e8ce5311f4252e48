//! What the closed sets of strings hold (`crates/api/src/sets.rs`), from the tables that the code itself goes by.

use std::collections::BTreeSet;

use sautikit_api::numbers::Compat;
use sautikit_api::sets::{self, names};
use sautikit_api::{ErrorCode, audit, keys};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use voice::{CauseKind, EventName, RecordingSource};

use crate::accounts::Workspace;
use crate::audit::Actor;
use crate::calls::fraud::Reason;
use crate::calls::{CAUSE_NODE_LOST, Direction, LegKind, Milestone};
use crate::wallet::{EntryKind, OverdraftPolicy, adjustment};
use crate::{calls, config, gateway, jobs, numbers, payments, pricing, recordings, shadow, trunks, webhooks};

/// Gives every set of the document its values.
pub(super) fn fill(schemas: &mut Map<String, Value>) {
    for name in names() {
        let Some(schema) = schemas.get_mut(&name) else { continue };
        let values = values_of(&name);
        if name == sets::HangupCause::name() {
            schema["anyOf"] = json!([
                { "title": "cause", "type": "string", "enum": values },
                { "title": "status of SIP", "type": "string", "pattern": r"^sip\.[3-6][0-9]{2}$" },
                { "$ref": format!("#/components/schemas/{}", sets::ErrorCode::name()) },
            ]);
        } else {
            schema["enum"] = json!(values);
        }
    }
}

fn values_of(set: &str) -> Vec<String> {
    macro_rules! by_name {
        ($($of:ident = $values:expr;)*) => {
            $(if set == sets::$of::name() { return $values.into_iter().map(|value| value.to_string()).collect(); })*
        };
    }
    by_name! {
        Scope = keys::SCOPES;
        AuditKind = audit::KINDS;
        ActorKind = Actor::KINDS;
        ErrorCode = ErrorCode::ALL;
        Direction = Direction::ALL.iter().map(|direction| direction.as_str());
        LegKind = LegKind::ALL.iter().map(|kind| kind.as_str());
        HangupCause = CauseKind::ALL.iter().map(|kind| kind.name()).chain([CAUSE_NODE_LOST]);
        RecordingSource = RecordingSource::ALL.iter().map(|source| source.as_str());
        RecordingFormat = recordings::Format::ALL.iter().map(|format| format.as_str());
        CallEventKind = call_event_kinds();
        WorkspaceStatus = Workspace::STATUSES;
        NumberStatus = numbers::STATUSES;
        Compat = Compat::ALL.iter().map(|compat| compat.as_str());
        TrunkOrigin = trunks::ORIGINS;
        SipStrangerOffence = gateway::sip::Reason::ALL.iter().map(|reason| reason.as_str());
        TrunkRegistrationStatus = trunks::Registration::STATUSES;
        MediaSecurity = calls::trace::SecurityMethod::ALL.iter().map(|method| method.as_str());
        SrtpPolicy = config::SrtpPolicy::ALL.iter().map(|policy| policy.as_str());
        TrunkTransport = config::TrunkTransport::ALL.iter().map(|transport| transport.as_str());
        TrunkIdentity = config::IdentityHeader::ALL.iter().map(|header| header.as_str());
        TrunkNumberFormat = config::NumberFormat::ALL.iter().map(|format| format.as_str());
        ShadowPurpose = shadow::PURPOSES;
        ShadowOutcome = shadow::Outcome::ALL.iter().map(|outcome| outcome.as_str());
        CheckSeverity = gateway::migrate_check::Severity::ALL.iter().map(|severity| severity.as_str());
        NumberState = numbers::NumberState::ALL.iter().map(|state| state.as_str());
        SeriesStatus = numbers::SeriesStatus::ALL.iter().map(|status| status.as_str());
        ProviderStatus = numbers::ProviderStatus::ALL.iter().map(|status| status.as_str());
        PriceChange = pricing::import::Change::ALL.iter().map(|change| change.as_str());
        OverdraftPolicy = OverdraftPolicy::ALL.iter().map(|policy| policy.as_str());
        FreezeReason = Reason::ALL.iter().map(|reason| reason.as_str());
        LedgerEntryKind = EntryKind::ALL.iter().map(|kind| kind.as_str());
        AdjustmentKind = adjustment::Kind::ALL.iter().map(|kind| kind.as_str());
        JobLane = jobs::Lane::ALL.iter().map(|lane| lane.as_str());
        JobState = jobs::State::ALL.iter().map(|state| state.as_str());
        NodeState = calls::nodes::State::ALL.iter().map(|state| state.as_str());
        TopUpMethod = payments::Method::ALL.iter().map(|method| method.as_str());
        TopUpChannel = payments::Channel::ALL.iter().map(|channel| channel.as_str());
        TopUpStatus = payments::Status::ALL.iter().map(|status| status.as_str());
        IncomingPaymentStatus = payments::incoming::Status::ALL.iter().map(|status| status.as_str());
        EventKind = webhooks::EventKind::ALL.iter().map(|kind| kind.as_str());
        DeliveryStatus = webhooks::deliveries::STATUSES;
        UnmatchedReason = payments::incoming::Reason::ALL.iter().map(|reason| reason.as_str());
    }
    Vec::new()
}

/// What the voice engine records, and what the room of calls adds.
fn call_event_kinds() -> BTreeSet<&'static str> {
    let engine = EventName::ALL.iter().map(|name| name.as_str());
    engine.chain(Milestone::ALL.iter().map(|milestone| milestone.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_follows_every_kind_of_entry_of_a_timeline() {
        let followed = BTreeSet::from_iter(app::TIMELINE_KINDS.iter().copied());
        let missing: Vec<_> = call_event_kinds().difference(&followed).copied().collect();
        assert!(missing.is_empty(), "they have no words in the console, and nobody is told of them: {missing:?}");
    }
}
