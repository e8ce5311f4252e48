//! What we do for trunks without a call: registering with those that want it, and asking others whether they are there.
//!
//! One task looks at all of them; what takes time is a task of its own that brings the news back. A trunk that is not
//! registered or does not answer is tried after those that are well. Every node does this for itself: a carrier knows each
//! of our addresses.

mod letter;
pub mod state;
mod told;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sip::message::{Headers, Method};
use sip::ua::{Event, OutsideRequest, Path, Register};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::state::{Reachability, Registration};
use super::Trunk;
use crate::gateway::Gateway;
use crate::gateway::sip::{Hop, datagram_path};
use crate::state::AppState;
use crate::trunks::{Asked, Health};

pub use self::told::TellUnregistered;

/// Between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// News that may wait: a handful a minute of each trunk.
const NEWS_QUEUE: usize = 256;
/// What we ask a registrar for; it grants less where it wants.
const EXPIRES: Duration = Duration::from_secs(3_600);
/// Failures in a row after which it is told, once until it is registered again: one may be a restart.
const TOLD_AFTER: u32 = 2;
/// Between two times that the same trunk is told of.
const TOLD_EVERY: Duration = Duration::from_secs(3_600);
/// For the registrations that end with this node.
const FAREWELL_WITHIN: Duration = Duration::from_secs(2);

/// What failed where no connection could be opened.
const UNREACHED: u16 = 503;

/// What came of something.
enum News {
    Held(Duration),
    Failed(u16),
    Asked(Option<u16>),
}

/// Brings the news of one trunk, as it was set up then.
struct Teller {
    name: String,
    generation: u64,
    tell: mpsc::Sender<(String, u64, News)>,
}

impl Teller {
    async fn tell(&self, news: News) {
        // Nobody listens when the node stops.
        let _ = self.tell.send((self.name.clone(), self.generation, news)).await;
    }
}

/// One trunk that is kept up.
struct Kept {
    trunk: Arc<Trunk>,
    /// Tells its news from those of the same trunk with other settings.
    generation: u64,
    registration: Option<Registration>,
    /// Ends the registration when it is dropped.
    binding: Option<Binding>,
    reachability: Option<Reachability>,
    /// What came of the last question.
    asked: Option<Asked>,
    was_told: bool,
}

/// A registration of ours, from the first REGISTER to the last.
struct Binding {
    /// Another one takes its place at the registrar, under the same address and Contact: removing this would remove that.
    is_replaced: Arc<AtomicBool>,
    _ends: tokio_util::sync::DropGuard,
}

struct Upkeeper {
    gateway: Arc<Gateway>,
    kept: HashMap<String, Kept>,
    /// When a trunk was last told of: one that comes and goes is one thing to tell.
    told_at: HashMap<String, Duration>,
    generation: u64,
    tell: mpsc::Sender<(String, u64, News)>,
}

/// Runs until the node stops or takes no more calls; then the registrations end.
pub(in crate::gateway) async fn run(gateway: Arc<Gateway>) {
    let (tell, mut told) = mpsc::channel(NEWS_QUEUE);
    let app = gateway.app.clone();
    let mut upkeeper = Upkeeper { gateway, kept: HashMap::new(), told_at: HashMap::new(), generation: 0, tell };
    loop {
        tokio::select! {
            () = app.draining.cancelled() => break,
            Some((name, generation, news)) = told.recv() => upkeeper.hear(&name, generation, news).await,
            () = sleep(LOOK_EVERY) => upkeeper.look(),
        }
    }
    upkeeper.kept.clear();
    // Their tasks hold a sender each until the carrier has answered.
    drop(upkeeper);
    let _ = timeout(FAREWELL_WITHIN, async { while told.recv().await.is_some() {} }).await;
}

impl Upkeeper {
    fn now(&self) -> Duration {
        self.gateway.app.clock.monotonic()
    }

    /// Takes up what is new, lets go of what is gone, does what is due.
    fn look(&mut self) {
        let table = self.gateway.trunks.table();
        let wanted: HashMap<_, _> = table
            .open()
            .filter(|trunk| trunk.upkeep != Default::default())
            .map(|trunk| (trunk.name.clone(), trunk.clone()))
            .collect();
        let is_same = |kept: &Kept, trunk: &Trunk| {
            (&kept.trunk.upkeep, kept.trunk.address, &kept.trunk.hop) == (&trunk.upkeep, trunk.address, &trunk.hop)
                && (&kept.trunk.auth, &kept.trunk.shape) == (&trunk.auth, &trunk.shape)
        };
        self.kept.retain(|name, kept| {
            let Some(trunk) = wanted.get(name) else { return false };
            let is_same = is_same(kept, trunk);
            if let Some(binding) = kept.binding.as_ref().filter(|_| !is_same && has_same_binding(&kept.trunk, trunk)) {
                binding.is_replaced.store(true, Ordering::Release);
            }
            is_same
        });
        let now = self.now();
        for (name, trunk) in wanted {
            if !self.kept.contains_key(&name) {
                self.take_up(name, trunk);
            }
        }
        let mut due = Vec::new();
        for kept in self.kept.values_mut() {
            let registers = kept.registration.as_mut().is_some_and(|registration| registration.ask(now));
            let asks = kept.reachability.as_mut().is_some_and(|reachability| reachability.ask(now));
            due.push((kept.trunk.clone(), kept.generation, registers, asks));
        }
        for (trunk, generation, registers, asks) in due {
            if registers {
                self.register(&trunk, generation);
            }
            if asks {
                self.ask(trunk, generation);
            }
        }
        self.show();
    }

    fn take_up(&mut self, name: String, trunk: Arc<Trunk>) {
        self.generation += 1;
        let registers = trunk.upkeep.register;
        let kept = Kept {
            trunk: trunk.clone(),
            generation: self.generation,
            registration: registers.then_some(Registration::FIRST),
            binding: None,
            reachability: trunk.upkeep.options_every.map(|every| Reachability::new(self.now(), every)),
            asked: None,
            was_told: false,
        };
        self.kept.insert(name, kept);
        if registers {
            self.register(&trunk, self.generation);
        }
    }

    /// Registers, and brings what comes of it until it fails or is not wanted any more.
    fn register(&mut self, trunk: &Arc<Trunk>, generation: u64) {
        let ends = CancellationToken::new();
        let is_replaced = Arc::new(AtomicBool::new(false));
        if let Some(kept) = self.kept.get_mut(&trunk.name) {
            kept.binding = Some(Binding { is_replaced: is_replaced.clone(), _ends: ends.clone().drop_guard() });
        }
        let teller = Teller { name: trunk.name.clone(), generation, tell: self.tell.clone() };
        let (gateway, trunk) = (self.gateway.clone(), trunk.clone());
        tokio::spawn(async move {
            let mut failed = UNREACHED;
            for place in trunk.places() {
                let Some(path) = reach(&gateway, place).await else { continue };
                match registered(&gateway, (&trunk, path), (&ends, &is_replaced), &teller).await {
                    // Another of its places may take it.
                    Some(status) if is_nobodys(status) && !ends.is_cancelled() => failed = status,
                    Some(status) => {
                        failed = status;
                        break;
                    }
                    None => return,
                }
            }
            teller.tell(News::Failed(failed)).await;
        });
    }

    /// Asks whether the trunk is there.
    fn ask(&self, trunk: Arc<Trunk>, generation: u64) {
        let (gateway, tell) = (self.gateway.clone(), self.tell.clone());
        tokio::spawn(async move {
            let mut status = None;
            for place in trunk.places() {
                let Some(path) = reach(&gateway, place).await else { continue };
                let target = trunk.uri_of("");
                let request = OutsideRequest {
                    method: Method::Options,
                    path,
                    to: format!("<{target}>"),
                    target,
                    from: format!("<sip:{}>", gateway.app.config.sip.domain),
                    headers: Headers::new(),
                    body: None,
                    // A challenge answers the question too.
                    auth: None,
                };
                status = gateway.sip.ask(request).await;
                // A call would go to the next of its places.
                if status.is_some_and(|status| !is_nobodys(status)) {
                    break;
                }
            }
            // Nobody listens when the node stops.
            let _ = tell.send((trunk.name.clone(), generation, News::Asked(status))).await;
        });
    }

    async fn hear(&mut self, name: &str, generation: u64, news: News) {
        let now = self.now();
        let Some(kept) = self.kept.get_mut(name).filter(|kept| kept.generation == generation) else { return };
        match news {
            News::Held(expires) => {
                if let Some(registration) = &mut kept.registration {
                    if !matches!(registration, Registration::Held { .. }) {
                        tracing::info!(trunk = name, expires_seconds = expires.as_secs(), "registered");
                    }
                    registration.held(now, expires);
                    kept.was_told = false;
                }
            }
            News::Failed(status) => {
                kept.binding = None;
                let failures = kept.registration.as_mut().map_or(0, |registration| registration.failed(now, status));
                tracing::warn!(trunk = name, status, failures, "the trunk does not take our registration");
                let was_told_lately = self.told_at.get(name).is_some_and(|at| now.saturating_sub(*at) < TOLD_EVERY);
                if failures >= TOLD_AFTER && !kept.was_told && !was_told_lately {
                    kept.was_told = true;
                    self.told_at.insert(name.to_owned(), now);
                    let (app, name) = (self.gateway.app.clone(), name.to_owned());
                    tokio::spawn(async move { told::tell_until_written(&app, &name, status).await });
                }
            }
            News::Asked(status) => {
                kept.asked = Some(Asked { at: self.gateway.app.now_us(), status });
                if let Some(reachability) = &mut kept.reachability {
                    let before = reachability.is_there();
                    reachability.told(status);
                    match (before, reachability.is_there()) {
                        (Some(true) | None, Some(false)) => tracing::warn!(trunk = name, "the trunk does not answer"),
                        (Some(false), Some(true)) => tracing::info!(trunk = name, "the trunk answers again"),
                        _ => {}
                    }
                }
            }
        }
        self.show();
    }

    fn show(&self) {
        let health = self.kept.iter().map(|(name, kept)| {
            let health = Health {
                registration: kept.registration.map(|registration| shown(&self.gateway.app, registration)),
                is_reachable: kept.reachability.and_then(|reachability| reachability.is_there()),
                asked: kept.asked,
            };
            (name.clone(), health)
        });
        self.gateway.trunks.set_health(health.collect());
    }
}

/// Whether a registrar takes the registrations of these two for one: the same address of record and Contact, whichever of its
/// hosts they go to.
fn has_same_binding(before: &Trunk, after: &Trunk) -> bool {
    let binding = |trunk: &Trunk| {
        let user = trunk.account().unwrap_or_default().to_owned();
        // Contact has the name of our end of the transport.
        (trunk.address_of_record(&user).to_string(), user, trunk.hop.as_ref().map(|hop| hop.transport))
    };
    after.upkeep.register && binding(before) == binding(after)
}

/// The path to a place of a trunk; none where no connection can be opened.
async fn reach(gateway: &Gateway, (address, hop): (SocketAddr, Option<Hop>)) -> Option<Path> {
    match hop {
        Some(hop) => gateway.sip.connect(hop, false).await,
        None => Some(datagram_path(address)),
    }
}

/// Whether this says of one place of a trunk that nobody is there, so that the next is asked (RFC 3263 §4.3): silence, or one that
/// can't serve now.
const fn is_nobodys(status: u16) -> bool {
    matches!(status, 408 | 503)
}

/// Keeps a registration at one place, and tells when it is held. The status by which it was refused before it was ever held; none
/// when it is over otherwise, which was told.
async fn registered(
    gateway: &Gateway,
    (trunk, path): (&Trunk, Path),
    (ends, is_replaced): (&CancellationToken, &AtomicBool),
    teller: &Teller,
) -> Option<u16> {
    let user = trunk.account().unwrap_or_default();
    let register = Register {
        path,
        registrar: trunk.uri_of(""),
        address_of_record: format!("<{}>", trunk.address_of_record(user)),
        contact: None,
        expires: EXPIRES,
        headers: Headers::new(),
        auth: trunk.auth.clone(),
    };
    let (number, mut events) = gateway.sip.register(register, user.to_owned()).await;
    let (mut is_ending, mut was_held) = (false, false);
    loop {
        tokio::select! {
            event = events.recv() => match event.map(|event| *event) {
                Some(Event::Registered { expires, .. }) => {
                    was_held = true;
                    teller.tell(News::Held(expires)).await;
                }
                Some(Event::RegistrationFailed { failure, .. }) if was_held => {
                    teller.tell(News::Failed(failure.status())).await;
                    return None;
                }
                Some(Event::RegistrationFailed { failure, .. }) => return Some(failure.status()),
                _ => return None,
            },
            () = ends.cancelled(), if !is_ending => {
                if is_replaced.load(Ordering::Acquire) {
                    gateway.sip.forget_registration(number).await;
                    return None;
                }
                is_ending = true;
                gateway.sip.unregister(number).await;
            }
        }
    }
}

fn shown(app: &AppState, registration: Registration) -> crate::trunks::Registration {
    use crate::trunks::Registration as Shown;
    let now = app.clock.monotonic();
    let when = |at: Duration| {
        let left = i64::try_from(at.saturating_sub(now).as_micros()).unwrap_or(i64::MAX);
        app.now_us().saturating_add(left)
    };
    match registration {
        Registration::Asking { .. } => Shown::Asking,
        Registration::Held { until } => Shown::Held { until: when(until) },
        Registration::Failed { status, next_at, .. } => Shown::Failed { status, next_attempt_at: when(next_at) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    async fn trunk(change: impl FnOnce(&mut config::Trunk)) -> Trunk {
        let text = r#"name = "carrier"
            address = "192.0.2.1:5060"
            prefixes = ["+"]
            username = "account"
            password = "first"
            priority = 1
            register = true"#;
        let mut settings: config::Trunk = toml::from_str(text).expect("settings");
        change(&mut settings);
        Trunk::from_settings(&settings, None, &crate::entropy::Entropy::seeded(1)).await.expect("a trunk")
    }

    #[tokio::test]
    async fn a_registration_that_takes_the_place_of_another_is_not_removed_with_it() {
        let before = trunk(|_| {}).await;
        for change in [
            (|settings: &mut config::Trunk| settings.password = Some("second".to_owned())) as fn(&mut config::Trunk),
            |settings: &mut config::Trunk| settings.options_every_seconds = Some(30),
        ] {
            assert!(has_same_binding(&before, &trunk(change).await));
        }
        for change in [
            (|settings: &mut config::Trunk| settings.username = Some("other".to_owned())) as fn(&mut config::Trunk),
            |settings: &mut config::Trunk| settings.domain = Some("carrier.example".to_owned()),
            |settings: &mut config::Trunk| settings.address = "192.0.2.2:5060".to_owned(),
            |settings: &mut config::Trunk| settings.transport = config::TrunkTransport::Tcp,
            |settings: &mut config::Trunk| settings.register = false,
        ] {
            assert!(!has_same_binding(&before, &trunk(change).await));
        }
    }
}
