//! Workspaces: several per person, changed, suspended, deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sautikit::db::Dialect;
use sautikit::mail::Mailer;
use sautikit::state::notices;
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine, within};

on_each_engine! {
    a_person_has_several_workspaces
    name_and_country_change_and_the_currency_never
    deleting_takes_the_name_and_an_empty_wallet
    a_deleted_workspace_is_gone_for_members_and_keys
    a_suspended_workspace_only_reads_and_tops_up
    a_suspended_workspace_is_not_called
    owners_are_told_of_suspension_and_its_end
    operators_sign_in_freshly
    an_operator_bounds_what_may_be_overdrawn
    an_operator_moves_a_workspace_to_another_country_though_money_has_moved
    another_node_does_not_believe_what_it_knew_before_a_change
}

/// The simulated clock stands still, so that nothing grows too old by itself.
async fn another_node_does_not_believe_what_it_knew_before_a_change(server: Server) {
    let client = server.onboarded("a@example.com").await;
    let own = server.app.clone();
    let other = own.changed(|app| {
        app.node_id = "another".into();
        app.tenant_changes = Arc::default();
    });
    let nodes = [own.clone(), other.clone()].map(|app| tokio::spawn(notices::exchange_until_stopped(app)));
    if own.db.dialect() == Dialect::Sqlite {
        // There is no other node.
        return;
    }
    let before = other.tenant_changes.count();
    // Until the other listens, nobody hears; and of what changes nothing nobody is told.
    let tries = AtomicU32::new(0);
    within(DEADLINE, "a change that the other hears of", async || {
        let name = format!("Soko {}", tries.fetch_add(1, Ordering::Relaxed));
        client.patch("/v1/workspace", json!({ "name": name })).await.expect(200);
        (other.tenant_changes.count() > before).then_some(())
    })
    .await;
    own.stopping.cancel();
    for node in nodes {
        node.await.expect("a clean end");
    }
}

/// Long enough for a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

async fn delete(client: &Client, body: Value) -> crate::support::Answer {
    client.send("DELETE", "/v1/workspace", Some("application/json"), &body.to_string()).await
}

async fn a_person_has_several_workspaces(server: Server) {
    let client = server.onboarded("a@example.com").await;
    let body = json!({ "name": "Second", "country": "UG", "currency": "UGX" });
    let second = client.post("/v1/workspaces", body).await.expect(201).json;
    assert_eq!((second["role"].as_str(), second["currency"].as_str()), (Some("owner"), Some("UGX")));
    assert_eq!(client.get("/v1/workspaces").await.expect(200).json.as_array().unwrap().len(), 2);
    let there = client.with("x-sautikit-workspace", second["id"].as_str().unwrap());
    assert_eq!(client.get("/v1/wallet/balance").await.expect(200).json["currency"], "KES");
    assert_eq!(there.get("/v1/wallet/balance").await.expect(200).json["currency"], "UGX");
    // Without the header it is the last used one.
    assert_eq!(client.get("/v1/wallet/balance").await.expect(200).json["currency"], "UGX");
    let wrong = json!({ "name": "", "country": "UG", "currency": "UGX" });
    let answer = client.post("/v1/workspaces", wrong).await.expect_error("validation.bad_request");
    assert_eq!(answer.json["error"]["field"], "name");
    let newcomer = server.signed_in("b@example.com").await;
    let body = json!({ "name": "First", "country": "KE", "currency": "KES" });
    newcomer.post("/v1/workspaces", body).await.expect_error("auth.no_workspace");
}

async fn name_and_country_change_and_the_currency_never(server: Server) {
    let client = server.onboarded("a@example.com").await;
    let changed = client.patch("/v1/workspace", json!({ "name": " Soko ", "country": "TZ" })).await.expect(200).json;
    assert_eq!((changed["name"].as_str(), changed["country"].as_str()), (Some("Soko"), Some("TZ")));
    let refused = client.patch("/v1/workspace", json!({ "currency": "USD" })).await;
    assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "currency");
    let log = client.get("/v1/audit?action_kind=workspace.updated").await.expect(200).json;
    assert_eq!(log[0]["details"]["before"]["name"], "Duka");
    assert_eq!(log[0]["details"]["after"]["name"], "Soko");
}

async fn deleting_takes_the_name_and_an_empty_wallet(server: Server) {
    let client = server.onboarded("a@example.com").await;
    let wrong = delete(&client, json!({ "confirm_name": "duka" })).await.expect_error("validation.bad_request");
    assert_eq!(wrong.json["error"]["field"], "confirm_name");
    sqlx::query("update wallets set balance_minor = 5").execute(server.app.db.pool()).await.unwrap();
    let full = delete(&client, json!({ "confirm_name": "Duka" })).await.expect_error("validation.bad_request");
    assert!(full.json["error"]["message"].as_str().unwrap().contains("0.05"), "{}", full.text);
    sqlx::query("update wallets set balance_minor = 0").execute(server.app.db.pool()).await.unwrap();
    delete(&client, json!({ "confirm_name": "Duka" })).await.expect(204);
}

async fn a_deleted_workspace_is_gone_for_members_and_keys(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["*"]).await;
    let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
    owner.post("/v1/workspace/invitations", json!({ "email": "x@example.com", "role": "viewer" })).await.expect(201);
    let token = server.token_of_last_mail();
    delete(&owner, json!({ "confirm_name": "Duka" })).await.expect(204);
    owner.get("/v1/workspace").await.expect_error("auth.no_workspace");
    viewer.get("/v1/calls").await.expect_error("auth.no_workspace");
    key.get("/v1/calls").await.expect_error("api_key.revoked");
    let late = server.signed_in("x@example.com").await;
    let path = format!("/v1/invitations/{token}/accept");
    late.post(&path, json!({})).await.expect_error("invitations.not_found");
    let again = json!({ "name": "A", "workspace_name": "New", "country": "KE", "currency": "KES" });
    owner.post("/v1/auth/onboarding", again).await.expect(201);
}

async fn a_suspended_workspace_only_reads_and_tops_up(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["*"]).await;
    owner.post("/v1/workspace/invitations", json!({ "email": "x@example.com", "role": "viewer" })).await.expect(201);
    let token = server.token_of_last_mail();
    let id = owner.workspace_id().await;
    let operator = server.operator().await;
    let admin_path = format!("/v1/admin/workspaces/{id}");
    let suspended =
        operator.post(&format!("{admin_path}/suspend"), json!({ "reason": "fraud report 7" })).await.expect(200).json;
    assert_eq!((suspended["status"].as_str(), suspended["member_count"].as_i64()), (Some("suspended"), Some(1)));

    assert_eq!(owner.get("/v1/workspace").await.expect(200).json["status"], "suspended");
    key.get("/v1/calls").await.expect(200);
    let call = json!({ "from": "+254700000001", "to": "+254722000042" });
    key.post("/v1/calls", call).await.expect_error("account.suspended");
    owner.patch("/v1/workspace", json!({ "name": "X" })).await.expect_error("account.suspended");
    owner.post("/v1/api-keys", json!({ "name": "k" })).await.expect_error("account.suspended");
    let invited = server.signed_in("x@example.com").await;
    invited.post(&format!("/v1/invitations/{token}/accept"), json!({})).await.expect_error("account.suspended");
    let top_up = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
    owner.post("/v1/wallet/top-ups", top_up).await.expect(202);
    let log = owner.get("/v1/audit?action_kind=workspace.suspended").await.expect(200).json;
    assert_eq!(log[0]["actor"]["kind"], "operator");
    assert_eq!(log[0]["details"]["reason"], "fraud report 7");

    operator.post(&format!("{admin_path}/resume"), json!({})).await.expect(200);
    owner.patch("/v1/workspace", json!({ "name": "X" })).await.expect(200);
}

async fn a_suspended_workspace_is_not_called(server: Server) {
    use sautikit::calls::{self, CallError, NewInbound};
    sautikit::numbers::seed_development(&server.app).await.unwrap();
    let owner = server.onboarded("a@example.com").await;
    sqlx::query("update number_prices set monthly_price_minor = 0").execute(server.app.db.pool()).await.unwrap();
    let free = owner.get("/v1/numbers/available?limit=1").await.expect(200).json;
    let path = format!("/v1/numbers/{}/claim", free[0]["id"].as_str().unwrap());
    let number_e164 = owner.post(&path, json!({})).await.expect(201).json["number"].as_str().unwrap().to_owned();
    sqlx::query("update workspaces set status = 'suspended'").execute(server.app.db.pool()).await.unwrap();

    let id = owner.workspace_id().await.parse().unwrap();
    let inbound = NewInbound {
        id: None,
        number_e164: &number_e164,
        caller: Some("+254722000042"),
        country: None,
        is_on_net: false,
    };
    let refusals = [
        calls::admit_inbound(&server.app, inbound).await.err(),
        calls::admit_browser(&server.app, id, &number_e164, "+254722000042", |_| true).await.err(),
        calls::admit_client(&server.app, id, &number_e164, "agent").await.err(),
    ];
    assert!(refusals.iter().all(|refusal| matches!(refusal, Some(CallError::WorkspaceClosed))), "{refusals:?}");
}

async fn operators_sign_in_freshly(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["*"]).await;
    let id = owner.workspace_id().await;
    let path = format!("/v1/admin/workspaces/{id}");
    owner.get(&path).await.expect_error("auth.admin_required");
    key.get(&path).await.expect_error("auth.session_invalid");
    server.client().get(&path).await.expect_error("auth.session_invalid");
    let operator = server.operator().await;
    operator.get(&path).await.expect(200);
    assert_eq!(operator.get("/v1/admin/workspaces").await.expect(200).json[0]["id"], id.as_str());
    for (search, found) in [(id.as_str(), 1), ("DUK", 1), ("no such name", 0)] {
        let path = format!("/v1/admin/workspaces?search={}", search.replace(' ', "+"));
        assert_eq!(operator.get(&path).await.expect(200).json.as_array().unwrap().len(), found, "{search}");
    }
    operator.get("/v1/admin/workspaces/x").await.expect_error("not_found");
    server.clock.advance(Duration::from_secs(12 * 3600 + 1));
    operator.get(&path).await.expect_error("auth.admin_required");
}

async fn an_operator_moves_a_workspace_to_another_country_though_money_has_moved(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let id = owner.workspace_id().await;
    let operator = server.operator().await;
    let credit = json!({ "kind": "credit", "amount_minor": 1_000, "reason": "a gift" });
    operator.post(&format!("/v1/admin/wallets/{id}/adjustments"), credit).await.expect(201);
    let path = format!("/v1/admin/workspaces/{id}");
    owner.patch(&path, json!({ "country": "UG" })).await.expect_error("auth.admin_required");
    let fixed = owner.patch("/v1/workspace", json!({ "country": "UG" })).await;
    assert_eq!(fixed.expect_error("validation.bad_request").json["error"]["field"], "country");
    let wrong = operator.patch(&path, json!({ "country": "XX" })).await;
    assert_eq!(wrong.expect_error("validation.bad_request").json["error"]["field"], "country");
    let moved = operator.patch(&path, json!({ "country": "UG" })).await.expect(200).json;
    assert_eq!((&moved["country"], &moved["currency"]), (&json!("UG"), &json!("KES")));
    let of_wallet = sqlx::query_scalar::<_, String>("select country from wallets where workspace_id = $1");
    assert_eq!(of_wallet.bind(id.clone()).fetch_one(server.app.db.pool()).await.expect("a wallet"), "UG");
    operator.patch(&path, json!({ "country": "UG" })).await.expect(200);
    let log = owner.get("/v1/audit?action_kind=workspace.updated").await.expect(200).json;
    assert_eq!(log.as_array().map(Vec::len), Some(1), "{log}");
    assert_eq!(log[0]["details"]["after"]["country"], "UG");
}

async fn an_operator_bounds_what_may_be_overdrawn(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let id = owner.workspace_id().await;
    let path = format!("/v1/admin/workspaces/{id}/wallet");
    owner.patch(&path, json!({ "overdraft_floor_minor": 0 })).await.expect_error("auth.admin_required");
    let operator = server.operator().await;
    let wrong = operator.patch(&path, json!({ "overdraft_floor_minor": 1 })).await;
    assert_eq!(wrong.expect_error("validation.bad_request").json["error"]["field"], "overdraft_floor_minor");
    let floor = async || owner.get("/v1/wallet/balance").await.expect(200).json["overdraft_floor_minor"].clone();
    assert_eq!(floor().await, json!(null));
    // Absent stays, null clears.
    for (body, told) in [
        (json!({ "overdraft_floor_minor": -500 }), json!(-500)),
        (json!({}), json!(-500)),
        (json!({ "overdraft_floor_minor": null }), json!(null)),
    ] {
        let changed = operator.patch(&path, body).await.expect(200).json;
        assert_eq!((&changed["overdraft_floor_minor"], floor().await), (&told, told.clone()));
    }
    let log = owner.get("/v1/audit?action_kind=wallet.overdraft_floor_changed").await.expect(200).json;
    let after = |entry: &Value| entry["details"]["after"]["overdraft_floor_minor"].clone();
    let told: Vec<_> = log.as_array().unwrap().iter().map(after).collect();
    assert!(told.len() == 2 && told.contains(&json!(-500)) && told.contains(&json!(null)), "{told:?}");
}

async fn owners_are_told_of_suspension_and_its_end(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    server.joined(&owner, "second@example.com", "owner").await;
    server.joined(&owner, "viewer@example.com", "viewer").await;
    let id = owner.workspace_id().await;
    let operator = server.operator().await;
    let path = format!("/v1/admin/workspaces/{id}");
    for (verb, word) in [("suspend", "fraud report 7"), ("resume", "works again")] {
        let before = Mailer::of(&server.app).dev_store().unwrap().list().len();
        // A second time nothing happens, so nobody hears of it.
        for _ in 0..2 {
            let body = if verb == "suspend" { json!({ "reason": "fraud report 7" }) } else { json!({}) };
            operator.post(&format!("{path}/{verb}"), body).await.expect(200);
        }
        let mails = Mailer::of(&server.app).dev_store().unwrap().list();
        let (news, _) = mails.split_at(mails.len() - before);
        let mut told: Vec<_> = news.iter().map(|mail| mail.to.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["a@example.com", "second@example.com"]);
        assert!(news.iter().all(|mail| mail.text.contains(word) && mail.html.contains(word)));
    }
}
