//! Opens the gateway's sockets and tasks in order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::authentication::Authentication;
use super::conferences::{Conferences, ServerHouse};
use super::control::CallControl;
use super::door::GatewayDoor;
use super::edge::{Edge, presence};
use super::figures::CallFigures;
use super::files::Files;
use super::instances::Instances;
use super::leg::WebrtcPort;
use super::media::{MediaHandle, MediaSettings};
use super::on_net::OnNet;
use super::overload::{self, Overload};
use super::queues::Queues;
use super::registrar::Registrar;
use super::sandbox::{Sandbox, SandboxError};
use super::shadow::Underway;
use super::sip::{Connections, Endpoint, EndpointError, Sockets, Traced};
use super::speech::Speech;
use super::trunks::preview::Previewer;
use super::trunks::refresh::{self, Source};
use super::trunks::{TrunkError, Trunks, upkeep};
use super::{Gateway, incoming, last_heard, recovered};
use crate::calls::{Hub, Recovered};
use crate::config::TcpPort;
use crate::descriptors;
use crate::state::AppState;
use crate::tls::Certificates;
use crate::trunks;
use crate::webhooks::client::Customers;

/// Most media threads. Calls stay on the first until it is loaded, and an idle one sleeps; eight transcode a thousand calls,
/// which is more than the rest of one node is made for.
const MEDIA_THREADS_MOST: usize = 8;

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The SIP endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A carrier of the configuration.
    #[error(transparent)]
    Trunk(#[from] TrunkError),
    /// The built-in carrier.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The media engine.
    #[error("media engine: {0}")]
    Media(#[source] std::io::Error),
    /// The HTTP client.
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// A running gateway.
pub struct Started {
    /// What it shares.
    pub gateway: Arc<Gateway>,
    /// Where SIP over UDP listens.
    pub sip_address: SocketAddr,
    /// Where SIP over TLS listens; none without certificates.
    pub tls_address: Option<SocketAddr>,
    /// The port of browsers' media.
    pub media_address: SocketAddr,
}

/// Starts the gateway and gives it to the calls room, and ends what an earlier process left: its callers are turned away before
/// anything is read, its dialogs are ended beside what begins now.
pub async fn start(app: &AppState, left: Vec<Recovered>) -> Result<Started, GatewayError> {
    let config = &app.config;
    let media = MediaHandle::start(&MediaSettings {
        listen: config.media.listen.ip(),
        public_ip: config.media.public_ip,
        rtp_ports: Some(config.media.rtp_ports.first..=config.media.rtp_ports.last),
        threads: std::thread::available_parallelism().map_or(1, usize::from).min(MEDIA_THREADS_MOST),
        entropy: app.entropy.clone(),
    })
    .map_err(GatewayError::Media)?;
    let mut media_listen = free(app, "media.listen", config.media.listen);
    let tcp_port = config.media.tcp_port;
    if tcp_port == TcpPort::Same {
        media_listen = free_of_connections(app, "media.listen", media_listen);
    }
    let webrtc = WebrtcPort::bind(media_listen, tcp_port, config.media.public_ip, app.entropy.clone())
        .map_err(GatewayError::Media)?;
    let media_address = webrtc.local();
    let endpoint = Endpoint {
        listen: free_of_connections(app, "sip.listen", free(app, "sip.listen", config.sip.listen)),
        public_ip: config.media.public_ip,
        domain: config.sip.domain.clone(),
        secure_web: app.is_https(),
        product: concat!("Sautikit/", env!("CARGO_PKG_VERSION")).to_owned(),
        seed: app.entropy.bytes(),
        clock: app.clock.clone(),
        stopping: app.stopping.clone(),
        connections: Some(Connections { app: app.clone(), tls_listen: tls_listen(app) }),
        traced: (config.calls.trace_days > 0).then(|| Traced {
            room: Hub::of(app).writer().trace_room().clone(),
            web: config.http.listen,
            is_web_secure: app.is_https(),
        }),
    };
    let endpoint = endpoint.bind()?;
    let (sip_address, tls_address) = (endpoint.address(), endpoint.tls_address());
    let speech = Speech::new(&config.speech, app.clock.clone())?;
    let sandbox =
        if config.has_sandbox() { Some(Sandbox::start(app, &media, &speech, sip_address).await?) } else { None };
    let mut source = Source::new(app, sandbox.as_ref().map(Sandbox::address));
    let trunks = Arc::new(Trunks::new(source.first().await?));
    let contacts = endpoint.config().locals.iter().map(|local| format!("<{}>", local.contact)).collect();
    let instances = Arc::new(Instances::default());
    let edge = Edge::new(app, instances.clone(), contacts)?;
    let previewer = Previewer::new(endpoint.config().clone(), config.sip.domain.clone(), config.media.public_ip);
    trunks.preview_by(previewer);
    let trunks_changed = app.part::<trunks::Trunks>().connect(trunks.clone());
    app.tasks.spawn(refresh::run(source, trunks.clone(), trunks_changed));
    let on_net = Arc::new(OnNet::new(sip_address, app.entropy.bytes()));
    let authentication = Arc::new(Authentication::new(&config.sip.domain, app.entropy.bytes()));
    let door = GatewayDoor::new(app, authentication.clone(), trunks.clone(), on_net.clone(), sip_address);
    let door = Arc::new(door);
    let (sip, incoming) = endpoint.start(Some(door.clone()), &recovered::callers(&left));
    let http = app.part::<Customers>().0.clone();
    let files = Files::new(http.clone(), app.clock.clone(), config.is_development());
    let gateway = Arc::new(Gateway {
        app: app.clone(),
        sip,
        conferences: Conferences::new(media.clone(), ServerHouse::new(app)),
        queues: Queues::new(app),
        media,
        webrtc,
        trunks,
        on_net,
        door,
        sandbox,
        instances,
        sockets: Sockets::new(descriptors::for_web_sockets()),
        registrar: Registrar::default(),
        edge,
        authentication,
        tls_port: tls_address.map(|address| address.port()),
        speech,
        files,
        http,
        figures: CallFigures::default(),
        overload: Overload::default(),
        shadows: Underway::default(),
        calls: Mutex::new(HashMap::new()),
    });
    app.tasks.spawn(incoming::run(gateway.clone(), incoming));
    app.tasks.spawn(last_heard::run(gateway.clone()));
    app.tasks.spawn(upkeep::run(gateway.clone()));
    app.tasks.spawn(presence::keep(gateway.clone()));
    app.tasks.spawn(overload::watch(gateway.clone()));
    Hub::of(app).connect(Arc::new(CallControl(gateway.clone())));
    let ending = gateway.clone();
    app.tasks.spawn(async move { recovered::end_recovered(&ending, left).await });
    Ok(Started { gateway, sip_address, tls_address, media_address })
}

/// Where TLS listens: not at all without certificates.
fn tls_listen(app: &AppState) -> Option<SocketAddr> {
    let address = app.config.sip.tls_listen;
    app.part::<Certificates>().sip_server().is_some().then(|| free_of_connections(app, "sip.tls_listen", address))
}

/// As [`free`].
fn free_of_connections(app: &AppState, key: &'static str, address: SocketAddr) -> SocketAddr {
    let taken = std::net::TcpListener::bind(address).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
    give_way(app, key, address, taken)
}

/// The address of a setting, or a free port beside it when another process has it on a developer's machine.
fn free(app: &AppState, key: &'static str, address: SocketAddr) -> SocketAddr {
    let taken = std::net::UdpSocket::bind(address).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
    give_way(app, key, address, taken)
}

fn give_way(app: &AppState, key: &'static str, address: SocketAddr, taken: bool) -> SocketAddr {
    if taken && app.config.is_development() {
        tracing::warn!("{address} (`{key}`) is taken; listening on a free port instead");
        return SocketAddr::new(address.ip(), 0);
    }
    address
}
