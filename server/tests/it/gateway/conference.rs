//! Legs of several calls in one conference, heard by tones.

use serde_json::json;
use sip::message::Method;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually};

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
    // The first one has heard music until the second one came.
    carriers.iter_mut().for_each(Carrier::forget);
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

/// Three parties of a conference, each with a tone of its own.
struct Three {
    live: Live,
    carriers: [Carrier; 3],
    ids: Vec<String>,
    singing: Vec<tokio::task::JoinHandle<()>>,
}

const PITCHES_HZ: [f32; 3] = [500.0, 900.0, 1_300.0];
const NUMBERS: [&str; 3] = ["+254722000042", "+254733000042", "+254711000042"];

impl Three {
    /// The first one's conference has these attributes too.
    async fn talk(more: serde_json::Value) -> Self {
        let mut carriers = [
            Carrier::that_answers(Manner::AtOnce).await,
            Carrier::that_answers(Manner::AtOnce).await,
            Carrier::that_answers(Manner::AtOnce).await,
        ];
        let live =
            Live::with_carriers([(&carriers[0], "+254722"), (&carriers[1], "+254733"), (&carriers[2], "+254711")])
                .await;
        let (mut ids, mut singing) = (Vec::new(), Vec::new());
        for (index, carrier) in carriers.iter_mut().enumerate() {
            let mut conference = json!({ "name": "team", "beep": false });
            if index == 0 {
                conference.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            }
            let actions = json!([{ "conference": conference }, { "hangup": {} }]);
            ids.push(live.place(json!({ "from": FROM, "to": NUMBERS[index], "actions": actions })).await);
            let offer = carrier.asked(Method::Invite).await;
            let call = live.call_that_is(&ids[index], "answered").await;
            live.event(&call, "conference.joined").await;
            singing.push(carrier.sings(&offer, PITCHES_HZ[index]));
        }
        Self { live, carriers, ids, singing }
    }

    /// Who of the three is heard by each, from now on.
    async fn heard(&mut self) -> [[bool; 3]; 3] {
        let mut heard = [[false; 3]; 3];
        for (heard, carrier) in heard.iter_mut().zip(&mut self.carriers) {
            carrier.forget();
            let samples = carrier.hears_for(4_800).await;
            let last = &samples[2_400..];
            *heard = PITCHES_HZ.map(|hz| media::level::amplitude_at(last, hz, 8_000) > 2_000.0);
        }
        heard
    }

    /// Each hears those and nobody else, in one moment of the next few: a machine that is busy lets a singer stumble.
    async fn hears(&mut self, expected: [[bool; 3]; 3]) {
        const MOMENTS: usize = 20;
        let mut heard = self.heard().await;
        for _ in 1..MOMENTS {
            if heard == expected {
                return;
            }
            heard = self.heard().await;
        }
        assert_eq!(heard, expected);
    }

    /// Who is heard by one of them.
    async fn heard_by(&mut self, index: usize) -> [bool; 3] {
        self.carriers[index].forget();
        let samples = self.carriers[index].hears_for(8_000).await;
        PITCHES_HZ.map(|hz| media::level::amplitude_at(&samples, hz, 8_000) > 2_000.0)
    }

    fn member(&self, index: usize) -> String {
        format!("/v1/conferences/team/members/{}", self.ids[index])
    }
}

#[tokio::test]
async fn three_parties_hear_the_other_two_and_the_api_decides_who_is_heard() {
    let mut three = Three::talk(json!({ "participantLabel": "chair" })).await;
    let others = [[false, true, true], [true, false, true], [true, true, false]];
    three.hears(others).await;
    let asha = three.live.asha.clone();
    let listed = asha.get("/v1/conferences").await.expect(200).json;
    assert_eq!((&listed[0]["name"], listed[0]["members"].as_array().map(Vec::len)), (&json!("team"), Some(3)));
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(asha.get(&format!("/v1/conferences/{id}")).await.expect(200).json["begun"], true);

    // To another workspace there is no such conference.
    let stranger = three.live.server.onboarded("otieno@example.com").await;
    for name in ["team", &id] {
        stranger.get(&format!("/v1/conferences/{name}")).await.expect_error("conferences.not_found");
        stranger.delete(&format!("/v1/conferences/{name}")).await.expect_error("conferences.not_found");
    }
    assert_eq!(stranger.get("/v1/conferences").await.expect(200).json, json!([]));

    // A member is found by its label too.
    let chair = asha.patch("/v1/conferences/team/members/chair", json!({ "muted": false })).await.expect(200).json;
    assert_eq!((&chair["call_id"], &chair["label"]), (&json!(three.ids[0]), &json!("chair")));
    asha.patch("/v1/conferences/team/members/nobody", json!({})).await.expect_error("conferences.not_found");

    // The third coaches the first: the second does not hear it.
    let coach = asha.patch(&three.member(2), json!({ "coach": three.ids[0] })).await.expect(200).json;
    assert_eq!(coach["coach"], json!(three.ids[0]));
    three.hears([[false, true, true], [true, false, false], [true, true, false]]).await;
    // Muted, nobody does.
    asha.patch(&three.member(2), json!({ "coach": null, "muted": true })).await.expect(200);
    three.hears([[false, true, false], [true, false, false], [true, true, false]]).await;
    asha.patch(&three.member(2), json!({ "muted": false })).await.expect(200);
    // Who is held hears music and nobody, and is not heard.
    asha.patch(&three.member(1), json!({ "held": true })).await.expect(200);
    three.hears([[false, false, true], [false, false, false], [true, false, false]]).await;
    asha.patch(&three.member(1), json!({ "held": false })).await.expect(200);
    three.hears(others).await;

    let said = json!({ "actions": [{ "say": { "text": "Five minutes are left." } }] });
    let once = asha.with("idempotency-key", "five-minutes");
    let announced = once.post("/v1/conferences/team/announce", said.clone()).await.expect(202).json;
    let repeated = once.post("/v1/conferences/team/announce", said).await.expect(202);
    assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
    // A call that is not in it is nobody's to be told, whosesoever it is.
    let nobody = json!({ "actions": [{ "say": { "text": "Hello" } }], "call_id": uuid::Uuid::nil() });
    asha.post("/v1/conferences/team/announce", nobody).await.expect_error("conferences.not_found");
    assert!(announced["duration_ms"].as_u64().is_some_and(|ms| ms > 500), "{announced}");
    let dial = json!({ "actions": [{ "hangup": {} }] });
    asha.post("/v1/conferences/team/announce", dial).await.expect_error("actions.invalid");

    asha.delete(&three.member(1)).await.expect(204);
    let removed = three.live.call_that_is(&three.ids[1], "completed").await;
    let end = three.live.event(&removed, "verb.ended").await;
    assert_eq!(end["outcome"], "removed");
    asha.delete(&three.member(1)).await.expect_error("conferences.not_found");
    asha.delete("/v1/conferences/team").await.expect(204);
    for index in [0, 2] {
        three.live.call_that_is(&three.ids[index], "completed").await;
    }
    asha.get("/v1/conferences/team").await.expect_error("conferences.not_found");
    // They are written beside the conference, in their order.
    let kinds = eventually("the end is told", async || {
        let kinds = three.live.events("conference.").await;
        kinds.iter().any(|kind| kind == "conference.ended").then_some(kinds)
    })
    .await;
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    assert_eq!((count("conference.started"), count("conference.joined"), count("conference.left")), (1, 3, 3));
    let log = asha.get("/v1/audit").await.expect(200).json;
    for kind in ["conference.member_changed", "conference.member_removed", "conference.announced", "conference.ended"] {
        let found = log.as_array().expect("a list").iter().any(|entry| entry["action_kind"] == kind);
        assert!(found, "no {kind}");
    }
    for singer in three.singing {
        singer.abort();
    }
}

#[tokio::test]
async fn a_recorded_conference_holds_all_that_was_said_and_is_its_first_callers() {
    let mut three = Three::talk(json!({ "record": true })).await;
    three.heard().await;
    let asha = three.live.asha.clone();
    let shown = asha.get("/v1/conferences/team").await.expect(200).json;
    assert!(shown["recording_id"].is_string(), "{shown}");
    // It goes on when the one who asked for it has left.
    asha.delete(&three.member(0)).await.expect(204);
    let owner = three.live.call_that_is(&three.ids[0], "completed").await;
    assert_eq!(three.live.event(&owner, "recording.started").await["source"], "conference");
    three.heard_by(1).await;
    asha.delete("/v1/conferences/team").await.expect(204);
    for index in [1, 2] {
        three.live.call_that_is(&three.ids[index], "completed").await;
    }
    let app = &three.live.server.app;
    let recording = eventually("the recording is ready", async || {
        sautikit::recordings::look(app, &mut sautikit::recordings::Attempts::default()).await;
        let list = asha.get("/v1/recordings").await.expect(200).json;
        assert_eq!(list.as_array().map(Vec::len), Some(1), "there is one, whoever asks: {list}");
        (list[0]["status"] == "ready").then(|| list[0].clone())
    })
    .await;
    let told = (&recording["call_id"], &recording["source"], &recording["channels"]);
    assert_eq!(told, (&owner["id"], &json!("conference"), &json!(1)));
    let id = recording["id"].as_str().expect("an id");
    let place = asha.with("accept", "application/json").get(&format!("/v1/calls/{}/recording", three.ids[0])).await;
    let url = place.expect(200).json["url"].as_str().expect("a URL").to_owned();
    let path = url.find("/v1/").or_else(|| url.find("/media/")).map_or(url.as_str(), |at| &url[at..]);
    let file = asha.get(path).await.expect(200).bytes;
    let wav = media::wav::parse(&file).expect("a WAV file");
    let (head, tail) = (&wav.samples[..wav.samples.len() / 2], &wav.samples[wav.samples.len() / 2..]);
    let loud = |part: &[i16]| PITCHES_HZ.map(|hz| media::level::amplitude_at(part, hz, 8_000) > 1_000.0);
    assert!(loud(head).contains(&true) && loud(tail)[1..] == [true, true], "{id}: {:?} {:?}", loud(head), loud(tail));
    assert_eq!(recording["source"], "conference");
    for singer in three.singing {
        singer.abort();
    }
}
