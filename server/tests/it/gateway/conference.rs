//! Legs of several calls in one conference, heard by tones.

use serde_json::json;
use sip::message::Method;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};

/// What each of the two carriers' callees says, in Hz.
const TONES_HZ: [f32; 2] = [500.0, 1_200.0];

#[tokio::test]
async fn each_hears_the_other_and_not_itself_until_the_conference_is_over() {
    let mut carriers = [Carrier::that_answers(Manner::AtOnce).await, Carrier::that_answers(Manner::AtOnce).await];
    let live = Live::with_carriers([(&carriers[0], "+254722"), (&carriers[1], "+254733")]).await;
    let mut ids = Vec::new();
    let mut offers = Vec::new();
    for (carrier, to) in carriers.iter_mut().zip(["+254722000042", "+254733000042"]) {
        // The first one hears no beep; the second one ends the conference for both.
        let conference = json!({ "name": "stand-up", "beep": false, "endOnExit": !ids.is_empty() });
        let actions = json!([{ "conference": conference }, { "hangup": {} }]);
        ids.push(live.place(json!({ "from": FROM, "to": to, "actions": actions })).await);
        offers.push(carrier.asked(Method::Invite).await);
    }
    for id in &ids {
        let call = live.call_that_is(id, "answered").await;
        assert_eq!(live.event(&call, "conference.joined").await["name"], "stand-up");
    }
    let [one, other] = &mut carriers;
    let singing = [one.sings(&offers[0], TONES_HZ[0]), other.sings(&offers[1], TONES_HZ[1])];
    for (carrier, (own, theirs)) in [one, other].into_iter().zip([(0, 1), (1, 0)]) {
        let heard = carrier.hears_from(2_000, 4_000).await;
        let [own, theirs] = [own, theirs].map(|hz| media::level::amplitude_at(&heard, TONES_HZ[hz], 8_000));
        assert!(theirs > 3_000.0 && own < 300.0, "the other {theirs}, itself {own}");
    }
    for singer in singing {
        singer.abort();
    }
    live.asha.post(&format!("/v1/calls/{}/hangup", ids[1]), json!({})).await.expect(200);
    let left = live.call_that_is(&ids[0], "completed").await;
    assert_eq!(left["hangup_cause"], "normal_clearing");
    let end = live.event(&left, "verb.ended").await;
    assert_eq!((&end["verb"], &end["outcome"]), (&json!("conference"), &json!("ended")));
    assert_eq!(live.gateway.gateway.conferences.count(), 0);
}
