//! What a credential stands for: a tenant, a session, where it was opened.

use sautikit_api::ids::{SessionId, UserId, WorkspaceId};

/// Longest name of a browser that is kept, in characters; real ones are shorter.
const USER_AGENT_MAX_CHARS: usize = 200;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217, fixed for good.
    pub currency: String,
    /// Suspended workspaces read, top up and settle, nothing else.
    pub suspended: bool,
}

impl Workspace {
    /// What [`Workspace::status`] can say.
    pub const STATUSES: [&str; 2] = ["active", "suspended"];

    /// Its status on the wire.
    pub fn status(&self) -> &'static str {
        Self::STATUSES[usize::from(self.suspended)]
    }
}

/// A session that is neither revoked nor expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The workspace that it last worked in.
    pub workspace_id: Option<WorkspaceId>,
    /// Microseconds UTC.
    pub created_at_us: i64,
    /// Microseconds UTC; written at most every five minutes.
    pub last_used_at_us: i64,
    /// Where it was opened.
    pub device: Device,
}

/// From where someone signs in, as the list of sessions shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The client's address.
    pub ip: Option<String>,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
}

impl Device {
    /// With the browser's name cut to what is kept.
    pub fn new(ip: Option<String>, user_agent: Option<&str>) -> Self {
        let kept = |text: &str| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_MAX_CHARS).collect();
        Self { ip, user_agent: user_agent.map(kept) }
    }
}
