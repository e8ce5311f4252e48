//! Those who prove nothing: forged tokens, expired ones, unsigned ones, and noise at the SIP port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sautikit::sip_tokens;
use sautikit::sip_tokens::identity::Identity;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::support::{FROM, Live, eventually};

/// How long the server may take to answer on loopback.
const DEADLINE: Duration = Duration::from_secs(10);

/// A phone that speaks SIP by hand.
struct Phone {
    socket: UdpSocket,
    address: SocketAddr,
    server: SocketAddr,
}

impl Phone {
    async fn facing(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        Self { socket, address, server }
    }

    async fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.server).await.expect("sent");
    }

    /// Sends a request with this branch and gives the status of its answer.
    async fn ask(&self, method: &str, uri: &str, branch: u32, more: &str) -> u16 {
        self.request(method, &self.server.to_string(), uri, branch, more).await;
        let text = self.answer().await;
        let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).expect("a response");
        status.parse().expect("a status")
    }

    /// The next datagram.
    async fn answer(&self) -> String {
        let mut buffer = vec![0; 4_096];
        let answer = tokio::time::timeout(DEADLINE, self.socket.recv(&mut buffer)).await;
        let length = answer.expect("an answer in time").expect("an answer");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Sends a request to this host.
    async fn request(&self, method: &str, host: &str, uri: &str, branch: u32, more: &str) {
        let address = self.address;
        let request = format!(
            "{method} sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <{uri}>;tag=f{branch}\r\nTo: <{uri}>\r\nCall-ID: c{branch}@{address}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:phone@{address}>\r\n{more}Content-Length: 0\r\n\r\n"
        );
        self.send(request.as_bytes()).await;
    }

    async fn register(&self, uri: &str, branch: u32, token: &str) -> u16 {
        self.ask("REGISTER", uri, branch, &format!("Authorization: Bearer {token}\r\nExpires: 60\r\n")).await
    }
}

/// A token of Asha's workspace: the body of `POST /v1/sip/token`'s answer.
async fn minted(live: &Live) -> Value {
    live.asha.post("/v1/sip/token", json!({ "identity": "asha" })).await.expect(200).json
}

/// The token with another header or other claims.
fn rewritten(token: &str, part: usize, change: impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let bytes = URL_SAFE_NO_PAD.decode(&parts[part]).expect("base64url");
    let mut object = serde_json::from_slice(&bytes).expect("JSON");
    change(&mut object);
    parts[part] = URL_SAFE_NO_PAD.encode(object.to_string());
    parts.join(".")
}

#[tokio::test]
async fn only_a_token_of_ours_registers() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let minted = minted(&live).await;
    let (token, uri) = (minted["token"].as_str().expect("a token"), minted["sip_uri"].as_str().expect("a URI"));
    let unsigned = rewritten(token, 0, |header| header["alg"] = "none".into());
    let without_signature = format!("{}.", unsigned.rsplit_once('.').expect("three parts").0);
    let forgeries = [
        ("changed claims", rewritten(token, 1, |claims| claims["sub"] = "juma".into())),
        ("a longer life", rewritten(token, 1, |claims| claims["exp"] = 4_102_444_800_i64.into())),
        ("alg none", unsigned),
        ("alg none, no signature", without_signature),
        ("another key's name", rewritten(token, 0, |header| header["kid"] = "../../dev/null".into())),
        ("a cut signature", token[..token.len() - 4].to_owned()),
        ("no token", "x".to_owned()),
    ];
    let registrar = &live.gateway.gateway.registrar;
    let user = uri.strip_prefix("sip:").and_then(|rest| rest.split_once('@')).expect("a SIP URI").0;
    let (_, workspace) = Identity::parse_user(user).expect("an identity");
    let registered = || registrar.users_of(live.server.app.clock.monotonic(), workspace);
    for (branch, (what, forged)) in (1..).zip(&forgeries) {
        assert!(sip_tokens::verify_sip_token(&live.server.app, forged).await.is_err(), "{what}");
        assert_eq!(phone.register(uri, branch, forged).await, 401, "{what}");
        assert!(registered().is_empty(), "{what}");
    }
    assert_eq!(phone.register(uri, 100, token).await, 200);
    assert_eq!(registered(), ["asha"]);
}

#[tokio::test]
async fn a_token_does_not_register_another_identity() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let minted = minted(&live).await;
    let uri = minted["sip_uri"].as_str().expect("a URI").replacen("asha", "juma", 1);
    assert_eq!(phone.register(&uri, 1, minted["token"].as_str().expect("a token")).await, 403);
}

#[tokio::test]
async fn an_expired_token_is_no_token() {
    let server = crate::support::Server::start(crate::support::Engine::Sqlite).await;
    let asha = server.onboarded("asha@example.com").await;
    let minted = asha.post("/v1/sip/token", json!({ "identity": "asha" })).await.expect(200).json;
    let token = minted["token"].as_str().expect("a token");
    assert!(sip_tokens::verify_sip_token(&server.app, token).await.is_ok());
    server.clock.advance(Duration::from_secs(301));
    assert!(sip_tokens::verify_sip_token(&server.app, token).await.is_err());
}

#[tokio::test]
async fn a_stranger_neither_registers_nor_calls() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    assert_eq!(phone.ask("REGISTER", "sip:asha@127.0.0.1", 1, "").await, 401);
    assert_eq!(phone.ask("INVITE", "sip:+254700000001@127.0.0.1", 2, "").await, 401);
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}

#[tokio::test]
async fn a_first_request_is_challenged_with_everything_we_take_and_nothing_is_kept_of_it() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let before = live.gateway.gateway.sip.gauge().await;
    for method in ["REGISTER", "INVITE"] {
        let mut answers = Vec::new();
        for _ in 0..2 {
            phone.request(method, &phone.server.to_string(), "sip:asha@127.0.0.1", 7, "").await;
            answers.push(phone.answer().await);
        }
        let schemes: Vec<&str> = answers[0]
            .lines()
            .filter_map(|line| line.strip_prefix("WWW-Authenticate: ")?.split_whitespace().next())
            .collect();
        assert_eq!(schemes, ["Bearer", "Digest", "Digest"], "{}", answers[0]);
        let tag = |answer: &str| answer.lines().find(|line| line.starts_with("To:")).map(str::to_owned);
        assert!(tag(&answers[0]).is_some_and(|to| to.contains(";tag=")));
        assert_eq!(tag(&answers[0]), tag(&answers[1]));
    }
    assert_eq!(live.gateway.gateway.sip.gauge().await, before);
}

#[tokio::test]
async fn scanners_and_those_who_ask_for_other_domains_get_silence_and_are_blocked() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let door = &live.gateway.gateway.door;
    let own = phone.server.to_string();
    phone.request("INVITE", "elsewhere.example", "sip:x@elsewhere.example", 1, "").await;
    // The next answer is the next question's: the first had none.
    assert_eq!(phone.ask("OPTIONS", "sip:anyone@127.0.0.1", 2, "").await, 200);
    assert_eq!((door.gauge().silenced, door.gauge().blocked), (1, 0));
    phone.request("OPTIONS", &own, "sip:100@1.1.1.1", 3, "User-Agent: friendly-scanner\r\n").await;
    eventually("the scanner is blocked", async || (door.gauge().blocked == 1).then_some(())).await;
    phone.request("OPTIONS", &own, "sip:anyone@127.0.0.1", 4, "").await;
    eventually("a blocked address gets silence", async || (door.gauge().silenced == 3).then_some(())).await;
    // The sandbox has the same address, but it is a trunk.
    let id = live.place(json!({ "from": FROM, "to": "+254722009901" })).await;
    live.call_that_is(&id, "busy").await;
}

#[tokio::test]
async fn repeated_failures_end_in_silence() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let door = &live.gateway.gateway.door;
    let mut branch = 0;
    while door.gauge().blocked == 0 {
        branch += 1;
        assert!(branch <= 20, "not blocked after {branch} failures");
        assert_eq!(phone.register("sip:asha@127.0.0.1", branch, "not.a.token").await, 401);
    }
    phone.request("REGISTER", &phone.server.to_string(), "sip:asha@127.0.0.1", 99, "").await;
    eventually("a blocked address gets silence", async || (door.gauge().silenced == 1).then_some(())).await;
}

#[tokio::test]
async fn noise_at_the_sip_port_leaves_the_server_answering() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let long = [b"INVITE sip:x SIP/2.0\r\nX: ".as_slice(), &[b'a'; 60_000]].concat();
    let pieces: [&[u8]; 9] = [
        b"",
        b"\0",
        b"\r\n\r\n",
        &[0xff; 1_400],
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP nowhere;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n",
        b"REGISTER sip:x SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
        &long,
    ];
    for _ in 0..20 {
        for piece in pieces {
            phone.send(piece).await;
        }
    }
    let other = Phone::facing(live.gateway.sip_address).await;
    assert_eq!(other.ask("OPTIONS", "sip:anyone@127.0.0.1", 1, "").await, 200);
}
