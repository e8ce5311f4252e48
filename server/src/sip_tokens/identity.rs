//! Who a browser or device is once it has proven it, and what its token lets it do. Pure.

use std::str::FromStr;

use sautikit_api::ids::{ApiKeyId, NumberId, SipCredentialId, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::SrtpPolicy;
use crate::secrets::hex;

/// Parts the identity from the workspace in a SIP user, because identities repeat across workspaces.
const SEPARATOR: &str = "--";
/// How the names of devices begin; browsers may not be called so.
const DEVICE_PREFIX: &str = "ts_";
/// Hexadecimal digits after it.
const DEVICE_DIGITS: usize = 8;

/// A proven identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose.
    pub workspace: WorkspaceId,
    /// The name within the workspace.
    pub name: String,
    /// The token's id: one browser session.
    pub jti: String,
    /// When the token ends, in microseconds since 1970.
    pub expires_at_us: i64,
    /// By whose right it was minted; the token dies with that. None: minted by a release that did not say.
    pub minted_by: Option<MintedBy>,
    /// Set where no token is behind it, but the credential of a device.
    pub device: Option<Device>,
    /// What it may do.
    pub permissions: Permissions,
}

/// What a device has that a browser has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// What it has proven itself with.
    pub credential: SipCredentialId,
    /// The only number that it calls from and rings for.
    pub number: NumberId,
    /// How its audio is encrypted, as its credential said when it proved itself.
    pub srtp: SrtpPolicy,
}

/// By whose right a token was minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MintedBy {
    /// An API key's.
    Key(ApiKeyId),
    /// A member's, in the console.
    Member(UserId),
}

/// Whether a name can be an identity: 1 to 64 letters, digits, dots, underscores and single hyphens.
pub fn is_identity(name: &str) -> bool {
    // Two hyphens part the identity from the workspace in the SIP user.
    (1..=64).contains(&name.len())
        && !name.contains(SEPARATOR)
        && !name.ends_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// May call.
    pub outbound: bool,
    /// May be called.
    pub inbound: bool,
    /// The only number it may call from; any active one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Prefixes that it may call; all that the workspace may when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
}

impl Permissions {
    /// Whether a call to this E.164 number is allowed by the token (the workspace's own rules come on top).
    pub fn allow_destination(&self, e164: &str) -> bool {
        self.outbound && self.destinations.as_ref().is_none_or(|all| all.iter().any(|prefix| e164.starts_with(prefix)))
    }
}

impl Identity {
    /// The SIP user: `alice--<workspace>`.
    pub fn user(&self) -> String {
        user_of(&self.name, self.workspace)
    }

    /// Splits a SIP user into identity and workspace. None where the name can't be an identity: what a peer writes there is
    /// looked up and recorded.
    pub fn parse_user(user: &str) -> Option<(&str, WorkspaceId)> {
        let (name, label) = user.rsplit_once(SEPARATOR)?;
        Some((name, WorkspaceId(Uuid::from_str(label).ok()?))).filter(|(name, _)| is_identity(name))
    }
}

/// The SIP user of an identity of a workspace. A device's name is the installation's, and the whole of its user.
pub fn user_of(name: &str, workspace: WorkspaceId) -> String {
    if is_device_name(name) { name.to_owned() } else { format!("{name}{SEPARATOR}{}", workspace.0.simple()) }
}

/// A device's name.
pub fn device_name(random: [u8; DEVICE_DIGITS / 2]) -> String {
    format!("{DEVICE_PREFIX}{}", hex(&random))
}

/// Whether a name has the form of a device's.
pub fn is_device_name(name: &str) -> bool {
    name.strip_prefix(DEVICE_PREFIX).is_some_and(|rest| {
        rest.len() == DEVICE_DIGITS && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sip_user_names_identity_and_workspace() {
        let workspace = WorkspaceId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let user = user_of("alice.b", workspace);
        assert_eq!(user, "alice.b--01900000000070008000000000000001");
        assert_eq!(Identity::parse_user(&user), Some(("alice.b", workspace)));
        assert_eq!(Identity::parse_user("alice"), None);
        assert_eq!(Identity::parse_user("alice--nonsense"), None);
        for name in ["a\0b", "", "a b", "a--b", "é", &"a".repeat(65)] {
            assert_eq!(Identity::parse_user(&user_of(name, workspace)), None, "{name:?}");
        }
    }

    #[test]
    fn a_devices_name_is_a_prefix_and_eight_digits_and_its_whole_user() {
        let name = device_name([1, 0x23, 0xab, 0xcd]);
        assert_eq!(name, "ts_0123abcd");
        assert_eq!(user_of(&name, WorkspaceId(Uuid::nil())), name);
        assert_eq!(Identity::parse_user(&name), None);
        for name in ["ts_0123ABCD", "ts_0123abc", "ts_0123abcde", "0123abcd", "alice", "ts_", ""] {
            assert!(!is_device_name(name), "{name}");
        }
    }

    #[test]
    fn a_token_can_narrow_the_destinations() {
        let mut permissions = Permissions { outbound: true, inbound: true, from: None, destinations: None };
        assert!(permissions.allow_destination("+14155550100"));
        permissions.destinations = Some(vec!["+254".into()]);
        assert!(permissions.allow_destination("+254722000001"));
        assert!(!permissions.allow_destination("+14155550100"));
        permissions.outbound = false;
        assert!(!permissions.allow_destination("+254722000001"));
    }
}
