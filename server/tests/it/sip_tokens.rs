//! What a SIP token rests on: its time, the key or member that minted it, and the workspace's numbers.

use std::time::Duration;

use sautikit::audit::Actor;
use sautikit::sip_tokens::{is_still_good, verify_sip_token};
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_token_dies_with_its_time
    a_token_dies_with_the_key_that_minted_it
    a_token_dies_with_the_membership_of_who_minted_it
    a_token_calls_from_a_number_of_its_workspace_only
    a_rotated_key_signs_at_once_and_those_before_it_verify_for_a_tokens_life
}

/// A token's identity, as a connection holds it.
async fn identity(server: &Server, client: &Client) -> sautikit::sip_tokens::identity::Identity {
    let minted = client.post("/v1/sip/token", json!({ "identity": "asha" })).await.expect(200).json;
    verify_sip_token(&server.app, minted["token"].as_str().expect("a token")).await.expect("a good token")
}

async fn a_token_dies_with_its_time(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let identity = identity(&server, &asha).await;
    server.clock.advance(Duration::from_secs(299));
    assert!(is_still_good(&server.app, &identity).await.unwrap());
    server.clock.advance(Duration::from_secs(1));
    assert!(!is_still_good(&server.app, &identity).await.unwrap());
}

async fn a_token_dies_with_the_key_that_minted_it(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let made = asha.post("/v1/api-keys", json!({ "name": "phones" })).await.expect(201).json;
    let key = server.client().with_key(made["key"].as_str().expect("a key"));
    let (of_key, of_asha) = (identity(&server, &key).await, identity(&server, &asha).await);
    assert!(is_still_good(&server.app, &of_key).await.unwrap());
    asha.delete(&format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"))).await;
    assert!(!is_still_good(&server.app, &of_key).await.unwrap());
    assert!(is_still_good(&server.app, &of_asha).await.unwrap());
}

async fn a_token_dies_with_the_membership_of_who_minted_it(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let member = server.joined(&owner, "dev@example.com", "developer").await;
    let made = member.post("/v1/api-keys", json!({ "name": "phones" })).await.expect(201).json;
    let key = server.client().with_key(made["key"].as_str().expect("a key"));
    let (of_key, of_member) = (identity(&server, &key).await, identity(&server, &member).await);
    let members = owner.get("/v1/workspace/members").await.expect(200).json;
    let of = |member: &&Value| member["email"] == "dev@example.com";
    let id = members.as_array().unwrap().iter().find(of).expect("the member")["user_id"].as_str().unwrap();
    assert!(is_still_good(&server.app, &of_member).await.unwrap());
    owner.delete(&format!("/v1/workspace/members/{id}")).await;
    assert!(!is_still_good(&server.app, &of_member).await.unwrap());
    assert!(!is_still_good(&server.app, &of_key).await.unwrap());
}

async fn a_token_calls_from_a_number_of_its_workspace_only(server: Server) {
    sautikit::numbers::seed_development(&server.app).await.expect("the inventory");
    let asha = server.onboarded("asha@example.com").await;
    for from in ["+254700000001", "alice", ""] {
        let refused = asha.post("/v1/sip/token", json!({ "from": from })).await;
        assert_eq!(
            (refused.status, &refused.json["error"]["field"]),
            (400, &json!("from")),
            "{from}: {}",
            refused.text
        );
    }
}

async fn a_rotated_key_signs_at_once_and_those_before_it_verify_for_a_tokens_life(server: Server) {
    let (asha, operator) = (server.onboarded("asha@example.com").await, server.operator().await);
    let mint = async || {
        let minted = asha.post("/v1/sip/token", json!({})).await.expect(200).json;
        minted["token"].as_str().expect("a token").to_owned()
    };
    let is_good = async |token: &str| verify_sip_token(&server.app, token).await.is_ok();
    // What names the key stands in the header, the token's first part.
    let key_of = |token: &str| token.split('.').next().map(str::to_owned);
    let (one, other) = (mint().await, mint().await);
    assert_eq!(key_of(&one), key_of(&other));
    asha.post("/v1/admin/sip-keys/rotate", json!({})).await.expect_error("auth.admin_required");
    let key = operator.post("/v1/admin/sip-keys/rotate", json!({})).await.expect(200).json;
    let until = sautikit::clock::rfc3339(server.app.now_us() + 300 * 1_000_000);
    assert_eq!(key["former_until"], json!(until));
    let newer = mint().await;
    assert_ne!(key_of(&newer), key_of(&one));
    // Once more at the command line: what is out is as good as before.
    let again = sautikit::sip_tokens::rotate_sip_keys(&server.app, Actor::Operator(None), None).await.expect("a key");
    assert_ne!(json!(again.kid), key["id"]);
    server.clock.advance(Duration::from_secs(299));
    assert!(is_good(&one).await && is_good(&newer).await);
    let newest = mint().await;
    server.clock.advance(Duration::from_secs(1));
    assert!(!is_good(&one).await && !is_good(&newer).await && is_good(&newest).await);
}
