//! Devices: they register and call with a SIP credential over datagrams, and ring when their number is called.

use std::net::SocketAddr;

use sautikit_api::ErrorCode;
use serde_json::{Value, json};
use sip::auth::{DigestClient, Secret};
use sip::message::{HeaderName, Method, Request, Response, Uri};

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually};

/// A phone with a credential.
pub(super) struct Device {
    pub(super) carrier: Carrier,
    pub(super) server: SocketAddr,
    pub(super) username: String,
    digest: DigestClient,
    /// The only algorithm that it knows.
    algorithm: Option<&'static str>,
    pub(super) cseq: u32,
    pub(super) id: String,
}

impl Device {
    /// A phone that is set up with a new credential of [`FROM`].
    pub(super) async fn of(live: &Live) -> Self {
        let path = format!("/v1/numbers/{}/sip-credentials", live.number_id);
        let made = live.asha.post(&path, json!({ "label": "Reception" })).await.expect(201).json;
        Self::with(live, &made, made["password"].as_str().expect("a password")).await
    }

    async fn with(live: &Live, credential: &Value, password: &str) -> Self {
        let username = credential["username"].as_str().expect("a user name").to_owned();
        Self {
            carrier: Carrier::that_answers(Manner::AtOnce).await,
            server: live.gateway.sip_address,
            digest: DigestClient::new(&username, Secret::Password(password.to_owned())),
            username,
            algorithm: None,
            cseq: 0,
            id: credential["id"].as_str().expect("an id").to_owned(),
        }
    }

    /// Sends the request once, without credentials of its own.
    async fn sends(&mut self, method: &Method, user: &str, more: &[(&str, &str)], credentials: Option<&str>) {
        let (own, server) = (self.carrier.address, self.server);
        self.cseq += 1;
        let host = if *method == Method::Register { server.to_string() } else { format!("{user}@{server}") };
        let mut request = Request::new(method.clone(), Uri::parse(format!("sip:{host}")).expect("a URI"));
        let identity = format!("<sip:{}@{server}>", self.username);
        let to = if *method == Method::Register { identity.clone() } else { format!("<sip:{user}@{server}>") };
        let cseq = self.cseq;
        for (name, value) in [
            (HeaderName::Via, format!("SIP/2.0/UDP {own};branch=z9hG4bK{}{cseq};rport", self.username)),
            (HeaderName::MaxForwards, "70".to_owned()),
            (HeaderName::From, format!("{identity};tag=device")),
            (HeaderName::To, to),
            (HeaderName::CallId, format!("{method} of {}", self.username).replace(' ', "-")),
            (HeaderName::CSeq, format!("{cseq} {method}")),
            (HeaderName::UserAgent, "Desk phone 1.0".to_owned()),
        ] {
            request.headers.push(name, value);
        }
        if !more.iter().any(|(name, _)| *name == "Contact") {
            request.headers.push(HeaderName::Contact, format!("<sip:{}@{own}>", self.username));
        }
        for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
            request.headers.push(HeaderName::from_token(name), (*value).to_owned());
        }
        if let Some(credentials) = credentials {
            request.headers.push(HeaderName::Authorization, credentials.to_owned());
        }
        if *method == Method::Invite {
            request.headers.push(HeaderName::ContentType, "application/sdp");
            request.body = super::carrier::description(own).into();
        }
        self.carrier.send_raw(server, &request.to_bytes()).await;
    }

    /// Sends the request, answers one challenge, and gives the final answer.
    pub(super) async fn asks(&mut self, method: Method, user: &str, more: &[(&str, &str)]) -> Response {
        self.sends(&method, user, more, None).await;
        let challenge = self.carrier.told(method.clone()).await;
        assert_eq!(challenge.status.code(), 401);
        let credentials = self.answer(&challenge, &method, user);
        self.sends(&method, user, more, Some(&credentials)).await;
        self.carrier.told(method).await
    }

    fn answer(&mut self, challenge: &Response, method: &Method, user: &str) -> String {
        let mut challenges = challenge.www_authenticates().expect("challenges");
        assert!(challenges.iter().any(|challenge| challenge.get("algorithm") == Some("MD5")));
        if let Some(only) = self.algorithm {
            challenges.retain(|challenge| challenge.get("algorithm") == Some(only));
        }
        self.digest.accepted();
        assert!(self.digest.challenged(&challenges));
        let host =
            if *method == Method::Register { self.server.to_string() } else { format!("{user}@{}", self.server) };
        let credentials = self.digest.credentials(method, &format!("sip:{host}"), "c0ffee").expect("an answer");
        credentials.to_string()
    }

    pub(super) async fn registers(&mut self, expires: &str) -> Response {
        self.asks(Method::Register, "", &[("Expires", expires)]).await
    }

    /// Acknowledges the final answer to an INVITE.
    pub(super) async fn acknowledges(&mut self, answer: &Response, user: &str) {
        let to = answer.headers.text(&HeaderName::To).expect("a header").expect("To").to_owned();
        let own = self.carrier.address;
        let ack = format!(
            "ACK sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKack{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:{name}@{server}>;tag=device\r\nTo: {to}\r\nCall-ID: INVITE-of-{name}\r\nCSeq: {cseq} ACK\r\n\
             Content-Length: 0\r\n\r\n",
            server = self.server,
            name = self.username,
            cseq = self.cseq,
        );
        self.carrier.send_raw(self.server, ack.as_bytes()).await;
    }
}

async fn registrations(live: &Live) -> Value {
    live.asha.get("/v1/sip/registrations").await.expect(200).json
}

#[track_caller]
fn refused_as(answer: &Response, status: u16, code: ErrorCode) {
    assert_eq!(answer.status.code(), status);
    let said = answer.headers.text(&HeaderName::from_token("X-Sautikit-Error")).expect("a header");
    assert_eq!(said, Some(code.as_str()));
}

#[tokio::test]
async fn a_name_that_no_identity_can_have_is_nobodys_and_nothing_is_made_of_its_call() {
    let live = Live::with_money().await;
    let workspace = live.asha.get("/v1/workspace").await.expect(200).json["id"].as_str().expect("an id").to_owned();
    for name in ["a%00b".to_owned(), "a".repeat(65)] {
        let user = format!("{name}--{}", workspace.replace('-', ""));
        let refusal = Device::of(&live).await.asks(Method::Invite, &user, &[]).await;
        assert_eq!(refusal.status.code(), 404, "{name}");
    }
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}

#[tokio::test]
async fn a_device_whose_invite_can_not_be_taken_is_refused_before_anything_is_made_of_its_call() {
    let live = Live::with_money().await;
    let brief = [("Supported", "timer"), ("Session-Expires", "30")];
    let refusal = Device::of(&live).await.asks(Method::Invite, "0722000042", &brief).await;
    assert_eq!(refusal.status.code(), 422);
    // Emergency numbers come before all that could be wrong with the INVITE.
    let emergency = Device::of(&live).await.asks(Method::Invite, "112", &brief).await;
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
    refused_as(&emergency, 403, ErrorCode::CallsEmergencyBlocked);
}

#[tokio::test]
async fn a_device_registers_with_either_algorithm_and_is_shown() {
    let live = Live::with_money().await;
    for algorithm in ["SHA-256", "MD5"] {
        let mut device = Device::of(&live).await;
        device.algorithm = Some(algorithm);
        let registered = device.registers("3600").await;
        assert_eq!(registered.status.code(), 200, "{algorithm}");
        let contacts = registered.contacts().expect("contacts");
        assert!(contacts[0].expires_s().is_some_and(|seconds| (3_590..=3_600).contains(&seconds)));
        let shown = registrations(&live).await;
        assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown}");
        let shown = &shown[0];
        assert_eq!(
            (&shown["identity"], &shown["credential_id"], &shown["number_id"]),
            (&json!(device.username), &json!(device.id), &json!(live.number_id))
        );
        assert_eq!(
            (&shown["user_agent"], &shown["address"], &shown["transport"]),
            (&json!("Desk phone 1.0"), &json!(device.carrier.address.to_string()), &json!("udp"))
        );
        // Asking changes nothing; the wildcard removes all.
        let asked = device.asks(Method::Register, "", &[("Contact", "")]).await;
        assert_eq!((asked.status.code(), asked.contacts().expect("contacts").len()), (200, 1));
        let gone = device.asks(Method::Register, "", &[("Contact", "*"), ("Expires", "0")]).await;
        assert_eq!(gone.status.code(), 200);
        assert_eq!(registrations(&live).await, json!([]));
    }
}

#[tokio::test]
async fn a_phone_that_knows_md5_only_is_offered_that_alone_when_it_asks_again() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    let offered = async |device: &mut Device| {
        device.sends(&Method::Register, "", &[], None).await;
        device.carrier.told(Method::Register).await.www_authenticates().expect("challenges").len()
    };
    assert_eq!((offered(&mut device).await, offered(&mut device).await), (2, 1));
    assert_eq!(device.registers("300").await.status.code(), 200);
    // It is remembered: its calls need no second try.
    assert_eq!(offered(&mut device).await, 1);
}

#[tokio::test]
async fn registrations_are_read_by_pages() {
    let live = Live::with_money().await;
    let mut devices = Vec::new();
    for _ in 0..3 {
        let mut device = Device::of(&live).await;
        assert_eq!(device.registers("300").await.status.code(), 200);
        devices.push(device);
    }
    let mut seen = Vec::new();
    let mut next = Some("/v1/sip/registrations?limit=2".to_owned());
    while let Some(path) = next {
        let page = live.asha.get(&path).await.expect(200);
        seen.extend(page.json.as_array().expect("a list").iter().map(|row| row["identity"].clone()));
        next = page.header("x-next-cursor").map(|cursor| format!("/v1/sip/registrations?limit=2&cursor={cursor}"));
    }
    let names: Vec<_> = devices.iter().rev().map(|device| json!(device.username)).collect();
    assert_eq!(seen, names);
}

#[tokio::test]
async fn an_operator_sees_who_is_registered_in_every_workspace() {
    let live = Live::with_money().await;
    let operator = live.server.operator().await;
    let list = "/v1/admin/registrations";
    assert_eq!(operator.get(list).await.expect(200).json, json!([]));
    let mut devices = Vec::new();
    for _ in 0..3 {
        let mut device = Device::of(&live).await;
        assert_eq!(device.registers("300").await.status.code(), 200);
        devices.push(device);
    }
    let names = |rows: &Value| -> Vec<Value> {
        rows.as_array().expect("a list").iter().map(|row| row["identity"].clone()).collect()
    };
    let workspace = live.asha.workspace_id().await;
    let all = operator.get(list).await.expect(200).json;
    assert_eq!((names(&all).len(), names(&all)), (3, names(&registrations(&live).await)));
    assert!(
        all.as_array()
            .expect("a list")
            .iter()
            .all(|row| row["workspace_id"] == workspace && row["address"].is_string())
    );
    let called = live.asha.get("/v1/workspace").await.expect(200).json["name"].clone();
    assert!(all.as_array().expect("a list").iter().all(|row| row["workspace_name"] == called), "{all}");
    // Who is meant, by a part of the name.
    let narrowed = async |by: &str| names(&operator.get(&format!("{list}?{by}")).await.expect(200).json);
    let one = devices[1].username.to_uppercase();
    assert_eq!(narrowed(&format!("identity={}", &one[3..])).await, [json!(devices[1].username)]);
    assert_eq!(narrowed(&format!("identity=ts_&workspace_id={workspace}")).await, names(&all));
    assert_eq!(narrowed("identity=nobody").await, Vec::<Value>::new());
    let of = async |id: &str| names(&operator.get(&format!("{list}?workspace_id={id}")).await.expect(200).json);
    assert_eq!(of(&workspace).await, names(&all));
    assert_eq!(of("019a2f60-9d04-7e52-b1c7-0a4de3f21c22").await, Vec::<Value>::new());
    operator.get(&format!("{list}?workspace_id=x")).await.expect_error("validation.bad_request");
    live.asha.get(list).await.expect_error("auth.admin_required");
    // By pages, and without one whose credential works no more: its place is the next one's.
    let credential = format!("/v1/numbers/{}/sip-credentials/{}", live.number_id, devices[2].id);
    live.asha.delete(&credential).await.expect(204);
    let mut seen = Vec::new();
    let mut next = Some(format!("{list}?limit=1"));
    while let Some(path) = next {
        let page = operator.get(&path).await.expect(200);
        seen.push(names(&page.json));
        next = page.header("x-next-cursor").map(|cursor| format!("{list}?limit=1&cursor={cursor}"));
    }
    assert_eq!(seen, [[json!(devices[1].username)], [json!(devices[0].username)]]);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_in_the_end_met_with_silence() {
    let live = Live::with_money().await;
    let path = format!("/v1/numbers/{}/sip-credentials", live.number_id);
    let made = live.asha.post(&path, json!({ "label": "Reception" })).await.expect(201).json;
    let mut device = Device::with(&live, &made, "k7m2qd9xh3").await;
    assert_eq!(device.registers("300").await.status.code(), 401);
    assert_eq!(registrations(&live).await, json!([]));
    let door = &live.gateway.gateway.door;
    let mut credentials = None;
    while door.gauge().blocked == 0 {
        assert!(device.cseq <= 120, "not blocked after {} requests", device.cseq);
        device.sends(&Method::Register, "", &[], credentials.as_deref()).await;
        let refused = device.carrier.told(Method::Register).await;
        assert_eq!(refused.status.code(), 401);
        credentials = Some(device.answer(&refused, &Method::Register, ""));
    }
    // Silence: not even what would be right is read.
    let silenced = door.gauge().silenced;
    device.sends(&Method::Register, "", &[], credentials.as_deref()).await;
    eventually("it gets silence", async || (door.gauge().silenced > silenced).then_some(())).await;
}

#[tokio::test]
async fn a_device_that_can_not_be_looked_up_is_told_to_come_again_and_never_blocked() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    device.sends(&Method::Register, "", &[], None).await;
    let challenge = device.carrier.told(Method::Register).await;
    let credentials = device.answer(&challenge, &Method::Register, "");
    // From here on the database answers nobody.
    live.server.app.db.close().await;
    // More often than a stranger may fail.
    for _ in 0..70 {
        device.sends(&Method::Register, "", &[], Some(&credentials)).await;
        let answer = device.carrier.told(Method::Register).await;
        refused_as(&answer, 503, ErrorCode::StorageUnavailable);
        assert!(answer.headers.contains(&HeaderName::RetryAfter));
    }
    assert_eq!(live.gateway.gateway.door.gauge().blocked, 0);
}

#[tokio::test]
async fn a_device_calls_from_its_own_number_only() {
    let live = Live::with_money().await;
    live.route(json!({ "voice_callback_url": null })).await;
    let mut device = Device::of(&live).await;
    let answered = device.asks(Method::Invite, "0722000042", &[]).await;
    assert_eq!(answered.status.code(), 200);
    device.acknowledges(&answered, "0722000042").await;
    let call = live.newest_call().await;
    assert_eq!(
        (&call["from"], &call["to"], &call["direction"]),
        (&json!(FROM), &json!("+254722000042"), &json!("outbound"))
    );
    let id = call["id"].as_str().expect("an id");
    live.call_that_is(id, "answered").await;
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    device.carrier.asked(Method::Bye).await;
    assert!(live.billed(id).await["cost_minor"].as_i64().is_some_and(|cost| cost > 0));

    let mut other = Device::of(&live).await;
    let asks = [("P-Preferred-Identity", "<sip:+254700000009@x>")];
    let refused = other.asks(Method::Invite, "0722000042", &asks).await;
    refused_as(&refused, 403, ErrorCode::NumbersNotAssigned);
    let mut other = Device::of(&live).await;
    refused_as(&other.asks(Method::Invite, "999", &[]).await, 403, ErrorCode::CallsEmergencyBlocked);
}

#[tokio::test]
async fn a_device_rings_when_its_number_is_called() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    assert_eq!(device.registers("300").await.status.code(), 200);
    live.asha.post("/v1/sandbox/inbound", json!({ "to": FROM, "from": "+254722000077" })).await.expect(202);
    let invite = device.carrier.asked(Method::Invite).await;
    assert!(invite.from().expect("From").uri.decoded_user().is_some_and(|user| user == "+254722000077"));
    let call = live.newest_call().await;
    let call = live.call_that_is(call["id"].as_str().expect("an id"), "answered").await;
    assert!(call["legs"].as_array().expect("legs").iter().any(|leg| leg["target"] == device.username.as_str()));
}

#[tokio::test]
async fn a_revoked_or_rotated_credential_is_off_at_once() {
    let live = Live::with_money().await;
    let path = format!("/v1/numbers/{}/sip-credentials", live.number_id);
    for is_revoked in [true, false] {
        let mut device = Device::of(&live).await;
        assert_eq!(device.registers("300").await.status.code(), 200);
        assert_eq!(registrations(&live).await.as_array().map(Vec::len), Some(1));
        if is_revoked {
            live.asha.delete(&format!("{path}/{}", device.id)).await.expect(204);
        } else {
            live.asha.post(&format!("{path}/{}/rotate", device.id), json!({})).await.expect(200);
        }
        assert_eq!(registrations(&live).await, json!([]));
        assert_eq!(device.registers("300").await.status.code(), 401);
        assert_eq!(device.asks(Method::Invite, "0722000042", &[]).await.status.code(), 401);
        // It is called no more either.
        let actions = json!([{ "dial": { "to": format!("client:{}", device.username) } }]);
        let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
        let ended = live.call_that_is(&id, "completed").await;
        let legs = ended["legs"].as_array().expect("legs");
        assert!(!legs.iter().any(|leg| leg["target"] == device.username.as_str() && !leg["answered_at"].is_null()));
    }
}

#[tokio::test]
async fn a_released_numbers_credentials_end() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    assert_eq!(device.registers("300").await.status.code(), 200);
    live.asha.delete(&format!("/v1/numbers/{}", live.number_id)).await.expect(204);
    assert_eq!(device.registers("300").await.status.code(), 401);
    assert_eq!(registrations(&live).await, json!([]));
}

#[tokio::test]
async fn what_answers_a_challenge_that_was_heard_elsewhere_is_challenged_and_not_kept() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    let before = live.gateway.gateway.sip.gauge().await;
    // Nobody heard this nonce here: it is none of ours.
    let forged = format!(
        "Digest username=\"{}\", realm=\"127.0.0.1\", nonce=\"{}\", uri=\"sip:x@y\", response=\"{}\", algorithm=MD5, \
         qop=auth, nc=00000001, cnonce=\"a\"",
        device.username,
        "0".repeat(64),
        "0".repeat(32)
    );
    for method in [Method::Invite, Method::Register] {
        device.sends(&method, "0722000042", &[], Some(&forged)).await;
        assert_eq!(device.carrier.told(method).await.status.code(), 401);
        assert_eq!(live.gateway.gateway.sip.gauge().await, before);
    }
    assert_eq!(registrations(&live).await, json!([]));
}
