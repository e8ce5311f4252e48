//! REFER: a device has whoever it talks with connected with somebody else; carriers may not.

use serde_json::{Value, json};
use sip::message::{HeaderName, Method, Request, Response};

use super::carrier::{Carrier, Manner};
use super::devices::Device;
use super::support::{FROM, Live, eventually};

/// Whom the sandbox answers for.
const CALLED: &str = "0722000042";

/// A device that talks with [`CALLED`], and the answer to its INVITE; the call as it is then.
async fn talking(live: &Live) -> (Device, Response, Value) {
    live.route(json!({ "voice_callback_url": null })).await;
    let mut device = Device::of(live).await;
    let answered = device.asks(Method::Invite, CALLED, &[]).await;
    assert_eq!(answered.status.code(), 200);
    device.acknowledges(&answered, CALLED).await;
    let id = live.newest_call().await["id"].as_str().expect("an id").to_owned();
    let call = live.call_that_is(&id, "answered").await;
    (device, answered, call)
}

fn header(message: &Request, name: HeaderName) -> String {
    message.headers.text(&name).expect("a header").expect("a value").to_owned()
}

/// Asks for a transfer to `to`; the answer.
async fn refers(live: &Live, device: &mut Device, answered: &Response, to: &str) -> Response {
    let (own, server) = (device.carrier.address, live.gateway.sip_address);
    let peer = answered.headers.text(&HeaderName::To).expect("a header").expect("To");
    device.cseq += 1;
    let refer = format!(
        "REFER sip:gw@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKrefer{cseq};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{name}@{server}>;tag=device\r\nTo: {peer}\r\nCall-ID: INVITE-of-{name}\r\nCSeq: {cseq} REFER\r\n\
         Contact: <sip:{name}@{own}>\r\nRefer-To: {to}\r\nContent-Length: 0\r\n\r\n",
        name = device.username,
        cseq = device.cseq,
    );
    device.carrier.send_raw(server, refer.as_bytes()).await;
    device.carrier.told(Method::Refer).await
}

/// What the device is told of its transfer until that is over, and calls of it that end meanwhile.
async fn told_of_transfer(device: &mut Device) -> (Vec<String>, usize) {
    let (mut told, mut ended) = (Vec::new(), 0);
    loop {
        let notify = device.carrier.asked_one_of(&[Method::Notify, Method::Bye]).await;
        if notify.method == Method::Bye {
            ended += 1;
            continue;
        }
        assert_eq!(header(&notify, HeaderName::Event), "refer");
        assert!(header(&notify, HeaderName::ContentType).starts_with("message/sipfrag"));
        let said = String::from_utf8_lossy(&notify.body).into_owned();
        told.push(said.split(' ').nth(1).expect("a status").to_owned());
        if header(&notify, HeaderName::SubscriptionState).starts_with("terminated") {
            return (told, ended);
        }
    }
}

#[tokio::test]
async fn a_device_hands_its_call_over_and_the_two_that_are_left_are_billed() {
    let live = Live::with_money().await;
    let (mut device, answered, call) = talking(&live).await;
    let id = call["id"].as_str().expect("an id");
    let accepted = refers(&live, &mut device, &answered, "<tel:+254-722-000-043>").await;
    assert_eq!(accepted.status.code(), 202);
    let (told, ended) = told_of_transfer(&mut device).await;
    assert_eq!((told.first().map(String::as_str), told.last().map(String::as_str)), (Some("100"), Some("200")));
    for _ in ended..1 {
        device.carrier.asked(Method::Bye).await;
    }
    let transferred = live.event(&call, "leg.transferred").await;
    assert_eq!((&transferred["by"], &transferred["to"]), (&json!(0), &json!("+254722000043")));
    // It goes on without the device, until somebody ends it.
    live.call_that_is(id, "answered").await;
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    let billed = live.billed(id).await;
    let legs = billed["legs"].as_array().expect("legs");
    let costs: Vec<_> =
        legs.iter().map(|leg| (leg["target"].as_str().expect("a target"), leg["cost_minor"].as_i64())).collect();
    assert_eq!(costs.len(), 3, "{costs:?}");
    for number in ["+254722000042", "+254722000043"] {
        let cost = costs.iter().find(|(target, _)| *target == number).and_then(|(_, cost)| *cost);
        assert!(cost.is_some_and(|cost| cost > 0), "{number}: {costs:?}");
    }
}

#[tokio::test]
async fn a_device_has_whom_it_had_where_nobody_takes_the_call() {
    let live = Live::with_money().await;
    let (mut device, answered, call) = talking(&live).await;
    let id = call["id"].as_str().expect("an id");
    // Busy.
    assert_eq!(refers(&live, &mut device, &answered, "<sip:+254722009901@x>").await.status.code(), 202);
    assert_eq!(told_of_transfer(&mut device).await.0.last().map(String::as_str), Some("486"));
    let failed = live.event(&call, "transfer.failed").await;
    assert_eq!(failed["cause"], "busy");
    let bridged = async || live.timeline(id).await.iter().filter(|event| event["kind"] == "leg.bridged").count();
    assert!(bridged().await >= 1);
    live.call_that_is(id, "answered").await;
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    device.carrier.asked(Method::Bye).await;
}

#[tokio::test]
async fn nobody_is_transferred_to_where_the_device_could_not_call() {
    let live = Live::with_money().await;
    let (mut device, answered, call) = talking(&live).await;
    for (to, status) in [("<sip:999@x>", 403), ("<sip:bob@elsewhere.example>", 403), ("nonsense", 400)] {
        assert_eq!(refers(&live, &mut device, &answered, to).await.status.code(), status, "{to}");
    }
    // What the workspace may not call is found out when it is dialled, and told.
    assert_eq!(refers(&live, &mut device, &answered, "<sip:+8821612345678@x>").await.status.code(), 202);
    assert_eq!(told_of_transfer(&mut device).await.0.last().map(String::as_str), Some("403"));
    let id = call["id"].as_str().expect("an id");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
}

#[tokio::test]
async fn a_carrier_transfers_nobody() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    let invite = carrier.asked(Method::Invite).await;
    live.call_that_is(&id, "answered").await;
    let (own, server) = (carrier.address, live.gateway.sip_address);
    let [from, to, call_id] = [HeaderName::From, HeaderName::To, HeaderName::CallId].map(|name| header(&invite, name));
    let refer = format!(
        "REFER sip:gw@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKrefer;rport\r\nMax-Forwards: 70\r\n\
         From: {to};tag=carrier\r\nTo: {from}\r\nCall-ID: {call_id}\r\nCSeq: 1 REFER\r\n\
         Contact: <sip:carrier@{own}>\r\nRefer-To: <sip:+254722000043@{server}>\r\nContent-Length: 0\r\n\r\n"
    );
    carrier.send_raw(server, refer.as_bytes()).await;
    assert_eq!(carrier.told(Method::Refer).await.status.code(), 403);
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
}

#[tokio::test]
async fn a_device_connects_whom_it_has_in_two_calls_and_leaves_both() {
    let live = Live::with_money().await;
    let (mut device, first, one) = talking(&live).await;
    let second = device.asks(Method::Invite, "0722000043", &[]).await;
    assert_eq!(second.status.code(), 200);
    device.acknowledges(&second, "0722000043").await;
    let other = eventually("the second call", async || {
        let calls = live.asha.get("/v1/calls").await.expect(200).json;
        calls.get(1).map(|_| calls[0].clone())
    })
    .await;
    let ids = [&one, &other].map(|call| call["id"].as_str().expect("an id").to_owned());
    live.call_that_is(&ids[1], "answered").await;
    let to = second.headers.to().expect("To");
    let replaced = format!("INVITE-of-{}%3Bto-tag%3D{}%3Bfrom-tag%3Ddevice", device.username, to.tag().expect("a tag"));
    let refer_to = format!("<sip:0722000043@x?Replaces={replaced}>");
    assert_eq!(refers(&live, &mut device, &first, &refer_to).await.status.code(), 202);
    let (told, ended) = told_of_transfer(&mut device).await;
    assert_eq!(told, ["100", "200"]);
    for _ in ended..2 {
        device.carrier.asked(Method::Bye).await;
    }
    for call in [&one, &other] {
        live.event(call, "leg.transferred").await;
        live.event(call, "queue.connected").await;
    }
    // When one is over so is the other.
    live.asha.post(&format!("/v1/calls/{}/hangup", ids[0]), json!({})).await.expect(200);
    for id in &ids {
        live.call_that_is(id, "completed").await;
    }
    // A dialog that is nobody's is no way to anybody.
    let (mut device, first, call) = talking(&live).await;
    assert_eq!(refers(&live, &mut device, &first, &refer_to).await.status.code(), 202);
    assert_eq!(told_of_transfer(&mut device).await.0, ["100", "603"]);
    let id = call["id"].as_str().expect("an id");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
}
