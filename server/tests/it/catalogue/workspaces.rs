//! Members, roles, invitations, suspension.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{codes, fresh};
use crate::support::{Client, Server};

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    let owner = server.onboarded("owner@example.com").await;
    roles(&server, &owner).await;
    invitations(&server, &owner).await;
    suspension(&server, &owner).await;
    codes(&server)
}

async fn member(client: &Client, email: &str) -> String {
    let members = client.get("/v1/workspace/members").await.expect(200).json;
    let of = |member: &&Value| member["email"] == email;
    let member = members.as_array().and_then(|members| members.iter().find(of)).expect("the member");
    format!("/v1/workspace/members/{}", member["user_id"].as_str().expect("an id"))
}

async fn roles(server: &Server, owner: &Client) {
    let admin = server.joined(owner, "admin@example.com", "admin").await;
    let viewer = server.joined(owner, "viewer@example.com", "viewer").await;
    viewer.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("accounts.write_denied");
    viewer.patch("/v1/workspace", json!({ "name": "x" })).await.expect_error("accounts.admin_required");
    let (owners_place, viewers_place) =
        (member(owner, "owner@example.com").await, member(owner, "viewer@example.com").await);
    owner.delete(&owners_place).await.expect_error("accounts.last_owner");
    admin.delete(&owners_place).await.expect_error("accounts.remove_denied");
    admin.patch(&viewers_place, json!({ "role": "owner" })).await.expect_error("accounts.role_change_denied");
}

async fn invitations(server: &Server, owner: &Client) {
    let body = json!({ "email": "new@example.com", "role": "viewer" });
    owner.post("/v1/workspace/invitations", body).await.expect(201);
    let accept = format!("/v1/invitations/{}/accept", server.token_of_last_mail());
    server.client().post(&accept, json!({})).await.expect_error("invite_requires_login");
    let other = server.signed_in("other@example.com").await;
    other.post(&accept, json!({})).await.expect_error("auth.invite_email_mismatch");
    other.post("/v1/invitations/nonsense/accept", json!({})).await.expect_error("invitations.not_found");
}

async fn suspension(server: &Server, owner: &Client) {
    let operator = server.operator().await;
    let suspend = format!("/v1/admin/workspaces/{}/suspend", owner.workspace_id().await);
    operator.post(&suspend, json!({ "reason": "abuse" })).await.expect(200);
    owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("account.suspended");
}
