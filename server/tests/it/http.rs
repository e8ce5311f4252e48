//! The manners of the HTTP edge.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ORIGIN, Server, on_each_engine};

on_each_engine! {
    unknown_addresses_are_json_errors
    wrong_methods_name_the_right_ones
    bodies_are_bounded
    bodies_are_json
    request_ids_are_echoed
    foreign_pages_can_not_write_by_cookie
    dev_pages_answer_only_locally
    health_is_public
    other_host_names_lead_to_the_public_url
    metrics_are_on_the_operators_port_only
    options_names_the_methods_and_no_origin
    head_is_get_without_a_body
    a_slash_at_the_end_is_another_address
    a_chunked_body_is_bounded_too
    answers_carry_their_security_headers
    production_insists_on_https
    the_sdk_is_open_to_all_origins_and_the_api_to_none
    a_query_is_unambiguous_text
    a_request_shows_one_credential
    what_a_key_may_do_is_checked_before_what_it_asks_for
}

async fn unknown_addresses_are_json_errors(server: Server) {
    server.client().get("/v1/nothing").await.expect_error("not_found");
    server.client().get("/nothing").await.expect_error("not_found");
    server.client().get("/dev/nothing").await.expect_error("not_found");
}

async fn wrong_methods_name_the_right_ones(server: Server) {
    let answer = server.client().get("/v1/auth/magic-link").await.expect_error("method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST,OPTIONS"));
    let answer = server.client().delete("/v1/api-keys").await.expect_error("method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST,OPTIONS"));
}

async fn bodies_are_bounded(server: Server) {
    let body = json!({ "email": "x".repeat(1024 * 1024) });
    server.client().post("/v1/auth/magic-link", body).await.expect_error("payload_too_large");
}

async fn bodies_are_json(server: Server) {
    let owner = server.onboarded("a@example.com").await.with("origin", ORIGIN);
    let text = owner.send("POST", "/v1/api-keys", Some("text/plain"), "{}").await;
    text.expect_error("unsupported_media_type");
    let broken = owner.send("POST", "/v1/api-keys", Some("application/json"), "{").await;
    broken.expect_error("validation.bad_request");
}

async fn request_ids_are_echoed(server: Server) {
    let given = server.client().with("x-request-id", "abc-123").get("/v1/nothing").await.expect_error("not_found");
    assert_eq!(given.header("x-request-id"), Some("abc-123"));
    let odd = server.client().with("x-request-id", "a b").get("/healthz").await.expect(200);
    assert!(odd.header("x-request-id").unwrap().starts_with("req_"));
}

async fn foreign_pages_can_not_write_by_cookie(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let body = json!({ "name": "x" });
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let answer = owner.with(name, value).post("/v1/api-keys", body.clone()).await;
        answer.expect_error("auth.origin_denied");
    }
    owner
        .with("origin", ORIGIN)
        .with("sec-fetch-site", "same-origin")
        .post("/v1/api-keys", body.clone())
        .await
        .expect(201);
    owner.post("/v1/api-keys", body).await.expect(201);
    let no_json = owner.send("POST", "/v1/api-keys", Some("text/plain"), "{}").await;
    assert!(no_json.expect_error("auth.origin_denied").text.contains("application/json"));
    let email = json!({ "email": "a@example.com" });
    let foreign = server.client().with("origin", "https://evil.example").post("/v1/auth/magic-link", email).await;
    foreign.expect_error("auth.origin_denied");
}

async fn dev_pages_answer_only_locally(server: Server) {
    server.client().post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let mails = server.client().get("/dev/mail.json").await.expect(200).json;
    assert_eq!(mails[0]["to"], "a@example.com");
    assert!(mails[0]["links"][0].as_str().unwrap().starts_with(&format!("{ORIGIN}/auth/verify?token=")));
    assert_eq!(mails[0]["sent_at"], "2026-11-02T08:00:00Z");
    server.client().get("/dev/mail").await.expect(200);
    let proxied = server.client().with("x-forwarded-for", "203.0.113.1");
    proxied.get("/dev/mail.json").await.expect_error("not_found");
    proxied.get("/dev/mail").await.expect(404);
}

async fn health_is_public(server: Server) {
    server.client().get("/healthz").await.expect(200);
    server.client().get("/readyz").await.expect(200);
    server.app.stopping.cancel();
    server.client().get("/readyz").await.expect_error("service.draining");
}

async fn other_host_names_lead_to_the_public_url(server: Server) {
    let elsewhere = server.client().without("host").with("host", "localhost:4000");
    let answer = elsewhere.get("/signin?next=%2F").await.expect(307);
    assert_eq!(answer.header("location"), Some("http://127.0.0.1:4000/signin?next=%2F"));
    elsewhere.get("/v1/auth/me").await.expect_error("auth.session_invalid");
    elsewhere.get("/healthz").await.expect(200);
    elsewhere.get("/dev/mail.json").await.expect(200);
}

async fn metrics_are_on_the_operators_port_only(server: Server) {
    server.client().get("/metrics").await.expect_error("not_found");
    let answer = server.operator_client().get("/metrics").await.expect(200);
    assert!(answer.text.contains("sautikit_database_connections"), "{}", answer.text);
}

async fn options_names_the_methods_and_no_origin(server: Server) {
    let foreign = server.client().with("origin", "https://shop.example").with("access-control-request-method", "POST");
    let answer = foreign.send("OPTIONS", "/v1/api-keys", None, "").await.expect(204);
    assert_eq!((answer.header("allow"), answer.text.as_str()), (Some("GET,HEAD,POST,OPTIONS"), ""));
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{:?}", answer.headers);
    foreign.send("OPTIONS", "/v1/nothing", None, "").await.expect_error("not_found");
}

async fn head_is_get_without_a_body(server: Server) {
    let server = server.over_http().await;
    let owner = server.onboarded("a@example.com").await;
    let shown = owner.get("/v1/workspace").await.expect(200);
    let head = owner.send("HEAD", "/v1/workspace", None, "").await.expect(200);
    assert_eq!((head.header("content-length"), head.text.as_str()), (shown.header("content-length"), ""));
    let missing = server.client().send("HEAD", "/v1/nothing", None, "").await.expect(404);
    assert_eq!((missing.header("content-type"), missing.text.as_str()), (Some("application/json"), ""));
}

async fn a_slash_at_the_end_is_another_address(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.get("/v1/workspace").await.expect(200);
    owner.get("/v1/workspace/").await.expect_error("not_found");
    owner.get("/v1//workspace").await.expect_error("not_found");
}

async fn a_chunked_body_is_bounded_too(server: Server) {
    let mut socket = TcpStream::connect(server.listen().await).await.unwrap();
    let head = "POST /v1/auth/magic-link HTTP/1.1\r\nhost: 127.0.0.1:4000\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    // The refusal may come, and the connection go, before all is sent.
    for _ in 0..17 {
        if socket.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = vec![0; 4_096];
    let length = socket.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
}

async fn answers_carry_their_security_headers(server: Server) {
    let api = server.client().get("/v1/workspace").await.expect_error("auth.session_invalid");
    let page = server.client().with("accept", "text/html").get("/signin").await.expect(200);
    for answer in [&api, &page] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert!(answer.header("permissions-policy").unwrap().starts_with("microphone=(self), camera=()"));
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    assert_eq!((api.header("cache-control"), api.header("referrer-policy")), (Some("no-store"), Some("no-referrer")));
}

async fn production_insists_on_https(server: Server) {
    let server = server.at("https://voice.example");
    let answer = server.client().get("/v1/workspace").await.expect_error("auth.session_invalid");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000; includeSubDomains"));
}

async fn the_sdk_is_open_to_all_origins_and_the_api_to_none(server: Server) {
    let foreign = server.client().with("origin", "https://shop.example");
    let sdk = foreign.get("/sdk/browser/index.js").await;
    assert_eq!(sdk.header("access-control-allow-origin"), Some("*"));
    let owner = server.onboarded("a@example.com").await.with("origin", "https://shop.example");
    assert_eq!(owner.get("/v1/workspace").await.expect(200).header("access-control-allow-origin"), None);
}

async fn a_query_is_unambiguous_text(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let lists = [
        "/v1/calls?remote",
        "/v1/calls?number",
        "/v1/audit?actor",
        "/v1/requests?path",
        "/v1/numbers/available?country",
    ];
    for list in lists {
        let (path, name) = list.split_once('?').unwrap();
        for query in [format!("{name}=%00"), format!("{name}=1&{name}=2"), "limit=1&limit=2".to_owned()] {
            let refused = owner.get(&format!("{path}?{query}")).await.expect_error("validation.bad_request");
            let named = if query.starts_with("limit") { "limit" } else { name };
            assert_eq!(refused.json["error"]["field"], named, "{path}?{query}");
        }
    }
}

async fn a_request_shows_one_credential(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    key.get("/v1/calls").await.expect(200);
    key.with("authorization", "Bearer other").get("/v1/calls").await.expect_error("api_key.invalid");
}

async fn what_a_key_may_do_is_checked_before_what_it_asks_for(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["recordings:read"]).await;
    let lists =
        ["calls", "audit", "audit.csv", "requests", "numbers", "numbers/available", "wallet/ledger", "wallet/top-ups"];
    for list in lists {
        key.get(&format!("/v1/{list}?limit=0&status=x&status=y")).await.expect_error("api_key.scope_denied");
    }
    key.get("/v1/calls/stats?from=x&from=y").await.expect_error("api_key.scope_denied");
}
