//! Invitations: mailed, accepted, declined, withdrawn, expired, and for one address only.

use sautikit::mail::Mailer;
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    accepting_makes_a_member
    accepting_renews_the_session
    an_invitation_works_once
    the_wrong_address_gets_nothing
    accepting_takes_a_login
    invitations_expire_and_are_withdrawn
    inviting_again_replaces_the_first
    who_leaves_brings_nobody_in
    who_is_demoted_brings_in_nobody_greater
    declining_closes_the_invitation
    only_a_hash_of_the_token_is_stored
    who_may_invite_whom
    members_are_not_invited
    an_hour_has_fifty_invitations
    a_repeated_invitation_request_sends_one_mail
}

async fn invited(server: &Server, owner: &Client, email: &str) -> String {
    let body = json!({ "email": email, "role": "developer" });
    owner.post("/v1/workspace/invitations", body).await.expect(201);
    server.token_of_last_mail()
}

fn accept_path(token: &str) -> String {
    format!("/v1/invitations/{token}/accept")
}

async fn accepting_makes_a_member(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "Dev@Example.com ").await;
    let open = owner.get("/v1/workspace/invitations").await.expect(200).json;
    assert_eq!(open[0]["email"], "dev@example.com");
    assert_eq!(open[0]["expired"], false);

    let dev = server.signed_in("dev@example.com").await;
    let offer = dev.get(&format!("/v1/invitations/{token}")).await.expect(200).json;
    assert_eq!((offer["workspace_name"].as_str(), offer["role"].as_str()), (Some("Duka"), Some("developer")));
    assert_eq!(offer["invited_by"], "Asha Otieno");
    let accepted = dev.post(&accept_path(&token), json!({})).await.expect(200).json;
    let workspace = dev.get("/v1/workspace").await.expect(200).json;
    assert_eq!(accepted["workspace_id"], workspace["id"]);
    assert_eq!(workspace["role"], "developer");
    assert_eq!(owner.get("/v1/workspace/invitations").await.expect(200).json, json!([]));
}

async fn accepting_renews_the_session(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let before = server.signed_in("dev@example.com").await;
    let accepted = before.post(&accept_path(&token), json!({})).await.expect(200);
    let after = server.client().with_cookie(accepted.cookie("sk_session"));
    // Tabs that are just loading still carry the old token.
    before.get("/v1/workspace").await.expect(200);
    server.clock.advance(Duration::from_secs(5 * 60));
    before.get("/v1/workspace").await.expect_error("auth.session_invalid");
    after.get("/v1/workspace").await.expect(200);
    let sessions = after.get("/v1/auth/sessions").await.expect(200).json;
    assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["current"]), (1, &json!(true)));
}

async fn an_invitation_works_once(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let dev = server.signed_in("dev@example.com").await;
    let path = accept_path(&token);
    let (one, other) = tokio::join!(dev.post(&path, json!({})), dev.post(&path, json!({})));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
}

async fn the_wrong_address_gets_nothing(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let thief = server.signed_in("thief@example.com").await;
    let told = thief.get(&format!("/v1/invitations/{token}")).await.expect_error("auth.invite_email_mismatch");
    assert_eq!(told.json["error"]["details"], json!(null));
    thief.post(&accept_path(&token), json!({})).await.expect_error("auth.invite_email_mismatch");
    let decline = format!("/v1/invitations/{token}/decline");
    thief.post(&decline, json!({})).await.expect_error("auth.invite_email_mismatch");
    thief.post(&accept_path("nonsense"), json!({})).await.expect_error("invitations.not_found");
    server.signed_in("dev@example.com").await.post(&accept_path(&token), json!({})).await.expect(200);
}

async fn accepting_takes_a_login(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let stranger = server.client();
    let told = stranger.post(&accept_path(&token), json!({})).await.expect_error("invite_requires_login");
    assert_eq!(told.json["error"]["details"], json!({ "email": "dev@example.com" }));
    let unknown = stranger.post(&accept_path("nonsense"), json!({})).await.expect_error("invite_requires_login");
    assert_eq!(unknown.json["error"]["details"], json!(null));
    server.clock.advance(Duration::from_secs(7 * 86_400));
    let expired = stranger.get(&format!("/v1/invitations/{token}")).await.expect_error("invite_requires_login");
    assert_eq!(expired.json["error"]["details"], json!(null));
}

async fn invitations_expire_and_are_withdrawn(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let late = invited(&server, &owner, "late@example.com").await;
    server.clock.advance(Duration::from_secs(7 * 86_400));
    let person = server.signed_in("late@example.com").await;
    person.post(&accept_path(&late), json!({})).await.expect_error("invitations.not_found");
    let listed = owner.get("/v1/workspace/invitations").await.expect(200).json;
    assert_eq!(listed[0]["expired"], true);

    let token = invited(&server, &owner, "dev@example.com").await;
    let listed = owner.get("/v1/workspace/invitations").await.expect(200).json;
    let path = format!("/v1/workspace/invitations/{}", listed[0]["id"].as_str().unwrap());
    let stranger = server.onboarded("stranger@example.com").await;
    stranger.delete(&path).await.expect_error("invitations.not_found");
    owner.delete(&path).await.expect(204);
    owner.delete(&path).await.expect_error("invitations.not_found");
    let dev = server.signed_in("dev@example.com").await;
    dev.post(&accept_path(&token), json!({})).await.expect_error("invitations.not_found");
}

async fn inviting_again_replaces_the_first(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let first = invited(&server, &owner, "dev@example.com").await;
    let second = invited(&server, &owner, "dev@example.com").await;
    assert_eq!(owner.get("/v1/workspace/invitations").await.expect(200).json.as_array().unwrap().len(), 1);
    let dev = server.signed_in("dev@example.com").await;
    dev.post(&accept_path(&first), json!({})).await.expect_error("invitations.not_found");
    dev.post(&accept_path(&second), json!({})).await.expect(200);
}

async fn who_leaves_brings_nobody_in(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    let by_admin = invited(&server, &admin, "second-address@example.com").await;
    let by_owner = invited(&server, &owner, "dev@example.com").await;
    let user = admin.get("/v1/auth/me").await.json["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/v1/workspace/members/{user}")).await.expect(204);

    let back = server.signed_in("second-address@example.com").await;
    back.post(&accept_path(&by_admin), json!({})).await.expect_error("invitations.not_found");
    server.signed_in("dev@example.com").await.post(&accept_path(&by_owner), json!({})).await.expect(200);
    let log = owner.get("/v1/audit?action_kind=member.removed").await.expect(200).json;
    assert_eq!(log[0]["details"]["withdrawn_invitations"], 1);
}

async fn who_is_demoted_brings_in_nobody_greater(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let other = server.joined(&owner, "other@example.com", "owner").await;
    let invite = |email: &str, role: &str| {
        let body = json!({ "email": email, "role": role });
        async { other.post("/v1/workspace/invitations", body).await.expect(201) }
    };
    invite("as-owner@example.com", "owner").await;
    let as_owner = server.token_of_last_mail();
    invite("as-viewer@example.com", "viewer").await;
    let as_viewer = server.token_of_last_mail();
    invite("late-viewer@example.com", "viewer").await;
    let late_viewer = server.token_of_last_mail();
    let user = other.get("/v1/auth/me").await.json["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/workspace/members/{user}");

    owner.patch(&path, json!({ "role": "admin" })).await.expect(200);
    let refused = server.signed_in("as-owner@example.com").await.post(&accept_path(&as_owner), json!({})).await;
    refused.expect_error("invitations.not_found");
    server.signed_in("as-viewer@example.com").await.post(&accept_path(&as_viewer), json!({})).await.expect(200);

    owner.patch(&path, json!({ "role": "viewer" })).await.expect(200);
    let refused = server.signed_in("late-viewer@example.com").await.post(&accept_path(&late_viewer), json!({})).await;
    refused.expect_error("invitations.not_found");
}

async fn declining_closes_the_invitation(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let dev = server.signed_in("dev@example.com").await;
    dev.post(&format!("/v1/invitations/{token}/decline"), json!({})).await.expect(204);
    dev.post(&accept_path(&token), json!({})).await.expect_error("invitations.not_found");
    dev.get("/v1/workspace").await.expect_error("auth.no_workspace");
}

async fn only_a_hash_of_the_token_is_stored(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let token = invited(&server, &owner, "dev@example.com").await;
    let stored: String =
        sqlx::query_scalar("select token_hash from invitations").fetch_one(server.app.db.pool()).await.unwrap();
    assert!(!stored.contains(&token));
    let log: Vec<String> =
        sqlx::query_scalar("select details from audit_log").fetch_all(server.app.db.pool()).await.unwrap();
    assert!(!log.concat().contains(&token));
}

async fn who_may_invite_whom(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
    let asked = |role: &str| json!({ "email": "x@example.com", "role": role });
    viewer.post("/v1/workspace/invitations", asked("viewer")).await.expect_error("accounts.admin_required");
    admin.post("/v1/workspace/invitations", asked("owner")).await.expect_error("accounts.role_change_denied");
    admin.post("/v1/workspace/invitations", asked("admin")).await.expect(201);
    owner.post("/v1/workspace/invitations", asked("owner")).await.expect(201);
}

async fn members_are_not_invited(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let body = json!({ "email": "OWNER@example.com", "role": "viewer" });
    let answer = owner.post("/v1/workspace/invitations", body).await.expect_error("validation.bad_request");
    assert_eq!(answer.json["error"]["field"], "email");
}

async fn an_hour_has_fifty_invitations(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    for n in 0..50 {
        invited(&server, &owner, &format!("{n}@example.com")).await;
    }
    let body = json!({ "email": "x@example.com", "role": "viewer" });
    let refused = owner.post("/v1/workspace/invitations", body.clone()).await.expect_error("rate_limited");
    assert!(refused.header("retry-after").is_some());
    server.clock.advance(Duration::from_secs(3600));
    owner.post("/v1/workspace/invitations", body).await.expect(201);
}

async fn a_repeated_invitation_request_sends_one_mail(server: Server) {
    let owner = server.onboarded("owner@example.com").await.with("idempotency-key", "once");
    let mails = || Mailer::of(&server.app).dev_store().unwrap().list().len();
    let before = mails();
    let body = json!({ "email": "x@example.com", "role": "viewer" });
    let first = owner.post("/v1/workspace/invitations", body.clone()).await.expect(201);
    let again = owner.post("/v1/workspace/invitations", body).await.expect(201);
    assert_eq!(first.text, again.text);
    assert_eq!(mails(), before + 1);
}
