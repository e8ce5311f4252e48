//! What outlives a call is told until somebody takes it.

use sautikit::calls::TellConference;
use sautikit::jobs;

use super::support::Scene;
use crate::support::{Server, on_each_engine};
use crate::webhooks::receiver::{Answers, Receiver};

on_each_engine! {
    a_conferences_end_is_told_until_the_server_takes_it
}

async fn a_conferences_end_is_told_until_the_server_takes_it(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (app, order) = (&scene.server.app, scene.place().await);
    receiver.answers("/busy", Answers::Status(429));
    receiver.answers("/gone", Answers::Status(404));
    let of = (scene.workspace().await, order.call_id);
    for (path, conference) in [("/busy", "one"), ("/gone", "another")] {
        let told = [
            ("StatusCallbackEvent", "conference-end".to_owned()),
            ("FriendlyName", "team".to_owned()),
            ("ConferenceSid", conference.to_owned()),
        ];
        TellConference::new(of, receiver.url(path), &told).later(app).await.expect("a job");
    }
    jobs::run_due(app).await.expect("the jobs");
    assert_eq!((receiver.count("/busy"), receiver.count("/gone")), (1, 1));
    receiver.answers("/busy", Answers::Status(200));
    for _ in 0..2 {
        scene.advance(10_000);
        jobs::run_due(app).await.expect("the jobs");
    }
    let told = receiver.told("/busy");
    assert_eq!((told.len(), receiver.count("/gone")), (2, 1));
    let form: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(&told[1].body).into_owned().collect();
    assert_eq!((form["StatusCallbackEvent"].as_str(), form["FriendlyName"].as_str()), ("conference-end", "team"));
    assert_eq!(form["CallSid"], order.call_id.pbx_call_id());
}
