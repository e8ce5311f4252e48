//! Who is talked to at the UDP socket, decided before anything of theirs is kept (gateway.md, "Who may talk to it").
//!
//! ```text
//!  trunk, ourselves, what continues something ──► the user agent
//!  blocked address ─────────────────────────────► silence, unread
//!  noise, response to nothing ──────────────────► silence, a strike
//!  scanner, request for a domain not ours ──────► silence, strikes
//!  in-dialog INVITE of no dialog ───────────────► silence, a strike: an answer would be repeated to a forged address
//!  other request of no dialog ──────────────────► 481 without state, a strike
//!  REGISTER and INVITE without an answer to a
//!  challenge that was heard at this address ────► 401 without state, a strike: what comes of them could go to a forged address
//!  OPTIONS, a method that is not served ────────► 200, 405 or 501 without state, a strike
//!  both with one, REGISTER with a bearer token ─► the user agent, then admission; a failed proof is a strike
//! ```
//! TCP and TLS connections are judged alike, and closed when much of it was said on them; an address that is blocked gets none.
//! Strangers' WebSockets are judged alike, but by connection and not by address: behind a proxy many browsers share one.
//! A connection proves that its peer hears us, so that an INVITE with credentials goes on to admission there.

pub(super) mod http;
mod offenders;
pub(super) mod old_phones;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sip::auth::bearer_token;
use sip::message::{HeaderName, Method, Request, StatusCode, Uri};
use sip::ua::Party;

use self::offenders::{Offenders, TOLERANCE};
use super::authentication::{Authentication, Unproven};
use super::on_net::OnNet;
use super::sip::{Judgement, Offence, Reason, Screening, Sender, Verdict};
use super::trunks::Trunks;
use crate::state::AppState;

pub use self::offenders::Stranger;

/// Asking for somebody else's domain: a relay hunter, or a phone with a typing error that tries again.
const FOREIGN: u32 = 4;
/// A challenge, a proof that failed, or another answer that led to nothing.
const FAILURE: u32 = 1;
/// Our own number among the trunks: on-net calls come from our own socket.
const OURSELVES: u32 = u32::MAX;
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
        let offence = Offence { reason: Reason::FailedProof, strikes: FAILURE };
        Screening::strike(self, self.app.clock.monotonic(), source, offence);
    }

    /// A stranger has proven who it is.
    pub fn proven(&self, source: SocketAddr) {
        self.offenders.lock().forgive(self.app.clock.monotonic(), source.ip());
    }

    /// Whom something is held against now, the worst first, so many at most.
    pub fn strangers(&self, most: usize) -> Vec<Stranger> {
        self.offenders.lock().list(self.app.clock.monotonic(), most)
    }

    /// Forgets what is held against an address. False: nothing was.
    pub fn forget(&self, address: IpAddr) -> bool {
        self.offenders.lock().forget(self.app.clock.monotonic(), address)
    }

    /// What was kept out.
    pub fn gauge(&self) -> DoorGauge {
        let blocked = self.offenders.lock().blocked(self.app.clock.monotonic());
        DoorGauge { silenced: self.silenced.load(Ordering::Relaxed), blocked }
    }

    fn challenge(&self, sender: Sender, unproven: Unproven) -> Verdict {
        let source = match sender {
            Sender::Datagram(source) | Sender::Stream(source) => Some(source),
            Sender::Web => None,
        };
        Verdict::Answer(Box::new(self.authentication.challenge(&self.app, source, unproven)))
    }

    /// Whether a request with credentials goes on to admission: on a connection always.
    fn is_heard(&self, sender: Sender, request: &Request) -> bool {
        match sender {
            Sender::Datagram(source) => self.authentication.is_heard(&self.app, source, request),
            Sender::Stream(_) | Sender::Web => true,
        }
    }
}

impl Screening for GatewayDoor {
    fn party_of(&self, source: SocketAddr) -> Party {
        if self.on_net.is_from_us(source) {
            return Party::Trunk(OURSELVES);
        }
        self.trunks.table().by_source(source).map_or(Party::Stranger, |entry| Party::Trunk(entry.number))
    }

    fn party_of_certificate(&self, is_of: &dyn Fn(&str) -> bool) -> Option<Party> {
        self.trunks.table().by_certificate(is_of).map(|entry| Party::Trunk(entry.number))
    }

    fn revision(&self) -> u64 {
        self.trunks.revision()
    }

    fn is_open_to(&self, now: Duration, source: SocketAddr) -> bool {
        let is_blocked = self.offenders.lock().is_blocked(now, source.ip());
        if is_blocked {
            self.silenced();
        }
        !is_blocked
    }

    fn judge(&self, request: &Request, sender: Sender) -> Judgement {
        let over_datagrams = matches!(sender, Sender::Datagram(_));
        let of = |verdict, reason, strikes| Judgement { verdict, offence: Offence { reason, strikes } };
        if is_scanner(request) {
            return of(Verdict::Silence, Reason::Scanner, TOLERANCE);
        }
        match request.method {
            // The ACK of a refusal that was answered without state, which is in order.
            Method::Ack => return of(Verdict::Silence, Reason::Other, 0),
            // On a WebSocket the domain is the web server's business.
            _ if sender != Sender::Web && !self.own.include(&request.uri) => {
                return of(Verdict::Silence, Reason::ForeignDomain, FOREIGN);
            }
            Method::Invite if over_datagrams && is_in_dialog(request) => {
                return of(Verdict::Silence, Reason::NoDialog, FAILURE);
            }
            _ => {}
        }
        let no_dialog = || (Verdict::Capabilities(StatusCode::CALL_DOES_NOT_EXIST), Reason::NoDialog);
        let (verdict, reason) = match request.method {
            _ if is_in_dialog(request) => no_dialog(),
            Method::Bye | Method::Cancel | Method::Update | Method::Info | Method::Prack => no_dialog(),
            Method::Options => (Verdict::Capabilities(StatusCode::OK), Reason::Other),
            // Looked at by what it says of itself alone; it proves its workspace, which answers for where it is called.
            Method::Register if has_bearer(request) => return of(Verdict::Enter, Reason::Other, 0),
            // A binding by datagrams is where we call later: nobody registers an address at which no challenge was heard.
            Method::Register | Method::Invite if has_credentials(request) => {
                if self.is_heard(sender, request) {
                    return of(Verdict::Enter, Reason::Other, 0);
                }
                // A device keeps its nonce for longer than it is good, or has come to another address.
                (self.challenge(sender, Unproven::Stale), Reason::Unproven)
            }
            Method::Register | Method::Invite => (self.challenge(sender, Unproven::Nothing), Reason::Unproven),
            Method::Other(_) => (Verdict::Capabilities(StatusCode::NOT_IMPLEMENTED), Reason::Other),
            _ => (Verdict::Capabilities(StatusCode::METHOD_NOT_ALLOWED), Reason::Other),
        };
        of(verdict, reason, FAILURE)
    }

    fn strike(&self, now: Duration, source: SocketAddr, offence: Offence) {
        if self.offenders.lock().strike(now, source.ip(), offence) {
            tracing::warn!(address = %source.ip(), "a SIP source failed too often; it gets silence for a while");
        }
    }

    fn silenced(&self) {
        self.silenced.fetch_add(1, Ordering::Relaxed);
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

fn is_in_dialog(request: &Request) -> bool {
    request.to().is_ok_and(|to| to.tag().is_some())
}

fn has_credentials(request: &Request) -> bool {
    request.headers.contains(&HeaderName::Authorization) || request.headers.contains(&HeaderName::ProxyAuthorization)
}

fn has_bearer(request: &Request) -> bool {
    request.authorizations().is_ok_and(|all| all.iter().any(|one| bearer_token(one).is_some()))
}

fn is_scanner(request: &Request) -> bool {
    let Ok(Some(agent)) = request.headers.text(&HeaderName::UserAgent) else { return false };
    let agent = agent.to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| agent.contains(scanner))
}
