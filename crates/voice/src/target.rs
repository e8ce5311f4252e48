//! Who a leg reaches, and what it is shown. `Debug` masks both: they are people's numbers.

use std::fmt;

use sautikit_api::{
    actions::{Callee, DialTarget},
    calls::LegKind,
};

use crate::{leg_status::LegTold, output::LegId, shared::Shared};

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

/// Somebody to ring, and what holds for that alone.
pub(crate) struct Candidate {
    pub(crate) target: Target,
    /// Which of the targets it is, from 0.
    pub(crate) place: usize,
    /// What its SIP server is told where it asks who calls.
    pub(crate) login: Option<Login>,
    /// Who is told what becomes of it.
    pub(crate) told: Option<LegTold>,
}

impl Candidate {
    /// Of a dial; URLs are relative to the answer that it stands in.
    pub(crate) fn of(shared: &Shared, place: usize, callee: &Callee) -> Self {
        let login = callee.username.clone().zip(callee.password.clone());
        let told = shared.absolute(callee.status_callback.as_deref());
        Self {
            target: Target::from(&callee.target),
            place,
            login: login.map(|(username, password)| Login { username, password }),
            told: told.map(|url| LegTold::new(url, callee.status_callback_event.clone())),
        }
    }
}

impl From<Target> for Candidate {
    fn from(target: Target) -> Self {
        Self { target, place: 0, login: None, told: None }
    }
}

/// Name and password at somebody else's SIP server. `Debug` masks both.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(_)")
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
    /// What the server of a SIP address outside is told where it asks who calls.
    pub login: Option<Login>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(_)")
    }
}
