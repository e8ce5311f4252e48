//! Bodies of `/v1/audit`.

use serde::{Deserialize, Serialize};

use crate::ids::AuditEntryId;

/// Every kind of write that the log knows, as `room.verb`. Filters take these, and nothing else is recorded.
pub const KINDS: &[&str] = &[
    "alert_subscriber.added",
    "alert_subscriber.removed",
    "alerts.changed",
    "api_key.created",
    "api_key.revoked",
    "api_key.rotated",
    "call.actions_replaced",
    "call.ended_by_request",
    "call.placed",
    "call.stream_revoked",
    "calls.frozen",
    "calls.unfrozen",
    "conference.announced",
    "conference.ended",
    "conference.member_changed",
    "conference.member_removed",
    "handler.checked",
    "invitation.accepted",
    "invitation.created",
    "invitation.declined",
    "invitation.withdrawn",
    "job.retried",
    "limits.ceiling_changed",
    "limits.changed",
    "member.left",
    "member.removed",
    "member.role_changed",
    "number.claimed",
    "number.freed",
    "number.released",
    "number.reserved",
    "number.resumed",
    "number.retired",
    "number.routing_changed",
    "number.routing_tested",
    "number.signing_secret_rotated",
    "number.suspended",
    "operator.granted",
    "payment.assigned",
    "payment.claimed",
    "payment.dismissed",
    "payment.returned",
    "payment.taken",
    "price.created",
    "price.ended",
    "prices.imported",
    "privacy.number_erased",
    "provider.created",
    "provider.retired",
    "provider.updated",
    "queue.member_removed",
    "recording.deleted",
    "recording.paused",
    "recording.resumed",
    "series.created",
    "series.imported",
    "series.updated",
    "session.opened",
    "session.revoked",
    "sip_credential.changed",
    "sip_credential.created",
    "sip_credential.revoked",
    "sip_credential.rotated",
    "sip_keys.rotated",
    "sip_token.minted",
    "storage.bucket_removed",
    "storage.bucket_set",
    "storage.tier_changed",
    "stranger.unblocked",
    "top_up.requested",
    "trunk.changed",
    "trunk.created",
    "trunk.deleted",
    "user.google_linked",
    "user.google_unlinked",
    "user.language_chosen",
    "user.renamed",
    "wallet.adjusted",
    "wallet.overdraft_floor_changed",
    "webhook.created",
    "webhook.deleted",
    "webhook.deliveries_retried",
    "webhook.delivery_retried",
    "webhook.secret_rotated",
    "webhook.switched_off",
    "webhook.tested",
    "webhook.updated",
    "workspace.created",
    "workspace.deleted",
    "workspace.resumed",
    "workspace.signing_secret_rotated",
    "workspace.suspended",
    "workspace.updated",
];

/// One write.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// RFC 3339.
    pub created_at: String,
    /// What was done, as `room.verb`: `api_key.created`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::AuditKind))]
    pub action_kind: String,
    /// Who did it.
    pub actor: AuditActor,
    /// The id of what was written.
    pub subject_id: Option<String>,
    /// What changed (`before`, `after`), without secrets.
    pub details: serde_json::Value,
    /// The address that asked, if it is known.
    pub ip: Option<String>,
}

/// Who acted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// `user`, `api_key`, `operator` or `system`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::ActorKind))]
    pub kind: String,
    /// Of the person or key.
    pub id: Option<String>,
    /// The person's address, or the key's name.
    pub label: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_name_room_and_verb() {
        assert!(KINDS.is_sorted());
        assert!(KINDS.iter().all(|kind| kind.split('.').count() == 2));
    }
}
