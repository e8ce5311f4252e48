//! Texts become audio: by the operator's speech server, and by espeak-ng where that fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use parking_lot::Mutex;
use sautikit::clock::{Clock, TestClock};
use sautikit::config;
use sautikit::gateway::speech::Speech;
use serde_json::{Value, json};
use voice::{AssetId, Text};

/// What the server says, in Hz.
const HZ: f32 = 700.0;

/// A speech server of an operator's.
#[derive(Clone, Default)]
struct Server {
    asked: Arc<Mutex<Vec<Value>>>,
    fails: Arc<Mutex<bool>>,
}

impl Server {
    /// On a free port, and a speech that asks it.
    async fn open(languages: &[&str]) -> (Self, Speech, Arc<TestClock>) {
        Self::open_as(|config| config.languages = languages.iter().map(ToString::to_string).collect()).await
    }

    async fn open_as(change: impl FnOnce(&mut config::Speech)) -> (Self, Speech, Arc<TestClock>) {
        let server = Self::default();
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let mut config = config::Speech {
            url: format!("http://{}/v1/audio/speech", listener.local_addr().expect("an address")),
            api_key: "a-key".to_owned(),
            model: "kokoro".to_owned(),
            voice: "af_heart".to_owned(),
            voice_man: "am_adam".to_owned(),
            ..config::Speech::default()
        };
        change(&mut config);
        let service = Router::new().route("/v1/audio/speech", post(speak)).with_state(server.clone());
        tokio::spawn(async { axum::serve(listener, service).await });
        let clock = TestClock::starting_at(Timestamp::UNIX_EPOCH);
        let shared: Arc<dyn Clock> = clock.clone();
        (server, Speech::new(&config, shared).expect("speech"), clock)
    }
}

async fn speak(State(server): State<Server>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(headers["authorization"], "Bearer a-key");
    server.asked.lock().push(body);
    if *server.fails.lock() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let phase = |at: u32| std::f32::consts::TAU * HZ * at as f32 / 24_000.0;
    let samples: Vec<i16> = (0..24_000).map(|at| (phase(at).sin() * 8_000.0) as i16).collect();
    media::wav::write(24_000, 1, &samples).into_response()
}

fn text(words: &str, voice: &str, language: &str) -> Text {
    let (voice, language) = (voice.to_owned(), language.to_owned());
    Text { asset: AssetId(1), text: words.to_owned(), markup: None, voice, language, rate_percent: 150 }
}

/// Whether it is the speech server that is heard.
async fn is_of_server(speech: &Speech, text: &Text) -> (bool, Option<String>) {
    let spoken = speech.speak(text).await.expect("speech");
    let level = media::level::amplitude_at(&spoken.audio.narrow()[800..4_800], HZ, 8_000);
    (level > 7_000.0, spoken.otherwise)
}

#[tokio::test]
async fn the_speech_server_is_asked_once_for_a_text() {
    let (server, speech, _) = Server::open(&[]).await;
    for _ in 0..2 {
        assert_eq!(is_of_server(&speech, &text("Karibu sana.", "man", "sw-KE")).await, (true, None));
    }
    let asked = json!({ "model": "kokoro", "input": "Karibu sana.", "voice": "am_adam", "response_format": "wav", "speed": 1.5 });
    assert_eq!(*server.asked.lock(), [asked]);
    is_of_server(&speech, &text("Karibu sana.", "woman", "sw-KE")).await;
    assert_eq!(server.asked.lock()[1]["voice"], "af_heart");
}

#[tokio::test]
async fn pipers_server_is_asked_for_the_voice_of_the_language() {
    let voices = ["en en_US-joe-medium", "sw sw_CD-lanfrance-medium"];
    let (server, speech, _) = Server::open_as(|config| {
        config.dialect = config::SpeechDialect::Piper;
        config.voice_man = String::new();
        config.voices = voices.iter().map(ToString::to_string).collect();
    })
    .await;
    assert_eq!(is_of_server(&speech, &text("Karibu sana.", "man", "sw-KE")).await, (true, None));
    assert_eq!(is_of_server(&speech, &text("Bienvenue à tous.", "default", "fr")).await, (false, None));
    let asked = server.asked.lock().clone();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((&asked["text"], &asked["voice"]), (&json!("Karibu sana."), &json!("sw_CD-lanfrance-medium")));
    let slower = asked["length_scale"].as_f64().expect("a factor");
    assert!((slower * 1.5 - 1.0).abs() < 1e-9, "{slower}");
}

#[tokio::test]
async fn espeak_speaks_where_the_server_fails_and_the_server_is_left_alone_for_a_while() {
    let (server, speech, clock) = Server::open(&[]).await;
    *server.fails.lock() = true;
    let reason = |what: &str| Some(format!("the speech server{what}"));
    let failed = is_of_server(&speech, &text("One moment please.", "default", "en")).await;
    assert_eq!(failed, (false, reason(": speech is not available on this server")));
    let passed_over = is_of_server(&speech, &text("Another moment please.", "default", "en")).await;
    assert_eq!(passed_over, (false, reason(" has just failed")));
    assert_eq!(server.asked.lock().len(), 1);
    *server.fails.lock() = false;
    clock.advance(Duration::from_secs(31));
    assert_eq!(is_of_server(&speech, &text("One moment please.", "default", "en")).await, (true, None));
}

#[tokio::test]
async fn languages_that_the_server_does_not_speak_are_espeaks() {
    let (server, speech, _) = Server::open(&["en"]).await;
    assert_eq!(is_of_server(&speech, &text("Karibu sana kwetu.", "default", "sw-KE")).await, (false, None));
    assert_eq!(is_of_server(&speech, &text("You are welcome.", "default", "en-KE")).await, (true, None));
    let (_, otherwise) = is_of_server(&speech, &text("Dobry den vam vsem.", "default", "cs")).await;
    assert_eq!(otherwise.as_deref(), Some("no voice speaks cs; it is spoken in English"));
    assert_eq!(server.asked.lock().len(), 1);
}
