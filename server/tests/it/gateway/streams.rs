//! Media streams: a server that knows Twilio's messages and nothing of ours, on one end; a telephone on the other.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use media::g711::Law;
use media::level::amplitude_at;
use serde_json::{Value, json};
use sip::message::Method;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};
use crate::support::within;

/// What the telephone says, and what the agent does.
const SAID_HZ: f32 = 700.0;
const ANSWERED_HZ: f32 = 500.0;
const DEADLINE: Duration = Duration::from_secs(30);
/// Frames of 20 ms that may still be on their way to the telephone, on a machine that does other things too.
const ON_THEIR_WAY: usize = 10;

/// The agent's end of a stream.
struct Agent {
    socket: WebSocketStream<TcpStream>,
    stream_sid: Value,
}

/// Waits for an agent's stream on a free port; its URL.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/agent", listener.local_addr().expect("an address"));
    (listener, url)
}

impl Agent {
    /// The stream, once it has said who it is.
    async fn answers(listener: &TcpListener) -> (Self, Value) {
        let (stream, _) = listener.accept().await.expect("a connection");
        let socket = accept_async(stream).await.expect("a WebSocket");
        let mut agent = Self { socket, stream_sid: Value::Null };
        assert_eq!(agent.hears().await["event"], "connected");
        let start = agent.hears().await;
        assert_eq!(start["event"], "start");
        agent.stream_sid = start["streamSid"].clone();
        (agent, start)
    }

    /// The next message.
    async fn hears(&mut self) -> Value {
        loop {
            match self.socket.next().await.expect("an open stream").expect("a message") {
                Message::Text(text) => return serde_json::from_str(text.as_str()).expect("JSON"),
                Message::Close(_) => return json!({ "event": "closed" }),
                _ => {}
            }
        }
    }

    /// The next message of this kind.
    async fn hears_of(&mut self, event: &str) -> Value {
        loop {
            let message = self.hears().await;
            if message["event"] == event {
                return message;
            }
            assert_ne!(message["event"], "closed", "no {event} came");
        }
    }

    async fn says(&mut self, event: &str, body: Value) {
        let message = json!({ "event": event, "streamSid": self.stream_sid, event: body });
        self.socket.send(Message::text(message.to_string())).await.expect("sent");
    }

    /// A tone of so many milliseconds.
    async fn sings(&mut self, ms: usize) {
        let phase = |at: usize| std::f32::consts::TAU * ANSWERED_HZ * at as f32 / 8_000.0;
        let tone: Vec<u8> = (0..ms * 8).map(|at| Law::Mu.encode((phase(at).sin() * 8_000.0) as i16)).collect();
        self.says("media", json!({ "payload": STANDARD.encode(tone) })).await;
    }
}

#[tokio::test]
async fn what_a_telephone_says_reaches_the_agent_and_comes_back() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let (listener, url) = listen().await;
    let stream = json!({ "stream": { "url": url, "track": "inbound", "parameters": { "lang": "sw" } } });
    let actions = json!([stream, { "say": { "text": "Goodbye." } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    let offer = carrier.asked(Method::Invite).await;
    let (mut agent, start) = Agent::answers(&listener).await;
    let singer = carrier.sings(&offer, SAID_HZ);
    assert_eq!(start["start"]["tracks"], json!(["inbound"]));
    assert_eq!(
        start["start"]["mediaFormat"],
        json!({ "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 })
    );
    assert_eq!(start["start"]["customParameters"], json!({ "lang": "sw" }));
    assert!(start["start"]["callSid"].as_str().is_some_and(|sid| sid.starts_with("HD_")));
    let echoing = tokio::spawn(async move {
        loop {
            let message = agent.hears_of("media").await;
            agent.says("media", json!({ "payload": message["media"]["payload"] })).await;
        }
    });
    let heard = carrier.hears_from(1_600, 4_000).await;
    let level = amplitude_at(&heard, SAID_HZ, 8_000);
    assert!(level > 5_000.0, "{level}");
    // An agent that goes away leaves the call to its next action.
    echoing.abort();
    singer.abort();
    let call = live.call_that_is(&id, "completed").await;
    assert_eq!(live.event(&call, "stream.ended").await["stream"], 1);
    let verbs: Vec<_> = live.timeline(&id).await.into_iter().filter(|event| event["kind"] == "verb.ended").collect();
    let outcomes: Vec<_> = verbs.iter().map(|event| event["data"]["outcome"].clone()).collect();
    assert_eq!(outcomes, ["closed", "spoken"]);
}

#[tokio::test]
async fn marks_come_back_when_they_were_heard_and_clearing_silences() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let (listener, url) = listen().await;
    let actions = json!([{ "stream": { "url": url, "track": "inbound" } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    carrier.asked(Method::Ack).await;
    let (mut agent, _) = Agent::answers(&listener).await;
    agent.sings(1_000).await;
    agent.says("mark", json!({ "name": "a second" })).await;
    agent.sings(30_000).await;
    agent.says("mark", json!({ "name": "never heard" })).await;
    let began = loop {
        let packet = carrier.hears().await;
        if packet.samples.iter().any(|sample| sample.unsigned_abs() > 4_000) {
            break packet.at;
        }
    };
    assert_eq!(agent.hears_of("mark").await["mark"]["name"], "a second");
    let after = Instant::now().duration_since(began);
    assert!(after > Duration::from_millis(940) && after < Duration::from_millis(1_600), "{after:?}");
    agent.says("clear", json!({})).await;
    let cleared = Instant::now();
    assert_eq!(agent.hears_of("mark").await["mark"]["name"], "never heard");
    // Nothing but silence follows: what was on its way when it was cleared is over at once.
    let (mut loud, mut quiet) = (0, 0);
    while quiet < 25 {
        let packet = carrier.hears().await;
        let is_loud = packet.samples.iter().any(|sample| sample.unsigned_abs() > 1_000);
        quiet = if is_loud { 0 } else { quiet + 1 };
        loud += usize::from(is_loud && packet.at > cleared);
    }
    println!("{loud} frames of 20 ms were heard after the clear");
    assert!(loud <= ON_THEIR_WAY, "{loud}");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    assert_eq!(agent.hears_of("stop").await["stop"]["callSid"].as_str().map(|sid| &sid[..3]), Some("HD_"));
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_on_the_timeline_and_the_call_goes_on() {
    let live = Live::with_money().await;
    let (listener, nobody) = listen().await;
    drop(listener);
    let actions =
        json!([{ "stream": { "url": nobody } }, { "stream": { "url": "wss://10.0.0.1/agent" } }, { "hangup": {} }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    let reasons = within(DEADLINE, "both failures", async || {
        let timeline = live.timeline(&id).await;
        let failed: Vec<_> = timeline.iter().filter(|event| event["kind"] == "stream.failed").collect();
        (failed.len() == 2).then(|| failed.iter().map(|event| event["data"]["reason"].clone()).collect::<Vec<_>>())
    })
    .await;
    assert_eq!(reasons, ["the server could not be reached", "the URL is not usable: must lead to a public address"]);
    live.call_that_is(&id, "completed").await;
}

/// An agent that knows one secret only: whether it takes what was signed is said to who asks.
async fn takes_only(listener: &TcpListener, secret: &str) -> bool {
    use sautikit::webhooks::signature;
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
    let (stream, _) = listener.accept().await.expect("a connection");
    let check = |request: &Request, response: Response| {
        let given = request.headers()[signature::HEADER].to_str().expect("text");
        let signed_at = given.strip_prefix("t=").and_then(|rest| rest.split_once(',')).expect("t=…,v1=…").0;
        if given == signature::sign(secret, b"", signed_at.parse().expect("seconds")) {
            return Ok(response);
        }
        let mut refused = ErrorResponse::new(None);
        *refused.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
        Err(refused)
    };
    tokio_tungstenite::accept_hdr_async(stream, check).await.is_ok()
}

#[tokio::test]
async fn an_agent_that_knows_the_former_secret_gets_its_stream_while_that_may_sign() {
    let live = Live::with_money().await;
    let former = "a-secret-of-the-customer";
    live.route(json!({ "voice_signing_secret": former })).await;
    let rotate = format!("/v1/numbers/{}/routing/rotate-secret", live.number_id);
    live.asha.post(&rotate, json!({ "grace_seconds": 3_600 })).await.expect(200);
    let (listener, url) = listen().await;
    live.place(json!({ "from": FROM, "to": "+254722000042", "actions": [{ "stream": { "url": url } }] })).await;
    assert!(!takes_only(&listener, former).await, "the new one signs first");
    assert!(takes_only(&listener, former).await);
}
