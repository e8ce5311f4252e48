//! Browsers that call and are called, as SIP sees it.

use serde_json::json;
use sip::message::{HeaderName, Method, StatusCode};
use sip::ua::Reply;

use super::browser::{Browser, formats_of};
use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};

/// Chrome's formats, Opus first.
const CHROME: [&str; 6] = ["111", "0", "8", "13", "110", "126"];

#[tokio::test]
async fn a_calling_browser_learns_the_calls_id_while_it_rings_and_when_it_is_answered() {
    let live = Live::with_money().await;
    let mut tab = Browser::open(&live, "asha").await;
    let session = tab.call("+254722000042", &CHROME).await;
    let ringing = tab.response().await;
    let answered = tab.answered().await;
    let call = live.newest_call().await;
    for response in [ringing, answered] {
        let id =
            response.headers.text(&HeaderName::from_token("X-Sautikit-Call-Id")).expect("text").expect("the header");
        assert_eq!(call["pbx_call_id"], id, "{}", response.status.code());
    }
    tab.hang_up(session).await;
    live.billed(call["id"].as_str().expect("an id")).await;
}

#[tokio::test]
async fn a_browser_that_offers_g711_only_is_relayed_to_the_carrier() {
    let live = Live::with_money().await;
    let mut tab = Browser::open(&live, "asha").await;
    let session = tab.call("+254722000042", &["0", "8", "13", "126"]).await;
    assert_eq!(formats_of(&tab.answered().await.body), ["8", "126"]);
    tab.hang_up(session).await;
    let call = live.newest_call().await;
    let bridge = live.event(&call, "leg.bridged").await;
    assert_eq!((&bridge["mode"], &bridge["codecs"]), (&json!("relay"), &json!(["PCMA", "PCMA"])));
}

#[tokio::test]
async fn a_browser_is_answered_at_once_and_does_not_wait_for_its_callee() {
    for manner in [Manner::AtOnce, Manner::Announcing] {
        let mut carrier = Carrier::that_answers(manner.clone()).await;
        let live = Live::with_carrier(&carrier).await;
        let mut tab = Browser::open(&live, "asha").await;
        let session = tab.call("+254722000042", &CHROME).await;
        let first = tab.response().await;
        assert_eq!(
            (first.status, formats_of(&first.body)),
            (StatusCode::SESSION_PROGRESS, vec!["111".into(), "110".into()])
        );
        assert_eq!(tab.answered().await.body, first.body, "{manner:?}: one answer, repeated unchanged");
        tab.hang_up(session).await;
        carrier.asked(Method::Bye).await;
        let bridge = live.event(&live.newest_call().await, "leg.bridged").await;
        assert_eq!((&bridge["mode"], &bridge["codecs"]), (&json!("transcode"), &json!(["opus", "PCMA"])));
    }
}

#[tokio::test]
async fn a_browser_has_one_description_however_its_callee_makes_progress() {
    let live = Live::with_money().await;
    let mut tab = Browser::open(&live, "asha").await;
    let session = tab.call("+254722000042", &CHROME).await;
    let first = tab.response().await;
    assert_eq!(formats_of(&first.body), ["111", "110"]);
    // It rings, and hears our ringback: both are told, and neither describes anything anew.
    for status in [StatusCode::RINGING, StatusCode::SESSION_PROGRESS] {
        let next = tab.response().await;
        assert_eq!((next.status, next.body.is_empty()), (status, true));
    }
    assert_eq!(tab.answered().await.body, first.body);
    tab.hang_up(session).await;
    let bridge = live.event(&live.newest_call().await, "leg.bridged").await;
    assert_eq!((&bridge["mode"], &bridge["codecs"]), (&json!("transcode"), &json!(["opus", "PCMA"])));
}

#[tokio::test]
async fn the_workspaces_own_number_makes_one_free_inbound_record_and_two_browsers_relay_opus() {
    let live = Live::with_money().await;
    let before = live.balance().await;
    let mut juma = Browser::registered(&live, "juma").await;
    let mut asha = Browser::open(&live, "asha").await;
    let session = asha.call(FROM, &CHROME).await;
    let ringing = juma.rings().await;
    juma.accept(&ringing).await;
    assert_eq!(formats_of(&asha.answered().await.body), ["111", "110"]);
    asha.hang_up(session).await;
    juma.until_ended(ringing.session).await;
    let call = live.newest_call().await;
    let bridge = live.event(&call, "leg.bridged").await;
    assert_eq!((&bridge["mode"], &bridge["codecs"]), (&json!("relay"), &json!(["opus", "opus"])));
    let call = live.billed(call["id"].as_str().expect("an id")).await;
    assert_eq!((&call["direction"], &call["cost_minor"]), (&json!("inbound"), &json!(0)));
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json.as_array().map(Vec::len), Some(1));
    assert_eq!(live.balance().await, before);
}

#[tokio::test]
async fn all_tabs_ring_and_the_first_to_answer_takes_the_call_from_the_others() {
    let live = Live::with_money().await;
    let (mut one, mut two) = (Browser::registered(&live, "asha").await, Browser::registered(&live, "asha").await);
    live.asha.post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": FROM })).await.expect(202);
    let (here, there) = (one.rings().await, two.rings().await);
    assert_eq!(formats_of(here.offer.as_bytes()), ["111", "110"]);
    two.accept(&there).await;
    let end = one.until_ended(here.session).await;
    assert_eq!(end, "CANCEL SIP;cause=200;text=\"Call completed elsewhere\"");
    let call = live.newest_call().await;
    let id = call["id"].as_str().expect("an id");
    for ringing in [&here, &there] {
        let named = ringing.headers.text(&HeaderName::from_token("X-Sautikit-Call-Id")).expect("text");
        assert_eq!(named, call["pbx_call_id"].as_str());
    }
    live.call_that_is(id, "answered").await;
    assert_eq!(live.event(&call, "leg.bridged").await["mode"], "transcode");
    two.hang_up(there.session).await;
    live.call_that_is(id, "completed").await;
}

#[tokio::test]
async fn a_tab_that_is_busy_leaves_the_others_ringing_and_one_that_declines_ends_it_for_all() {
    let live = Live::with_money().await;
    let (mut one, mut two) = (Browser::registered(&live, "asha").await, Browser::registered(&live, "asha").await);
    live.asha.post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": FROM })).await.expect(202);
    let (here, there) = (one.rings().await, two.rings().await);
    one.reply(here.transaction, Reply::new(StatusCode::BUSY_HERE)).await;
    two.reply(there.transaction, Reply::new(StatusCode::DECLINE)).await;
    let call = live.newest_call().await;
    let call = live.call_that_is(call["id"].as_str().expect("an id"), "failed").await;
    assert_eq!(call["answered_at"], json!(null));
}
