//! `[[trunk]]`: carriers of the configuration file; those of the operator API stand beside them.

use serde::{Deserialize, Serialize};

/// Headers of standards that a trunk can hand on: who called first, why it was diverted, and what a STIR passport proves of it.
const PASSABLE: [&str; 8] =
    ["Identity", "Diversion", "History-Info", "User-to-User", "Subject", "Priority", "Call-Info", "P-Charging-Vector"];
/// Longest name of a header that is handed on.
const PASSABLE_MAX_CHARS: usize = 64;

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
    /// Calls that we begin within a second; no limit when absent.
    #[serde(default)]
    pub calls_per_second: Option<u32>,
    /// The name in the certificate that it shows when it connects to us by TLS: then it is this trunk from any address.
    #[serde(default)]
    pub certificate_name: Option<String>,
    /// Host and port where requests go instead of `address`.
    #[serde(default)]
    pub outbound_proxy: Option<String>,
    /// The host in its URIs, From among them; `address` and `sip.domain` when absent.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether we register with it, by `username` and `password`.
    #[serde(default)]
    pub register: bool,
    /// The user part of From, where the carrier wants the account and not the caller there.
    #[serde(default)]
    pub from_user: Option<String>,
    /// Where the caller's number stands.
    #[serde(default)]
    pub identity: IdentityHeader,
    /// How numbers are written.
    #[serde(default)]
    pub number_format: NumberFormat,
    /// Seconds between two OPTIONS that ask whether it is there; none when absent.
    #[serde(default)]
    pub options_every_seconds: Option<u32>,
    /// Whether a call goes on to where the trunk sends it by a 3xx.
    #[serde(default)]
    pub follow_redirects: bool,
    /// Whether its audio is encrypted.
    #[serde(default)]
    pub srtp: SrtpPolicy,
    /// Names of headers that go on from its INVITEs to the legs that its calls reach, and to it from the calls that go by it.
    #[serde(default)]
    pub pass_headers: Vec<String>,
}

impl Default for Trunk {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: String::new(),
            transport: TrunkTransport::Udp,
            prefixes: Vec::new(),
            sources: Vec::new(),
            country: None,
            username: None,
            password: None,
            codecs: Self::g711(),
            priority: Self::middle_priority(),
            max_calls: None,
            calls_per_second: None,
            certificate_name: None,
            outbound_proxy: None,
            domain: None,
            register: false,
            from_user: None,
            identity: IdentityHeader::From,
            number_format: NumberFormat::E164,
            options_every_seconds: None,
            follow_redirects: false,
            srtp: SrtpPolicy::Accepted,
            pass_headers: Vec::new(),
        }
    }
}

/// Gives the values of a setting their names in the file, the API and the database.
macro_rules! named {
    ($of:ident: $($value:ident = $name:literal),*) => {
        impl $of {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$value),*];

            /// Its name in the file, the API and the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }
    };
}

/// Where the number of a caller stands, beside From.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityHeader {
    /// Nowhere else.
    #[default]
    From,
    /// P-Asserted-Identity (RFC 3325).
    Pai,
    /// Remote-Party-ID, which came before it.
    Rpid,
}

/// How numbers are written to a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// `+254722000001`.
    #[default]
    E164,
    /// `254722000001`.
    E164Plain,
    /// `00254722000001`.
    International,
    /// `0722000001` within the trunk's country, and others as `00…`.
    National,
}

/// Whether the audio of a trunk or device is kept from others by SRTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrtpPolicy {
    /// Never: offers that have nothing else are refused.
    Off,
    /// Where the other side offers it; we ourselves offer plain RTP.
    #[default]
    Accepted,
    /// Where the other side takes it: we offer it beside plain RTP (RFC 8643).
    Preferred,
    /// Always: without it there is no call.
    Required,
}

named!(SrtpPolicy: Off = "off", Accepted = "accepted", Preferred = "preferred", Required = "required");
named!(IdentityHeader: From = "from", Pai = "pai", Rpid = "rpid");
named!(NumberFormat: E164 = "e164", E164Plain = "e164_plain", International = "international", National = "national");
named!(TrunkTransport: Udp = "udp", Tcp = "tcp", Tls = "tls");

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

    /// Whether a header of that name may be handed on: one of somebody's own, or one of those that say something about a call
    /// and by which nobody finds a way, proves anything or agrees on anything.
    pub fn may_pass(name: &str) -> bool {
        let is_token = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        let is_own = begins("X-") && !begins("X-Sautikit-") && name.len() > 2;
        let is_known = PASSABLE.iter().any(|known| known.eq_ignore_ascii_case(name));
        name.len() <= PASSABLE_MAX_CHARS && name.chars().all(is_token) && (is_own || is_known)
    }

    /// Where a carrier that says nothing about it stands in the order of trying.
    pub const fn middle_priority() -> u32 {
        100
    }
}

impl std::fmt::Debug for Trunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trunk").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}
