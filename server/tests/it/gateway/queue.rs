//! Callers who wait, and those who take them out of their queue, heard by tones.

use serde_json::json;
use sip::message::Method;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually};

const TONES_HZ: [f32; 3] = [500.0, 900.0, 1_300.0];
const NUMBERS: [&str; 3] = ["+254722000042", "+254733000042", "+254711000042"];

#[tokio::test]
async fn who_has_waited_longest_is_taken_out_first() {
    let mut carriers = [
        Carrier::that_answers(Manner::AtOnce).await,
        Carrier::that_answers(Manner::AtOnce).await,
        Carrier::that_answers(Manner::AtOnce).await,
    ];
    let live =
        Live::with_carriers([(&carriers[0], "+254722"), (&carriers[1], "+254733"), (&carriers[2], "+254711")]).await;
    let enqueue = json!([{ "enqueue": { "name": "support", "maxQueueSize": 2 } }, { "hangup": {} }]);
    let (mut ids, mut offers) = (Vec::new(), Vec::new());
    for index in 0..2 {
        ids.push(live.place(json!({ "from": FROM, "to": NUMBERS[index], "actions": enqueue })).await);
        offers.push(carriers[index].asked(Method::Invite).await);
        let call = live.call_that_is(&ids[index], "answered").await;
        assert_eq!(live.event(&call, "queue.waiting").await["position"], index + 1);
        // Music, not silence.
        assert!(carriers[index].hears_from(0, 1_600).await.iter().any(|sample| sample.unsigned_abs() > 500));
    }
    let queue = live.asha.get("/v1/queues/support").await.expect(200).json;
    let waiting: Vec<_> =
        queue["members"].as_array().expect("members").iter().map(|member| &member["call_id"]).collect();
    assert_eq!(waiting, [&json!(ids[0]), &json!(ids[1])]);
    // A third one finds it full.
    ids.push(live.place(json!({ "from": FROM, "to": NUMBERS[2], "actions": enqueue })).await);
    let full = live.call_that_is(&ids[2], "completed").await;
    assert_eq!(live.event(&full, "verb.ended").await["outcome"], "queue_full");
    carriers[2].asked(Method::Invite).await;

    let take = json!([{ "dequeue": { "name": "support" } }, { "hangup": {} }]);
    let agent = live.place(json!({ "from": FROM, "to": NUMBERS[2], "actions": take })).await;
    let offer = carriers[2].asked(Method::Invite).await;
    let taken = live.call_that_is(&ids[0], "answered").await;
    assert_eq!(live.event(&taken, "queue.connected").await["with"], json!(agent));
    let singing = [carriers[0].sings(&offers[0], TONES_HZ[0]), carriers[2].sings(&offer, TONES_HZ[2])];
    for (index, other) in [(0, 2), (2, 0)] {
        carriers[index].forget();
        let heard = carriers[index].hears_for(8_000).await;
        let level = media::level::amplitude_at(&heard[4_000..], TONES_HZ[other], 8_000);
        assert!(level > 3_000.0, "{index} hears {other}: {level}");
    }
    let queue = live.asha.get("/v1/queues/support").await.expect(200).json;
    assert_eq!((&queue["talking"], &queue["members"][0]["call_id"]), (&json!(1), &json!(ids[1])));
    assert_eq!(queue["members"][0]["position"], 1);
    for singer in singing {
        singer.abort();
    }
    // The agent hangs up: the caller goes on, and the other one still waits.
    live.asha.post(&format!("/v1/calls/{agent}/hangup"), json!({})).await.expect(200);
    let done = live.call_that_is(&ids[0], "completed").await;
    assert_eq!(live.event(&done, "verb.ended").await["outcome"], "bridged");
    let path = format!("/v1/queues/support/members/{}", ids[1]);
    live.asha.delete(&path).await.expect(204);
    let removed = live.call_that_is(&ids[1], "completed").await;
    assert_eq!(live.event(&removed, "verb.ended").await["outcome"], "removed");
    live.asha.delete(&path).await.expect_error("queues.not_found");
    let log = live.asha.get("/v1/audit").await.expect(200).json;
    assert!(log.as_array().expect("a list").iter().any(|entry| entry["action_kind"] == "queue.member_removed"));
    eventually("the queue is gone", async || {
        let list = live.asha.get("/v1/queues").await.expect(200).json;
        (list == json!([])).then_some(())
    })
    .await;
}
