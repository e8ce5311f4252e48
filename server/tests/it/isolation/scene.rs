//! Two workspaces: one that has something of everything, and a stranger's.

use std::collections::HashMap;

use sautikit_api::accounts::Role;
use sautikit_api::calls::CallStatus;
use sautikit_api::keys::SCOPES;
use serde_json::{Value, json};

use super::UNKNOWN;
use crate::calls::support::Scene;
use crate::support::{Client, Endpoint, Server};
use crate::webhooks::rows::rows;

/// Who owns the first workspace.
pub(super) const OWNER: &str = "asha@example.com";
/// Whom she has invited.
pub(super) const INVITED: &str = "new@example.com";

/// Whose the id in a path is.
pub(super) enum Of {
    /// One workspace's, or one person's: this id of it.
    Workspace(String),
    /// Nobody's in particular: the inventory, operators' paths, and secrets that open to whoever holds them.
    Nobody,
}

/// Asha's workspace, with a member of each role, and Bob's.
pub(super) struct Tenants {
    pub(super) server: Server,
    /// A key of Asha's with the scope `*`.
    pub(super) key: Client,
    /// Bob, owner of another workspace.
    pub(super) stranger: Client,
    /// A key of Bob's with every scope.
    pub(super) stranger_key: Client,
    members: HashMap<Role, Client>,
    audit_key: Client,
    sip_key: Client,
    ids: HashMap<&'static str, String>,
}

impl Tenants {
    pub(super) async fn set(server: Server) -> Self {
        let scene = Scene::set(server).await;
        // It is over, so that its stream ends.
        let order = scene.place().await;
        scene.fail(&order, CallStatus::Busy, "user_busy").await;
        let recording = scene.recorded(order.call_id).await;
        let number = scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
        scene.shadow_request(&number).await;
        scene.run_jobs().await;
        let Scene { server, asha, .. } = scene;
        let mut members = HashMap::from([(Role::Owner, asha.clone())]);
        for role in Role::ALL.iter().filter(|role| **role != Role::Owner) {
            let email = format!("{}@example.com", role.as_str());
            members.insert(*role, server.joined(&asha, &email, role.as_str()).await);
        }
        let guest = server.joined(&asha, "guest@example.com", "viewer").await;
        asha.post("/v1/workspace/invitations", json!({ "email": INVITED, "role": "viewer" })).await.expect(201);
        let key = server.key_of(&asha, &["*"]).await;
        let audit_key = server.key_of(&asha, &["audit:read"]).await;
        let sip_key = server.key_of(&asha, &["sip:token"]).await;
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let mut ids = HashMap::from([
            ("/v1/calls/{id}", order.call_id.to_string()),
            ("/v1/recordings/{id}", recording.to_string()),
            // Not one of the askers, who may remove themselves.
            ("/v1/workspace/members/{user_id}", text(&guest.get("/v1/auth/me").await.expect(200).json["id"])),
        ]);
        asha.post("/v1/wallet/alert-subscribers", json!({ "email": "books@example.com" })).await.expect(201);
        for path in [
            "/v1/api-keys/{id}",
            "/v1/auth/sessions/{id}",
            "/v1/numbers/{id}",
            "/v1/wallet/alert-subscribers/{id}",
            "/v1/wallet/top-ups/{id}",
            "/v1/workspace/invitations/{id}",
        ] {
            let list = asha.get(path.trim_end_matches("/{id}")).await.expect(200).json;
            ids.insert(path, text(&list[0]["id"]));
        }
        let number = ids["/v1/numbers/{id}"].clone();
        let device = json!({ "label": "reception" });
        let device = asha.post(&format!("/v1/numbers/{number}/sip-credentials"), device).await.expect(201).json;
        ids.insert("/v1/numbers/{id}/sip-credentials/{cid}", format!("{number}/{}", text(&device["id"])));
        let webhook = rows(&server, &asha).await;
        ids.insert("/v1/webhooks/{id}", webhook.endpoint);
        ids.insert("/v1/webhooks/deliveries/{id}", webhook.delivery);
        ids.insert("/v1/events/{id}", webhook.event);
        let stranger = server.onboarded("bob@example.com").await;
        let every: Vec<&str> = SCOPES.to_vec();
        let stranger_key = server.key_of(&stranger, &every).await;
        Self { server, key, stranger, stranger_key, members, audit_key, sip_key, ids }
    }

    /// Someone of this role in Asha's workspace.
    pub(super) fn member(&self, role: Role) -> &Client {
        &self.members[&role]
    }

    /// A key of Asha's that has another scope than this one.
    pub(super) fn key_without(&self, scope: &str) -> &Client {
        if scope == "audit:read" { &self.sip_key } else { &self.audit_key }
    }

    /// Whose the id in the endpoint's path is; `None` without one.
    pub(super) fn owner_of(&self, endpoint: &Endpoint) -> Option<Of> {
        let parameter = endpoint.parameter()?;
        // Up to its last parameter: a credential's path names its number too.
        let upto = endpoint.path.rfind('}').map_or("", |end| &endpoint.path[..=end]);
        let names_nothing = matches!(parameter, "token" | "month");
        // Where no gateway runs nobody meets; `gateway/conference.rs` asks for another workspace's where one does.
        let is_where_calls_meet = ["/v1/conferences/{id}", "/v1/queues/{id}"].iter().any(|path| upto.starts_with(path));
        let is_nobodys = endpoint.is_operators()
            || names_nothing
            || is_where_calls_meet
            || endpoint.path == "/v1/numbers/{id}/claim";
        if is_nobodys {
            return Some(Of::Nobody);
        }
        let id = self.ids.get(upto).unwrap_or_else(|| panic!("{upto}: say in scene.rs where an id of it comes from"));
        Some(Of::Workspace(id.clone()))
    }

    /// What stands in the endpoint's path: Asha's own id where it is someone's.
    pub(super) fn id_of(&self, endpoint: &Endpoint) -> Option<String> {
        Some(match self.owner_of(endpoint)? {
            Of::Workspace(id) => id,
            Of::Nobody => UNKNOWN.to_owned(),
        })
    }
}
