//! Calls that the API places to the sandbox carrier.

use serde_json::json;
use sip::message::Method;
use tokio::time::Instant;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};

/// KES 3.00 a minute is five cents a second.
const MINOR_PER_SECOND: i64 = 5;

#[tokio::test]
async fn an_answered_call_is_billed_by_the_second() {
    let live = Live::with_money().await;
    let before = live.balance().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "max_duration": 3 })).await;
    let answered = live.call_that_is(&id, "answered").await;
    assert!(answered["answered_at"].is_string());
    let call = live.billed(&id).await;
    assert_eq!(call["status"], "completed");
    let seconds = call["duration_seconds"].as_i64().expect("a duration");
    assert_eq!(seconds, 3, "{call}");
    assert_eq!(call["cost_minor"], json!(seconds * MINOR_PER_SECOND));
    assert_eq!(live.balance().await, before - seconds * MINOR_PER_SECOND);
}

#[tokio::test]
async fn a_prepaid_call_ends_on_the_last_second_that_is_paid_for() {
    let live = Live::prepaid(4 * MINOR_PER_SECOND).await;
    let id =
        live.place(json!({ "from": FROM, "to": "+254722000042", "actions": [{ "pause": { "length": 60 } }] })).await;
    let call = live.billed(&id).await;
    assert_eq!((&call["status"], &call["hangup_cause"]), (&json!("completed"), &json!("insufficient_funds")));
    assert_eq!((&call["duration_seconds"], &call["cost_minor"]), (&json!(4), &json!(4 * MINOR_PER_SECOND)));
    let wallet = live.asha.get("/v1/wallet/balance").await.expect(200).json;
    assert_eq!((&wallet["balance_minor"], &wallet["held_minor"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_minute_before_the_money_ends_a_beep_is_heard() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::prepaid_with_carrier(&carrier, 62 * MINOR_PER_SECOND).await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    carrier.asked(Method::Ack).await;
    let answered = Instant::now();
    // Of 62 paid seconds 60 are left after two. What is not the beep is silence or not there.
    let mut beep = Vec::new();
    let mut began = None;
    while beep.len() < BEEP_SAMPLES {
        let heard = carrier.hears().await;
        if is_loud(&heard.samples) {
            began.get_or_insert(heard.at);
            beep.extend(heard.samples);
        } else {
            assert!(beep.is_empty(), "the beep is broken");
        }
    }
    let after = began.expect("a beep").duration_since(answered);
    assert!((1_900..=2_400).contains(&after.as_millis()), "{after:?} after the answer");
    let at_1_khz = media::level::amplitude_at(&beep[..BEEP_SAMPLES], 1_000.0, 8_000);
    assert!(at_1_khz > 5_000.0, "{at_1_khz}");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    let call = live.billed(&id).await;
    assert_eq!(call["hangup_cause"], "api_hangup");
    live.event(&call, "money.warning").await;
}

/// 240 ms of the 250: the last packet of it is silent towards its end.
const BEEP_SAMPLES: usize = 1_920;

fn is_loud(samples: &[i16]) -> bool {
    samples.iter().any(|sample| sample.unsigned_abs() > 2_000)
}

#[tokio::test]
async fn the_api_ends_a_call() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722000042" })).await;
    live.call_that_is(&id, "answered").await;
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    let call = live.call_that_is(&id, "completed").await;
    assert_eq!(call["hangup_cause"], "api_hangup");
}

#[tokio::test]
async fn the_api_gives_a_live_call_new_actions() {
    let live = Live::with_money().await;
    let actions = json!([{ "pause": { "length": 600 } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    live.call_that_is(&id, "answered").await;
    let path = format!("/v1/calls/{id}/actions");
    live.asha.post(&path, json!({ "actions": [{ "pause": {} }, { "hangup": {} }] })).await.expect(200);
    let call = live.call_that_is(&id, "completed").await;
    assert_eq!(call["hangup_cause"], "normal_clearing");
    let timeline = live.timeline(&id).await;
    let verbs: Vec<_> = timeline.iter().filter(|event| event["kind"] == "verb.ended").collect();
    let outcomes: Vec<_> = verbs.iter().map(|event| &event["data"]["outcome"]).collect();
    assert_eq!(outcomes, ["replaced", "paused", "hung_up"]);
    live.asha.post(&path, json!({ "actions": [] })).await.expect_error("calls.not_live");
}

#[tokio::test]
async fn a_text_is_heard_as_often_as_it_says_and_the_call_goes_on() {
    let live = Live::with_money().await;
    let actions = json!([{ "say": { "text": "Hi", "loop": 3 } }, { "hangup": {} }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    let call = live.call_that_is(&id, "completed").await;
    assert_eq!(call["hangup_cause"], "normal_clearing");
    let timeline = live.timeline(&id).await;
    let spoken = timeline.iter().find(|event| event["kind"] == "verb.ended").expect("an end");
    assert_eq!(spoken["data"]["outcome"], "spoken");
}

#[tokio::test]
async fn a_call_hung_up_while_it_rings_is_canceled_and_free() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009902" })).await;
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    live.call_that_is(&id, "canceled").await;
    assert_eq!(live.billed(&id).await["cost_minor"], 0);
}

#[tokio::test]
async fn nobody_answers_before_the_timeout() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009902", "timeout": 5 })).await;
    let call = live.call_that_is(&id, "no_answer").await;
    assert_eq!(call["answered_at"], json!(null));
    assert_eq!(live.end_of_leg(&id).await, json!({ "leg": 0, "cause": "no_answer", "sip": 408, "q850": 19 }));
}

#[tokio::test]
async fn busy_is_busy_and_free() {
    let live = Live::with_money().await;
    let before = live.balance().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009901" })).await;
    live.call_that_is(&id, "busy").await;
    assert_eq!(live.billed(&id).await["cost_minor"], 0);
    assert_eq!(live.balance().await, before);
    assert_eq!(live.end_of_leg(&id).await, json!({ "leg": 0, "cause": "busy", "sip": 486, "q850": 17 }));
}

#[tokio::test]
async fn of_several_numbers_the_one_that_answers_is_named_and_paid() {
    let live = Live::with_money().await;
    let to = json!(["+254722009901", "+254722000042"]);
    let id = live.place(json!({ "from": FROM, "to": to, "max_duration": 1 })).await;
    let call = live.billed(&id).await;
    assert_eq!((&call["to"], &call["remote_e164"]), (&json!("+254722000042"), &json!("+254722000042")));
    assert_eq!((&call["duration_seconds"], &call["cost_minor"]), (&json!(1), &json!(MINOR_PER_SECOND)));
    let mut shares: Vec<_> =
        call["legs"].as_array().expect("legs").iter().map(|leg| leg["cost_minor"].clone()).collect();
    shares.sort_by_key(|share| share.as_i64());
    assert_eq!(shares, [json!(0), json!(MINOR_PER_SECOND)]);
}

#[tokio::test]
async fn a_carriers_503_is_failed_and_its_status_is_on_the_timeline() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009903" })).await;
    let call = live.call_that_is(&id, "failed").await;
    assert_eq!(call["hangup_cause"], "sip.503");
    assert_eq!(live.end_of_leg(&id).await, json!({ "leg": 0, "cause": "sip.503", "sip": 503, "q850": 41 }));
}

#[tokio::test]
async fn the_callee_hangs_up_after_five_seconds() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009905" })).await;
    let call = live.billed(&id).await;
    assert_eq!(call["status"], "completed");
    let seconds = call["duration_seconds"].as_i64().expect("a duration");
    assert!((5..=6).contains(&seconds), "{call}");
    assert_eq!(call["cost_minor"], json!(seconds * MINOR_PER_SECOND));
}

#[tokio::test]
async fn an_empty_wallet_dials_nothing() {
    let live = Live::without_money().await;
    assert_eq!(live.balance().await, 0);
    let refused = live.asha.post("/v1/calls", json!({ "from": FROM, "to": "+254722000042" })).await;
    refused.expect_error("wallet.insufficient_funds");
    assert!(live.gateway.gateway.calls.lock().is_empty());
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}
