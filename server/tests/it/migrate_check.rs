//! `sautikit migrate-check` against handlers that customers could have.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Form;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sautikit::clock::SystemClock;
use sautikit::entropy::Entropy;
use sautikit::gateway::migrate_check::{Handler, Severity, Walked, World, check};
use sautikit::webhooks::client::Customers;
use sautikit_api::numbers::Compat;
use serde_json::json;

use crate::support::{Server, on_each_engine};

type Form_ = Form<Vec<(String, String)>>;

fn value(form: &Form_, name: &str) -> String {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn xml(document: &str) -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], document.to_owned()).into_response()
}

/// A menu of Twilio's: 1 dials, everything else is sung to.
async fn voice() -> Response {
    xml(
        r#"<Response><Gather numDigits="1" action="/menu"><Play>/welcome.wav</Play></Gather><Say>Goodbye.</Say></Response>"#,
    )
}

async fn menu(form: Form_) -> Response {
    match value(&form, "Digits").as_str() {
        "1" => xml(r#"<Response><Dial action="/after"><Number>+254733000007</Number></Dial></Response>"#),
        _ => xml(r#"<Response><Sing/><Play>/missing.mp3</Play></Response>"#),
    }
}

async fn after(form: Form_) -> Response {
    assert_eq!(value(&form, "DialCallStatus"), "completed");
    xml("<Response><Say>Thank you.</Say></Response>")
}

async fn team() -> Response {
    xml(r#"<Response><Dial><Conference waitUrl="/hold">team</Conference></Dial></Response>"#)
}

async fn hold(form: Form_) -> Response {
    assert_eq!(value(&form, "FriendlyName"), "team");
    xml("<Response><Play>/welcome.wav</Play><Sing/></Response>")
}

async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let service = Router::new()
        .route("/voice", post(voice))
        .route("/menu", post(menu))
        .route("/after", post(after))
        .route("/welcome.wav", get(|| async { media::wav::write(8_000, 1, &[100; 800]) }))
        .route("/team", post(team))
        .route("/hold", post(hold))
        .route("/broken", post(|| async { r#"{"actions":[{"say":{"txt":"hi"}}]}"# }));
    tokio::spawn(async { axum::serve(listener, service).await });
    url
}

async fn checked(url: String, compat: Compat) -> Vec<Walked> {
    let world = World {
        http: Customers::new(true).expect("a client").0,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(Entropy::seeded(1)),
        development: true,
        until: None,
    };
    let (from, to) = ("+254722000001".to_owned(), "+254700000001".to_owned());
    check(&world, &Handler { url, compat, secret: "a-secret-of-the-customer".to_owned(), from, to }).await
}

#[tokio::test]
async fn every_state_of_a_handler_is_asked_and_what_would_not_do_is_named() {
    let walks = checked(serve().await + "/voice", Compat::Twilio).await;
    let [silent, dials, sings] = walks.as_slice() else { panic!("{walks:?}") };
    assert_eq!(silent.asked.iter().map(|asked| asked.verbs.join(" ")).collect::<Vec<_>>(), ["getDigits say", ""]);
    assert_eq!((silent.findings().count(), silent.end.as_str()), (0, "the call ends: completed (normal_clearing)"));
    let told: Vec<_> = dials.asked.iter().map(|asked| asked.told.as_str()).collect();
    assert_eq!(
        told,
        [
            "CallStatus=ringing",
            "CallStatus=in-progress  Digits=1",
            "CallStatus=in-progress  DialCallStatus=completed",
            "CallStatus=completed"
        ]
    );
    assert_eq!(dials.findings().count(), 0, "{dials}");
    let found: Vec<_> = sings.findings().map(ToString::to_string).collect();
    assert_eq!(found[0], "skipped  line 1, column 11: <Sing> is no verb; it was skipped");
    assert!(
        found[1].starts_with("FAILS    http://127.0.0.1:")
            && found[1].ends_with("/missing.mp3: the server answered 404")
    );
}

#[tokio::test]
async fn an_answer_that_is_refused_fails_the_call() {
    let walks = checked(serve().await + "/broken", Compat::Sautikit).await;
    let found: Vec<_> = walks[0].findings().cloned().collect();
    assert_eq!((found[0].severity, found[0].place), (Severity::Fails, Some((1, 20))), "{found:?}");
    assert!(found[0].message.starts_with("actions[0].say."), "{found:?}");
    assert!(found.iter().any(|one| one.message == "the caller hears an apology, and the call ends"), "{found:?}");
}

#[tokio::test]
async fn what_is_heard_while_somebody_waits_is_asked_once_and_checked() {
    let walks = checked(serve().await + "/team", Compat::Twilio).await;
    for walked in &walks {
        let waits: Vec<_> = walked.asked.iter().filter(|asked| asked.url.ends_with("/hold")).collect();
        let [hold] = waits.as_slice() else { panic!("{walked}") };
        assert_eq!(hold.verbs, ["play"]);
        let found: Vec<_> = walked.findings().map(|finding| finding.message.as_str()).collect();
        assert_eq!(found, ["<Sing> is no verb; it was skipped"], "{walked}");
        assert_eq!(walked.end, "the call ends: completed (normal_clearing)");
    }
}

on_each_engine! { the_api_and_the_console_check_a_handler_as_the_command_line_does }

async fn the_api_and_the_console_check_a_handler_as_the_command_line_does(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let url = serve().await;
    let check = async |path: &str, compat: &str| {
        let body = json!({ "url": format!("{url}{path}"), "compat": compat, "secret": "a-secret-of-the-customer" });
        owner.post("/v1/actions/check", body).await.expect(200).json
    };
    let checked = check("/voice", "twilio").await;
    assert_eq!((&checked["fails"], &checked["skipped"]), (&json!(1), &json!(1)), "{checked}");
    let sings = &checked["calls"][2];
    assert_eq!(sings["requests"][1]["told"], "CallStatus=in-progress  Digits=9");
    let skipped = &sings["requests"][1]["findings"][0];
    assert_eq!(
        (&skipped["severity"], &skipped["line"], &skipped["column"]),
        (&json!("skipped"), &json!(1), &json!(11))
    );
    let broken = check("/broken", "sautikit").await;
    let first = &broken["calls"][0]["requests"][0]["findings"][0];
    assert_eq!((&first["severity"], &first["line"]), (&json!("fails"), &json!(1)), "{broken}");
    assert!(first["message"].as_str().is_some_and(|message| message.starts_with("actions[0].say.")), "{first}");
    for (body, field) in [
        (json!({ "url": "https://10.0.0.1/voice" }), "url"),
        (json!({ "url": url, "compat": "vonage" }), "compat"),
        (json!({ "url": url, "to": "nobody" }), "to"),
        (json!({ "url": url, "secret": "" }), "secret"),
    ] {
        assert_eq!(owner.post("/v1/actions/check", body).await.json["error"]["field"], field);
    }
}
