//! Who is talked to at the UDP socket, decided before anything of theirs is kept (gateway.md, "Who may talk to it").
//!
//! ```text
//!  blocked address ─────────────────────────────► silence, unread
//!  trunk, ourselves, response, in-dialog ───────► the user agent
//!  scanner, request for a domain not ours ──────► silence, strikes
//!  REGISTER or INVITE without credentials ──────► 401 without state, a strike
//!  everything else ─────────────────────────────► the user agent, then admission; a failed proof is a strike
//! ```
//! WebSockets do not come here: behind a proxy many browsers share an address, and their tokens cost nobody anything.

mod offenders;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sip::message::{HeaderName, Method, Request, Uri};

use self::offenders::{Offenders, TOLERANCE};
use super::authentication::{Authentication, Unproven};
use super::on_net::OnNet;
use super::sip::{Door, Verdict};
use super::trunks::Trunks;
use crate::state::AppState;

/// Asking for somebody else's domain: a relay hunter, or a phone with a typing error that tries again.
const FOREIGN: u32 = 4;
/// A challenge, or a proof that failed.
const FAILURE: u32 = 1;
/// Words in User-Agent by which scanners say what they are.
const SCANNERS: [&str; 8] =
    ["friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "pplsip", "vaxsipuseragent", "iwar"];

/// The gateway's door.
pub struct GatewayDoor {
    app: AppState,
    authentication: Arc<Authentication>,
    trunks: Arc<Trunks>,
    on_net: Arc<OnNet>,
    own: OwnNames,
    offenders: Mutex<Offenders>,
    silenced: AtomicU64,
}

/// What the door has kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoorGauge {
    /// Datagrams that got silence since the start.
    pub silenced: u64,
    /// Addresses that are blocked now.
    pub blocked: usize,
}

/// The names by which we are asked for.
struct OwnNames {
    domain: String,
    /// None: every address of this machine may be ours.
    addresses: Option<Vec<IpAddr>>,
}

impl GatewayDoor {
    /// `listening`: the bound SIP address.
    pub fn new(
        app: &AppState,
        authentication: Arc<Authentication>,
        trunks: Arc<Trunks>,
        on_net: Arc<OnNet>,
        listening: SocketAddr,
    ) -> Self {
        let domain = app.config.sip.domain.clone();
        let addresses = (!listening.ip().is_unspecified()).then(|| {
            let of_domain = domain.parse().ok();
            [listening.ip(), app.config.media.public_ip].into_iter().chain(of_domain).collect()
        });
        Self {
            app: app.clone(),
            authentication,
            trunks,
            on_net,
            own: OwnNames { domain, addresses },
            offenders: Mutex::default(),
            silenced: AtomicU64::new(0),
        }
    }

    /// A stranger's proof failed.
    pub fn failed(&self, source: SocketAddr) {
        self.strike(self.app.clock.monotonic(), source, FAILURE);
    }

    /// A stranger has proven who it is.
    pub fn proven(&self, source: SocketAddr) {
        self.offenders.lock().forgive(source.ip());
    }

    /// What was kept out.
    pub fn gauge(&self) -> DoorGauge {
        let blocked = self.offenders.lock().blocked(self.app.clock.monotonic());
        DoorGauge { silenced: self.silenced.load(Ordering::Relaxed), blocked }
    }

    fn strike(&self, now: Duration, source: SocketAddr, strikes: u32) {
        if self.offenders.lock().strike(now, source.ip(), strikes) && !self.trusts(source) {
            tracing::warn!(address = %source.ip(), "a SIP source failed too often; it gets silence for a while");
        }
    }

    /// Configured trunks and ourselves are never blocked.
    fn trusts(&self, source: SocketAddr) -> bool {
        source == self.on_net.address() || self.trunks.by_source(source).is_some()
    }

    fn silence(&self) -> Verdict {
        self.silenced.fetch_add(1, Ordering::Relaxed);
        Verdict::Silence
    }
}

impl Door for GatewayDoor {
    fn is_open_to(&self, now: Duration, source: SocketAddr) -> bool {
        let is_blocked = self.offenders.lock().is_blocked(now, source.ip());
        let is_open = !is_blocked || self.trusts(source);
        if !is_open {
            self.silenced.fetch_add(1, Ordering::Relaxed);
        }
        is_open
    }

    fn judge(&self, now: Duration, source: SocketAddr, request: &Request) -> Verdict {
        if belongs_to_something(request) || self.trunks.by_source(source).is_some() {
            return Verdict::Enter;
        }
        if self.on_net.hops_of(request).is_some() {
            return Verdict::Enter;
        }
        if is_scanner(request) {
            self.strike(now, source, TOLERANCE);
            return self.silence();
        }
        if !self.own.include(&request.uri) {
            self.strike(now, source, FOREIGN);
            return self.silence();
        }
        if matches!(request.method, Method::Invite | Method::Register) && !has_credentials(request) {
            self.strike(now, source, FAILURE);
            return Verdict::Answer(Box::new(self.authentication.challenge(&self.app, Unproven::Nothing)));
        }
        Verdict::Enter
    }
}

impl OwnNames {
    fn include(&self, uri: &Uri) -> bool {
        match uri.host.ip() {
            Some(ip) => self.addresses.as_ref().is_none_or(|own| own.contains(&ip)),
            None => uri.host.to_string().eq_ignore_ascii_case(&self.domain),
        }
    }
}

/// ACK, CANCEL and requests in dialogs are never challenged: they belong to what was let in, or come to nothing.
fn belongs_to_something(request: &Request) -> bool {
    let in_dialog = || request.to().is_ok_and(|to| to.tag().is_some());
    matches!(request.method, Method::Ack | Method::Cancel) || in_dialog()
}

fn has_credentials(request: &Request) -> bool {
    request.headers.contains(&HeaderName::Authorization) || request.headers.contains(&HeaderName::ProxyAuthorization)
}

fn is_scanner(request: &Request) -> bool {
    let Ok(Some(agent)) = request.headers.text(&HeaderName::UserAgent) else { return false };
    let agent = agent.to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| agent.contains(scanner))
}
