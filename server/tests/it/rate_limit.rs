//! Requests per second, per key and per address, on the tests' own time.

use std::time::Duration;

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_key_gets_its_burst_and_then_its_rate
    a_rate_comes_after_the_credential_and_before_the_scope
    unauthenticated_requests_count_for_their_address
    neighbours_in_a_64_are_one_address
    what_is_left_is_in_every_answer
    the_consoles_requests_count_for_its_visitor
    unknown_addresses_are_not_limited
    refusals_are_counted_for_the_operator
}

/// Sends until the first refusal; how many passed before it.
async fn passed(client: &Client, path: &str, at_most: u32) -> u32 {
    for count in 0..at_most {
        if client.get(path).await.status == 429 {
            return count;
        }
    }
    at_most
}

/// `r` of one limit.
fn left(headers: &str, limit: &str) -> u32 {
    let item = headers.split(", ").find(|item| item.starts_with(&format!("\"{limit}\""))).expect("the limit");
    item.split(';').find_map(|part| part.strip_prefix("r=")).expect("what is left").parse().expect("a number")
}

async fn a_key_gets_its_burst_and_then_its_rate(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    let other = server.key_of(&owner, &["calls:read"]).await;
    assert_eq!(passed(&key, "/v1/calls/x", 1_000).await, 400);
    let refused = key.get("/v1/calls/x").await.expect_error("rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"key\";r=0;t=1"));
    assert_eq!(refused.json["error"]["details"]["limit"], "key");
    other.get("/v1/calls/x").await.expect_error("calls.not_found");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(passed(&key, "/v1/calls/x", 1_000).await, 100);
}

async fn a_rate_comes_after_the_credential_and_before_the_scope(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    key.get("/v1/wallet/balance").await.expect_error("api_key.scope_denied");
    assert_eq!(passed(&key, "/v1/wallet/balance", 1_000).await, 399);
    key.get("/v1/wallet/balance").await.expect_error("rate_limited");
    key.without("authorization").with_key("skt_test_wrong").get("/v1/calls").await.expect_error("api_key.invalid");
    key.get("/v1/nothing").await.expect_error("not_found");
}

async fn unauthenticated_requests_count_for_their_address(server: Server) {
    let stranger = server.client().connected_from("192.0.2.1");
    let wrong_key = stranger.with_key("skt_test_wrong");
    assert_eq!(passed(&stranger, "/v1/calls", 500).await, 500);
    assert_eq!(passed(&wrong_key, "/v1/calls", 2_000).await, 500);
    let refused = stranger.get("/v1/auth/me").await.expect_error("rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"ip\";q=1000;w=4"));
    assert_eq!(refused.json["error"]["details"]["limit"], "ip");
    server.client().connected_from("192.0.2.2").get("/v1/auth/me").await.expect_error("auth.session_invalid");
    server.client().get("/v1/auth/me").await.expect_error("auth.session_invalid");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(passed(&stranger, "/v1/calls", 2_000).await, 300);
}

async fn neighbours_in_a_64_are_one_address(server: Server) {
    let first = server.client().connected_from("2001:db8::1").get("/v1/calls").await;
    let second = server.client().connected_from("2001:db8::2").get("/v1/calls").await;
    let beyond = server.client().connected_from("2001:db8:0:1::2").get("/v1/calls").await;
    let of = |answer: &crate::support::Answer| left(answer.header("ratelimit").expect("the header"), "ip");
    assert_eq!([of(&first), of(&second), of(&beyond)], [999, 998, 999]);
}

async fn what_is_left_is_in_every_answer(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await.connected_from("192.0.2.1");
    let answer = key.get("/v1/calls").await.expect(200);
    assert_eq!(answer.header("ratelimit-policy"), Some("\"ip\";q=1000;w=4, \"key\";q=400;w=4"));
    assert_eq!(answer.header("ratelimit"), Some("\"ip\";r=999;t=1, \"key\";r=399;t=1"));
    let answer = key.get("/v1/calls/x").await.expect_error("calls.not_found");
    assert_eq!(answer.header("ratelimit"), Some("\"ip\";r=998;t=1, \"key\";r=398;t=1"));
    let by_session = owner.connected_from("192.0.2.1").get("/v1/calls").await.expect(200);
    assert_eq!(by_session.header("ratelimit"), Some("\"ip\";r=997;t=1"));
}

async fn the_consoles_requests_count_for_its_visitor(server: Server) {
    let owner = server.onboarded("a@example.com").await.connected_from("192.0.2.1");
    let of = |answer: crate::support::Answer| left(answer.header("ratelimit").expect("the header"), "ip");
    let before = of(owner.get("/v1/auth/me").await);
    let page = owner.with("accept", "text/html").get("/calls").await.expect(200);
    assert_eq!(page.header("ratelimit"), None);
    let after = of(owner.get("/v1/auth/me").await);
    assert!(after < before - 1, "the page asked for nothing of its visitor's: {before} then {after}");
    let loopback = of(owner.connected_from("127.0.0.1").get("/v1/auth/me").await);
    assert_eq!(loopback, 999);
}

async fn unknown_addresses_are_not_limited(server: Server) {
    let client = server.client().connected_from("192.0.2.1");
    assert_eq!(client.get("/v1/nothing").await.expect_error("not_found").header("ratelimit"), None);
    assert_eq!(client.get("/healthz").await.expect(200).header("ratelimit"), None);
}

async fn refusals_are_counted_for_the_operator(server: Server) {
    let client = server.client().connected_from("192.0.2.1");
    assert_eq!(passed(&client, "/v1/calls", 2_000).await, 1_000);
    let metrics = server.operator_client().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("sautikit_http_rate_limited_total{limit=\"ip\"} 1\n"), "{metrics}");
    assert!(metrics.contains("sautikit_http_rate_limited_total{limit=\"key\"} 0\n"), "{metrics}");
}
