//! What carriers may do and what they are told.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use sautikit::config::Trunk;
use serde_json::json;
use sip::message::{HeaderName, Method, Response, StatusCode};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::carrier::{Carrier, Manner, RSEQ, description};
use super::support::{FROM, Live, serve};
use crate::support::{Engine, Server};

const CALLEE: &str = "+254722000042";

#[tokio::test]
async fn a_carrier_that_sends_the_call_elsewhere_fails_it_and_its_status_is_the_cause() {
    let moved = StatusCode::new(302).expect("a status");
    let carrier = Carrier::that_answers(Manner::Refusing(moved)).await;
    let live = Live::with_carrier(&carrier).await;
    let id = live.place(json!({ "from": FROM, "to": CALLEE })).await;
    let call = live.call_that_is(&id, "failed").await;
    assert_eq!(call["hangup_cause"], "sip.302");
}

#[tokio::test]
async fn a_carrier_whose_redirections_are_followed_is_left_for_the_one_that_it_names() {
    let mut gateway = Carrier::that_answers(Manner::AtOnce).await;
    let carrier = Carrier::that_answers(Manner::SendingTo(gateway.address)).await;
    let trunk = Trunk { follow_redirects: true, ..carrier.trunk() };
    let live = Live::of(Server::start(Engine::Sqlite).await.configured(|config| config.trunk.push(trunk))).await;
    let id = live.place(json!({ "from": FROM, "to": CALLEE, "max_duration": 1 })).await;
    let sent = gateway.asked(Method::Invite).await;
    assert_eq!(sent.uri.to_string(), format!("sip:ported@{}", gateway.address));
    assert_eq!(live.call_that_is(&id, "completed").await["status"], "completed");
}

#[tokio::test]
async fn a_carriers_session_timer_is_kept_and_its_refreshes_are_answered_without_a_new_offer() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let url = serve(json!([{ "say": { "text": "Karibu." } }, { "pause": { "length": 60 } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let to = format!("<sip:{FROM}@{server}>");
    let timer = "Supported: timer\r\nSession-Expires: 1800\r\n";
    carrier.send(server, Method::Invite, FROM, &to, 1, timer).await;
    let answer = carrier.told(Method::Invite).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers.text(&HeaderName::SessionExpires), Ok(Some("1800;refresher=uac")));
    assert_eq!(answer.require(), Ok(vec!["timer".to_owned()]));
    let to = answer.headers.text(&HeaderName::To).expect("text").expect("a To").to_owned();
    carrier.send(server, Method::Ack, FROM, &to, 1, "").await;
    carrier.send(server, Method::Update, FROM, &to, 2, timer).await;
    let refreshed = carrier.told(Method::Update).await;
    assert_eq!((refreshed.status, refreshed.body.len()), (StatusCode::OK, 0));
    assert_eq!(refreshed.headers.text(&HeaderName::SessionExpires), Ok(Some("1800;refresher=uac")));
    carrier.send(server, Method::Bye, FROM, &to, 3, "").await;
    assert_eq!(carrier.told(Method::Bye).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_carrier_says_reliably_is_acknowledged() {
    let mut carrier = Carrier::that_answers(Manner::Reliably).await;
    let live = Live::with_carrier(&carrier).await;
    let id = live.place(json!({ "from": FROM, "to": CALLEE, "max_duration": 1 })).await;
    let invite = carrier.asked(Method::Invite).await;
    assert!(invite.supported().expect("a list").contains(&"100rel".to_owned()));
    let prack = carrier.asked(Method::Prack).await;
    let expected = format!("{RSEQ} {} INVITE", invite.cseq().expect("a CSeq").number);
    assert_eq!(prack.headers.text(&HeaderName::RAck), Ok(Some(expected.as_str())));
    live.call_that_is(&id, "completed").await;
}

#[tokio::test]
async fn a_carrier_that_requires_reliable_responses_is_answered_once_it_has_acknowledged_them() {
    let mut carrier = Carrier::that_answers(Manner::Announcing).await;
    let live = Live::with_carrier(&carrier).await;
    let url = serve(json!([{ "dial": { "to": CALLEE } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let to = format!("<sip:{FROM}@{server}>");
    carrier.send(server, Method::Invite, FROM, &to, 1, "Require: 100rel\r\n").await;
    let mut cseq = 1;
    // As many as it takes until one describes what is heard: that is what a 200 has to wait for.
    let to = loop {
        let early = carrier.told_early().await;
        assert_eq!(early.require(), Ok(vec!["100rel".to_owned()]));
        let to = early.headers.text(&HeaderName::To).expect("text").expect("a To").to_owned();
        cseq += 1;
        let rseq = early.rseq().expect("a number").expect("an RSeq");
        carrier.send(server, Method::Prack, FROM, &to, cseq, &format!("RAck: {rseq} 1 INVITE\r\n")).await;
        assert_eq!(carrier.told(Method::Prack).await.status, StatusCode::OK);
        if !early.body.is_empty() {
            break to;
        }
    };
    let answer = carrier.told(Method::Invite).await;
    assert_eq!(answer.status, StatusCode::OK);
    carrier.send(server, Method::Ack, FROM, &to, 1, "").await;
    let call = live.newest_call().await;
    live.call_that_is(call["id"].as_str().expect("an id"), "answered").await;
    carrier.send(server, Method::Bye, FROM, &to, cseq + 1, "").await;
    assert_eq!(carrier.told(Method::Bye).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_carrier_that_has_answered_reliably_may_move_its_audio_before_its_200_which_moves_nothing_back() {
    let mut carrier = Carrier::that_answers(Manner::Ahead).await;
    let live = Live::with_carrier(&carrier).await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": CALLEE, "actions": actions })).await;
    let invite = carrier.asked(Method::Invite).await;
    carrier.asked(Method::Prack).await;
    let elsewhere = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let (server, own) = (live.gateway.sip_address, carrier.address);
    let text = |name: HeaderName| invite.headers.text(&name).expect("text").expect("a header").to_owned();
    let (from, to, call_id) = (text(HeaderName::From), text(HeaderName::To), text(HeaderName::CallId));
    let body = description(elsewhere.local_addr().expect("an address"));
    let update = format!(
        "UPDATE sip:us@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKupdate;rport\r\nMax-Forwards: 70\r\n\
         From: {to};tag=carrier\r\nTo: {from}\r\nCall-ID: {call_id}\r\nCSeq: 1 UPDATE\r\n\
         Contact: <sip:carrier@{own}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    carrier.send_raw(server, update.as_bytes()).await;
    let answer = carrier.told(Method::Update).await;
    assert_eq!((answer.status, answer.body.is_empty()), (StatusCode::OK, false));
    let mut accepted = Response::to_request(&invite, StatusCode::OK, Some("carrier"));
    accepted.headers.push(HeaderName::Contact, format!("<sip:carrier@{own}>"));
    accepted.headers.push(HeaderName::ContentType, "application/sdp");
    accepted.body = description(own).into();
    carrier.send_raw(server, &accepted.to_bytes()).await;
    live.call_that_is(&id, "answered").await;
    let mut buffer = [0; 1_500];
    while elsewhere.try_recv(&mut buffer).is_ok() {}
    let audio = tokio::time::timeout(Duration::from_secs(30), elsewhere.recv(&mut buffer)).await;
    assert!(audio.expect("nothing is said where the carrier wants it").is_ok());
}

#[tokio::test]
async fn what_a_trunk_lists_goes_on_from_its_calls_and_to_it_and_nothing_else_does() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let listed = ["X-Account", "Identity"].map(str::to_owned).to_vec();
    let trunk = Trunk { pass_headers: listed, ..carrier.trunk() };
    let live = Live::of(Server::start(Engine::Sqlite).await.configured(|config| config.trunk.push(trunk))).await;
    let url = serve(json!([{ "dial": { "to": CALLEE } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let to = format!("<sip:{FROM}@{server}>");
    let passport = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln;info=<https://cert.example/a.pem>";
    let more = format!("X-Account: 7\r\nIdentity: {passport}\r\nX-Other: 8\r\nDiversion: <sip:a@b>\r\n");
    carrier.send(server, Method::Invite, FROM, &to, 1, &more).await;
    let sent = carrier.asked(Method::Invite).await;
    let has = |name: &str| {
        let value = sent.headers.text(&HeaderName::from_token(name)).expect("text");
        value.map(str::to_owned)
    };
    assert_eq!((has("X-Account").as_deref(), has("Identity").as_deref()), (Some("7"), Some(passport)));
    assert_eq!((has("X-Other"), has("Diversion")), (None, None));
}

#[tokio::test]
async fn a_session_interval_below_the_least_is_refused_with_what_would_do() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let refusal = refused(&live, &mut carrier, "Supported: timer\r\nSession-Expires: 30\r\n", AUDIO).await;
    assert_eq!(refusal.status, StatusCode::SESSION_INTERVAL_TOO_SMALL);
    assert_eq!(refusal.min_se(), Ok(Some(90)));
}

#[tokio::test]
async fn an_offer_of_what_we_do_not_speak_is_refused_before_anything_is_made_of_the_call() {
    for (offer, status) in [("m=audio 4000 RTP/AVP 18\r\n", 488), ("m=audio", 400)] {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier(&carrier).await;
        assert_eq!(refused(&live, &mut carrier, "", offer).await.status.code(), status, "{offer}");
    }
}

#[tokio::test]
async fn a_trunk_that_has_all_its_calls_is_refused_before_anything_is_made_of_the_next() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let server = Server::start(Engine::Sqlite).await;
    let trunk = Trunk { max_calls: Some(0), ..carrier.trunk() };
    let live = Live::of(server.configured(|config| config.trunk.push(trunk))).await;
    let refusal = refused(&live, &mut carrier, "", AUDIO).await;
    assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// A line of audio that every trunk speaks.
const AUDIO: &str = "m=audio 4000 RTP/AVP 8\r\n";

/// The refusal of an INVITE to a number whose callback would dial at once: there is no call, no question to the customer's
/// server, and no leg.
async fn refused(live: &Live, carrier: &mut Carrier, more: &str, audio: &str) -> Response {
    let (asked, mut questions) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/voice", listener.local_addr().expect("an address"));
    let actions = json!({ "actions": [{ "dial": { "to": CALLEE } }] }).to_string();
    let answer = post(async move || {
        let _ = asked.send(());
        actions.clone()
    });
    tokio::spawn(async { axum::serve(listener, Router::new().route("/voice", answer)).await });
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let ip = carrier.address.ip();
    let offer = format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n{audio}");
    carrier.offers(server, FROM, 1, (more, &offer)).await;
    let refusal = carrier.told(Method::Invite).await;
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
    assert_eq!(live.balance().await, 100_000);
    assert!(questions.try_recv().is_err(), "nobody is asked");
    refusal
}

#[tokio::test]
async fn numbers_are_read_as_carriers_write_them() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let url = serve(json!([{ "reject": {} }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let withheld = "<sip:anonymous@anonymous.invalid>";
    let known = "<sip:+254711900099@carrier.example>";
    let asserted = "P-Asserted-Identity: <sip:0711900055@carrier.example>, <tel:+254711900056>\r\n";
    let in_context = "P-Asserted-Identity: <tel:711900055;phone-context=+254>\r\n";
    let forms = [
        ("+254700000001", "<sip:12@a>", in_context, "+254711900055"),
        ("700000001;phone-context=+254", "<sip:0711900099;phone-context=+254@a>", "", "+254711900099"),
        ("+254700000001", known, "", "+254711900099"),
        ("254700000001", "<sip:254711900099@a>", "", "+254711900099"),
        ("0700000001", "<sip:0711900099@a>", "", "+254711900099"),
        ("+254-700-000-001", "<tel:+254-711-900-099>", "", "+254711900099"),
        ("+254700000001;npdi;rn=+254711000000", "<sip:+254711900099;cpc=ordinary@a>", "", "+254711900099"),
        ("+254700000001", "<sip:12@a>", asserted, "+254711900055"),
        ("+254700000001", known, "Remote-Party-ID: <sip:0711900056@a>;party=calling;privacy=off\r\n", "+254711900056"),
        ("+254700000001", known, "Remote-Party-ID: <sip:0711900056@a>;party=called\r\n", "+254711900099"),
        ("+254700000001", known, "Remote-Party-ID: <sip:0711900056@a>;privacy=full\r\n", "anonymous"),
        ("+254700000001", withheld, asserted, "anonymous"),
        ("+254700000001", known, "Privacy: id;critical\r\n", "anonymous"),
        ("+254700000001", "<sip:12@a>", "", "anonymous"),
    ];
    for (cseq, (called, from, more, caller)) in (1_u32..).zip(forms) {
        let to = format!("<sip:{FROM}@{server}>");
        carrier.send_from(server, Method::Invite, called, (from, &to), cseq, more).await;
        // Nobody acknowledges, so refusals of the calls before are repeated.
        let refusal = loop {
            let refusal = carrier.told(Method::Invite).await;
            if refusal.cseq().is_ok_and(|of| of.number == cseq) {
                break refusal;
            }
        };
        assert_eq!(refusal.status, StatusCode::DECLINE, "{called}");
        let calls = live.asha.get("/v1/calls?limit=1").await.expect(200).json;
        assert_eq!((&calls[0]["from"], &calls[0]["to"]), (&json!(caller), &json!(FROM)), "{called} by {from} {more}");
    }
}

#[tokio::test]
async fn a_carrier_of_no_country_in_particular_reaches_the_number_that_its_national_form_can_mean() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier_of_no_country(&carrier).await;
    let url = serve(json!([{ "reject": {} }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    let to = format!("<sip:{FROM}@{server}>");
    for (cseq, (called, status)) in (1_u32..).zip([
        ("0700000001", StatusCode::DECLINE),
        ("(0700) 000.001", StatusCode::DECLINE),
        // Without a prefix it reads as an international number, of Russia.
        ("700000001", StatusCode::NOT_FOUND),
        ("0700000002", StatusCode::NOT_FOUND),
        ("0001", StatusCode::NOT_FOUND),
        ("1", StatusCode::NOT_FOUND),
    ]) {
        let called = called.replace(' ', "%20");
        carrier.send_from(server, Method::Invite, &called, (&to, &to), cseq, "").await;
        let answer = loop {
            let answer = carrier.told(Method::Invite).await;
            if answer.cseq().is_ok_and(|of| of.number == cseq) {
                break answer;
            }
        };
        assert_eq!(answer.status, status, "{called}");
    }
}
