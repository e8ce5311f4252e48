//! A second node beside a test's server.

use std::sync::Arc;

use sautikit::calls::{self, Hub};
use sautikit::state::AppState;
use tokio::net::TcpListener;

use super::Server;

impl Server {
    /// Takes what other nodes pass on by these routes until the test ends; they know where.
    pub(crate) async fn takes_from_nodes(&self, routes: axum::Router) {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address").to_string();
        calls::nodes::announce(&self.app, &address).await.expect("announced");
        tokio::spawn(async move { axum::serve(socket, routes.into_make_service()).await });
    }

    /// Another node on the same database, which passes on what it can't answer and runs nothing itself.
    pub(crate) fn beside(&self) -> AppState {
        let mut config = (*self.app.config).clone();
        config.nodes.listen = "127.0.0.1:0".to_owned();
        self.app.changed(|shared| {
            shared.node_id = "other-node".into();
            shared.config = Arc::new(config);
            shared.parts.put(Hub::default());
        })
    }
}
