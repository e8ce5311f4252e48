//! Calls to browsers and devices that are registered at another node, and of other nodes to those that are registered here.
//!
//! ```text
//!   node that runs the call                         node at which the callee is registered (the edge)
//!   leg ─ user agent ─ borrowed connection ═════════ lent connection ─ WebSocket, TCP, TLS or datagrams ─ callee
//!        media ──────────────────────────────────────────────────────────────────────────────────────── callee
//! ```
//! The edge is to such a call what an edge proxy is by RFC 5626: it lends the connection that the callee has registered over, and
//! passes SIP messages as they are. Call, leg, dialog, timers, media, recording and bill are the other node's alone, so nothing is there
//! twice. Each place is asked for and rung by the node that runs the call; the edge rings nobody by itself and asks no other node,
//! so no call goes in a circle.
//!
//! A database row says which nodes have a name ([`crate::calls::registrations`], written by [`presence`]); those are asked for its
//! places ([`Edge::places`]), and each place that is rung is a connection of its own to the internal listener ([`borrowed`], [`lent`]),
//! which ends with its call. It carries beside the messages what is to be ended if it breaks: then the edge cancels what rings and
//! hangs up what talks, as the next process does after a crash.

pub(in crate::gateway) mod borrowed;
pub mod http;
mod lent;
pub(in crate::gateway) mod presence;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, Uri as HttpUri};
use sautikit_api::ids::WorkspaceId;
use serde::{Deserialize, Serialize};
use sip::message::Uri;
use sip::registration::Binding;
use sip::ua::{LocalId, Path};
use url::Url;

use self::borrowed::Borrowing;
use super::instances::Instances;
use super::registrar::Place;
use super::sip::{TCP, TLS, UDP, UDP_FLOW, WEB, transport_name};
use crate::calls::registrations::{self, Other};
use crate::config::SrtpPolicy;
use crate::sip_tokens::identity::Permissions;
use crate::state::AppState;
use crate::web::passed_on::{PASSED_ON, proof};
use crate::webhooks::client::read_up_to;

/// For a connection to another node, which is on the same network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// For its answer, which it has in memory: a caller waits for it, and so do the places that ring here.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Places of one name at one node.
const MOST_PLACES: usize = 32;
/// Of what a node says of them.
const MOST_BYTES: usize = 256 * 1024;

/// What is done for calls of other nodes, and by other nodes for ours.
pub struct Edge {
    app: AppState,
    http: reqwest::Client,
    /// Who comes back to this node from another finds its calls by them.
    instances: Arc<Instances>,
    /// Contact values of our ends, in the order of their numbers.
    contacts: Vec<String>,
    /// Lent connections over which something goes on.
    lent: AtomicUsize,
}

/// Where somebody is registered, as one node tells another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    contact: String,
    instance: Option<String>,
    /// `udp`, `tcp`, `tls` or `ws`.
    transport: String,
    remote: SocketAddr,
    jti: String,
    srtp: SrtpPolicy,
    permissions: Permissions,
    /// Microseconds UTC.
    registered_at: i64,
    /// What stands in Contact of dialogs there.
    own_contact: String,
}

/// Where somebody can be called, here or by way of another node.
#[derive(Debug)]
pub struct Reachable {
    /// Where it says it is.
    pub contact: Uri,
    /// The browser session or device, across connections.
    pub instance: Option<String>,
    /// Where it is reached.
    pub path: Path,
    /// The token's id, or what tells the passwords of a credential apart.
    pub jti: String,
    /// How its audio is secured.
    pub srtp: SrtpPolicy,
    /// What its token or credential allows.
    pub permissions: Permissions,
    /// Microseconds UTC.
    pub registered_at: i64,
    /// The node at which it is registered; none: this one.
    pub node: Option<String>,
    /// The connection of that node by which it is reached.
    pub borrowing: Option<Box<Borrowing>>,
}

impl Reachable {
    /// Registered here.
    pub fn here(binding: Binding<Place>) -> Self {
        let Place { path, jti, device, permissions, registered_at, .. } = binding.path;
        Self {
            contact: binding.contact,
            instance: binding.instance,
            path,
            jti,
            srtp: device.map(|device| device.srtp).unwrap_or_default(),
            permissions,
            registered_at,
            node: None,
            borrowing: None,
        }
    }
}

impl Edge {
    /// `contacts`: Contact values of our ends, in the order of their numbers.
    ///
    /// # Errors
    /// The system has no randomness for TLS, which it does not speak.
    pub fn new(app: &AppState, instances: Arc<Instances>, contacts: Vec<String>) -> Result<Arc<Self>, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = client.connect_timeout(CONNECT_TIMEOUT).build()?;
        Ok(Arc::new(Self { app: app.clone(), http, instances, contacts, lent: AtomicUsize::new(0) }))
    }

    /// Calls of other nodes that go on over connections of this one.
    pub fn lent(&self) -> usize {
        self.lent.load(Ordering::Relaxed)
    }

    /// Where the SIP user of a workspace can be called by way of other nodes. One that does not answer is left out.
    pub async fn places(self: &Arc<Self>, (workspace, name): (WorkspaceId, &str), user: &str) -> Vec<Reachable> {
        if !self.app.config.nodes.is_on() {
            return Vec::new();
        }
        let others = match registrations::others_with(&self.app, workspace, name).await {
            Ok(others) => others,
            Err(error) => {
                tracing::warn!(%error, "who is registered at other nodes is not rung");
                return Vec::new();
            }
        };
        let asked = others.iter().map(|other| self.places_at(other, workspace, user));
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }

    async fn places_at(self: &Arc<Self>, other: &Other, workspace: WorkspaceId, user: &str) -> Vec<Reachable> {
        let asked = async {
            let request =
                self.request(&other.address, "places", &[("workspace", &workspace.to_string()), ("user", user)]);
            let answer = request?.timeout(ANSWER_TIMEOUT).send().await.ok()?.error_for_status().ok()?;
            serde_json::from_slice::<Vec<Told>>(&read_up_to(answer, MOST_BYTES).await.ok()?).ok()
        };
        let Some(told) = asked.await else {
            tracing::warn!(node = other.node, "a node does not say where somebody is who is registered there");
            return Vec::new();
        };
        told.into_iter().take(MOST_PLACES).filter_map(|told| self.reachable(other, (workspace, user), told)).collect()
    }

    fn reachable(
        self: &Arc<Self>,
        other: &Other,
        (workspace, user): (WorkspaceId, &str),
        told: Told,
    ) -> Option<Reachable> {
        let local = local_named(&told.transport)?;
        // It becomes a header as it is.
        Uri::parse(told.own_contact.strip_prefix('<')?.strip_suffix('>')?).ok()?;
        let borrowing = Borrowing {
            edge: self.clone(),
            address: other.address.clone(),
            workspace,
            user: user.to_owned(),
            place: told.contact.clone(),
            instance: told.instance.clone(),
            contact: told.own_contact,
            local,
            remote: told.remote,
        };
        Some(Reachable {
            contact: Uri::parse(told.contact).ok()?,
            instance: told.instance,
            // The flow is another one whenever it is rung.
            path: Path { flow: UDP_FLOW, local, remote: told.remote },
            jti: told.jti,
            srtp: told.srtp,
            permissions: told.permissions,
            registered_at: told.registered_at,
            node: Some(other.node.clone()),
            borrowing: Some(Box::new(borrowing)),
        })
    }

    /// A request to the internal listener at `address`, shown to be ours.
    fn request(&self, address: &str, what: &str, query: &[(&str, &str)]) -> Option<reqwest::RequestBuilder> {
        let url = Url::parse_with_params(&format!("http://{address}/nodes/{what}"), query).ok()?;
        let uri: HttpUri = url.as_str().parse().ok()?;
        let proof = proof(&self.app.secrets, self.app.now_us(), None, &Method::GET, &uri);
        Some(self.http.get(url).header(PASSED_ON, proof))
    }

    /// What other nodes are told of a binding of this one.
    fn told(&self, binding: Binding<Place>) -> Option<Told> {
        let own_contact = self.contacts.get(usize::from(binding.path.path.local.0))?.clone();
        let Place { path, jti, device, permissions, registered_at, .. } = binding.path;
        Some(Told {
            contact: binding.contact.to_string(),
            instance: binding.instance,
            transport: transport_name(path.local).to_owned(),
            remote: path.remote,
            jti,
            srtp: device.map(|device| device.srtp).unwrap_or_default(),
            permissions,
            registered_at,
            own_contact,
        })
    }
}

fn local_named(transport: &str) -> Option<LocalId> {
    [UDP, TCP, TLS, WEB].into_iter().find(|local| transport_name(*local) == transport)
}

/// Leaves each browser session and device at the node at which it registered last: the other node has not noticed yet that its
/// connection is gone.
pub fn only_where_it_is_now(places: &mut Vec<Reachable>) {
    let node = |place: &Reachable| place.node.clone();
    let newest: Vec<_> = places
        .iter()
        .map(|place| {
            let of_same = places.iter().filter(|other| other.instance.is_some() && other.instance == place.instance);
            of_same.max_by_key(|other| other.registered_at).map_or_else(|| node(place), node)
        })
        .collect();
    let mut newest = newest.into_iter();
    places.retain(|place| newest.next().is_some_and(|newest| newest == node(place)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(instance: Option<&str>, registered_at: i64) -> Reachable {
        Reachable {
            contact: Uri::parse("sip:a@b.invalid").unwrap(),
            instance: instance.map(str::to_owned),
            path: Path { flow: UDP_FLOW, local: WEB, remote: ([192, 0, 2, 1], 9).into() },
            jti: String::new(),
            srtp: SrtpPolicy::default(),
            permissions: Permissions { outbound: true, inbound: true, from: None, destinations: None },
            registered_at,
            node: None,
            borrowing: None,
        }
    }

    #[test]
    fn a_browser_that_moved_to_another_node_rings_there_alone() {
        let at = |node: &str, place: Reachable| Reachable { node: Some(node.to_owned()), ..place };
        let mut places = vec![
            place(Some("moved away"), 1),
            at("b", place(Some("moved away"), 2)),
            place(Some("came here"), 5),
            at("b", place(Some("came here"), 4)),
            place(None, 1),
            at("b", place(None, 2)),
            at("c", place(Some("two flows"), 3)),
            at("c", place(Some("two flows"), 4)),
        ];
        only_where_it_is_now(&mut places);
        let left: Vec<_> = places.iter().map(|place| (place.node.as_deref(), place.registered_at)).collect();
        let expected = [(Some("b"), 2), (None, 5), (None, 1), (Some("b"), 2), (Some("c"), 3), (Some("c"), 4)];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_transport_is_read_as_it_is_told() {
        for local in [UDP, TCP, TLS, WEB] {
            assert_eq!(local_named(transport_name(local)), Some(local));
        }
        assert_eq!(local_named("sctp"), None);
    }
}
