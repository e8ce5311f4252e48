//! Those who prove nothing: forged tokens, expired ones, unsigned ones, and noise at the SIP port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sautikit::sip_tokens;
use sautikit::sip_tokens::identity::Identity;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::support::Live;

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
        let (server, address) = (self.server, self.address);
        let request = format!(
            "{method} sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <{uri}>;tag=f{branch}\r\nTo: <{uri}>\r\nCall-ID: c{branch}@{address}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:phone@{address}>\r\n{more}Content-Length: 0\r\n\r\n"
        );
        self.send(request.as_bytes()).await;
        let mut buffer = vec![0; 4_096];
        let answer = tokio::time::timeout(DEADLINE, self.socket.recv(&mut buffer)).await;
        let length = answer.expect("an answer in time").expect("an answer");
        let text = String::from_utf8_lossy(&buffer[..length]);
        let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).expect("a response");
        status.parse().expect("a status")
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
