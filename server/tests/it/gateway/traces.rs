//! What happened to a call: its SIP messages and how it sounded.

use serde_json::{Value, json};
use sip::message::Method;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually};
use crate::support::Engine;

const TO: &str = "+254722000042";

/// The messages of the call, once they are so many.
async fn messages(live: &Live, id: &str, least: usize) -> Vec<Value> {
    let path = format!("/v1/calls/{id}/sip");
    eventually("the messages", async || {
        let ladder = live.asha.get(&path).await.expect(200).json;
        let messages = ladder["data"].as_array().expect("messages").clone();
        (messages.len() >= least).then_some(messages)
    })
    .await
}

async fn rows(live: &Live) -> i64 {
    let mut conn = live.server.app.db.acquire().await.expect("a connection");
    sqlx::query_scalar("select count(*) from call_traces").fetch_one(&mut *conn).await.expect("a count")
}

fn starts(messages: &[Value]) -> Vec<String> {
    let start = |message: &Value| {
        let line = message["start_line"].as_str().expect("a line");
        let what = line.strip_prefix("SIP/2.0 ").unwrap_or(line).split(' ').next().unwrap_or_default();
        format!("{} {what}", message["direction"].as_str().expect("a direction"))
    };
    messages.iter().map(start).collect()
}

#[tokio::test]
async fn every_message_of_a_call_is_in_its_trace_live_and_afterwards() {
    for engine in [Some(Engine::Sqlite), Engine::postgres()].into_iter().flatten() {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier_on(engine, &carrier).await;
        let actions = json!([{ "pause": { "length": 60 } }]);
        let id = live.place(json!({ "from": FROM, "to": TO, "actions": actions })).await;
        carrier.asked(Method::Ack).await;
        live.call_that_is(&id, "answered").await;
        let live_messages = messages(&live, &id, 3).await;
        let begin = starts(&live_messages);
        assert_eq!(begin.first().map(String::as_str), Some("sent INVITE"));
        assert!(
            begin.iter().any(|start| start == "received 200") && begin.last().is_some_and(|last| last == "sent ACK")
        );
        assert_eq!(rows(&live).await, 0, "nothing is written while the call runs");

        live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
        live.billed(&id).await;
        let all = messages(&live, &id, live_messages.len() + 2).await;
        eventually("the trace is written", async || (rows(&live).await == 1).then_some(())).await;
        let stored = messages(&live, &id, all.len()).await;
        assert_eq!(starts(&stored), starts(&all));
        assert_eq!(starts(&stored)[begin.len()..], ["sent BYE", "received 200"]);

        let call = live.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json;
        assert_eq!(call["legs"].as_array().expect("legs").len(), 1);
        for message in &stored {
            assert_eq!((&message["transport"], &message["is_retransmission"]), (&json!("udp"), &json!(false)));
            assert_eq!(message["leg_id"], stored[0]["leg_id"]);
            assert_eq!(message["call_id"], stored[0]["call_id"]);
            let text = message["text"].as_str().expect("a text");
            assert!(text.starts_with(message["start_line"].as_str().expect("a line")) && text.contains("\r\n\r\n"));
            assert!(message["at_ms"].as_i64().expect("a time") > 1_700_000_000_000);
        }
        assert_eq!((&stored[0]["method"], &stored[0]["status"]), (&json!("INVITE"), &Value::Null));

        let text = live.asha.get(&format!("/v1/calls/{id}/sip.txt")).await.expect(200);
        assert!(text.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
        assert_eq!(text.text.matches(" -> ").count(), stored.len());
        let operator = live.server.operator().await;
        let file = operator.get(&format!("/v1/admin/calls/{id}/sip.pcap")).await.expect(200);
        assert_eq!(file.header("content-type"), Some("application/vnd.tcpdump.pcap"));
        live.asha.get(&format!("/v1/admin/calls/{id}/sip.pcap")).await.expect_error("auth.admin_required");
    }
}

#[tokio::test]
async fn a_call_that_failed_has_its_messages_too() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722009901" })).await;
    live.call_that_is(&id, "busy").await;
    eventually("the trace is written", async || (rows(&live).await == 1).then_some(())).await;
    let starts = starts(&messages(&live, &id, 3).await);
    assert!(starts.ends_with(&["received 486".to_owned(), "sent ACK".to_owned()]), "{starts:?}");
}

#[tokio::test]
async fn how_a_leg_sounded_is_known_live_and_afterwards() {
    let live = Live::with_money().await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": TO, "actions": actions })).await;
    live.call_that_is(&id, "answered").await;
    let path = format!("/v1/calls/{id}/quality");
    let sounded = async || {
        let quality = live.asha.get(&path).await.expect(200).json;
        let leg = quality["data"].get(0)?.clone();
        Some(leg).filter(|leg| !leg["samples"].as_array().expect("samples").is_empty())
    };
    let leg = eventually("five seconds of sound", sounded).await;
    let first = &leg["samples"][0];
    assert!(first["packets_received"].as_i64().expect("packets") > 100, "{leg}");
    assert_eq!(first["loss_percent"], json!(0.0), "{leg}");
    assert!(first["mos"].as_f64().expect("a score") > 4.0, "{leg}");
    assert!(first["level_dbov"].as_f64().expect("a level") > -60.0, "somebody speaks: {leg}");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    eventually("the trace is written", async || (rows(&live).await == 1).then_some(())).await;
    let stored = sounded().await.expect("a leg");
    assert_eq!(stored["samples"][0], *first);
}

#[tokio::test]
async fn a_carrier_that_sends_no_audio_is_told_after_ten_seconds() {
    let live = Live::with_money().await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722009907", "actions": actions })).await;
    let call = live.call_that_is(&id, "answered").await;
    let silent = live.event(&call, "call.media_silent").await;
    assert_eq!((&silent["direction"], &silent["seconds"]), (&json!("received"), &json!(10)), "{silent}");
    assert_eq!((&silent["reason"], &silent["leg"]), (&json!("no_packets"), &json!(0)), "{silent}");
    let others = live.timeline(&id).await.iter().filter(|event| event["kind"] == "call.media_silent").count();
    assert_eq!(others, 1);
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
}
