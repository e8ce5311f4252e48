//! Who a leg reaches, and what it is shown. `Debug` masks both: they are people's numbers.

use std::fmt;

use sautikit_api::{actions::DialTarget, calls::LegKind};

use crate::output::LegId;

/// The far end of a leg.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A telephone number, E.164 or as the customer wrote it.
    Telephone(String),
    /// The identity of a browser or app of the workspace.
    Client(String),
    /// A `sip:` URI: a device or somebody else's server.
    Sip(String),
}

impl Target {
    /// The network it is on.
    pub const fn kind(&self) -> LegKind {
        match self {
            Self::Telephone(_) => LegKind::Telephone,
            Self::Client(_) => LegKind::Client,
            Self::Sip(_) => LegKind::Sip,
        }
    }

    /// The number, identity or URI itself.
    pub fn address(&self) -> &str {
        match self {
            Self::Telephone(address) | Self::Client(address) | Self::Sip(address) => address,
        }
    }
}

impl From<&DialTarget> for Target {
    fn from(target: &DialTarget) -> Self {
        match target {
            DialTarget::Number(number) => Self::Telephone(number.clone()),
            DialTarget::Client(identity) => Self::Client(identity.clone()),
            DialTarget::Sip(uri) => Self::Sip(uri.clone()),
        }
    }
}

impl From<&Target> for DialTarget {
    fn from(target: &Target) -> Self {
        match target {
            Target::Telephone(number) => Self::Number(number.clone()),
            Target::Client(identity) => Self::Client(identity.clone()),
            Target::Sip(uri) => Self::Sip(uri.clone()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(_)", self.kind().as_str())
    }
}

/// How a leg presents itself to its target.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The calling number or address that is shown.
    pub caller_id: String,
    /// The leg that it is to be connected with, whose codec it is offered first.
    pub hears: Option<LegId>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(_)")
    }
}
