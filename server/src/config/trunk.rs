//! `[[trunk]]`: carriers of the configuration file; those of the operator API stand beside them.

use serde::Deserialize;

/// One carrier.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Unique among the trunks; shown in logs and on calls.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// How SIP travels.
    #[serde(default)]
    pub transport: TrunkTransport,
    /// Destinations that it serves, as E.164 prefixes with `+`.
    pub prefixes: Vec<String>,
    /// Addresses or networks that its calls come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// ISO 3166-1 alpha-2: the country of numbers that it writes in national form.
    #[serde(default)]
    pub country: Option<String>,
    /// For digest authentication towards the carrier.
    #[serde(default)]
    pub username: Option<String>,
    /// For digest authentication towards the carrier.
    #[serde(default)]
    pub password: Option<String>,
    /// Names as in SDP, the preferred first; both G.711 variants when absent.
    #[serde(default = "Trunk::g711")]
    pub codecs: Vec<String>,
    /// The lower is tried first.
    #[serde(default = "Trunk::middle_priority")]
    pub priority: u32,
    /// Calls at a time; no limit when absent.
    #[serde(default)]
    pub max_calls: Option<u32>,
}

/// How SIP travels to a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkTransport {
    /// Datagrams.
    #[default]
    Udp,
    /// A connection.
    Tcp,
    /// A connection under TLS.
    Tls,
}

impl Trunk {
    /// The codecs of a carrier that says nothing about them: both G.711 variants.
    pub fn g711() -> Vec<String> {
        vec!["PCMA".to_owned(), "PCMU".to_owned()]
    }

    /// Where a carrier that says nothing about it stands in the order of trying.
    pub const fn middle_priority() -> u32 {
        100
    }
}

impl TrunkTransport {
    /// Its name in the file and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl std::fmt::Debug for Trunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trunk").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}
