//! The audit log: its page, its kinds of action, the names of what changed.

catalogue! {
    /// The audit log.
    Audit {
        title: "Audit log" | "Kumbukumbu za ukaguzi",
        text: "Every change in this workspace: who made it, from where, what was before and after. Nothing here can be altered." | "Kila badiliko katika eneo hili: nani, kutoka wapi, kilichokuwepo kabla na baada. Hakuna kinachoweza kubadilishwa hapa.",
        export: "Export CSV" | "Pakua CSV",
        action: "Action" | "Kitendo",
        any: "Any" | "Chochote",
        actor: "Who" | "Nani",
        actor_hint: "E-mail address or id" | "Barua pepe au kitambulisho",
        when: "When" | "Lini",
        from: "From date" | "Kuanzia tarehe",
        to: "To date" | "Hadi tarehe",
        ip: "IP address" | "Anwani ya IP",
        changes: "What changed" | "Kilichobadilika",
        filter: "Filter" | "Chuja",
        clear: "Clear filters" | "Ondoa vichujio",
        none: "Nothing has been changed yet" | "Hakuna kilichobadilishwa bado",
        none_text: "Claim a number, create a key or invite someone: every change is written here." | "Chukua nambari, unda ufunguo au alika mtu: kila badiliko huandikwa hapa.",
        none_match: "No entry matches these filters" | "Hakuna ingizo linalolingana",
        none_match_text: "Widen the dates or clear a filter." | "Panua tarehe au ondoa kichujio.",
        by_operator: "Operator" | "Mwendeshaji",
        by_key: "API key" | "Ufunguo wa API",
        api_key_created: "API key created" | "Ufunguo wa API uliundwa",
        api_key_revoked: "API key revoked" | "Ufunguo wa API ulibatilishwa",
        api_key_rotated: "API key rotated" | "Ufunguo wa API ulibadilishwa",
        call_actions_replaced: "Live call given new actions" | "Simu inayoendelea ilipewa vitendo vipya",
        call_ended_by_request: "Call ended by request" | "Simu ilikatwa kwa ombi",
        call_placed: "Call placed" | "Simu ilipigwa",
        invitation_accepted: "Invitation accepted" | "Mwaliko ulikubaliwa",
        invitation_created: "Invitation sent" | "Mwaliko ulitumwa",
        invitation_declined: "Invitation declined" | "Mwaliko ulikataliwa",
        invitation_withdrawn: "Invitation withdrawn" | "Mwaliko uliondolewa",
        member_left: "Member left" | "Mshiriki aliondoka",
        member_removed: "Member removed" | "Mshiriki aliondolewa",
        member_role_changed: "Role changed" | "Jukumu lilibadilishwa",
        number_claimed: "Number claimed" | "Nambari ilichukuliwa",
        number_released: "Number released" | "Nambari iliachiliwa",
        number_resumed: "Number works again" | "Nambari inafanya kazi tena",
        number_suspended: "Number suspended: rental not paid" | "Nambari imesimamishwa: kodi haijalipwa",
        payment_assigned: "Payment assigned" | "Malipo yalikabidhiwa",
        payment_claimed: "Payment claimed" | "Malipo yalidaiwa",
        payment_dismissed: "Payment dismissed" | "Malipo yaliwekwa kando",
        wallet_adjusted: "Wallet adjusted" | "Pochi ilirekebishwa",
        number_routing_changed: "Number's routing changed" | "Uelekezaji wa nambari ulibadilishwa",
        operator_granted: "Operator made" | "Mwendeshaji aliteuliwa",
        session_opened: "Signed in" | "Aliingia",
        session_revoked: "Session signed out" | "Kipindi kiliondolewa",
        number_routing_tested: "Number's routing tested" | "Uelekezaji wa nambari ulijaribiwa",
        number_signing_secret_rotated: "Number's signing secret rotated" | "Siri ya kusaini ya nambari ilibadilishwa",
        sip_credential_created: "SIP credential created" | "Kitambulisho cha SIP kiliundwa",
        sip_credential_revoked: "SIP credential revoked" | "Kitambulisho cha SIP kilibatilishwa",
        sip_credential_rotated: "SIP credential rotated" | "Kitambulisho cha SIP kilibadilishwa",
        sip_token_minted: "SIP token minted" | "Tokeni ya SIP ilitolewa",
        top_up_requested: "Top-up requested" | "Kuongeza salio kuliombwa",
        trunk_changed: "Trunk changed" | "Trunk ilibadilishwa",
        trunk_created: "Trunk set up" | "Trunk iliundwa",
        trunk_deleted: "Trunk deleted" | "Trunk ilifutwa",
        user_google_linked: "Google account linked" | "Akaunti ya Google iliunganishwa",
        user_google_unlinked: "Google account unlinked" | "Akaunti ya Google iliondolewa",
        user_renamed: "Person renamed" | "Mtu alibadilishwa jina",
        wallet_overdraft_floor_changed: "Bound of overdraft changed" | "Kikomo cha deni kilibadilishwa",
        workspace_created: "Workspace created" | "Eneo la kazi liliundwa",
        workspace_deleted: "Workspace deleted" | "Eneo la kazi lilifutwa",
        workspace_resumed: "Workspace resumed" | "Eneo la kazi lilirejeshwa",
        workspace_suspended: "Workspace suspended" | "Eneo la kazi lilisimamishwa",
        workspace_updated: "Workspace's settings changed" | "Mipangilio ya eneo ilibadilishwa",
    }
}

impl Audit {
    /// The kind in words; one that this console does not know keeps its name.
    pub fn kind<'a>(&'a self, kind: &'a str) -> &'a str {
        match kind {
            "api_key.created" => self.api_key_created,
            "api_key.revoked" => self.api_key_revoked,
            "api_key.rotated" => self.api_key_rotated,
            "call.actions_replaced" => self.call_actions_replaced,
            "call.ended_by_request" => self.call_ended_by_request,
            "call.placed" => self.call_placed,
            "invitation.accepted" => self.invitation_accepted,
            "invitation.created" => self.invitation_created,
            "invitation.declined" => self.invitation_declined,
            "invitation.withdrawn" => self.invitation_withdrawn,
            "member.left" => self.member_left,
            "member.removed" => self.member_removed,
            "member.role_changed" => self.member_role_changed,
            "number.claimed" => self.number_claimed,
            "number.released" => self.number_released,
            "number.resumed" => self.number_resumed,
            "number.suspended" => self.number_suspended,
            "payment.assigned" => self.payment_assigned,
            "payment.claimed" => self.payment_claimed,
            "payment.dismissed" => self.payment_dismissed,
            "wallet.adjusted" => self.wallet_adjusted,
            "number.routing_changed" => self.number_routing_changed,
            "operator.granted" => self.operator_granted,
            "session.opened" => self.session_opened,
            "session.revoked" => self.session_revoked,
            "number.routing_tested" => self.number_routing_tested,
            "number.signing_secret_rotated" => self.number_signing_secret_rotated,
            "sip_credential.created" => self.sip_credential_created,
            "sip_credential.revoked" => self.sip_credential_revoked,
            "sip_credential.rotated" => self.sip_credential_rotated,
            "sip_token.minted" => self.sip_token_minted,
            "top_up.requested" => self.top_up_requested,
            "trunk.changed" => self.trunk_changed,
            "trunk.created" => self.trunk_created,
            "trunk.deleted" => self.trunk_deleted,
            "user.google_linked" => self.user_google_linked,
            "user.google_unlinked" => self.user_google_unlinked,
            "user.renamed" => self.user_renamed,
            "wallet.overdraft_floor_changed" => self.wallet_overdraft_floor_changed,
            "workspace.created" => self.workspace_created,
            "workspace.deleted" => self.workspace_deleted,
            "workspace.resumed" => self.workspace_resumed,
            "workspace.suspended" => self.workspace_suspended,
            "workspace.updated" => self.workspace_updated,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sautikit_api::audit::KINDS;

    #[test]
    fn every_kind_has_words_in_both_languages() {
        for kind in KINDS {
            assert_ne!(Audit::ENGLISH.kind(kind), *kind);
            assert_ne!(Audit::SWAHILI.kind(kind), Audit::ENGLISH.kind(kind), "{kind}");
        }
    }
}
