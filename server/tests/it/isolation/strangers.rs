//! What belongs to nobody in particular: tokens that open to whoever holds them, the inventory, operators' paths.

use std::time::Duration;

use sautikit_api::accounts::Role;
use serde_json::json;

use super::scene::{INVITED, Tenants};
use super::{UNKNOWN, said};
use crate::support::{Answer, Client, Server, Snapshot, endpoints, on_each_engine};

on_each_engine! {
    an_invitation_that_is_over_answers_like_an_unknown_one
    an_invitation_of_another_person_says_nothing_of_itself
    claims_of_foreign_numbers_say_nothing_of_whose_they_are
    operators_paths_say_nothing_of_what_there_is
}

/// What a person is answered who shows, accepts and declines.
async fn answers(person: &Client, token: &str) -> Vec<Answer> {
    let path = format!("/v1/invitations/{token}");
    let mut answers = vec![person.get(&path).await];
    for verb in ["accept", "decline"] {
        answers.push(person.post(&format!("{path}/{verb}"), json!({})).await);
    }
    answers
}

async fn an_invitation_that_is_over_answers_like_an_unknown_one(server: Server) {
    let tenants = Tenants::set(server).await;
    let (server, owner) = (&tenants.server, tenants.member(Role::Owner));
    let invited = server.signed_in(INVITED).await;
    let invite = async || {
        let body = json!({ "email": INVITED, "role": "viewer" });
        let made = owner.post("/v1/workspace/invitations", body).await.expect(201).json;
        (made["id"].as_str().expect("an id").to_owned(), server.token_of_last_mail())
    };
    let (id, withdrawn) = invite().await;
    owner.delete(&format!("/v1/workspace/invitations/{id}")).await.expect(204);
    let (_, declined) = invite().await;
    invited.post(&format!("/v1/invitations/{declined}/decline"), json!({})).await.expect(204);
    let (_, replaced) = invite().await;
    let (_, expired) = invite().await;
    server.clock.advance(Duration::from_secs(7 * 24 * 3_600));
    let before = Snapshot::of(server).await;
    let unknown = answers(&invited, UNKNOWN).await;
    for token in [&withdrawn, &declined, &replaced, &expired] {
        for (known, unknown) in answers(&invited, token).await.iter().zip(&unknown) {
            assert_eq!(said(known), said(unknown));
            assert_eq!((known.status, &known.json["error"]["code"]), (404, &json!("invitations.not_found")));
        }
    }
    before.is_still(server).await;
}

async fn an_invitation_of_another_person_says_nothing_of_itself(server: Server) {
    let tenants = Tenants::set(server).await;
    let body = json!({ "email": INVITED, "role": "viewer" });
    tenants.member(Role::Owner).post("/v1/workspace/invitations", body).await.expect(201);
    let token = tenants.server.token_of_last_mail();
    let before = Snapshot::of(&tenants.server).await;
    for answer in answers(&tenants.stranger, &token).await {
        let answer = answer.expect_error("auth.invite_email_mismatch");
        for secret in [INVITED, "Duka", "viewer", &token] {
            assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
        }
    }
    before.is_still(&tenants.server).await;
}

async fn claims_of_foreign_numbers_say_nothing_of_whose_they_are(server: Server) {
    let tenants = Tenants::set(server).await;
    let available = tenants.stranger.get("/v1/numbers/available").await.expect(200).json;
    let ashas = tenants.member(Role::Owner).get("/v1/numbers").await.expect(200).json[0]["id"].clone();
    let claimed: String = sqlx::query_scalar("select id from numbers where state = 'assigned'")
        .fetch_one(tenants.server.app.db.pool())
        .await
        .expect("Asha's number in the inventory");
    assert!(available.as_array().expect("a list").iter().all(|number| number["id"] != claimed.as_str()));
    let before = Snapshot::of(&tenants.server).await;
    let claim = async |client: &Client, id: &str| client.post(&format!("/v1/numbers/{id}/claim"), json!({})).await;
    for client in [&tenants.stranger, &tenants.stranger_key] {
        // The workspace's own id of its number is not the inventory's.
        let foreign = claim(client, ashas.as_str().expect("an id")).await;
        assert_eq!(said(&foreign), said(&claim(client, UNKNOWN).await));
        assert_eq!(foreign.status, 404);
        // That a number is taken is public; who has it is not: its owner reads the same.
        let taken = claim(client, &claimed).await.expect_error("numbers.already_claimed");
        assert_eq!(said(&taken), said(&claim(tenants.member(Role::Owner), &claimed).await));
    }
    before.is_still(&tenants.server).await;
}

async fn operators_paths_say_nothing_of_what_there_is(server: Server) {
    let tenants = Tenants::set(server).await;
    let id = tenants.member(Role::Owner).workspace_id().await;
    let operator = tenants.server.operator().await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.is_operators() && endpoint.parameter().is_some()) {
        for stranger in [tenants.member(Role::Owner), &tenants.stranger, &tenants.stranger_key] {
            let known = endpoint.ask(stranger, Some(&id)).await;
            assert_eq!(said(&known), said(&endpoint.ask(stranger, Some(UNKNOWN)).await), "{}", endpoint.name());
            assert!([401, 403].contains(&known.status), "{}: {}", endpoint.name(), known.text);
        }
        // A month is nothing that could be there or not.
        if endpoint.parameter() == Some("month") {
            continue;
        }
        let of = |id: &str| if endpoint.name().contains("/{month}") { format!("{id}/2026-10") } else { id.to_owned() };
        let unknown = endpoint.ask(&operator, Some(&of(UNKNOWN))).await;
        endpoint.promises(&unknown, 404);
        assert_eq!(said(&unknown), said(&endpoint.ask(&operator, Some(&of("nonsense"))).await), "{}", endpoint.name());
    }
    before.is_still(&tenants.server).await;
}
