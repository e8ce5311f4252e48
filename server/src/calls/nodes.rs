//! Where other nodes of this installation are, and which of them runs what.

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use super::store::{conferences, nodes};
use crate::state::AppState;

/// Nodes of an installation.
const MOST_NODES: i64 = 100;
/// How long operators see one that lives no more.
const SHOWN_FOR_US: i64 = 7 * 86_400 * 1_000_000;
/// The release that this is.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A node as it told of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Until when others take it for alive, microseconds UTC; 0 where it has never said so.
    pub lease_until_us: i64,
    /// Its internal listener; empty where it has none.
    pub address: String,
    /// The release that runs on it; empty where it was never told.
    pub version: String,
    /// Since when, microseconds UTC.
    pub started_at_us: Option<i64>,
    /// Since when it takes no new calls, microseconds UTC.
    pub draining_since_us: Option<i64>,
    /// Calls that are open on it.
    pub calls: i64,
}

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It takes calls.
    Serving,
    /// Those that run go on; new ones are refused.
    Draining,
    /// Others close its calls.
    Lost,
}

impl State {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Serving, Self::Draining, Self::Lost];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Lost => "lost",
        }
    }
}

impl Node {
    /// How it stands at that moment, in microseconds UTC. One that has just been started has no lease yet.
    pub fn state(&self, now_us: i64) -> State {
        let was_started_since = self.started_at_us.is_some_and(|started| started > self.lease_until_us);
        match (self.lease_until_us >= now_us || was_started_since, self.draining_since_us) {
            (false, _) => State::Lost,
            (true, Some(_)) => State::Draining,
            (true, None) => State::Serving,
        }
    }

    /// Another text whenever operators see something else of it at that moment, in microseconds UTC. That it has renewed its lease
    /// is nothing to see; that the lease has lapsed is.
    pub fn mark(&self, now_us: i64) -> String {
        let Self { id, address, version, started_at_us, draining_since_us, calls, .. } = self;
        let state = self.state(now_us).as_str();
        format!("{id} {state} {address} {version} {started_at_us:?} {draining_since_us:?} {calls}")
    }
}

/// Tells others that this node runs, and how they reach its internal listener, as `ADDRESS:PORT`; empty where it has none.
///
/// # Errors
/// The database failed.
pub async fn announce(app: &AppState, address: &str) -> Result<(), sqlx::Error> {
    nodes::announce(&mut *app.db.acquire().await?, &app.node_id, (address, VERSION), app.now_us()).await
}

/// Waits until this node is to take no new calls, and tells operators since when.
pub async fn tell_draining(app: AppState) {
    app.draining.cancelled().await;
    let told = async { nodes::set_draining(&mut *app.db.acquire().await?, &app.node_id, app.now_us()).await };
    if let Err(error) = told.await {
        tracing::warn!(%error, "operators are not told that this node takes no new calls");
    }
}

/// The nodes of the installation, those among them that have not lived for some days left out.
///
/// # Errors
/// The database failed.
pub async fn list(app: &AppState) -> Result<Vec<Node>, sqlx::Error> {
    nodes::list_nodes(&mut *app.db.acquire().await?, app.now_us() - SHOWN_FOR_US, MOST_NODES).await
}

/// Where another node's internal listener is; none where it has none.
///
/// # Errors
/// The database failed.
pub async fn address_of(app: &AppState, node_id: &str) -> Result<Option<String>, sqlx::Error> {
    let address = nodes::find_address(&mut *app.db.acquire().await?, node_id).await?;
    Ok(address.filter(|address| !address.is_empty()))
}

/// The other nodes that live and have an internal listener, with where it is.
///
/// # Errors
/// The database failed.
pub async fn reachable(app: &AppState) -> Result<Vec<(String, String)>, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    nodes::list_reachable(&mut conn, &app.node_id, app.now_us(), MOST_NODES).await
}

/// The other node that has the workspace's conference of this id or name; none where no other has one.
///
/// # Errors
/// The database failed.
pub async fn other_with_conference(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    text: &str,
) -> Result<Option<String>, sqlx::Error> {
    let node = conferences::find_node(conn, workspace, text).await?;
    Ok(node.filter(|node| **node != *app.node_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_lease_is_nothing_to_see_and_a_lapsed_one_is() {
        let node = |lease_until_us, calls| Node {
            id: "a".to_owned(),
            lease_until_us,
            address: "10.0.0.1:4001".to_owned(),
            version: "1".to_owned(),
            started_at_us: Some(1),
            draining_since_us: None,
            calls,
        };
        let before = node(100, 3).mark(90);
        assert_eq!(node(105, 3).mark(95), before, "renewed");
        assert_ne!(node(100, 3).mark(101), before, "lapsed");
        assert_ne!(node(100, 4).mark(90), before, "another call");
        assert_ne!(Node { draining_since_us: Some(95), ..node(100, 3) }.mark(95), before, "it drains");
    }

    #[test]
    fn a_node_is_lost_with_its_lease_and_a_new_one_has_none_yet() {
        let node = |lease_until_us, started_at_us, draining_since_us| Node {
            id: "a".to_owned(),
            lease_until_us,
            address: String::new(),
            version: String::new(),
            started_at_us,
            draining_since_us,
            calls: 0,
        };
        let now_us = 100;
        assert_eq!(node(100, Some(1), None).state(now_us), State::Serving);
        assert_eq!(node(100, Some(1), Some(90)).state(now_us), State::Draining);
        assert_eq!(node(99, Some(1), Some(90)).state(now_us), State::Lost);
        assert_eq!(node(0, Some(95), None).state(now_us), State::Serving, "it has renewed nothing yet");
        assert_eq!(node(50, Some(95), None).state(now_us), State::Serving, "it was started anew");
        assert_eq!(node(0, None, None).state(now_us), State::Lost);
    }
}
