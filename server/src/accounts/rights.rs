//! Who may do what, as one table. Checks, and later pages and documentation, derive from it.

use sautikit_api::accounts::Role;

use Role::{Admin, Developer, Finance, Owner, Viewer};

/// A right that an endpoint asks for. API keys name them as scopes; roles have them by the table.
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
}

/// Everyone in the workspace reads.
const ALL: &[Role] = &[Owner, Admin, Developer, Finance, Viewer];
/// Those who build on the platform.
const BUILDERS: &[Role] = &[Owner, Admin, Developer];

/// Scope, name on the wire, roles that have it, whether it changes something.
const TABLE: &[(Scope, &str, &[Role], bool)] = &[
    (Scope::CallsRead, "calls:read", ALL, false),
    (Scope::CallsWrite, "calls:write", BUILDERS, true),
    (Scope::NumbersRead, "numbers:read", ALL, false),
    (Scope::NumbersWrite, "numbers:write", BUILDERS, true),
    (Scope::WalletRead, "wallet:read", ALL, false),
    (Scope::WalletWrite, "wallet:write", &[Owner, Admin, Finance], true),
    (Scope::WebhooksRead, "webhooks:read", ALL, false),
    (Scope::WebhooksWrite, "webhooks:write", BUILDERS, true),
    (Scope::RecordingsRead, "recordings:read", ALL, false),
    (Scope::RecordingsWrite, "recordings:write", BUILDERS, true),
    (Scope::StorageRead, "storage:read", ALL, false),
    (Scope::StorageWrite, "storage:write", &[Owner, Admin], true),
    (Scope::SipToken, "sip:token", BUILDERS, true),
    (Scope::ApiKeysWrite, "api_keys:write", BUILDERS, true),
    (Scope::AuditRead, "audit:read", BUILDERS, false),
];

impl Scope {
    /// The scope's name on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.1)
    }

    /// The scope of that name; `*` is not one scope but [`Grant::All`].
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Whether the role has it.
    pub fn is_of(self, role: Role) -> bool {
        self.row().is_some_and(|row| row.2.contains(&role))
    }

    /// Whether it changes something.
    pub fn is_write(self) -> bool {
        self.row().is_some_and(|row| row.3)
    }

    /// Whether a suspended workspace keeps it: it reads, tops up and settles, nothing else.
    pub fn survives_suspension(self) -> bool {
        !self.is_write() || self == Self::WalletWrite
    }

    /// Whether `*` includes it: all but API keys and top-ups.
    pub fn is_in_wildcard(self) -> bool {
        !matches!(self, Self::ApiKeysWrite | Self::WalletWrite)
    }

    fn row(self) -> Option<&'static (Self, &'static str, &'static [Role], bool)> {
        TABLE.iter().find(|row| row.0 == self)
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
    use sautikit_api::keys::SCOPES;

    use super::*;

    #[test]
    fn the_wire_contract_and_the_table_name_the_same_scopes() {
        let ours: Vec<&str> = TABLE.iter().map(|row| row.1).chain(["*"]).collect();
        assert_eq!(ours, SCOPES);
    }

    #[test]
    fn viewers_never_write() {
        assert!(TABLE.iter().all(|row| !(row.3 && row.2.contains(&Viewer))));
    }

    #[test]
    fn the_wildcard_leaves_out_keys_and_top_ups() {
        assert!(Grant::All.includes(Scope::CallsWrite));
        assert!(!Grant::All.includes(Scope::ApiKeysWrite));
        assert!(!Grant::All.includes(Scope::WalletWrite));
    }
}
