//! Members: who may change whom, and the last owner.

use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    members_are_listed_to_members
    admins_change_roles_but_not_of_owners
    owners_make_and_demote_owners
    the_last_owner_stays
    two_owners_demoting_each_other_leave_one
    members_leave_and_are_removed
    roles_decide_who_writes
    keys_never_touch_members
}

/// The id of a member by address.
async fn member_id(client: &Client, email: &str) -> String {
    let members = client.get("/v1/workspace/members").await.expect(200).json;
    let member = members.as_array().unwrap().iter().find(|member| member["email"] == email).expect("a member");
    member["user_id"].as_str().unwrap().to_owned()
}

fn path(id: &str) -> String {
    format!("/v1/workspace/members/{id}")
}

fn role(role: &str) -> Value {
    json!({ "role": role })
}

async fn members_are_listed_to_members(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
    let members = viewer.get("/v1/workspace/members").await.expect(200).json;
    let roles: Vec<_> = members.as_array().unwrap().iter().map(|member| member["role"].as_str().unwrap()).collect();
    assert_eq!(roles.len(), 2);
    assert!(roles.contains(&"owner") && roles.contains(&"viewer"));
    let page = viewer.get("/v1/workspace/members?limit=1").await.expect(200);
    let next = page.header("x-next-cursor").expect("a second page");
    let rest = viewer.get(&format!("/v1/workspace/members?limit=1&cursor={next}")).await.expect(200).json;
    assert_ne!(rest[0]["user_id"], page.json[0]["user_id"]);
}

async fn admins_change_roles_but_not_of_owners(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
    let (owner_id, viewer_id) =
        (member_id(&admin, "owner@example.com").await, member_id(&admin, "viewer@example.com").await);

    let changed = admin.patch(&path(&viewer_id), role("developer")).await.expect(200).json;
    assert_eq!(changed["role"], "developer");
    viewer.post("/v1/api-keys", json!({ "name": "now a developer" })).await.expect(201);

    admin.patch(&path(&viewer_id), role("owner")).await.expect_error("accounts.role_change_denied");
    admin.patch(&path(&owner_id), role("viewer")).await.expect_error("accounts.role_change_denied");
    admin.delete(&path(&owner_id)).await.expect_error("accounts.remove_denied");
    viewer.patch(&path(&owner_id), role("viewer")).await.expect_error("accounts.admin_required");
    viewer.delete(&path(&owner_id)).await.expect_error("accounts.admin_required");
    let unknown = "00000000-0000-7000-8000-000000000000";
    admin.patch(&path(unknown), role("viewer")).await.expect_error("not_found");
    admin.patch(&path("x"), role("viewer")).await.expect_error("not_found");
    let wrong = admin.patch(&path(&viewer_id), role("king")).await.expect_error("validation.bad_request");
    assert_eq!(wrong.json["error"]["field"], "role");
}

async fn owners_make_and_demote_owners(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let second = server.joined(&owner, "second@example.com", "viewer").await;
    let (first_id, second_id) =
        (member_id(&owner, "owner@example.com").await, member_id(&owner, "second@example.com").await);
    owner.patch(&path(&second_id), role("owner")).await.expect(200);
    second.patch(&path(&first_id), role("finance")).await.expect(200);
    owner.patch(&path(&second_id), role("viewer")).await.expect_error("accounts.admin_required");
}

async fn the_last_owner_stays(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    server.joined(&owner, "admin@example.com", "admin").await;
    let id = member_id(&owner, "owner@example.com").await;
    owner.patch(&path(&id), role("admin")).await.expect_error("accounts.last_owner");
    owner.delete(&path(&id)).await.expect_error("accounts.last_owner");
    owner.patch(&path(&id), role("owner")).await.expect(200);
}

async fn two_owners_demoting_each_other_leave_one(server: Server) {
    let one = server.onboarded("one@example.com").await;
    let other = server.joined(&one, "other@example.com", "owner").await;
    let (one_path, other_path) =
        (path(&member_id(&one, "one@example.com").await), path(&member_id(&one, "other@example.com").await));
    let (a, b) = tokio::join!(one.patch(&other_path, role("viewer")), other.patch(&one_path, role("viewer")));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    // The second is no owner any more when its turn comes.
    assert_eq!(statuses, [200, 403], "{} {}", a.text, b.text);
}

async fn members_leave_and_are_removed(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let leaving = server.joined(&owner, "leaving@example.com", "viewer").await;
    let removed = server.joined(&owner, "removed@example.com", "developer").await;
    let key = server.key_of(&removed, &["calls:read"]).await;
    key.get("/v1/calls").await.expect(200);

    leaving.delete(&path(&member_id(&owner, "leaving@example.com").await)).await.expect(204);
    leaving.get("/v1/workspace").await.expect_error("auth.no_workspace");
    owner.delete(&path(&member_id(&owner, "removed@example.com").await)).await.expect(204);
    removed.get("/v1/workspace").await.expect_error("auth.no_workspace");
    key.get("/v1/calls").await.expect_error("api_key.revoked");
    assert_eq!(owner.get("/v1/workspace/members").await.expect(200).json.as_array().unwrap().len(), 1);
}

async fn roles_decide_who_writes(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let finance = server.joined(&owner, "finance@example.com", "finance").await;
    finance.get("/v1/calls").await.expect(200);
    finance.post("/v1/api-keys", json!({ "name": "k" })).await.expect_error("accounts.write_denied");
    finance.get("/v1/audit").await.expect_error("accounts.admin_required");
    finance.patch("/v1/workspace", json!({ "name": "Mine" })).await.expect_error("accounts.admin_required");
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    let body = json!({ "confirm_name": "Duka" }).to_string();
    let deletion = admin.send("DELETE", "/v1/workspace", Some("application/json"), &body).await;
    deletion.expect_error("accounts.write_denied");
}

async fn keys_never_touch_members(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let key = server.key_of(&owner, &["*"]).await;
    for answer in [
        key.get("/v1/workspace/members").await,
        key.get("/v1/workspace/invitations").await,
        key.post("/v1/workspace/invitations", json!({ "email": "x@example.com", "role": "owner" })).await,
        key.patch("/v1/workspace", json!({ "name": "Mine" })).await,
        key.post("/v1/workspaces", json!({ "name": "M", "country": "KE", "currency": "KES" })).await,
    ] {
        answer.expect_error("api_key.scope_denied");
    }
    let asked = json!({ "name": "k", "scopes": ["members:write"] });
    owner.post("/v1/api-keys", asked).await.expect_error("api_key.scope_invalid");
}
