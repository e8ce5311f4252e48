//! Those who prove nothing: forged tokens, expired ones, unsigned ones, and noise at the SIP port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{SinkExt, StreamExt};
use sautikit::sip_tokens;
use sautikit::sip_tokens::identity::Identity;
use serde_json::{Value, json};
use sip::message::{HeaderName, Method, StatusCode};
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, tungstenite};

use super::browser::Browser;
use super::carrier::{Carrier, Manner};
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

/// The status of a REGISTER with that token on a WebSocket of nobody's.
async fn register_by_socket(live: &Live, uri: &str, branch: u32, token: &str) -> u16 {
    let mut socket = socket_of_nobody(live.web().await).await.expect("a WebSocket");
    let request = format!(
        "REGISTER sip:sautikit SIP/2.0\r\nVia: SIP/2.0/WS tab.invalid;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: <{uri}>;tag=f{branch}\r\nTo: <{uri}>\r\nCall-ID: w{branch}\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:tab@tab.invalid;transport=ws>\r\nAuthorization: Bearer {token}\r\nExpires: 60\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send(tungstenite::Message::text(request)).await.expect("sent");
    let answer = tokio::time::timeout(DEADLINE, socket.next()).await.expect("an answer in time");
    let answer = answer.expect("an answer").expect("a message").into_data();
    let text = String::from_utf8_lossy(&answer);
    let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).expect("a response");
    status.parse().expect("a status")
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
    let registered = || -> Vec<_> {
        registrar.list(live.server.app.clock.monotonic(), workspace).into_iter().map(|row| row.name).collect()
    };
    for (branch, (what, forged)) in (1..).zip(&forgeries) {
        assert!(sip_tokens::verify_sip_token(&live.server.app, forged).await.is_err(), "{what}");
        assert_eq!(register_by_socket(&live, uri, branch, forged).await, 401, "{what}");
        assert!(registered().is_empty(), "{what}");
    }
    // A datagram's sender may be anywhere: calls to it would go there.
    assert_eq!(phone.register(uri, 99, token).await, 401);
    assert!(registered().is_empty());
    assert_eq!(register_by_socket(&live, uri, 100, token).await, 200);
    assert_eq!(registered(), ["asha"]);
}

#[tokio::test]
async fn a_token_does_not_register_another_identity() {
    let live = Live::with_money().await;
    let minted = minted(&live).await;
    let uri = minted["sip_uri"].as_str().expect("a URI").replacen("asha", "juma", 1);
    assert_eq!(register_by_socket(&live, &uri, 1, minted["token"].as_str().expect("a token")).await, 403);
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
    // Who asks again without an answer has not understood the first offer.
    for (method, offered) in [("REGISTER", ["SHA-256", "MD5"].as_slice()), ("INVITE", &["MD5"])] {
        let mut answers = Vec::new();
        for _ in 0..2 {
            phone.request(method, &phone.server.to_string(), "sip:asha@127.0.0.1", 7, "").await;
            answers.push(phone.answer().await);
        }
        let algorithms: Vec<&str> = answers[0]
            .lines()
            .filter_map(|line| line.strip_prefix("WWW-Authenticate: Digest ")?.split_once("algorithm="))
            .map(|(_, algorithm)| algorithm)
            .collect();
        assert_eq!(algorithms, offered, "{}", answers[0]);
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
async fn an_operator_sees_what_counts_against_whom_and_forgives_it() {
    let live = Live::with_money().await;
    let operator = live.server.operator().await;
    let list = "/v1/admin/sip/strangers";
    assert_eq!(operator.get(list).await.expect(200).json, json!([]));
    let phone = Phone::facing(live.gateway.sip_address).await;
    let own = phone.server.to_string();
    phone.request("INVITE", "elsewhere.example", "sip:x@elsewhere.example", 1, "").await;
    phone.request("OPTIONS", &own, "sip:100@1.1.1.1", 2, "User-Agent: friendly-scanner\r\n").await;
    let blocked = eventually("it is blocked", async || {
        let strangers = operator.get(list).await.expect(200).json;
        (strangers[0]["is_blocked"] == true).then(|| strangers[0].clone())
    });
    let blocked = blocked.await;
    assert_eq!((&blocked["address"], &blocked["score"]), (&json!("127.0.0.1"), &json!(64)));
    let reasons = json!([{ "reason": "scanner", "strikes": 60 }, { "reason": "foreign_domain", "strikes": 4 }]);
    assert_eq!(blocked["reasons"], reasons);
    assert!(blocked["blocked_until"].is_string());
    live.asha.get(list).await.expect_error("auth.admin_required");
    let path = format!("{list}/127.0.0.1");
    operator.delete(&path).await.expect(204);
    operator.delete(&path).await.expect_error("not_found");
    assert_eq!(operator.get(list).await.expect(200).json, json!([]));
    assert_eq!(phone.ask("OPTIONS", "sip:anyone@127.0.0.1", 3, "").await, 200);
    let entries =
        "select count(*) from audit_log where action_kind = 'stranger.unblocked' and subject_id = '127.0.0.1'";
    let count: i64 = sqlx::query_scalar(entries).fetch_one(live.server.app.db.pool()).await.expect("a count");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn repeated_failures_end_in_silence() {
    let live = Live::with_money().await;
    let phone = Phone::facing(live.gateway.sip_address).await;
    let door = &live.gateway.gateway.door;
    let mut branch = 0;
    while door.gauge().blocked == 0 {
        branch += 1;
        assert!(branch <= 60, "not blocked after {branch} failures");
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
    // Whoever makes the noise gets silence; others do not.
    let other = phone_at([127, 0, 9, 3], live.gateway.sip_address).await;
    assert_eq!(other.ask("OPTIONS", "sip:anyone@127.0.0.1", 1, "").await, 200);
}

/// A phone on another loopback address, which is another host to the server.
async fn phone_at(ip: [u8; 4], server: SocketAddr) -> Phone {
    let socket = UdpSocket::bind((Ipv4Addr::from(ip), 0)).await.expect("a socket");
    let address = socket.local_addr().expect("an address");
    Phone { socket, address, server }
}

#[tokio::test]
async fn a_strangers_requests_are_answered_at_most_once_and_nothing_is_kept_of_them() {
    let live = Live::with_money().await;
    let before = live.gateway.gateway.sip.gauge().await;
    let own = live.gateway.sip_address.to_string();
    // Each from a host of its own, so that strikes do not meet.
    let cases: [(&str, &str, &str, Option<&str>); 9] = [
        ("OPTIONS", &own, "", Some("200")),
        ("BYE", &own, ";tag=nobodys", Some("481")),
        ("INFO", &own, ";tag=nobodys", Some("481")),
        ("CANCEL", &own, "", Some("481")),
        ("SUBSCRIBE", &own, "", Some("405")),
        ("DANCE", &own, "", Some("501")),
        ("INVITE", &own, ";tag=nobodys", None),
        ("BYE", "elsewhere.example", ";tag=nobodys", None),
        ("ACK", &own, ";tag=nobodys", None),
    ];
    for (host, (method, uri_host, tag, status)) in (10..).zip(cases) {
        let phone = phone_at([127, 0, 9, host], live.gateway.sip_address).await;
        let address = phone.address;
        let request = format!(
            "{method} sip:x@{uri_host} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{host};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:x@{uri_host}>{tag}\r\nCall-ID: c{host}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:a@{address}>\r\nContent-Length: 0\r\n\r\n"
        );
        phone.send(request.as_bytes()).await;
        // What follows is answered next, so that silence needs no waiting.
        phone.request("OPTIONS", &own, "sip:anyone@127.0.0.1", 77, "").await;
        let first = phone.answer().await;
        if let Some(status) = status {
            assert!(first.starts_with(&format!("SIP/2.0 {status} ")), "{method}: {first}");
            let second = phone.answer().await;
            assert!(second.contains("z9hG4bK77"), "{method}: {second}");
        } else {
            assert!(first.contains("z9hG4bK77"), "{method}: {first}");
        }
    }
    assert_eq!(live.gateway.gateway.sip.gauge().await, before);
}

#[tokio::test]
async fn what_is_malformed_gets_silence_from_strangers_and_400_from_carriers() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let stranger = phone_at([127, 0, 9, 1], live.gateway.sip_address).await;
    let server = live.gateway.sip_address;
    let broken = |address: SocketAddr| {
        format!(
            "INVITE sip:x@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKb;rport\r\nFrom: <sip:a@b>;tag=f\r\n\
             To: \"x <sip:x@{server}>\r\nCall-ID: broken\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{address}>\r\n\
             Content-Length: 0\r\n\r\n"
        )
    };
    stranger.send(broken(stranger.address).as_bytes()).await;
    stranger.send(broken(stranger.address).replace("1 INVITE", "1 BYE").as_bytes()).await;
    stranger.request("OPTIONS", &server.to_string(), "sip:anyone@127.0.0.1", 77, "").await;
    assert!(stranger.answer().await.contains("z9hG4bK77"));
    carrier.send_raw(server, broken(carrier.address).as_bytes()).await;
    assert_eq!(carrier.told(Method::Invite).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_carriers_call_is_ended_by_the_carrier_and_by_nobody_else_who_knows_its_ids() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let id =
        live.place(json!({ "from": FROM, "to": "+254722000042", "actions": [{ "pause": { "length": 60 } }] })).await;
    let ack = carrier.asked(Method::Ack).await;
    live.call_that_is(&id, "answered").await;
    let text = |name: &HeaderName| ack.headers.text(name).expect("text").expect("the header").to_owned();
    let (to, from, call_id) = (text(&HeaderName::From), text(&HeaderName::To), text(&HeaderName::CallId));
    let thief = phone_at([127, 0, 9, 2], live.gateway.sip_address).await;
    for (cseq, method) in (100..).zip(["BYE", "INFO"]) {
        let (address, server) = (thief.address, thief.server);
        let request = format!(
            "{method} sip:gw@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:thief@{address}>\r\nContent-Length: 0\r\n\r\n"
        );
        thief.send(request.as_bytes()).await;
        assert!(thief.answer().await.starts_with("SIP/2.0 481 "), "{method}");
    }
    let call = live.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json;
    assert_eq!(call["status"], "answered");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    carrier.asked(Method::Bye).await;
}

#[tokio::test]
async fn a_connection_outlives_the_key_of_its_token_and_does_nothing_with_it() {
    let live = Live::with_money().await;
    let made = live.asha.post("/v1/api-keys", json!({ "name": "phones" })).await.expect(201).json;
    let key = live.server.client().with_key(made["key"].as_str().expect("a key"));
    let mut tab = Browser::open_by(&live, &key, "asha").await;
    live.asha.delete(&format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"))).await;
    let session = tab.call("+254722000042", &["0"]).await;
    assert_eq!(tab.until_ended(session).await, "401");
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}

/// A WebSocket without a token; the status when it is refused.
async fn socket_of_nobody(address: SocketAddr) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://{address}/sip").into_client_request().expect("a request");
    request.headers_mut().insert("Sec-WebSocket-Protocol", "sip".parse().expect("a value"));
    let stream = TcpStream::connect(address).await.expect("a connection");
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn sockets_of_nobody_are_few_and_their_places_come_back() {
    let live = Live::with_money().await;
    let address = live.web().await;
    let mut held = Vec::new();
    let refused = loop {
        match socket_of_nobody(address).await {
            Ok(socket) => held.push(socket),
            Err(status) => break status,
        }
        assert!(held.len() <= 100, "nobody holds a hundred sockets");
    };
    assert_eq!(refused, 429);
    // Those who prove an identity are let in all the same.
    let mut tab = Browser::registered(&live, "asha").await;
    drop(held);
    eventually("a place is free", async || socket_of_nobody(address).await.ok()).await;
    let session = tab.call("+254722000042", &["0"]).await;
    tab.answered().await;
    tab.hang_up(session).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_its_socket_before_it_is_whole() {
    let live = Live::with_money().await;
    let mut socket = socket_of_nobody(live.web().await).await.expect("a socket");
    // The sender may notice before it is through.
    let _ = socket.send(tungstenite::Message::text("x".repeat(70_000))).await;
    let ended = tokio::time::timeout(DEADLINE, async {
        while let Some(Ok(frame)) = socket.next().await {
            assert!(!frame.is_text(), "{frame}");
        }
    });
    ended.await.expect("the socket ends");
}
