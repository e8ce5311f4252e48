//! Sign-in, sessions, onboarding.

use std::time::Duration;

use sautikit::config::Environment;
use sautikit::mail::Mailer;
use serde_json::json;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_link_signs_in_and_onboards
    a_link_works_once
    a_link_expires_after_fifteen_minutes
    a_use_voids_the_other_links
    any_address_gets_the_same_answer
    only_a_hash_of_the_link_is_stored
    a_second_onboarding_is_refused
    onboarding_ends_the_persons_other_sessions
    rights_from_others_leave_only_the_newest_session
    two_onboardings_at_once_make_one_workspace
    onboarding_names_the_wrong_field
    a_session_ends_after_fourteen_idle_days
    a_session_ends_after_ninety_days
    logging_out_ends_the_session
    sessions_are_listed_and_revoked
    another_workspace_is_forbidden
    a_key_finds_its_workspace
    the_audit_log_can_not_be_changed
    operators_are_granted_by_address
    mails_are_written_in_the_language_that_was_chosen
    production_sends_five_links_an_hour
    a_withheld_link_is_nobodys_and_counts_for_the_client
    a_client_gets_thirty_links_an_hour
    signing_in_again_ends_the_browsers_old_session
    sessions_show_the_browser
    a_link_leads_back_to_where_it_was_asked_for
    a_link_leads_nowhere_else
    the_way_back_is_stored_sealed
}

async fn a_link_signs_in_and_onboards(server: Server) {
    let client = server.signed_in(" Asha@Example.com ").await;
    let me = client.get("/v1/auth/me").await.expect(200).json;
    assert_eq!(me["email"], "asha@example.com");
    assert_eq!(me["workspace"], json!(null));

    let body = json!({ "name": "Asha", "workspace_name": "Duka", "country": "KE", "currency": "KES" });
    let made = client.post("/v1/auth/onboarding", body).await.expect(201).json;
    assert_eq!(made["role"], "owner");
    let me = client.get("/v1/auth/me").await.expect(200).json;
    assert_eq!(me["workspace"]["id"], made["workspace_id"]);
    assert_eq!(me["name"], "Asha");
    let renamed = client.patch("/v1/auth/me", json!({ "name": "Asha O." })).await.expect(200).json;
    assert_eq!(renamed["name"], "Asha O.");
}

async fn a_link_works_once(server: Server) {
    server.signed_in("a@example.com").await;
    let token = server.token_of_last_mail();
    let again = server.client().post("/v1/auth/magic-link/verify", json!({ "token": token })).await;
    again.expect_error("auth.token_used");
    let unknown = server.client().post("/v1/auth/magic-link/verify", json!({ "token": "nonsense" })).await;
    unknown.expect_error("auth.token_invalid");
}

async fn a_link_expires_after_fifteen_minutes(server: Server) {
    let client = server.client();
    client.post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    server.clock.advance(Duration::from_secs(15 * 60));
    let late = client.post("/v1/auth/magic-link/verify", json!({ "token": server.token_of_last_mail() })).await;
    late.expect_error("auth.token_expired");
}

async fn a_use_voids_the_other_links(server: Server) {
    let client = server.client();
    client.post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let first = server.token_of_last_mail();
    server.signed_in("a@example.com").await;
    let sibling = client.post("/v1/auth/magic-link/verify", json!({ "token": first })).await;
    sibling.expect_error("auth.token_used");
}

async fn any_address_gets_the_same_answer(server: Server) {
    server.signed_in("known@example.com").await;
    let known = server.client().post("/v1/auth/magic-link", json!({ "email": "known@example.com" })).await.expect(202);
    let new = server.client().post("/v1/auth/magic-link", json!({ "email": "new@example.com" })).await.expect(202);
    assert_eq!(known.text, new.text);
    let wrong = server.client().post("/v1/auth/magic-link", json!({ "email": "nobody" })).await;
    assert_eq!(wrong.expect_error("validation.bad_request").json["error"]["field"], "email");
}

async fn only_a_hash_of_the_link_is_stored(server: Server) {
    server.client().post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let token = server.token_of_last_mail();
    let stored: String =
        sqlx::query_scalar("select token_hash from magic_links").fetch_one(server.app.db.pool()).await.unwrap();
    assert!(!stored.contains(&token));
    assert_eq!(stored.len(), 64);
}

async fn a_second_onboarding_is_refused(server: Server) {
    let client = server.onboarded("a@example.com").await;
    let body = json!({ "name": "A", "workspace_name": "B", "country": "KE", "currency": "KES" });
    client.post("/v1/auth/onboarding", body).await.expect_error("auth.already_onboarded");
}

async fn two_onboardings_at_once_make_one_workspace(server: Server) {
    let client = server.signed_in("a@example.com").await;
    let body = json!({ "name": "A", "workspace_name": "B", "country": "KE", "currency": "KES" });
    let (one, other) = tokio::join!(
        client.post("/v1/auth/onboarding", body.clone()),
        client.post("/v1/auth/onboarding", body.clone())
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(client.get("/v1/workspaces").await.expect(200).json.as_array().unwrap().len(), 1);
}

async fn onboarding_names_the_wrong_field(server: Server) {
    let client = server.signed_in("a@example.com").await;
    let good = json!({ "name": "A", "workspace_name": "B", "country": "KE", "currency": "KES" });
    for (field, value, code) in [
        ("name", "", "validation.bad_request"),
        ("workspace_name", " ", "validation.bad_request"),
        ("country", "KENYA", "validation.bad_request"),
        ("currency", "XXX", "currency.unsupported"),
    ] {
        let mut body = good.clone();
        body[field] = json!(value);
        let answer = client.post("/v1/auth/onboarding", body).await.expect_error(code);
        assert_eq!(answer.json["error"]["field"], field);
    }
    let mut body = good;
    body["coupon"] = json!("X");
    let answer = client.post("/v1/auth/onboarding", body).await.expect_error("validation.bad_request");
    assert_eq!(answer.json["error"]["field"], "coupon");
}

async fn a_session_ends_after_fourteen_idle_days(server: Server) {
    let client = server.signed_in("a@example.com").await;
    server.clock.advance(Duration::from_secs(13 * 86_400));
    client.get("/v1/auth/me").await.expect(200);
    server.clock.advance(Duration::from_secs(13 * 86_400));
    client.get("/v1/auth/me").await.expect(200);
    server.clock.advance(Duration::from_secs(14 * 86_400));
    client.get("/v1/auth/me").await.expect_error("auth.session_invalid");
}

async fn a_session_ends_after_ninety_days(server: Server) {
    let client = server.signed_in("a@example.com").await;
    for _ in 0..9 {
        server.clock.advance(Duration::from_secs(9 * 86_400));
        client.get("/v1/auth/me").await.expect(200);
    }
    server.clock.advance(Duration::from_secs(9 * 86_400));
    client.get("/v1/auth/me").await.expect_error("auth.session_invalid");
}

async fn logging_out_ends_the_session(server: Server) {
    let client = server.signed_in("a@example.com").await;
    let answer = client.post("/v1/auth/logout", json!({})).await.expect(204);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    client.get("/v1/auth/me").await.expect_error("auth.session_invalid");
}

async fn sessions_are_listed_and_revoked(server: Server) {
    let first = server.signed_in("a@example.com").await;
    server.clock.advance(Duration::from_secs(1));
    let second = server.signed_in("a@example.com").await;
    let sessions = second.get("/v1/auth/sessions").await.expect(200).json;
    assert_eq!(sessions[0]["current"], true);
    assert_eq!(sessions[1]["current"], false);
    let stranger = server.signed_in("b@example.com").await;
    let path = format!("/v1/auth/sessions/{}", sessions[1]["id"].as_str().unwrap());
    stranger.delete(&path).await.expect_error("not_found");
    second.delete(&path).await.expect(204);
    first.get("/v1/auth/me").await.expect_error("auth.session_invalid");
}

async fn another_workspace_is_forbidden(server: Server) {
    let asha = server.onboarded("a@example.com").await;
    let brian = server.onboarded("b@example.com").await;
    let id = brian.get("/v1/auth/me").await.expect(200).json["workspace"]["id"].as_str().unwrap().to_owned();
    brian.with("x-sautikit-workspace", &id).get("/v1/api-keys").await.expect(200);
    asha.with("x-sautikit-workspace", &id).get("/v1/api-keys").await.expect_error("auth.workspace_forbidden");
    asha.with("x-sautikit-workspace", "x").get("/v1/api-keys").await.expect_error("auth.workspace_forbidden");
    let key = server.key_of(&asha, &["*"]).await;
    key.with("x-sautikit-workspace", &id).get("/v1/auth/me").await.expect_error("auth.session_invalid");
}

async fn the_audit_log_can_not_be_changed(server: Server) {
    server.onboarded("a@example.com").await;
    let pool = server.app.db.pool();
    let kinds: Vec<String> = sqlx::query_scalar("select action_kind from audit_log order by created_at, action_kind")
        .fetch_all(pool)
        .await
        .unwrap();
    assert_eq!(kinds, ["session.opened", "workspace.created"]);
    for change in ["update audit_log set action_kind = 'x'", "delete from audit_log"] {
        let error = sqlx::query(change).execute(pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

async fn operators_are_granted_by_address(server: Server) {
    let client = server.signed_in("a@example.com").await;
    assert!(sautikit::accounts::grant_operator(&server.app, "A@example.com").await.unwrap());
    assert!(!sautikit::accounts::grant_operator(&server.app, "b@example.com").await.unwrap());
    assert_eq!(client.get("/v1/auth/me").await.expect(200).json["is_operator"], true);
}

async fn production_sends_five_links_an_hour(server: Server) {
    let server = server.configured(|config| config.env = Environment::Production);
    for _ in 0..7 {
        sautikit::accounts::request_magic_link(&server.app, "a@example.com", None, None, None).await.unwrap();
    }
    assert_eq!(Mailer::of(&server.app).dev_store().unwrap().list().len(), 5);
    server.clock.advance(Duration::from_secs(3600));
    sautikit::accounts::request_magic_link(&server.app, "a@example.com", None, None, None).await.unwrap();
    assert_eq!(Mailer::of(&server.app).dev_store().unwrap().list().len(), 6);
}

async fn a_key_finds_its_workspace(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    let workspace = key.get("/v1/workspace").await.expect(200).json;
    assert_eq!(workspace, owner.get("/v1/auth/me").await.expect(200).json["workspace"]);
    assert_eq!(workspace["currency"], "KES");
}

async fn a_withheld_link_is_nobodys_and_counts_for_the_client(server: Server) {
    let server = server.configured(|config| config.env = Environment::Production);
    let links = async |condition: &str| -> i64 {
        let query = sqlx::AssertSqlSafe(format!("select count(*) from magic_links where {condition}"));
        sqlx::query_scalar(query).fetch_one(server.app.db.pool()).await.unwrap()
    };
    for _ in 0..40 {
        sautikit::accounts::request_magic_link(&server.app, "a@example.com", None, Some("192.0.2.1"), None)
            .await
            .unwrap();
    }
    // Five are the mailbox's; what is written beyond them ends with the client's share.
    assert_eq!((links("email = 'a@example.com'").await, links("email = ''").await), (5, 25));
    assert_eq!(Mailer::of(&server.app).dev_store().unwrap().list().len(), 5);
}

async fn a_client_gets_thirty_links_an_hour(server: Server) {
    let server = server.configured(|config| config.env = Environment::Production);
    for n in 0..33 {
        let email = format!("{n}@example.com");
        sautikit::accounts::request_magic_link(&server.app, &email, None, Some("192.0.2.1"), None).await.unwrap();
    }
    assert_eq!(Mailer::of(&server.app).dev_store().unwrap().list().len(), 30);
    sautikit::accounts::request_magic_link(&server.app, "x@example.com", None, Some("192.0.2.2"), None).await.unwrap();
    assert_eq!(Mailer::of(&server.app).dev_store().unwrap().list().len(), 31);
}

async fn signing_in_again_ends_the_browsers_old_session(server: Server) {
    let first = server.signed_in("a@example.com").await;
    first.post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let body = json!({ "token": server.token_of_last_mail() });
    let fresh = first.post("/v1/auth/magic-link/verify", body).await.expect(200).cookie("sk_session");
    first.get("/v1/auth/me").await.expect_error("auth.session_invalid");
    server.client().with_cookie(fresh).get("/v1/auth/me").await.expect(200);
}

async fn sessions_show_the_browser(server: Server) {
    let client = server.client().with("user-agent", "Firefox/140");
    client.post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let body = json!({ "token": server.token_of_last_mail() });
    let cookie = client.post("/v1/auth/magic-link/verify", body).await.expect(200).cookie("sk_session");
    let sessions = client.with_cookie(cookie).get("/v1/auth/sessions").await.expect(200).json;
    assert_eq!(sessions[0]["user_agent"], "Firefox/140");
}

async fn onboarding_ends_the_persons_other_sessions(server: Server) {
    let other = server.signed_in("a@example.com").await;
    let stranger = server.signed_in("b@example.com").await;
    let client = server.onboarded("a@example.com").await;
    other.get("/v1/auth/me").await.expect_error("auth.session_invalid");
    client.get("/v1/auth/me").await.expect(200);
    stranger.get("/v1/auth/me").await.expect(200);
}

async fn rights_from_others_leave_only_the_newest_session(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let old = server.joined(&owner, "b@example.com", "viewer").await;
    server.clock.advance(Duration::from_secs(1));
    let new = server.signed_in("b@example.com").await;
    let id = new.get("/v1/auth/me").await.json["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/workspace/members/{id}");
    owner.patch(&path, json!({ "role": "developer" })).await.expect(200);
    old.get("/v1/auth/me").await.expect_error("auth.session_invalid");
    new.post("/v1/api-keys", json!({ "name": "now a developer" })).await.expect(201);

    // Losing rights ends nothing.
    server.clock.advance(Duration::from_secs(1));
    let newest = server.signed_in("b@example.com").await;
    owner.patch(&path, json!({ "role": "viewer" })).await.expect(200);
    new.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("accounts.write_denied");
    assert!(sautikit::accounts::grant_operator(&server.app, "b@example.com").await.unwrap());
    new.get("/v1/auth/me").await.expect_error("auth.session_invalid");
    newest.get("/v1/admin/workspaces").await.expect(200);
    let log = owner.get("/v1/audit?action_kind=member.role_changed").await.expect(200).json;
    assert_eq!(log[1]["details"]["ended_sessions"], 1);
}

async fn a_link_leads_back_to_where_it_was_asked_for(server: Server) {
    let (client, page) = (server.client(), "/calls?status=failed&remote=%2B254722000042");
    for return_to in [json!(page), json!(null)] {
        let body = json!({ "email": "a@example.com", "return_to": return_to });
        client.post("/v1/auth/magic-link", body).await.expect(202);
        let verify = json!({ "token": server.token_of_last_mail() });
        let answer = client.post("/v1/auth/magic-link/verify", verify).await.expect(200);
        assert_eq!(answer.json["return_to"], return_to);
    }
}

async fn a_link_leads_nowhere_else(server: Server) {
    for elsewhere in
        ["https://evil.example", "//evil.example", "/\\evil.example", "/v1/auth/google/start?link=true", ""]
    {
        let body = json!({ "email": "a@example.com", "return_to": elsewhere });
        let refused = server.client().post("/v1/auth/magic-link", body).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], "return_to", "{elsewhere}");
    }
    assert!(Mailer::of(&server.app).dev_store().unwrap().list().is_empty());
}

async fn the_way_back_is_stored_sealed(server: Server) {
    let body = json!({ "email": "a@example.com", "return_to": "/invitation?token=s3cret" });
    server.client().post("/v1/auth/magic-link", body).await.expect(202);
    let stored: String =
        sqlx::query_scalar("select return_to_sealed from magic_links").fetch_one(server.app.db.pool()).await.unwrap();
    assert!(!stored.contains("s3cret") && !stored.contains("invitation"), "{stored}");
}

async fn mails_are_written_in_the_language_that_was_chosen(server: Server) {
    let client = server.onboarded("asha@example.com").await;
    assert_eq!(client.get("/v1/auth/me").await.expect(200).json["language"], "en");
    let wrong = client.patch("/v1/auth/me", json!({ "language": "fr" })).await;
    assert_eq!(wrong.expect_error("validation.bad_request").json["error"]["field"], "language");
    let chosen = client.patch("/v1/auth/me", json!({ "language": "sw" })).await.expect(200).json;
    assert_eq!(chosen["language"], "sw");
    // The next link to sign in, the receipt of a top-up; whoever chose nothing is written to in English.
    server.signed_in("asha@example.com").await;
    assert!(server.text_of_last_mail().starts_with("Fungua kiungo hiki kuingia Sautikit:"));
    let body = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
    server.signed_in("asha@example.com").await.post("/v1/wallet/top-ups", body).await.expect(202);
    server.clock.advance(Duration::from_secs(1));
    sautikit::jobs::run_due(&server.app).await.expect("the top-up");
    assert!(server.text_of_last_mail().starts_with("Malipo yako yamefika."), "{}", server.text_of_last_mail());
    server.signed_in("b@example.com").await;
    assert!(server.text_of_last_mail().starts_with("Open this link"));
}
