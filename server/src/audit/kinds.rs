//! Every kind of write that the log knows, as `room.verb`. Filters take these, and nothing else is recorded.

/// The kinds, by room.
pub const KINDS: &[&str] = &[
    "api_key.created",
    "api_key.revoked",
    "api_key.rotated",
    "call.ended_by_request",
    "call.placed",
    "invitation.accepted",
    "invitation.created",
    "invitation.declined",
    "invitation.withdrawn",
    "member.left",
    "member.removed",
    "member.role_changed",
    "number.claimed",
    "number.released",
    "number.routing_changed",
    "operator.granted",
    "session.opened",
    "session.revoked",
    "sip_token.minted",
    "top_up.requested",
    "user.google_linked",
    "user.google_unlinked",
    "user.renamed",
    "workspace.created",
    "workspace.deleted",
    "workspace.resumed",
    "workspace.suspended",
    "workspace.updated",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_name_room_and_verb() {
        assert!(KINDS.is_sorted());
        assert!(KINDS.iter().all(|kind| kind.split('.').count() == 2));
    }
}
