//! Roles and rights. The table itself is the API's (`sautikit_api::rights`); here are the words for it.

use sautikit_api::{accounts::Role, rights::Scope};

catalogue! {
    /// Roles and rights.
    Rights {
        title: "Roles" | "Majukumu",
        text: "What each role may do. The API checks against this very table, for people and for the keys that they make." | "Kile ambacho kila jukumu linaweza kufanya. API hukagua kwa jedwali hili hili, kwa watu na kwa funguo wanazounda.",
        right: "Right" | "Haki",
        yes: "Yes" | "Ndiyo",
        no: "No" | "Hapana",
        keys: "API key" | "Ufunguo wa API",
        keys_text: "The last column says what an API key can carry as a scope; the rest takes a signed-in person. A key never does more than the person who made it may do now." | "Safu ya mwisho inasema kile ambacho ufunguo wa API unaweza kubeba kama wanda; kilichobaki kinahitaji mtu aliyeingia. Ufunguo haufanyi zaidi ya anavyoruhusiwa aliyeuunda sasa.",
        you: "You" | "Wewe",
        owner: "Owner" | "Mmiliki",
        admin: "Admin" | "Msimamizi",
        developer: "Developer" | "Msanidi",
        finance: "Finance" | "Fedha",
        viewer: "Viewer" | "Mtazamaji",
        owner_text: "Everything, owners and deletion included" | "Kila kitu, pamoja na wamiliki na kufuta",
        admin_text: "Everything but owners and deleting the workspace" | "Kila kitu isipokuwa wamiliki na kufuta eneo la kazi",
        developer_text: "Reads all; numbers, calls, keys and webhooks" | "Husoma yote; nambari, simu, funguo na webhook",
        finance_text: "Reads; wallet and top-ups" | "Husoma; pochi na kuongeza salio",
        viewer_text: "Reads" | "Husoma tu",
        calls_read: "Read calls and their events" | "Kusoma simu na matukio yake",
        calls_write: "Place and steer calls" | "Kupiga na kuongoza simu",
        numbers_read: "Read numbers and the inventory" | "Kusoma nambari na zinazopatikana",
        numbers_write: "Claim, route and release numbers" | "Kuchukua, kuelekeza na kuachilia nambari",
        wallet_read: "Read balance, ledger and statements" | "Kusoma salio, leja na taarifa",
        wallet_write: "Top up and set alerts" | "Kuongeza salio na kuweka arifa",
        webhooks_read: "Read webhook endpoints and deliveries" | "Kusoma webhook na zilizotumwa",
        webhooks_write: "Change webhook endpoints" | "Kubadilisha webhook",
        recordings_read: "Play and download recordings" | "Kucheza na kupakua rekodi",
        recordings_write: "Delete recordings" | "Kufuta rekodi",
        storage_read: "Read storage tier and use" | "Kusoma daraja la hifadhi na matumizi",
        storage_write: "Change storage tier and bucket" | "Kubadilisha daraja la hifadhi na ndoo",
        sip_token: "Mint tokens for phones and browsers" | "Kutoa tokeni za simu na vivinjari",
        api_keys_write: "Create, rotate and revoke API keys" | "Kuunda, kubadilisha na kubatilisha funguo za API",
        audit_read: "Read and export the audit log" | "Kusoma na kupakua kumbukumbu za ukaguzi",
        limits_write: "Limit what calls may, and cost in a day" | "Kuweka mipaka ya simu na gharama ya siku",
        calls_unfreeze: "Let outbound calls go on that were frozen" | "Kuruhusu tena simu za kutoka zilizosimamishwa",
        members_read: "See who is a member" | "Kuona washiriki",
        members_write: "Invite and remove members, change their roles" | "Kualika na kuondoa washiriki, kubadilisha majukumu yao",
        members_leave: "Leave the workspace" | "Kuondoka kwenye eneo la kazi",
        owners_write: "Make, demote and remove owners" | "Kuweka, kushusha na kuondoa wamiliki",
        workspace_create: "Open a further workspace of one's own" | "Kufungua eneo jingine la kazi la kwako",
        workspace_write: "Change the workspace's name and country" | "Kubadilisha jina na nchi ya eneo la kazi",
        privacy_read: "Export all of the workspace's data" | "Kupakua data yote ya eneo la kazi",
        privacy_write: "Erase a person's number" | "Kufuta nambari ya mtu",
        workspace_delete: "Delete the workspace" | "Kufuta eneo la kazi",
    }
}

impl Rights {
    /// The role's name.
    pub fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Owner => self.owner,
            Role::Admin => self.admin,
            Role::Developer => self.developer,
            Role::Finance => self.finance,
            Role::Viewer => self.viewer,
        }
    }

    /// The role in one line.
    pub fn role_text(&self, role: Role) -> &'static str {
        match role {
            Role::Owner => self.owner_text,
            Role::Admin => self.admin_text,
            Role::Developer => self.developer_text,
            Role::Finance => self.finance_text,
            Role::Viewer => self.viewer_text,
        }
    }

    /// What the right lets one do.
    pub fn what(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::CallsRead => self.calls_read,
            Scope::CallsWrite => self.calls_write,
            Scope::NumbersRead => self.numbers_read,
            Scope::NumbersWrite => self.numbers_write,
            Scope::WalletRead => self.wallet_read,
            Scope::WalletWrite => self.wallet_write,
            Scope::WebhooksRead => self.webhooks_read,
            Scope::WebhooksWrite => self.webhooks_write,
            Scope::RecordingsRead => self.recordings_read,
            Scope::RecordingsWrite => self.recordings_write,
            Scope::StorageRead => self.storage_read,
            Scope::StorageWrite => self.storage_write,
            Scope::SipToken => self.sip_token,
            Scope::ApiKeysWrite => self.api_keys_write,
            Scope::AuditRead => self.audit_read,
            Scope::LimitsWrite => self.limits_write,
            Scope::CallsUnfreeze => self.calls_unfreeze,
            Scope::MembersRead => self.members_read,
            Scope::MembersWrite => self.members_write,
            Scope::MembersLeave => self.members_leave,
            Scope::OwnersWrite => self.owners_write,
            Scope::WorkspaceCreate => self.workspace_create,
            Scope::WorkspaceWrite => self.workspace_write,
            Scope::PrivacyRead => self.privacy_read,
            Scope::PrivacyWrite => self.privacy_write,
            Scope::WorkspaceDelete => self.workspace_delete,
        }
    }
}
