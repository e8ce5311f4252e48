//! Files that calls play, from a customer's server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures::future::join_all;
use jiff::Timestamp;
use parking_lot::Mutex;
use sautikit::clock::{Clock, TestClock};
use sautikit::gateway::files::{FileError, Files};
use sautikit::webhooks::client::Customers;
use sautikit_api::ids::WorkspaceId;
use serde_json::json;
use sip::message::Method;
use uuid::Uuid;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};

const ASHA: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
const OTIENO: WorkspaceId = WorkspaceId(Uuid::from_u128(2));
const HZ: f32 = 700.0;
const VERSION: &str = "\"1\"";

/// A customer's server with one file.
#[derive(Clone, Default)]
struct Shop {
    url: String,
    /// Times that it sent the file, and that it said that it is the same.
    sent: Arc<AtomicUsize>,
    unchanged: Arc<AtomicUsize>,
    /// It answers with this instead.
    fails: Arc<Mutex<Option<StatusCode>>>,
}

impl Shop {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shop = Self { url, ..Self::default() };
        let inside = || async { Redirect::temporary("http://10.0.0.1/tone.wav") };
        let service = Router::new()
            .route("/tone.wav", get(tone))
            .route("/moved", get(|| async { Redirect::temporary("/tone.wav") }))
            .route("/inside", get(inside))
            .route("/round", get(|| async { Redirect::temporary("/round") }))
            .route("/page", get(|| async { "<html>Please log in</html>" }))
            .route("/large", get(|| async { Bytes::from(vec![0; 20 * 1024 * 1024 + 1]) }))
            .with_state(shop.clone());
        tokio::spawn(async { axum::serve(listener, service).await });
        shop
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn counts(&self) -> (usize, usize) {
        (self.sent.load(Ordering::SeqCst), self.unchanged.load(Ordering::SeqCst))
    }
}

async fn tone(State(shop): State<Shop>, headers: HeaderMap) -> Response {
    if let Some(status) = *shop.fails.lock() {
        return status.into_response();
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|version| version == VERSION) {
        shop.unchanged.fetch_add(1, Ordering::SeqCst);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    shop.sent.fetch_add(1, Ordering::SeqCst);
    let phase = |at: u32| std::f32::consts::TAU * HZ * at as f32 / 16_000.0;
    let samples: Vec<i16> = (0..16_000).map(|at| (phase(at).sin() * 8_000.0) as i16).collect();
    ([(header::ETAG, VERSION)], media::wav::write(16_000, 1, &samples)).into_response()
}

fn files(clock: &Arc<TestClock>) -> Files {
    let clock: Arc<dyn Clock> = clock.clone();
    Files::new(Customers::new(true).expect("a client").0, clock, true)
}

#[tokio::test]
async fn a_file_is_fetched_once_and_asked_about_when_its_time_is_over() {
    let (shop, clock) = (Shop::open().await, TestClock::starting_at(Timestamp::UNIX_EPOCH));
    let (files, url) = (files(&clock), shop.at("/tone.wav"));
    for loaded in join_all((0..20).map(|_| files.load(ASHA, &url))).await {
        assert_eq!(loaded.expect("the file").duration_ms(), 1_000);
    }
    assert_eq!(shop.counts(), (1, 0));
    // Another workspace asks for itself.
    files.load(OTIENO, &url).await.expect("the file");
    assert_eq!(shop.counts(), (2, 0));
    clock.advance(Duration::from_secs(61));
    files.load(ASHA, &url).await.expect("the file");
    files.load(ASHA, &url).await.expect("the file");
    assert_eq!(shop.counts(), (2, 1));
}

#[tokio::test]
async fn a_server_that_fails_does_not_take_away_what_was_played_before() {
    let (shop, clock) = (Shop::open().await, TestClock::starting_at(Timestamp::UNIX_EPOCH));
    let (files, url) = (files(&clock), shop.at("/tone.wav"));
    let fails = |status| *shop.fails.lock() = Some(status);
    fails(StatusCode::BAD_GATEWAY);
    assert_eq!(files.load(ASHA, &url).await.err(), Some(FileError::Status(502)));
    *shop.fails.lock() = None;
    files.load(ASHA, &url).await.expect("the file");
    clock.advance(Duration::from_secs(61));
    fails(StatusCode::BAD_GATEWAY);
    files.load(ASHA, &url).await.expect("what was played before");
    // A file that was taken away is.
    fails(StatusCode::GONE);
    assert_eq!(files.load(ASHA, &url).await.err(), Some(FileError::Status(410)));
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused_with_its_reason() {
    let (shop, clock) = (Shop::open().await, TestClock::starting_at(Timestamp::UNIX_EPOCH));
    let files = files(&clock);
    files.load(ASHA, &shop.at("/moved")).await.expect("the file that it leads to");
    for (url, reason) in [
        (shop.at("/inside"), "the URL is not usable: must lead to a public address"),
        (shop.at("/round"), "the redirect is not one that is followed"),
        (shop.at("/page"), "the file can't be played: neither WAV, MP3 nor Ogg"),
        (shop.at("/large"), "the file is larger than 20 MB"),
        (shop.at("/nothing"), "the server answered 404"),
        ("http://127.0.0.1:1/a.mp3".to_owned(), "the server could not be reached"),
        ("https://192.168.0.1/a.mp3".to_owned(), "the URL is not usable: must lead to a public address"),
        ("file:///etc/passwd".to_owned(), "the URL is not usable: not an absolute http(s) URL"),
    ] {
        let refused = files.load(ASHA, &url).await.err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some(reason), "{url}");
    }
}

#[tokio::test]
async fn a_file_is_heard_and_one_that_can_not_be_had_is_on_the_timeline() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let (live, shop) = (Live::with_carrier(&carrier).await, Shop::open().await);
    let actions = json!([{ "play": { "url": shop.at("/page") } }, { "play": { "url": shop.at("/tone.wav") } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    carrier.asked(Method::Ack).await;
    let heard = carrier.hears_from(400, 4_000).await;
    let level = media::level::amplitude_at(&heard, HZ, 8_000);
    assert!((7_000.0..9_000.0).contains(&level), "{level}");
    let call = live.call_that_is(&id, "completed").await;
    let failed = live.event(&call, "play.failed").await;
    assert_eq!(failed["url"], shop.at("/page"));
    assert_eq!(failed["reason"], "the file can't be played: neither WAV, MP3 nor Ogg");
    let ends: Vec<_> = live.timeline(&id).await.into_iter().filter(|event| event["kind"] == "verb.ended").collect();
    let outcomes: Vec<_> = ends.iter().map(|end| &end["data"]["outcome"]).collect();
    assert_eq!(outcomes, ["play.unavailable", "played"]);
}
