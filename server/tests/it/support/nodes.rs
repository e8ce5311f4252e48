//! A second node beside a test's server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use sautikit::calls::pbx::PbxCalls;
use sautikit::calls::{self, Hub};
use sautikit::gateway::{self, Gateway, Started};
use sautikit::http::{internal_router, router};
use sautikit::serve;
use sautikit::state::AppState;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Server;

/// How often a node of a test says that it lives.
const TICK_EVERY: Duration = Duration::from_secs(1);

impl Server {
    /// Takes what other nodes pass on by these routes until the test ends; they know where.
    pub(crate) async fn takes_from_nodes(&self, routes: axum::Router) {
        take_from_nodes(&self.app, routes).await;
    }

    /// Another node on the same database, which passes on what it can't answer and runs nothing itself.
    pub(crate) fn beside(&self) -> AppState {
        let mut config = (*self.app.config).clone();
        config.nodes.listen = "127.0.0.1:0".to_owned();
        self.app.changed(|shared| {
            shared.node_id = "other-node".into();
            shared.config = Arc::new(config);
            shared.parts.put(Hub::default());
            shared.parts.put(PbxCalls::default());
        })
    }
}

/// A second node on the database of a server, with a gateway of its own; it stops with the test.
pub(crate) struct Neighbour {
    pub(crate) app: AppState,
    pub(crate) started: Started,
    _data_dir: tempfile::TempDir,
}

impl Neighbour {
    /// Starts it beside a server whose gateway runs; each knows where the other is.
    pub(crate) async fn of(server: &Server, gateway: &Arc<Gateway>) -> Self {
        let data_dir = tempfile::tempdir().expect("a folder");
        let mut config = (*server.app.config).clone();
        config.data_dir = data_dir.path().to_owned();
        let stopping = CancellationToken::new();
        let app = server.app.changed(|shared| {
            shared.node_id = "neighbour".into();
            shared.parts = serve::parts(&config).expect("usable settings");
            shared.draining = stopping.child_token();
            shared.stopping = stopping;
            shared.tasks = TaskTracker::new();
            shared.config = Arc::new(config);
        });
        calls::record::start_writer(&app);
        let started = gateway::start(&app, Vec::new()).await.expect("the gateway");
        for (app, gateway) in [(&server.app, gateway), (&app, &started.gateway)] {
            lives(app.clone());
            take_from_nodes(app, internal_router(app).layer(Extension(gateway.clone()))).await;
        }
        Self { app, started, _data_dir: data_dir }
    }

    /// Serves its web port on a free one until the test ends.
    pub(crate) async fn web(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let routes = router(&self.app).layer(Extension(self.started.gateway.clone()));
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.app.stopping.cancel();
    }
}

/// Says that the node lives, until it stops.
fn lives(app: AppState) {
    tokio::spawn(async move {
        while !app.stopping.is_cancelled() {
            calls::record::tick(&app);
            Hub::of(&app).writer().press();
            tokio::time::sleep(TICK_EVERY).await;
        }
    });
}

async fn take_from_nodes(app: &AppState, routes: axum::Router) {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("an address").to_string();
    calls::nodes::announce(app, &address).await.expect("announced");
    tokio::spawn(async move { axum::serve(socket, routes.into_make_service()).await });
}
