//! Claims about the JSON notation, and the exact messages people see.

use serde_json::json;

use super::*;
use crate::actions::{DialTarget, Prompt, RejectReason};

fn message(body: &str) -> String {
    match parse_json(body.as_bytes()) {
        Ok(actions) => panic!("accepted as {actions:?}"),
        Err(error) => error.to_string(),
    }
}

fn one(body: &str) -> Action {
    let mut actions = parse_json(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(actions.len(), 1);
    actions.remove(0)
}

#[test]
fn a_whole_number_may_be_written_as_a_fraction_of_nothing() {
    let actions =
        |seconds: &str| parse_json(format!(r#"{{"actions":[{{"pause":{{"length":{seconds}}}}}]}}"#).as_bytes());
    assert_eq!(actions("3.0"), actions("3"));
    for wrong in ["3.5", "-3.0", "1e30"] {
        assert!(actions(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_can_be_no_action_is_refused_in_words_that_say_why() {
    for (body, error) in [
        (
            r#"{"actions":[{"say":{"text":"hi"}},{"Reject":{}}]}"#,
            "actions[1].reject: a call is turned away by the first action or not at all; what comes before would answer it",
        ),
        ("<Response/>", "this is XML; answer with JSON: {\"actions\": […]}"),
        (
            " <!DOCTYPE HTML><html>",
            "this is an HTML page, such as a framework shows for an error; answer with JSON: {\"actions\": […]}",
        ),
        (r#"{"actions":"<Say>hi</Say>"}"#, "actions: expected a list, found XML"),
        (r#"{"actions":[{"say":{"text":"\u0000x"}}]}"#, "actions[0].say.text: expected a text without NUL characters"),
        (
            r#"{"actions":[{"getDigits":{"prompt":[{"say":{"text":"a\u0000"}}]}}]}"#,
            "actions[0].getDigits.prompt[0].say.text: expected a text without NUL characters",
        ),
    ] {
        assert_eq!(parse_json(body.as_bytes()).unwrap_err().to_string(), error);
    }
    assert_eq!(parse_json(br#"{"actions":[{"reject":{}},{"hangup":{}}]}"#).unwrap().len(), 2);
}

#[test]
fn blank_body_and_empty_list_are_no_actions() {
    for body in ["", " \r\n", r#"{"actions":[]}"#] {
        assert_eq!(parse_json(body.as_bytes()), Ok(Vec::new()));
    }
}

#[test]
fn defaults_fill_what_is_not_said() {
    assert_eq!(one(r#"{"actions":[{"say":{"text":"Hi"}}]}"#), Action::Say(Say::text("Hi")));
    let Action::GetDigits(digits) = one(r#"{"actions":[{"getDigits":{"timeout":8}}]}"#) else { panic!() };
    assert_eq!((digits.num_digits, digits.timeout_s, digits.first_digit_timeout_s), (None, 8, 8));
    assert_eq!((digits.finish_on_key, digits.barge_in, digits.attempts), (Some('#'), true, 1));
    assert_eq!(
        one(r#"{"actions":[{"dial":{"to":"+254722000042"}}]}"#),
        Action::Dial(Dial::to(vec![DialTarget::Number("+254722000042".into())]))
    );
    assert_eq!(one(r#"{"actions":[{"reject":{}}]}"#), Action::Reject(Reject { reason: RejectReason::Rejected }));
    assert_eq!(one(r#"{"actions":[{"pause":{}}]}"#), Action::Pause(Pause { length_s: 1 }));
}

#[test]
fn case_of_the_first_letter_is_ignored() {
    assert_eq!(one(r#"{"actions":[{"Hangup":{}}]}"#), Action::Hangup(Hangup {}));
    assert!(
        matches!(one(r#"{"actions":[{"GetDigits":{"maxDigits":4}}]}"#), Action::GetDigits(d) if d.num_digits == Some(4))
    );
}

#[test]
fn dial_takes_a_string_an_object_or_a_list() {
    let to = |body: &str| match one(body) {
        Action::Dial(dial) => dial.to.into_iter().map(|callee| callee.target).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(to(r#"{"actions":[{"dial":{"to":"client:amina"}}]}"#), [DialTarget::Client("amina".into())]);
    assert_eq!(
        to(r#"{"actions":[{"dial":{"to":{"sip":"sip:desk@pbx.example"}}}]}"#),
        [DialTarget::Sip("sip:desk@pbx.example".into())]
    );
    assert_eq!(
        to(r#"{"actions":[{"dial":{"to":["+254 722-000042",{"client":"otieno"}]}}]}"#),
        [DialTarget::Number("+254722000042".into()), DialTarget::Client("otieno".into())]
    );
}

#[test]
fn prompts_are_one_or_several() {
    let Action::GetDigits(one_prompt) = one(r#"{"actions":[{"getDigits":{"prompt":{"say":{"text":"Press"}}}}]}"#)
    else {
        panic!()
    };
    assert_eq!(one_prompt.prompt, [Prompt::Say(Say::text("Press"))]);
    let body = r#"{"actions":[{"getDigits":{"prompt":[{"say":{"text":"a"}},{"Say":{"text":"b"}}],"finishOnKey":""}}]}"#;
    let Action::GetDigits(two) = one(body) else { panic!() };
    assert_eq!((two.prompt.len(), two.finish_on_key), (2, None));
}

#[test]
fn violations_name_their_path() {
    let cases = [
        (
            r#"{"actions":[{"say":{"text":"a"}},{"getDigits":{"numDigits":33}}]}"#,
            "actions[1].getDigits.numDigits: expected 1 to 32",
        ),
        (r#"{"actions":[{"say":{}}]}"#, "actions[0].say.text: is required"),
        (r#"{"actions":[{"say":{"text":7}}]}"#, "actions[0].say.text: expected a string, found a number"),
        (
            r#"{"actions":[{"say":{"text":"a","pitch":2}}]}"#,
            "actions[0].say.pitch: unknown attribute; known are text, voice, language, rate, loop",
        ),
        (
            r#"{"actions":[{"say":{"text":"a"},"hangup":{}}]}"#,
            "actions[0]: an action has exactly one key, its verb; found 2",
        ),
        (
            r#"{"actions":[{"conference":{"name":" "}}]}"#,
            "actions[0].conference.name: expected a name, found a blank one",
        ),
        (
            r#"{"actions":[{"transfer":{"name":"a"}}]}"#,
            "actions[0].transfer: unknown verb; known are say, play, getDigits, dial, conference, enqueue, dequeue, leave, record, stream, stopStream, sendDigits, pause, redirect, reject, hangup",
        ),
        (
            r#"{"actions":[{"getDigits":{"prompt":{"dial":{"to":"client:a"}}}}]}"#,
            "actions[0].getDigits.prompt.dial: a prompt is spoken, played or silent: expected say, play or pause",
        ),
        (
            r#"{"actions":[{"getDigits":{"finishOnKey":"12"}}]}"#,
            "actions[0].getDigits.finishOnKey: expected one of 0123456789*# or an empty string",
        ),
        (
            r#"{"actions":[{"dial":{"to":[{"number":"+254722000042","client":"a"}]}}]}"#,
            "actions[0].dial.to[0]: expected exactly one of number, sip, client",
        ),
        (
            r#"{"actions":[{"dial":{"to":"amina"}}]}"#,
            "actions[0].dial.to: expected a telephone number such as +254722000042, sip:user@host or client:identity",
        ),
        (r#"{"actions":[{"hangup":[]}]}"#, "actions[0].hangup: expected an object, found a list"),
        (r#"{"actions":"say"}"#, "actions: expected a list, found a string"),
        (r#"{"action":[]}"#, "actions: is required"),
        (r#"{"actions":[],"version":1}"#, "version: unknown attribute; the document has only actions"),
        (r#"[]"#, "expected {\"actions\": […]}: expected an object, found a list"),
    ];
    for (body, expected) in cases {
        assert_eq!(message(body), expected, "{body}");
    }
}

#[test]
fn a_verb_written_twice_is_two_keys() {
    assert_eq!(
        message(r#"{"actions":[{"pause":{},"pause":{}}]}"#),
        "not usable JSON: the key \"pause\" appears twice in one object at line 1 column 35"
    );
}

#[test]
fn fifty_actions_pass_and_fifty_one_do_not() {
    let body = |count: usize| format!(r#"{{"actions":[{}]}}"#, vec![r#"{"pause":{}}"#; count].join(","));
    assert_eq!(parse_json(body(50).as_bytes()).map(|actions| actions.len()), Ok(50));
    assert_eq!(message(&body(51)), "actions: expected at most 50 actions, found 51");
}

#[test]
fn rate_is_a_factor_kept_in_percent() {
    assert!(
        matches!(one(r#"{"actions":[{"say":{"text":"a","rate":1.25}}]}"#), Action::Say(say) if say.rate_percent == 125)
    );
    assert_eq!(message(r#"{"actions":[{"say":{"text":"a","rate":9}}]}"#), "actions[0].say.rate: expected 0.25 to 4");
}

#[test]
fn garbage_is_an_error_and_never_a_panic() {
    for body in [&b"{"[..], b"\xff\xfe", b"null", b"{\"actions\":[null]}", b"{\"actions\":[{\"\":{}}]}"] {
        assert!(parse_json(body).is_err());
    }
}

#[test]
fn a_byte_order_mark_is_passed_over_and_xml_is_named() {
    assert_eq!(parse_json(b"\xef\xbb\xbf{\"actions\":[{\"hangup\":{}}]}").unwrap().len(), 1);
    assert_eq!(parse_json(b"\xef\xbb\xbf").unwrap(), []);
    for xml in ["<?xml version=\"1.0\"?><Response/>", " <Response><Say>hi</Say></Response>"] {
        let error = parse_json(xml.as_bytes()).unwrap_err();
        assert!(error.message.contains("this is XML"), "{}", error.message);
    }
}

#[test]
fn a_number_is_read_whatever_stands_between_its_digits() {
    let written = format!("\t+254 {}722-000.042 ", "( )".repeat(200));
    let actions = parse_list(&json!([{ "dial": { "to": { "number": written } } }])).unwrap();
    assert_eq!(serde_json::to_value(&actions).unwrap()[0]["dial"]["to"][0]["number"], "+254722000042");
}
