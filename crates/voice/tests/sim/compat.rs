//! What handlers of other platforms are told.

use sautikit_api::{calls::Direction, numbers::Compat};
use voice::*;

use crate::support::*;

/// A call to our number whose handler speaks so.
fn inbound(compat: Compat) -> Sim {
    let facts = Facts { compat, ..facts(Direction::Inbound, AMINA, OWN) };
    Sim::new(facts, Origin::Inbound { caller: phone(AMINA), ring: Vec::new() })
}

/// A call of the API that is answered after two seconds.
fn outbound(compat: Compat) -> Sim {
    let facts = Facts { compat, ..facts(Direction::Outbound, OWN, AMINA) };
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.after(2).leg(0, LegEvent::Answered);
    sim
}

/// The newest callback's form, without what is another in each call.
#[track_caller]
fn told(sim: &Sim, expected: &[(&str, &str)]) {
    let ids = ["CallSid", "AccountSid", "sessionId"];
    let params = sim.newest_fetch().params;
    assert!(params.iter().any(|(name, value)| *name != "AccountSid" && ids.contains(name) && value.starts_with("HD_")));
    let rest: Vec<_> =
        params.iter().filter(|(name, _)| !ids.contains(name)).map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(rest, expected);
}

#[test]
fn twilio_is_told_in_its_own_words_from_ringing_to_the_end() {
    let mut sim = inbound(Compat::Twilio);
    let parties = [("From", AMINA), ("To", OWN), ("Caller", AMINA), ("Called", OWN)];
    let with = |status: &'static str, more: &[(&'static str, &'static str)]| {
        let mut all = parties.to_vec();
        all.extend([("CallStatus", status), ("ApiVersion", "2010-04-01"), ("Direction", "inbound")]);
        all.extend(more);
        all
    };
    told(&sim, &with("ringing", &[]));
    sim.answer_xml(r#"<Gather numDigits="2" action="/keys"/>"#).press(0, "12");
    told(&sim, &with("in-progress", &[("Digits", "12"), ("FinishedOnKey", "")]));
    sim.answer_xml(r#"<Dial action="/after" timeout="5"><Client>asha</Client></Dial>"#).after(5);
    told(
        &sim,
        &with(
            "in-progress",
            &[
                ("DialBridged", "false"),
                ("DialCallStatus", "no-answer"),
                ("DialCallDuration", "0"),
                ("DialCallSid", "HD_00000000000080010000000000000001"),
            ],
        ),
    );
    sim.answer_xml(r#"<Dial action="/after"><Client>asha</Client></Dial>"#);
    sim.leg(2, LegEvent::Answered).after(7).bye(2);
    told(
        &sim,
        &with(
            "in-progress",
            &[
                ("DialBridged", "true"),
                ("DialCallStatus", "completed"),
                ("DialCallDuration", "7"),
                ("DialCallSid", "HD_00000000000080020000000000000001"),
            ],
        ),
    );
    sim.answer_xml(r#"<Dial action="/after"><Conference>team</Conference></Dial>"#);
    sim.conference(ConferenceEvent::Joined).after(60).conference(ConferenceEvent::Ended);
    told(&sim, &with("in-progress", &[("DialCallStatus", "answered"), ("DialCallDuration", "60")]));
    sim.answer_xml("<Hangup/>");
    let end = [
        ("CallDuration", "73"),
        ("Duration", "2"),
        ("Timestamp", "Thu, 31 Dec 2026 13:01:12 +0000"),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", "0"),
    ];
    told(&sim, &with("completed", &end));
}

#[test]
fn twilio_hears_of_a_call_of_the_api_and_of_browsers_as_it_names_them() {
    let sim = outbound(Compat::Twilio);
    assert_eq!(sim.param("Direction").as_deref(), Some("outbound-api"));
    assert_eq!((sim.param("From").as_deref(), sim.param("To").as_deref()), (Some(OWN), Some(AMINA)));
    let facts = Facts { compat: Compat::Twilio, ..facts(Direction::Outbound, OWN, "asha") };
    let mut sim = Sim::new(facts, Origin::Api { to: vec![client("asha")], actions: None });
    sim.leg(0, LegEvent::Answered);
    assert_eq!(sim.param("To").as_deref(), Some("client:asha"));
}

#[test]
fn africas_talking_names_the_phone_user_first_whichever_way_the_call_goes() {
    let began = "2026-12-31 13:00:00";
    let parties = [("callerNumber", AMINA), ("destinationNumber", OWN)];
    let with = |active, direction, state, more: &[(&'static str, &'static str)]| {
        let mut all = vec![("isActive", active), ("direction", direction)];
        all.extend(parties);
        all.extend([("callSessionState", state), ("callStartTime", began)]);
        all.extend(more);
        all
    };
    let mut sim = inbound(Compat::AfricasTalking);
    told(&sim, &with("1", "Inbound", "Ringing", &[]));
    sim.answer_xml(r#"<GetDigits numDigits="1"><Say>1?</Say></GetDigits>"#).heard(0).press(0, "4");
    told(&sim, &with("1", "Inbound", "Answered", &[("dtmfDigits", "4")]));
    let shown = sim.events.iter().rfind(|event| event.name == EventName::CallbackSent).expect("an entry");
    assert_eq!(shown.data["params"]["dtmfDigits"], "•", "digits are shown nowhere");
    sim.answer_xml(r#"<Dial phoneNumbers="+254733000007"/>"#);
    sim.after(3).leg(1, LegEvent::Answered).after(10).bye(1);
    let end = [
        ("durationInSeconds", "14"),
        ("status", "Success"),
        ("hangupCause", "NORMAL_CLEARING"),
        ("dialDestinationNumber", OTIENO),
        ("dialDurationInSeconds", "10"),
        ("dialStartTime", "2026-12-31 13:00:03"),
    ];
    told(&sim, &with("0", "Inbound", "Completed", &end));
    told(&outbound(Compat::AfricasTalking), &with("1", "Outbound", "Answered", &[]));
}

#[test]
fn africas_talking_is_told_why_nobody_answered() {
    let facts = Facts { compat: Compat::AfricasTalking, ..facts(Direction::Outbound, OWN, AMINA) };
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.ended(0, 486);
    for (name, value) in
        [("isActive", "0"), ("status", "Failed"), ("hangupCause", "USER_BUSY"), ("durationInSeconds", "0")]
    {
        assert_eq!(sim.param(name).as_deref(), Some(value), "{name}");
    }
}
