//! `sautikit serve`: opens everything in order, says `ready`, and stops cleanly on SIGTERM or Ctrl-C.

pub mod clean_up;
mod connections;
pub mod control;
mod one_folder;
mod owners;
mod parts;
mod shutdown;
mod strict;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::Recovered;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::db::{Db, Dialect, OpenError};
use crate::entropy::Entropy;
use crate::mail::MailError;
use crate::secrets::{MASTER_KEY_BYTES, Secrets};
use crate::state::{self, AppState, Shared};
use crate::tls::TlsError;
use crate::{calls, jobs, numbers, payments, recordings, requests, shadow, webhooks};
use crate::{descriptors, gateway, http, telephone, tls};

pub use self::parts::parts;

/// Why the server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// PostgreSQL is not brought up to date by a start.
    #[error("the database's tables are not those of this release: run `sautikit migrate` first")]
    NotMigrated,
    /// Sign-in with Google could not be set up.
    #[error("wrong `[google]` in the configuration: {0}")]
    Google(Box<dyn std::error::Error + Send + Sync>),
    /// No HTTP client for payment providers could be made.
    #[error("payment providers can't be reached from here: {0}")]
    Payments(#[source] reqwest::Error),
    /// No HTTP client for the bucket of recordings could be made.
    #[error("the bucket of recordings can't be reached from here: {0}")]
    Storage(#[source] reqwest::Error),
    /// No HTTP client for customers' servers could be made.
    #[error("customers' servers can't be reached from here: {0}")]
    Customers(#[source] reqwest::Error),
    /// The tables could not be read or written.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// Calls of a crash could not be closed.
    #[error(transparent)]
    Recovery(#[from] calls::CallError),
    /// Mail.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A port.
    #[error("cannot listen on {address} (`{key}`): {source}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The master key's file.
    #[error("cannot read or write {path}: {source}")]
    MasterKey {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SIP, media or a carrier.
    #[error(transparent)]
    Gateway(#[from] gateway::GatewayError),
    /// Anything else of the system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs until told to stop.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    descriptors::raise_limit();
    let numbers = tokio::task::spawn_blocking(telephone::load);
    let listener = listen("http.listen", config.http.listen, config.is_development()).await?;
    let http_address = listener.local_addr()?;
    let app = open(config, http_address).await?;
    match app.db.dialect() {
        Dialect::Sqlite => app.db.migrate().await?,
        // Several nodes share it, so that its changes are the operator's step.
        Dialect::Postgres if app.db.is_migrated().await? => {}
        Dialect::Postgres => return Err(ServeError::NotMigrated),
    }
    Db::remember(&app.config.database, &app.config.data_dir)?;

    let recovered = start_rooms(&app).await?;
    // The first call would hold up all others, and whoever asks whether this node is there.
    let _ = numbers.await;

    let started = gateway::start(&app, recovered).await?;
    serve_metrics(&app, started.gateway.clone()).await?;
    serve_nodes(&app, started.gateway.clone()).await?;
    let (sip_address, media_address) = (started.sip_address, started.media_address);

    app.tasks.spawn(control::serve(app.clone(), started.gateway.clone()));
    let signals = shutdown::Signals::watch()?;
    // What reads the line goes by its first three members; one that is not there is not named.
    let sip_tls = started.tls_address.map(|address| format!(" sip_tls={address}")).unwrap_or_default();
    println!("ready http={http_address} sip={sip_address} media={media_address}{sip_tls}");
    if app.config.is_development() {
        eprintln!("development mode: {} (mails: {}/dev/mail)", app.public_url, app.public_url);
    }
    let routes = http::router(&app).layer(Extension(started.gateway.clone()));
    let server = serve_web(app.clone(), listener, routes);
    shutdown::run_until_stopped(&app, &started.gateway, signals, server).await
}

/// Serves the web port by the listener until the server stops.
///
/// # Errors
/// None today; the listener's failures are logged and tried again.
pub async fn serve_web(app: AppState, listener: TcpListener, routes: Router) -> std::io::Result<()> {
    let room = connections::Room::new(&app.config.http.trusted_proxies);
    let secured = app.config.http.tls.then(|| app.clone());
    connections::serve(listener, routes, room, secured, app.stopping.clone()).await
}

/// Serves `/metrics` on its own port, so that it need not be reachable where the API is.
async fn serve_metrics(app: &AppState, gateway: Arc<gateway::Gateway>) -> Result<(), ServeError> {
    // An empty text is off; the configuration's check refused everything else that is not an address.
    let Ok(address) = app.config.metrics.listen.parse::<SocketAddr>() else { return Ok(()) };
    let listener = listen("metrics.listen", address, app.config.is_development()).await?;
    tracing::info!("metrics on http://{}/metrics", listener.local_addr()?);
    let routes = http::operator_router(app).layer(Extension(gateway));
    let room = connections::Room::new(&app.config.http.trusted_proxies);
    app.tasks.spawn(connections::serve(listener, routes, room, None, app.stopping.clone()));
    Ok(())
}

/// Takes what other nodes pass on, and tells them where.
async fn serve_nodes(app: &AppState, gateway: Arc<gateway::Gateway>) -> Result<(), ServeError> {
    let nodes = &app.config.nodes;
    let Ok(address) = nodes.listen.parse::<SocketAddr>() else {
        return Ok(calls::nodes::announce(app, "").await?);
    };
    let listener = listen("nodes.listen", address, app.config.is_development()).await?;
    let told = nodes.told(listener.local_addr()?);
    let routes = http::internal_router(app).layer(Extension(gateway));
    let room = connections::Room::new(&app.config.http.trusted_proxies);
    app.tasks.spawn(connections::serve(listener, routes, room, None, app.stopping.clone()));
    calls::nodes::announce(app, &told).await?;
    tracing::info!("other nodes reach this one at {told}");
    Ok(())
}

/// Development's inventory, the job runner, and what a crash left behind: calls that are closed now, though their
/// carriers do not know it yet.
async fn start_rooms(app: &AppState) -> Result<Vec<Recovered>, ServeError> {
    if app.config.is_development() {
        numbers::seed_development(app).await?;
    }
    let recovered = calls::record::start(app).await?;
    app.tasks.spawn(calls::fraud::run(app.clone()));
    if !recovered.is_empty() {
        tracing::warn!(calls = recovered.len(), "closed the calls that were open when this node stopped");
    }
    one_folder::look(app).await?;
    clean_up::schedule(app).await?;
    numbers::renewal::schedule(app).await?;
    app.tasks.spawn(payments::providers::check_all(app.clone()));
    app.tasks.spawn(jobs::run_until_stopped(app.clone()));
    app.tasks.spawn(recordings::run(app.clone()));
    app.tasks.spawn(requests::write_until_stopped(app.clone()));
    app.tasks.spawn(shadow::write_until_stopped(app.clone()));
    app.tasks.spawn(webhooks::run_until_stopped(app.clone()));
    app.tasks.spawn(state::notices::exchange_until_stopped(app.clone()));
    app.tasks.spawn(webhooks::live::notices::exchange_until_stopped(app.clone()));
    app.tasks.spawn(tls::watch(app.clone()));
    app.tasks.spawn(calls::nodes::tell_draining(app.clone()));
    Ok(recovered)
}

/// Opens database, secrets and mail for a process that listens at `http_address`. Does not migrate.
pub async fn open(config: Config, http_address: SocketAddr) -> Result<AppState, ServeError> {
    let entropy = Entropy::from_os();
    let secrets = Secrets::new(master_key(&config, &entropy)?);
    if !config.is_development() {
        Db::require_known(&config.database, &config.data_dir)?;
    }
    let db = Db::connect(&config.database).await?;
    let tasks = TaskTracker::new();
    let stopping = CancellationToken::new();
    let parts = parts(&config)?;
    let public_url = public_url(&config, http_address);
    let node_id = node_id(&config, &entropy)?.into();
    Ok(Shared {
        db,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(entropy),
        config: Arc::new(config),
        secrets: Arc::new(secrets),
        public_url: public_url.into(),
        draining: stopping.child_token(),
        stopping,
        job_bell: Arc::default(),
        mail_bell: Arc::default(),
        payment_bell: Arc::default(),
        callback_bell: Arc::default(),
        tenant_changes: Arc::default(),
        node_id,
        tasks,
        parts,
    }
    .into())
}

/// `http.public_url` without a slash at the end, or the origin of the bound address.
fn public_url(config: &Config, http_address: SocketAddr) -> String {
    match config.http.public_url.trim_end_matches('/') {
        "" if config.http.tls => format!("https://{http_address}"),
        "" => format!("http://{http_address}"),
        given => given.to_owned(),
    }
}

/// A busy port of development gives way to a free one; elsewhere it stops the start: a proxy would go on to lead to
/// whoever has the port.
async fn listen(key: &'static str, address: SocketAddr, development: bool) -> Result<TcpListener, ServeError> {
    match TcpListener::bind(address).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && development => {
            let free = TcpListener::bind(SocketAddr::new(address.ip(), 0)).await?;
            tracing::warn!("{address} (`{key}`) is taken; listening on {} instead", free.local_addr()?);
            Ok(free)
        }
        bound => bound.map_err(|source| ServeError::Listen { key, address, source }),
    }
}

/// The configured master key, or, in development, one made once and kept in `data_dir`.
fn master_key(config: &Config, entropy: &Entropy) -> Result<[u8; MASTER_KEY_BYTES], ServeError> {
    let wrong = || ConfigError::WrongValue {
        key: "secrets.master_key".to_owned(),
        message: "32 bytes in base64 are needed (openssl rand -base64 32)".to_owned(),
    };
    let text = match config.secrets.master_key.as_str() {
        "" => development_key(&config.data_dir, entropy)?,
        given => given.to_owned(),
    };
    let bytes = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
    Ok(bytes.try_into().map_err(|_| wrong())?)
}

fn development_key(data_dir: &Path, entropy: &Entropy) -> Result<String, ServeError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let path = data_dir.join("master.key");
    let failed = |source| ServeError::MasterKey { path: path.display().to_string(), source };
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(data_dir).map_err(failed)?;
            let key = STANDARD.encode(entropy.bytes::<MASTER_KEY_BYTES>());
            // Only the owner reads it: it opens every sealed secret.
            let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            file.and_then(|mut file| file.write_all(key.as_bytes())).map_err(failed)?;
            Ok(key)
        }
        read => read.map_err(failed),
    }
}

/// This node's name, made once and kept in `data_dir`: calls that a crash left open are found by it.
fn node_id(config: &Config, entropy: &Entropy) -> Result<String, ServeError> {
    /// 16 characters of base62: no two nodes of one installation draw the same.
    const LENGTH: usize = 16;
    let path = config.data_dir.join("node.id");
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(&config.data_dir)?;
            let id = entropy.base62(LENGTH);
            std::fs::write(&path, &id)?;
            Ok(id)
        }
        read => Ok(read?.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_gives_way_in_development_only() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let moved = listen("http.listen", address, true).await.unwrap();
        assert_ne!(moved.local_addr().unwrap(), address);
        let refused = listen("http.listen", address, false).await.unwrap_err().to_string();
        assert!(refused.contains("http.listen") && refused.contains(&address.to_string()), "{refused}");
    }
}
