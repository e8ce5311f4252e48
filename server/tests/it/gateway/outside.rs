//! SIP addresses of other domains: off, on, and never inside; and servers there that ask who calls.

use std::net::{Ipv4Addr, SocketAddr};

use md5::{Digest, Md5};
use sautikit::config::Config;
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::support::{Live, serve};
use crate::support::{Engine, Server};

/// A server that calls addresses of others.
async fn live(change: impl FnOnce(&mut Config)) -> Live {
    Live::of(Server::start(Engine::Sqlite).await.configured(change)).await
}

/// How a `dial` of this target ended, by the timeline's words for it.
async fn dialled(live: &Live, target: Value) -> Value {
    let url = serve(json!([{ "dial": { "to": target } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let before = live.asha.get("/v1/calls").await.expect(200).json.as_array().expect("calls").len();
    live.asha
        .post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": super::support::FROM }))
        .await
        .expect(202);
    let call = super::support::eventually("a call", async || {
        let calls = live.asha.get("/v1/calls").await.expect(200).json;
        (calls.as_array().expect("calls").len() > before).then(|| calls[0].clone())
    })
    .await;
    live.event(&call, "leg.ended").await
}

#[tokio::test]
async fn addresses_of_others_are_not_called_unless_the_operator_says_so() {
    let live = live(|_| {}).await;
    let ended = dialled(&live, json!({ "sip": "sip:sales@192.0.2.7:5999" })).await;
    assert_eq!(ended["cause"], "calls.destination_blocked", "{ended}");
}

#[tokio::test]
async fn addresses_inside_are_not_called_even_then() {
    let live = live(|config| config.sip.external_targets = true).await;
    for address in [
        "sip:sales@10.0.0.1",
        "sip:sales@169.254.169.254:5060",
        "sip:sales@127.0.0.2:80",
        "sip:sales@8.8.8.8;transport=ws",
    ] {
        let ended = dialled(&live, json!({ "sip": address })).await;
        assert_eq!(ended["cause"], "calls.destination_blocked", "{address}: {ended}");
    }
}

/// Somebody else's server that asks who calls and then is busy; what it was told.
async fn that_asks() -> (SocketAddr, JoinHandle<String>) {
    const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"once\", algorithm=MD5, qop=\"auth\"\r\n";
    // Not the address that is our own domain.
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).await.expect("a socket");
    let address = socket.local_addr().expect("an address");
    let asking = async move {
        let mut buffer = [0; 8_192];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if !text.starts_with("INVITE ") {
                continue;
            }
            let header = |name: &str| {
                let found =
                    text.lines().find(|line| line.split(':').next().is_some_and(|own| own.eq_ignore_ascii_case(name)));
                found.map(str::to_owned)
            };
            let credentials = header("authorization");
            let (status, challenge) = match &credentials {
                None => ("401 Unauthorized", CHALLENGE),
                Some(_) => ("486 Busy Here", ""),
            };
            let echoed = ["via", "from", "to", "call-id", "cseq"].map(|name| {
                let line = header(name).expect("a header of every request");
                if name == "to" { format!("{line};tag=theirs") } else { line }
            });
            let answer = format!("SIP/2.0 {status}\r\n{}\r\n{challenge}Content-Length: 0\r\n\r\n", echoed.join("\r\n"));
            socket.send_to(answer.as_bytes(), from).await.expect("sent");
            if let Some(credentials) = credentials {
                return credentials;
            }
        }
    };
    (address, tokio::spawn(asking))
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_server_that_asks_who_calls_is_told_what_the_document_says() {
    let live = live(|config| config.sip.external_targets = true).await;
    let (address, asked) = that_asks().await;
    let target = json!({ "sip": format!("sip:sales@{address}"), "username": "simba", "password": "hunter2" });
    let ended = dialled(&live, target).await;
    assert_eq!(ended["sip"], 486, "{ended}");
    let credentials = asked.await.expect("it was asked");
    let field = |name: &str| {
        let (_, rest) = credentials.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("{name}: {credentials}"));
        let value = rest.split([',', '\r']).next().unwrap_or_default();
        value.trim().trim_matches('"').to_owned()
    };
    assert_eq!((field("username").as_str(), field("realm").as_str()), ("simba", "pbx"));
    let ha1 = md5_hex("simba:pbx:hunter2");
    let ha2 = md5_hex(&format!("INVITE:{}", field("uri")));
    let proof = md5_hex(&format!("{ha1}:once:{}:{}:auth:{ha2}", field("nc"), field("cnonce")));
    assert_eq!(field("response"), proof);
}
