//! Sign-in with Google, against a provider on loopback that really signs.

mod provider;

use std::time::Duration;

use sautikit::config;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, on_each_engine};
pub(crate) use provider::FakeGoogle;
use provider::{Signed, Way, asked};

on_each_engine! {
    google_signs_in_and_makes_a_person
    a_person_of_the_same_address_is_linked
    the_subject_counts_and_not_the_address
    an_address_with_another_google_account_is_taken
    linking_takes_the_session_that_began_it
    what_belongs_to_another_person_is_not_linked
    google_is_unlinked_once_a_mail_has_arrived
    an_answer_counts_once_and_in_its_browser
    id_tokens_that_do_not_hold_are_refused
    without_the_verifier_a_code_is_worth_nothing
    rotated_keys_are_looked_up
    a_refusal_is_told
    an_unreachable_google_is_a_bad_gateway
    without_configuration_it_says_so
    the_way_back_stays_here
    people_see_a_page
}

async fn google_signs_in_and_makes_a_person(server: Server) {
    let (server, google) = with_google(server).await;
    let started = server.client().get("/v1/auth/google/start?return_to=/numbers").await.expect(303);
    let cookie = started.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/v1/auth/google; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
    assert_eq!(asked(&started).get("prompt"), None);
    let way = google.approve(&started, claims(&google, &server, &started), Signed::Rs256);
    let done = back(&server, &started, &way).await.expect(303);
    assert_eq!(done.header("location"), Some("/numbers"));
    assert_eq!(done.cookie("sk_google"), "");
    let me = server.client().with_cookie(done.cookie("sk_session")).get("/v1/auth/me").await.expect(200).json;
    assert_eq!(me["email"], "asha@example.com");
    assert_eq!(me["name"], "Asha Otieno");
    assert_eq!(me["google_linked"], true);
    assert_eq!(me["workspace"], json!(null));
}

async fn a_person_of_the_same_address_is_linked(server: Server) {
    let (server, google) = with_google(server).await;
    let by_mail = server.signed_in("asha@example.com").await.get("/v1/auth/me").await.json;
    assert_eq!(by_mail["google_linked"], false);
    let me = signed_in(&server, &google, "1184", "asha@example.com").await.get("/v1/auth/me").await.json;
    assert_eq!(me["id"], by_mail["id"]);
    assert_eq!(me["google_linked"], true);
}

async fn the_subject_counts_and_not_the_address(server: Server) {
    let (server, google) = with_google(server).await;
    let first = signed_in(&server, &google, "1184", "asha@example.com").await.get("/v1/auth/me").await.json;
    let renamed = signed_in(&server, &google, "1184", "asha.otieno@example.com").await.get("/v1/auth/me").await.json;
    assert_eq!(renamed["id"], first["id"]);
    assert_eq!(renamed["email"], "asha@example.com");
}

async fn an_address_with_another_google_account_is_taken(server: Server) {
    let (server, google) = with_google(server).await;
    signed_in(&server, &google, "1184", "asha@example.com").await;
    let started = start(&server, "").await;
    let mut claims = claims(&google, &server, &started);
    claims["sub"] = json!("9999");
    let way = google.approve(&started, claims, Signed::Rs256);
    back(&server, &started, &way).await.expect_error("auth.email_taken");
}

async fn linking_takes_the_session_that_began_it(server: Server) {
    let (server, google) = with_google(server).await;
    let path = "/v1/auth/google/start?link=true&return_to=/profile";
    server.client().get(path).await.expect_error("auth.session_invalid");
    let asha = server.signed_in("asha@example.com").await;
    asha.with("sec-fetch-site", "cross-site").get(path).await.expect_error("auth.origin_denied");

    let started = asha.with("sec-fetch-site", "same-origin").get(path).await.expect(303);
    assert_eq!(asked(&started)["prompt"], "select_account");
    let way = google.approve(&started, person(&google, &server, &started, "77", "asha@home.example"), Signed::Rs256);
    // The browser has signed in as someone else meanwhile.
    let brian = server.signed_in("brian@example.com").await;
    let pending = started.cookie("sk_google");
    with_pending(&brian, &pending).get(&way.path()).await.expect_error("auth.google_state_mismatch");

    let started = asha.get(path).await.expect(303);
    let way = google.approve(&started, person(&google, &server, &started, "77", "asha@home.example"), Signed::Rs256);
    let done = with_pending(&asha, &started.cookie("sk_google")).get(&way.path()).await.expect(303);
    assert_eq!(done.header("location"), Some("/profile"));
    let me = asha.get("/v1/auth/me").await.expect(200).json;
    assert_eq!((&me["google_linked"], &me["email"]), (&json!(true), &json!("asha@example.com")));
    let by_google = signed_in(&server, &google, "77", "asha@home.example").await.get("/v1/auth/me").await.json;
    assert_eq!(by_google["id"], me["id"]);
}

async fn what_belongs_to_another_person_is_not_linked(server: Server) {
    let (server, google) = with_google(server).await;
    signed_in(&server, &google, "1184", "asha@example.com").await;
    server.signed_in("carol@example.com").await;
    let brian = server.signed_in("brian@example.com").await;
    // Asha's account; an account with Carol's address.
    for (subject, email) in [("1184", "brian@example.com"), ("55", "carol@example.com")] {
        link(&server, &google, &brian, subject, email).await.expect_error("auth.email_taken");
    }
    link(&server, &google, &brian, "66", "brian@example.com").await.expect(303);
    link(&server, &google, &brian, "66", "brian@example.com").await.expect(303);
    link(&server, &google, &brian, "67", "brian@home.example").await.expect_error("auth.email_taken");
}

async fn google_is_unlinked_once_a_mail_has_arrived(server: Server) {
    let (server, google) = with_google(server).await;
    let asha = signed_in(&server, &google, "1184", "asha@example.com").await;
    asha.post("/v1/auth/google/unlink", json!({})).await.expect_error("auth.cannot_unlink_only_auth");
    let by_mail = server.signed_in("asha@example.com").await;
    by_mail.post("/v1/auth/google/unlink", json!({})).await.expect(204);
    assert_eq!(by_mail.get("/v1/auth/me").await.json["google_linked"], false);
    by_mail.post("/v1/auth/google/unlink", json!({})).await.expect(204);
    server.client().post("/v1/auth/google/unlink", json!({})).await.expect_error("auth.session_invalid");
    let kinds: Vec<String> = sqlx::query_scalar(
        "select action_kind from audit_log where action_kind like 'user.google%' order by created_at, action_kind",
    )
    .fetch_all(server.app.db.pool())
    .await
    .unwrap();
    assert_eq!(kinds, ["user.google_linked", "user.google_unlinked"]);
}

async fn an_answer_counts_once_and_in_its_browser(server: Server) {
    let (server, google) = with_google(server).await;
    let refused = "auth.google_state_mismatch";
    let started = start(&server, "").await;
    let way = google.approve(&started, claims(&google, &server, &started), Signed::Rs256);
    server.client().get(&way.path()).await.expect_error(refused);
    let other = start(&server, "").await;
    back(&server, &other, &way).await.expect_error(refused);
    let forged = Way { state: "forged".to_owned(), code: way.code.clone() };
    back(&server, &started, &forged).await.expect_error(refused);
    with_pending(&server.client(), "forged").get(&way.path()).await.expect_error(refused);
    back(&server, &started, &way).await.expect(303);
    back(&server, &started, &way).await.expect_error(refused);

    let started = start(&server, "").await;
    let way = google.approve(&started, claims(&google, &server, &started), Signed::Rs256);
    server.clock.advance(Duration::from_secs(600));
    back(&server, &started, &way).await.expect_error(refused);
}

async fn id_tokens_that_do_not_hold_are_refused(server: Server) {
    let (server, google) = with_google(server).await;
    let now = server.app.clock.now().as_second();
    // What is changed in true claims; null takes a claim out.
    let refused = [
        ("nonce", json!({ "nonce": "another" }), Signed::Rs256),
        ("no nonce", json!({ "nonce": null }), Signed::Rs256),
        ("audience", json!({ "aud": "another" }), Signed::Rs256),
        ("a second audience", json!({ "aud": ["client", "another"] }), Signed::Rs256),
        ("issuer", json!({ "iss": "https://accounts.example" }), Signed::Rs256),
        ("expired", json!({ "exp": now }), Signed::Rs256),
        ("unverified mail", json!({ "email_verified": false }), Signed::Rs256),
        ("no mail", json!({ "email": null }), Signed::Rs256),
        ("another key", json!({}), Signed::OtherKey),
        ("HS256", json!({}), Signed::Hs256),
        ("none", json!({}), Signed::None),
    ];
    for (what, changes, signed) in refused {
        let started = start(&server, "").await;
        let mut claims = claims(&google, &server, &started);
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
        let way = google.approve(&started, claims, signed);
        let answer = back(&server, &started, &way).await;
        assert_eq!(answer.status, 502, "{what}: {}", answer.text);
        let answer = answer.expect_error("auth.google_exchange_failed");
        assert!(!answer.text.contains("audience") && !answer.text.contains("nonce"), "{}", answer.text);
    }
    let people: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(server.app.db.pool()).await.unwrap();
    assert_eq!(people, 0);
}

async fn without_the_verifier_a_code_is_worth_nothing(server: Server) {
    let (server, google) = with_google(server).await;
    // A stolen code in the attacker's own sign-in: its state holds, its verifier is another.
    let victim = start(&server, "").await;
    let stolen = google.approve(&victim, claims(&google, &server, &victim), Signed::Rs256).code;
    let attacker = start(&server, "").await;
    let way = Way { code: stolen, state: asked(&attacker)["state"].clone() };
    back(&server, &attacker, &way).await.expect_error("auth.google_exchange_failed");
}

async fn rotated_keys_are_looked_up(server: Server) {
    let (server, google) = with_google(server).await;
    signed_in(&server, &google, "1184", "asha@example.com").await;
    google.rotate_keys();
    signed_in(&server, &google, "1184", "asha@example.com").await;
}

async fn a_refusal_is_told(server: Server) {
    let (server, _google) = with_google(server).await;
    let started = start(&server, "").await;
    let path = format!("/v1/auth/google/callback?error=access_denied&state={}", asked(&started)["state"]);
    let pending = started.cookie("sk_google");
    let refused = with_pending(&server.client(), &pending).get(&path).await.expect_error("auth.google_exchange_failed");
    assert!(refused.text.contains("access_denied"), "{}", refused.text);
}

async fn an_unreachable_google_is_a_bad_gateway(server: Server) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = server.configured(|config| config.google = client_of(format!("http://127.0.0.1:{port}")));
    server.client().get("/v1/auth/google/start").await.expect_error("auth.google_exchange_failed");
}

async fn without_configuration_it_says_so(server: Server) {
    for path in ["/v1/auth/google/start", "/v1/auth/google/callback?code=x&state=y"] {
        server.client().get(path).await.expect_error("auth.google_not_configured");
    }
    let page = server.client().with("accept", "text/html").get("/signin").await.expect(200);
    assert!(!page.text.contains("/v1/auth/google/start"));
    let (server, _google) = with_google(server).await;
    let page = server.client().with("accept", "text/html").get("/signin").await.expect(200);
    assert!(page.text.contains("/v1/auth/google/start"));
}

async fn the_way_back_stays_here(server: Server) {
    let (server, _google) = with_google(server).await;
    for elsewhere in
        ["https://evil.example", "//evil.example", "%2F%5Cevil.example", "/%0d%0aset-cookie:x", "/v1/auth/google/start"]
    {
        let path = format!("/v1/auth/google/start?return_to={elsewhere}");
        let refused = server.client().get(&path).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], "return_to");
    }
}

async fn people_see_a_page(server: Server) {
    let (server, _google) = with_google(server).await;
    let browser = server.client().with("accept", "text/html,application/xhtml+xml");
    let page = browser.get("/v1/auth/google/callback?code=x&state=y").await.expect(400);
    assert!(page.text.contains("<html") && page.text.contains("auth.google_state_mismatch"), "{}", page.text);
}

/// The server with sign-in by a provider of its own.
pub(crate) async fn with_google(server: Server) -> (Server, FakeGoogle) {
    let google = FakeGoogle::start().await;
    (server.configured(|config| config.google = client_of(google.issuer())), google)
}

fn client_of(issuer: String) -> config::Google {
    config::Google { client_id: "client".to_owned(), client_secret: "client-secret".to_owned(), issuer }
}

async fn start(server: &Server, query: &str) -> Answer {
    server.client().get(&format!("/v1/auth/google/start{query}")).await.expect(303)
}

/// True claims about Asha.
fn claims(google: &FakeGoogle, server: &Server, started: &Answer) -> Value {
    google.claims(started, server.app.clock.now().as_second())
}

fn person(google: &FakeGoogle, server: &Server, started: &Answer, subject: &str, email: &str) -> Value {
    let mut claims = claims(google, server, started);
    claims["sub"] = json!(subject);
    claims["email"] = json!(email);
    claims
}

/// The browser that started comes back.
async fn back(server: &Server, started: &Answer, way: &Way) -> Answer {
    with_pending(&server.client(), &started.cookie("sk_google")).get(&way.path()).await
}

fn with_pending(client: &Client, pending: &str) -> Client {
    client.with("cookie", &format!("sk_google={pending}"))
}

/// A browser signed in with that Google account.
pub(crate) async fn signed_in(server: &Server, google: &FakeGoogle, subject: &str, email: &str) -> Client {
    let started = start(server, "").await;
    let way = google.approve(&started, person(google, server, &started, subject, email), Signed::Rs256);
    let done = back(server, &started, &way).await.expect(303);
    server.client().with_cookie(done.cookie("sk_session"))
}

/// What linking that Google account to the client's person is answered with.
pub(crate) async fn link(server: &Server, google: &FakeGoogle, client: &Client, subject: &str, email: &str) -> Answer {
    let started = client.get("/v1/auth/google/start?link=true").await.expect(303);
    let way = google.approve(&started, person(google, server, &started, subject, email), Signed::Rs256);
    with_pending(client, &started.cookie("sk_google")).get(&way.path()).await
}
