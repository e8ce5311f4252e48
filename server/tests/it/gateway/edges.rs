//! Two nodes with gateways on one database: who is registered at one of them is called by a call that runs on the other.

use std::sync::Arc;

use axum::Extension;
use sautikit::calls::registrations;
use sautikit::gateway::Gateway;
use sautikit::http::internal_router;
use serde_json::json;
use sip::message::{HeaderName, Method, Request, StatusCode, Uri};

use super::browser::{Browser, formats_of};
use super::carrier::{Carrier, Manner};
use super::devices::Device;
use super::support::{FROM, Live, eventually};
use crate::support::{Neighbour, Server, on_each_engine};

/// Chrome's formats, Opus first.
const CHROME: [&str; 6] = ["111", "0", "8", "13", "110", "126"];
/// Samples of a fifth of a second.
const LISTENED: usize = 1_600;

/// Both nodes, and Asha's workspace. Calls run on the first.
struct Two {
    here: Live,
    there: Neighbour,
}

impl Two {
    async fn on(server: Server) -> Self {
        Self::behind(server, None).await
    }

    async fn behind(server: Server, carrier: Option<&Carrier>) -> Self {
        let server = server.configured(|config| {
            config.nodes.listen = "127.0.0.1:0".to_owned();
            config.trunk.extend(carrier.map(Carrier::trunk));
        });
        let here = Live::of(server).await;
        let there = Neighbour::of(&here.server, &here.gateway.gateway).await;
        Self { here, there }
    }

    /// A tab of the identity at the other node, of which this one has heard.
    async fn tab_there(&self, identity: &str) -> Browser {
        let tab = Browser::registered_at(self.there.web().await, &self.here.asha, identity).await;
        self.is_known_to_be_there(identity, true).await;
        tab
    }

    /// A device of [`FROM`] at the other node, of which this one has heard.
    async fn device_there(&self) -> Device {
        let mut device = Device::of(&self.here).await;
        device.server = self.there.started.sip_address;
        assert_eq!(device.registers("300").await.status.code(), 200);
        self.is_known_to_be_there(&device.username, true).await;
        device
    }

    async fn is_known_to_be_there(&self, name: &str, wanted: bool) {
        let workspace = self.here.asha.workspace_id().await.parse().expect("an id");
        eventually("where somebody is registered is known", async || {
            let others = registrations::others_with(&self.here.server.app, workspace, name).await.expect("rows");
            (others.is_empty() != wanted).then_some(())
        })
        .await;
    }

    fn gateway_there(&self) -> &Arc<Gateway> {
        &self.there.started.gateway
    }

    /// Nothing of any call is left at the node over whose connections they went.
    async fn nothing_is_left_there(&self) {
        eventually("the connections are lent no more", async || (self.gateway_there().edge.lent() == 0).then_some(()))
            .await;
        assert!(self.gateway_there().calls.lock().is_empty());
    }

    async fn sip_user(&self, identity: &str) -> String {
        format!("{identity}--{}", self.here.asha.workspace_id().await.replace('-', ""))
    }
}

on_each_engine! {
    a_browser_at_another_node_rings_talks_and_either_side_ends
    a_client_at_both_nodes_is_rung_once_in_each_place_and_one_answers
    a_device_at_another_node_rings_for_its_number_and_both_hear_each_other
    who_has_gone_from_another_node_is_called_there_no_more
}

async fn a_browser_at_another_node_rings_talks_and_either_side_ends(server: Server) {
    let two = Two::on(server).await;
    let (mut juma, mut asha) = (two.tab_there("juma").await, Browser::open(&two.here, "asha").await);
    let user = two.sip_user("juma").await;
    for callee_ends in [false, true] {
        let session = asha.call(&user, &CHROME).await;
        let ringing = juma.rings().await;
        assert_eq!(two.gateway_there().edge.lent(), 1);
        juma.accept(&ringing).await;
        assert_eq!(formats_of(&asha.answered().await.body), ["111", "110"]);
        let call = two.here.newest_call().await;
        let named = ringing.headers.text(&HeaderName::from_token("X-Sautikit-Call-Id")).expect("text");
        assert_eq!(named, call["pbx_call_id"].as_str());
        let bridge = two.here.event(&call, "leg.bridged").await;
        assert_eq!((&bridge["mode"], &bridge["codecs"]), (&json!("relay"), &json!(["opus", "opus"])));
        if callee_ends {
            juma.hang_up(ringing.session).await;
            assert!(asha.until_ended(session).await.starts_with("BYE"));
        } else {
            asha.hang_up(session).await;
            assert!(juma.until_ended(ringing.session).await.starts_with("BYE"));
        }
        let call = two.here.billed(call["id"].as_str().expect("an id")).await;
        assert_eq!((&call["status"], &call["cost_minor"]), (&json!("completed"), &json!(0)));
        two.nothing_is_left_there().await;
    }
    let calls = two.here.asha.get("/v1/calls").await.expect(200).json;
    assert_eq!(calls.as_array().map(Vec::len), Some(2), "one record each, on the node that runs it");
    assert_eq!(juma.calls_beside(), 0);
}

async fn a_client_at_both_nodes_is_rung_once_in_each_place_and_one_answers(server: Server) {
    let two = Two::on(server).await;
    let (mut here, mut there) = (Browser::registered(&two.here, "asha").await, two.tab_there("asha").await);
    for answers_there in [true, false] {
        let inbound = json!({ "from": "+254722000077", "to": FROM });
        let placed = two.here.asha.post("/v1/sandbox/inbound", inbound).await.expect(202).json;
        let id = placed["call_id"].as_str().expect("an id");
        let (rings_here, rings_there) = (here.rings().await, there.rings().await);
        let (taker, taken, other, left) = match answers_there {
            true => (&mut there, rings_there, &mut here, rings_here),
            false => (&mut here, rings_here, &mut there, rings_there),
        };
        taker.accept(&taken).await;
        let end = other.until_ended(left.session).await;
        assert_eq!(end, "CANCEL SIP;cause=200;text=\"Call completed elsewhere\"");
        two.here.call_that_is(id, "answered").await;
        taker.hang_up(taken.session).await;
        two.here.call_that_is(id, "completed").await;
        assert_eq!((here.calls_beside(), there.calls_beside()), (0, 0), "one INVITE for each tab");
        two.nothing_is_left_there().await;
    }
}

async fn a_device_at_another_node_rings_for_its_number_and_both_hear_each_other(server: Server) {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let two = Two::behind(server, Some(&carrier)).await;
    let mut device = two.device_there().await;
    let node = two.here.gateway.sip_address;
    carrier.send(node, Method::Invite, FROM, &format!("<sip:{FROM}@{node}>"), 1, "").await;
    let invite = device.carrier.asked(Method::Invite).await;
    assert!(invite.from().expect("From").uri.decoded_user().is_some_and(|user| user == "+254722000077"));
    let contact = invite.contacts().expect("contacts").remove(0).addr.uri;
    let edge = two.there.started.sip_address;
    assert_eq!(contact.port, Some(edge.port()), "its requests go to the node that it is registered at");
    let answer = carrier.told(Method::Invite).await;
    assert_eq!(answer.status, StatusCode::OK);
    let to = answer.headers.text(&HeaderName::To).expect("text").expect("a To").to_owned();
    carrier.send(node, Method::Ack, FROM, &to, 1, "").await;
    device.carrier.asked(Method::Ack).await;
    let mut described = Request::new(Method::Invite, Uri::parse("sip:x@y").expect("a URI"));
    described.body = answer.body.clone();
    let (one, other) = (carrier.sings(&described, 400.0), device.carrier.sings(&invite, 1_000.0));
    let pitches = (
        pitch_hz(&device.carrier.hears_from(LISTENED, LISTENED).await),
        pitch_hz(&carrier.hears_from(LISTENED, LISTENED).await),
    );
    one.abort();
    other.abort();
    assert!(pitches.0.abs_diff(400) < 40 && pitches.1.abs_diff(1_000) < 60, "{pitches:?}");
    carrier.send(node, Method::Bye, FROM, &to, 2, "").await;
    device.carrier.asked(Method::Bye).await;
    let call = two.here.newest_call().await;
    let call = two.here.billed(call["id"].as_str().expect("an id")).await;
    assert!(call["legs"].as_array().expect("legs").iter().any(|leg| leg["target"] == device.username.as_str()));
    two.nothing_is_left_there().await;
}

async fn who_has_gone_from_another_node_is_called_there_no_more(server: Server) {
    let two = Two::on(server).await;
    let call = async |name: &str| {
        let actions = json!([{ "dial": { "to": format!("client:{name}") } }]);
        let id = two.here.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
        two.here.call_that_is(&id, "completed").await
    };
    let was_rung = |call: &serde_json::Value, name: &str| {
        let legs = call["legs"].as_array().expect("legs");
        legs.iter().any(|leg| leg["target"] == name && !leg["answered_at"].is_null())
    };
    // It has taken itself off.
    let mut device = two.device_there().await;
    let gone = device.asks(Method::Register, "", &[("Contact", "*"), ("Expires", "0")]).await;
    assert_eq!(gone.status.code(), 200);
    two.is_known_to_be_there(&device.username, false).await;
    assert!(!was_rung(&call(&device.username).await, &device.username));
    // Its credential holds no more, though its node still has it.
    let device = two.device_there().await;
    let credential = format!("/v1/numbers/{}/sip-credentials/{}", two.here.number_id, device.id);
    two.here.asha.delete(&credential).await.expect(204);
    assert!(!was_rung(&call(&device.username).await, &device.username));
    // Its connection is gone.
    drop(two.tab_there("juma").await);
    two.is_known_to_be_there("juma", false).await;
    assert!(!was_rung(&call("juma").await, "juma"));
}

#[tokio::test]
async fn the_node_of_a_client_that_rings_dies_and_the_call_rings_on_elsewhere() {
    let two = Two::on(Server::start(crate::support::Engine::Sqlite).await).await;
    let (mut here, mut there) = (Browser::registered(&two.here, "asha").await, two.tab_there("asha").await);
    let inbound = json!({ "from": "+254722000077", "to": FROM });
    let placed = two.here.asha.post("/v1/sandbox/inbound", inbound).await.expect(202).json;
    let id = placed["call_id"].as_str().expect("an id");
    let (rings_here, _) = (here.rings().await, there.rings().await);
    two.there.app.stopping.cancel();
    here.accept(&rings_here).await;
    two.here.call_that_is(id, "answered").await;
    here.hang_up(rings_here.session).await;
    two.here.call_that_is(id, "completed").await;
}

#[tokio::test]
async fn the_node_of_a_call_dies_and_whom_it_called_at_another_is_told_so() {
    for is_answered in [false, true] {
        let two = Two::on(Server::start(crate::support::Engine::Sqlite).await).await;
        let (mut juma, mut asha) = (two.tab_there("juma").await, Browser::open(&two.here, "asha").await);
        asha.call(&two.sip_user("juma").await, &CHROME).await;
        let ringing = juma.rings().await;
        if is_answered {
            juma.accept(&ringing).await;
            asha.answered().await;
        }
        two.here.server.app.stopping.cancel();
        let end = juma.until_ended(ringing.session).await;
        assert!(end.starts_with(if is_answered { "BYE" } else { "CANCEL" }), "{end}");
        two.nothing_is_left_there().await;
    }
}

#[tokio::test]
async fn nobody_but_a_node_is_told_where_somebody_is_or_lent_a_connection() {
    let two = Two::on(Server::start(crate::support::Engine::Sqlite).await).await;
    let _juma = two.tab_there("juma").await;
    let routes = internal_router(&two.there.app).layer(Extension(two.gateway_there().clone()));
    let stranger = two.here.server.client_of(routes);
    let query = format!("workspace={}&user={}", two.here.asha.workspace_id().await, two.sip_user("juma").await);
    for path in [format!("/nodes/places?{query}"), format!("/nodes/sip?{query}&place=x"), "/nodes/other".to_owned()] {
        stranger.get(&path).await.expect_error("not_found");
        two.here.asha.on(&stranger).get(&path).await.expect_error("not_found");
    }
    // Nor is any of it on the port that everybody reaches.
    two.here.asha.get(&format!("/nodes/places?{query}")).await.expect_error("not_found");
}

/// How high a tone is, by how often it crosses zero.
fn pitch_hz(samples: &[i16]) -> u32 {
    let crossings = samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    u32::try_from(crossings * 8_000 / (2 * samples.len())).unwrap_or_default()
}
