//! Who may do what, as one table. The server's checks, the documentation's page and the console derive from it.
//!
//! An endpoint asks for one [`Scope`]. A role has it or not; an API key has it when its scopes name it (and its creator's
//! current role has it too). What only a person may do (members, workspaces) is in the table, but no key can carry it.

use serde::{Serialize, Serializer};

use crate::accounts::Role;
use crate::error::ErrorCode;

use Role::{Admin, Developer, Finance, Owner, Viewer};

/// A right that an endpoint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read calls and their events.
    CallsRead,
    /// Place and steer calls.
    CallsWrite,
    /// Read numbers and inventory.
    NumbersRead,
    /// Claim, route and release numbers.
    NumbersWrite,
    /// Read balance, ledger, statements.
    WalletRead,
    /// Top up, set alerts.
    WalletWrite,
    /// Set what calls may.
    LimitsWrite,
    /// Let frozen calls go on.
    CallsUnfreeze,
    /// Read webhook endpoints and deliveries.
    WebhooksRead,
    /// Change webhook endpoints.
    WebhooksWrite,
    /// Read recordings.
    RecordingsRead,
    /// Delete recordings.
    RecordingsWrite,
    /// Read storage tier and use.
    StorageRead,
    /// Change storage tier.
    StorageWrite,
    /// Mint SIP tokens.
    SipToken,
    /// Create and revoke API keys.
    ApiKeysWrite,
    /// Read the audit log.
    AuditRead,
    /// Read members.
    MembersRead,
    /// Invite, change roles, remove.
    MembersWrite,
    /// Leave the workspace.
    MembersLeave,
    /// Make, demote and remove owners.
    OwnersWrite,
    /// Open a further workspace of one's own.
    WorkspaceCreate,
    /// Change name and country.
    WorkspaceWrite,
    /// Export all that the workspace has.
    PrivacyRead,
    /// Erase a person's number.
    PrivacyWrite,
    /// Delete the workspace.
    WorkspaceDelete,
}

/// One line of the table.
#[derive(Debug)]
pub struct Right {
    /// The right.
    pub scope: Scope,
    /// Its name on the wire.
    pub name: &'static str,
    /// Who has it.
    pub roles: &'static [Role],
    /// Whether it changes something.
    pub is_write: bool,
    /// Whether an API key can carry it; the rest takes a signed-in person.
    pub for_keys: bool,
    /// What it lets one do, for documentation and console.
    pub what: &'static str,
}

/// Everyone in the workspace.
const ALL: &[Role] = &[Owner, Admin, Developer, Finance, Viewer];
/// Those who build on the platform.
const BUILDERS: &[Role] = &[Owner, Admin, Developer];
/// Those who run the workspace.
const ADMINS: &[Role] = &[Owner, Admin];

const READ: bool = false;
const WRITE: bool = true;
const KEYS: bool = true;
const PEOPLE: bool = false;

/// The table.
pub const RIGHTS: &[Right] = &[
    right(Scope::CallsRead, "calls:read", ALL, READ, KEYS, "Read calls and their events"),
    right(Scope::CallsWrite, "calls:write", BUILDERS, WRITE, KEYS, "Place and steer calls"),
    right(Scope::NumbersRead, "numbers:read", ALL, READ, KEYS, "Read numbers and the inventory"),
    right(Scope::NumbersWrite, "numbers:write", BUILDERS, WRITE, KEYS, "Claim, route and release numbers"),
    right(Scope::WalletRead, "wallet:read", ALL, READ, KEYS, "Read balance, ledger and statements"),
    right(Scope::WalletWrite, "wallet:write", &[Owner, Admin, Finance], WRITE, KEYS, "Top up and set alerts"),
    right(Scope::WebhooksRead, "webhooks:read", ALL, READ, KEYS, "Read webhook endpoints and deliveries"),
    right(Scope::WebhooksWrite, "webhooks:write", BUILDERS, WRITE, KEYS, "Change webhook endpoints"),
    right(Scope::RecordingsRead, "recordings:read", ALL, READ, KEYS, "Play and download recordings"),
    right(Scope::RecordingsWrite, "recordings:write", BUILDERS, WRITE, KEYS, "Delete recordings"),
    right(Scope::StorageRead, "storage:read", ALL, READ, KEYS, "Read storage tier and use"),
    right(Scope::StorageWrite, "storage:write", ADMINS, WRITE, KEYS, "Change storage tier and bucket"),
    right(Scope::SipToken, "sip:token", BUILDERS, WRITE, KEYS, "Mint tokens for phones and browsers"),
    right(Scope::ApiKeysWrite, "api_keys:write", BUILDERS, WRITE, KEYS, "Create, rotate and revoke API keys"),
    right(Scope::AuditRead, "audit:read", BUILDERS, READ, KEYS, "Read and export the audit log"),
    right(
        Scope::LimitsWrite,
        "limits:write",
        &[Owner, Admin, Finance],
        WRITE,
        PEOPLE,
        "Limit what calls may, and cost in a day",
    ),
    right(Scope::CallsUnfreeze, "calls:unfreeze", &[Owner], WRITE, PEOPLE, "Let outbound calls go on that were frozen"),
    right(Scope::MembersRead, "members:read", ALL, READ, PEOPLE, "See who is a member"),
    right(Scope::MembersWrite, "members:write", ADMINS, WRITE, PEOPLE, "Invite and remove members, change their roles"),
    right(Scope::MembersLeave, "members:leave", ALL, WRITE, PEOPLE, "Leave the workspace"),
    right(Scope::OwnersWrite, "owners:write", &[Owner], WRITE, PEOPLE, "Make, demote and remove owners"),
    right(Scope::WorkspaceCreate, "workspace:create", ALL, WRITE, PEOPLE, "Open a further workspace of one's own"),
    right(Scope::WorkspaceWrite, "workspace:write", ADMINS, WRITE, PEOPLE, "Change the workspace's name and country"),
    right(Scope::PrivacyRead, "privacy:read", ADMINS, READ, PEOPLE, "Export all of the workspace's data"),
    right(Scope::PrivacyWrite, "privacy:write", ADMINS, WRITE, PEOPLE, "Erase a person's number"),
    right(Scope::WorkspaceDelete, "workspace:delete", &[Owner], WRITE, PEOPLE, "Delete the workspace"),
];

const fn right(
    scope: Scope,
    name: &'static str,
    roles: &'static [Role],
    is_write: bool,
    for_keys: bool,
    what: &'static str,
) -> Right {
    Right { scope, name, roles, is_write, for_keys, what }
}

impl Scope {
    /// The scope's name on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The scope of that name that a key can carry; `*` is not one scope but [`Grant::All`].
    pub fn parse(name: &str) -> Option<Self> {
        RIGHTS.iter().find(|row| row.for_keys && row.name == name).map(|row| row.scope)
    }

    /// Whether the role has it.
    pub fn is_of(self, role: Role) -> bool {
        self.row().is_some_and(|row| row.roles.contains(&role))
    }

    /// Whether every role has it.
    pub fn is_of_everyone(self) -> bool {
        self.row().is_some_and(|row| row.roles == ALL)
    }

    /// What a role that lacks it is told.
    pub fn refusal(self) -> ErrorCode {
        let for_admins = self.row().is_some_and(|row| row.roles == ADMINS || !row.is_write);
        if for_admins { ErrorCode::AccountsAdminRequired } else { ErrorCode::AccountsWriteDenied }
    }

    /// Whether an API key can carry it.
    pub fn is_for_keys(self) -> bool {
        self.row().is_some_and(|row| row.for_keys)
    }

    /// Whether it changes something.
    pub fn is_write(self) -> bool {
        self.row().is_some_and(|row| row.is_write)
    }

    /// Whether a suspended workspace keeps it: it reads, tops up and settles, nothing else.
    pub fn survives_suspension(self) -> bool {
        !self.is_write() || self == Self::WalletWrite
    }

    /// Whether `*` includes it: all that keys can carry but API keys and top-ups.
    pub fn is_in_wildcard(self) -> bool {
        self.row().is_some_and(|row| row.for_keys) && !matches!(self, Self::ApiKeysWrite | Self::WalletWrite)
    }

    fn row(self) -> Option<&'static Right> {
        RIGHTS.iter().find(|row| row.scope == self)
    }
}

/// As its name on the wire.
impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// One entry of a key's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// `*`.
    All,
    /// One scope.
    One(Scope),
}

impl Grant {
    /// Reads an entry.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "*" { Some(Self::All) } else { Scope::parse(name).map(Self::One) }
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::One(scope) => scope.as_str(),
        }
    }

    /// Whether it includes the scope. The creator's role still cuts it.
    pub fn includes(self, scope: Scope) -> bool {
        match self {
            Self::All => scope.is_in_wildcard(),
            Self::One(one) => one == scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SCOPES;

    #[test]
    fn the_wire_contract_and_the_table_name_the_same_scopes() {
        let ours: Vec<&str> = RIGHTS.iter().filter(|row| row.for_keys).map(|row| row.name).chain(["*"]).collect();
        assert_eq!(ours, SCOPES);
    }

    #[test]
    fn viewers_change_nothing_of_the_workspace() {
        let own = [Scope::MembersLeave, Scope::WorkspaceCreate];
        let writes = RIGHTS.iter().filter(|row| row.is_write && !own.contains(&row.scope));
        assert!(writes.into_iter().all(|row| !row.roles.contains(&Viewer)));
    }

    #[test]
    fn owners_have_all_and_admins_all_but_owners_and_deletion() {
        assert!(RIGHTS.iter().all(|row| row.roles.contains(&Owner)));
        let beyond: Vec<Scope> = RIGHTS.iter().filter(|row| !row.roles.contains(&Admin)).map(|row| row.scope).collect();
        assert_eq!(beyond, [Scope::CallsUnfreeze, Scope::OwnersWrite, Scope::WorkspaceDelete]);
    }

    #[test]
    fn the_wildcard_leaves_out_keys_members_and_top_ups() {
        assert!(Grant::All.includes(Scope::CallsWrite));
        for scope in [Scope::ApiKeysWrite, Scope::WalletWrite, Scope::MembersRead, Scope::MembersWrite] {
            assert!(!Grant::All.includes(scope));
        }
    }

    #[test]
    fn no_key_carries_what_takes_a_person() {
        assert_eq!(Grant::parse("members:write"), None);
        assert_eq!(Grant::parse("workspace:delete"), None);
    }
}
