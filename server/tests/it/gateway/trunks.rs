//! Trunks that operators set up, change and take away while the gateway runs.

use serde_json::json;
use sip::message::{Method, StatusCode};

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually, serve};
use crate::support::Client;

const CALLEE: &str = "+254722000042";

/// Sets a trunk up to the carrier; its path.
async fn set_up(operator: &Client, name: &str, carrier: &Carrier) -> String {
    let body = json!({ "name": name, "address": carrier.address.to_string(), "prefixes": ["+"], "country": "KE" });
    let made = operator.post("/v1/admin/trunks", body).await.expect(201).json;
    format!("/v1/admin/trunks/{}", made["id"].as_str().expect("an id"))
}

/// Waits until this node has heard of it.
async fn stands(operator: &Client, path: &str, is_open: bool) {
    eventually("the gateway has heard of the change", async || {
        let trunk = operator.get(path).await.expect(200).json;
        (trunk["resolved_address"].is_string() == is_open).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_trunk_takes_calls_as_soon_as_it_is_set_up_and_none_when_it_is_disabled() {
    let refusing = StatusCode::new(404).expect("a status");
    let carrier = Carrier::that_answers(Manner::Refusing(refusing)).await;
    let live = Live::with_money().await;
    let operator = live.server.operator().await;
    let path = set_up(&operator, "carrier-a", &carrier).await;
    stands(&operator, &path, true).await;
    let id = live.place(json!({ "from": FROM, "to": CALLEE })).await;
    assert_eq!(live.call_that_is(&id, "failed").await["hangup_cause"], "not_found", "the carrier, not the sandbox");
    operator.patch(&path, json!({ "is_enabled": false })).await.expect(200);
    stands(&operator, &path, false).await;
    // The sandbox serves again where there is no other.
    let id = live.place(json!({ "from": FROM, "to": "+254722009901" })).await;
    assert_eq!(live.call_that_is(&id, "busy").await["status"], "busy");
}

#[tokio::test]
async fn calls_come_in_by_a_trunk_while_it_stands_and_their_end_after_that_too() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_money().await;
    let url = serve(json!([{ "say": { "text": "Karibu." } }, { "pause": { "length": 60 } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let to = format!("<sip:{FROM}@{server}>");
    carrier.send(server, Method::Invite, FROM, &to, 1, "").await;
    assert_eq!(carrier.told(Method::Invite).await.status, StatusCode::UNAUTHORIZED, "a stranger so far");
    let operator = live.server.operator().await;
    let path = set_up(&operator, "carrier-a", &carrier).await;
    stands(&operator, &path, true).await;
    carrier.send(server, Method::Invite, FROM, &to, 2, "").await;
    let answer = loop {
        let answer = carrier.told(Method::Invite).await;
        if answer.cseq().is_ok_and(|of| of.number == 2) {
            break answer;
        }
    };
    assert_eq!(answer.status, StatusCode::OK);
    let in_dialog = answer.headers.text(&sip::message::HeaderName::To).expect("text").expect("a To").to_owned();
    carrier.send(server, Method::Ack, FROM, &in_dialog, 2, "").await;
    let call = live.newest_call().await;
    eventually("the call is counted", async || {
        let trunk = operator.get(&path).await.expect(200).json;
        (trunk["current_calls"] == 1).then_some(())
    })
    .await;
    operator.patch(&path, json!({ "is_enabled": false })).await.expect(200);
    stands(&operator, &path, false).await;
    operator.delete(&path).await.expect(204);
    carrier.send_from(server, Method::Options, FROM, (&to, &to), 3, "").await;
    assert_eq!(carrier.told(Method::Options).await.status, StatusCode::OK, "no stranger while its calls may run");
    carrier.send(server, Method::Bye, FROM, &in_dialog, 4, "").await;
    assert_eq!(carrier.told(Method::Bye).await.status, StatusCode::OK);
    let id = call["id"].as_str().expect("an id");
    assert_eq!(live.call_that_is(id, "completed").await["status"], "completed");
}

#[tokio::test]
async fn an_operator_sees_the_invite_that_a_carrier_sees() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_money().await;
    let operator = live.server.operator().await;
    let path = set_up(&operator, "carrier", &carrier).await;
    let shape =
        json!({ "number_format": "national", "identity": "pai", "domain": "carrier.example", "codecs": ["PCMU"] });
    operator.patch(&path, shape).await.expect(200);
    stands(&operator, &path, true).await;
    let query = format!("{path}/invite?to=%2B254722000042&from={}", FROM.replace('+', "%2B"));
    let preview = eventually("the change is in force", async || {
        let preview = operator.get(&query).await.expect(200).json;
        preview["text"].as_str().expect("a text").contains("P-Asserted-Identity").then_some(preview)
    })
    .await;
    assert_eq!(preview["address"], json!(carrier.address.to_string()));
    live.place(json!({ "from": FROM, "to": CALLEE })).await;
    let sent = carrier.asked(Method::Invite).await;
    let previewed = sip::parse::message(preview["text"].as_str().expect("a text").to_owned()).expect("SIP");
    let sip::message::Message::Request(previewed) = previewed else { panic!("an INVITE") };
    assert_eq!(previewed.uri.to_string(), sent.uri.to_string());
    // All but what is another one's in every call.
    let lines = |request: &sip::message::Request| {
        let text = String::from_utf8(request.to_bytes().to_vec()).expect("text");
        let own = ["Via", "From", "Call-ID", "Content-Length", "o=", "m=audio"];
        let lines = text.split("\r\n").filter(|line| !own.iter().any(|begin| line.starts_with(begin)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&previewed), lines(&sent));
    assert!(lines(&sent).iter().any(|line| line.starts_with("P-Asserted-Identity: <sip:0700000001@carrier.example>")));
    assert_eq!(operator.get(&format!("{path}/invite?to=nobody")).await.expect(400).json["error"]["field"], "to");
    operator.patch(&path, json!({ "is_enabled": false })).await.expect(200);
    stands(&operator, &path, false).await;
    operator.get(&query).await.expect_error("not_found");
}
