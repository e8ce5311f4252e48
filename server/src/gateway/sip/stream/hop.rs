//! Where a connection leads.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use sip::ua::LocalId;

use crate::gateway::sip::{TCP, TLS};

/// A transport of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamTransport {
    /// In clear.
    Tcp,
    /// Under TLS.
    Tls,
}

/// The other end of a connection that is there or can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hop {
    /// In clear or not.
    pub transport: StreamTransport,
    /// Where it is.
    pub remote: SocketAddr,
    /// The name that its certificate must be for; none: its address.
    pub name: Option<String>,
}

impl StreamTransport {
    /// Its name in settings and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Our end of it.
    pub(in crate::gateway::sip) const fn local(self) -> LocalId {
        match self {
            Self::Tcp => TCP,
            Self::Tls => TLS,
        }
    }
}
