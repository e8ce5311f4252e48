use serde_json::{Value, json};

use super::verbs::ELEMENTS;
use super::*;

const ASKED: Asked<'_> = Asked { url: "https://shop.example/menu2", room: "room", compat: Compat::Sautikit };

/// What runs, as the JSON notation would have it, and the warnings.
fn read(children: &str) -> (Value, Vec<String>) {
    let document = parse_xml(format!("<Response>{children}</Response>").as_bytes(), &ASKED).unwrap();
    let warnings = document.warnings.into_iter().map(|warning| warning.message).collect();
    (serde_json::to_value(&document.actions).unwrap(), warnings)
}

/// What runs; nothing was skipped.
fn clean(children: &str) -> Value {
    let (actions, warnings) = read(children);
    assert_eq!(warnings, Vec::<String>::new(), "{children}");
    actions
}

/// The same actions by the JSON notation.
fn json(actions: Value) -> Value {
    serde_json::to_value(super::super::parse_list(&actions).unwrap()).unwrap()
}

fn refused(body: &[u8]) -> String {
    parse_xml(body, &ASKED).unwrap_err().to_string()
}

#[test]
fn both_notations_mean_the_same() {
    let pairs = [
        ("<Say>Karibu  \n sana</Say>", json!([{ "say": { "text": "Karibu sana" } }])),
        (
            r#"<say voice="alice" language="sw" loop="2" rate="0.5">Jambo</say>"#,
            json!([{ "say": { "text": "Jambo", "voice": "alice", "language": "sw", "loop": 2, "rate": 0.5 } }]),
        ),
        (
            r##"<GetDigits maxDigits="4" timeout="7" finishOnKey="*" action="/pin" bargeIn="false" attempts="3"><Say>PIN</Say></GetDigits>"##,
            json!([{ "getDigits": { "numDigits": 4, "timeout": 7, "finishOnKey": "*", "action": "/pin", "bargeIn": false,
                "attempts": 3, "prompt": [{ "say": { "text": "PIN" } }] } }]),
        ),
        (
            r#"<Dial callerId="+254700000001" timeLimit="60" action="/after" hangupOnStar="true"><Number>+254722000042</Number><Sip>sip:a@b.example</Sip><Client>asha</Client></Dial>"#,
            json!([{ "dial": { "to": ["+254722000042", "sip:a@b.example", "client:asha"], "callerId": "+254700000001",
                "maxDuration": 60, "action": "/after", "hangupOnStar": true } }]),
        ),
        (
            r#"<Play loop="3">https://a.example/a.mp3?x=1&amp;y=2</Play><Play url="/b.wav"/>"#,
            json!([{ "play": { "url": "https://a.example/a.mp3?x=1&y=2", "loop": 3 } }, { "play": { "url": "/b.wav" } }]),
        ),
        (
            r#"<GetDigits maxDigits="1"><Say>Jambo</Say><Play url="https://a.example/menu.mp3"/></GetDigits>"#,
            json!([{ "getDigits": { "numDigits": 1,
                "prompt": [{ "say": { "text": "Jambo" } }, { "play": { "url": "https://a.example/menu.mp3" } }] } }]),
        ),
        (
            r#"<Dial><Number machineDetection="DetectMessageEnd">0722000042</Number></Dial>"#,
            json!([{ "dial": { "to": "0722000042", "machineDetection": "detectMessageEnd" } }]),
        ),
        (
            r#"<GetDigits maxDigits="1"><Say>Sales: 1</Say><Pause length="2"/><Pause length="0"/><Say>Support: 2</Say></GetDigits>"#,
            json!([{ "getDigits": { "numDigits": 1, "prompt": [{ "say": { "text": "Sales: 1" } },
                { "pause": { "length": 2 } }, { "say": { "text": "Support: 2" } }] } }]),
        ),
        (r#"<Play digits="ww12#"/>"#, json!([{ "sendDigits": { "digits": "ww12#" } }])),
        (
            r#"<Say>Wait <break time="1s"/> <prosody rate="slow">please &amp; thanks</prosody></Say>"#,
            json!([{ "say": { "text": "<speak>Wait <break time=\"1000ms\"/> <prosody rate=\"slow\">please &amp; thanks</prosody></speak>" } }]),
        ),
        (
            r#"<Dial ringTone="uk">0722000042</Dial><Dial ringBackTone="https://a.example/a.mp3"><Client>asha</Client></Dial>"#,
            json!([{ "dial": { "to": "0722000042", "ringTone": "GB" } },
                { "dial": { "to": "client:asha", "ringTone": "https://a.example/a.mp3" } }]),
        ),
        (
            r#"<Dial><Conference muted="true" waitUrl="/music.mp3">team</Conference></Dial>"#,
            json!([{ "conference": { "name": "team", "muted": true, "waitUrl": "/music.mp3" } }]),
        ),
        (
            r#"<Connect action="/after"><Stream url="wss://a.example/s"><Parameter name="lang" value="sw"/></Stream></Connect>"#,
            json!([{ "stream": { "url": "wss://a.example/s", "track": "inbound", "bidirectional": true, "action": "/after",
                "parameters": { "lang": "sw" } } }]),
        ),
        (
            r#"<Start><Stream url="wss://a.example/s" track="both_tracks" name="s"/></Start><Stream url="wss://a.example/s"/>"#,
            json!([{ "stream": { "url": "wss://a.example/s", "track": "both", "bidirectional": false, "name": "s" } },
                { "stream": { "url": "wss://a.example/s" } }]),
        ),
        ("<Dial>0722 000 042</Dial>", json!([{ "dial": { "to": "0722000042" } }])),
        (
            r#"<Dial><Client><Identity>asha</Identity></Client></Dial><Hangup/>"#,
            json!([{ "dial": { "to": "client:asha" } }, { "hangup": {} }]),
        ),
        (
            r#"<Dial><Conference beep="onEnter" startConferenceOnEnter="false" endConferenceOnExit="true" maxParticipants="5">team</Conference></Dial>"#,
            json!([{ "conference": { "name": "team", "beep": "onEnter", "startOnEnter": false, "endOnExit": true,
                "maxParticipants": 5 } }]),
        ),
        (
            r#"<Dial action="/after"><Conference coach="HD_0190a1b21c5e7c3f9a52d0b7c1e4f8aa" record="record-from-start" beep="onExit">team</Conference></Dial>"#,
            json!([{ "conference": { "name": "team", "coach": "0190a1b2-1c5e-7c3f-9a52-d0b7c1e4f8aa", "record": true,
                "beep": "onExit", "action": "/after" } }]),
        ),
        (
            r#"<Enqueue waitUrl="/wait" maxQueueSize="5" action="/after">support</Enqueue>"#,
            json!([{ "enqueue": { "name": "support", "waitUrl": "/wait", "maxQueueSize": 5, "action": "/after" } }]),
        ),
        (
            r#"<Enqueue name="support" holdMusic="https://a.example/a.mp3"/><Dequeue phoneNumber="+254700000001" name="support"/>"#,
            json!([{ "enqueue": { "name": "support", "holdMusic": "https://a.example/a.mp3" } },
                { "dequeue": { "name": "support" } }]),
        ),
        ("<Enqueue/><Leave/>", json!([{ "enqueue": { "name": "room" } }, { "leave": {} }])),
        (
            r#"<Dial timeout="9" record="true" action="/after"><Queue>support</Queue></Dial>"#,
            json!([{ "dequeue": { "name": "support", "timeout": 9, "record": true, "action": "/after" } }]),
        ),
        (
            r#"<Stop><Stream name="s"/></Stop><StopStream/>"#,
            json!([{ "stopStream": { "name": "s" } }, { "stopStream": {} }]),
        ),
        (
            r#"<Dial record="true" recordingStatusCallback="/kept" recordingStatusCallbackEvent="completed"><Number sendDigits="wwww1928">+254722000042</Number></Dial>"#,
            json!([{ "dial": { "to": { "number": "+254722000042", "sendDigits": "wwww1928" }, "record": true,
                "recordingStatusCallback": "/kept" } }]),
        ),
        (
            r#"<Dial><Client url="/who" method="POST"><Identity>asha</Identity></Client></Dial>"#,
            json!([{ "dial": { "to": { "client": "asha", "whisperUrl": "/who" } } }]),
        ),
        (
            r#"<Dial><Conference record="true" statusCallback="/who" statusCallbackEvent="join leave" recordingStatusCallback="/kept">team</Conference></Dial>"#,
            json!([{ "conference": { "name": "team", "record": true, "statusCallback": "/who",
                "statusCallbackEvent": ["join", "leave"], "recordingStatusCallback": "/kept" } }]),
        ),
        ("<Conference/>", json!([{ "conference": { "name": "room" } }])),
        (
            r#"<Pause length="3"/><Redirect method="POST">/menu</Redirect>"#,
            json!([{ "pause": { "length": 3 } }, { "redirect": { "url": "/menu" } }]),
        ),
        (
            r#"<Dial action="/after#rc=2" method="get"><Number url="/who" method="GET" statusCallback="/legs">+254722000042</Number></Dial>"#,
            json!([{ "dial": { "action": "/after#rc=2&method=GET",
                "to": [{ "number": "+254722000042", "whisperUrl": "/who#method=GET", "statusCallback": "/legs" }] } }]),
        ),
        (
            r#"<Dial><Conference waitUrl="/music" waitMethod="GET" statusCallback="/room" statusCallbackMethod="GET">team</Conference></Dial>"#,
            json!([{ "conference": { "name": "team", "waitUrl": "/music#method=GET", "statusCallback": "/room#method=GET" } }]),
        ),
        (r#"<Redirect method="GET">/menu</Redirect>"#, json!([{ "redirect": { "url": "/menu#method=GET" } }])),
        (r#"<Reject reason="busy"/>"#, json!([{ "reject": { "reason": "busy" } }])),
        ("<Redirect/>", json!([{ "hangup": {} }])),
        (r#"<Pause length="0"/>"#, json!([])),
    ];
    for (xml, same) in pairs {
        assert_eq!(clean(xml), json(same), "{xml}");
    }
}

#[test]
fn every_verb_has_its_element() {
    for (element, verb) in ELEMENTS.iter().zip(Action::VERBS) {
        let name = element.split(' ').next().unwrap();
        let (actions, _) = read(&format!("<{element}>+254722000042</{name}>"));
        assert!(actions[0][verb].is_object(), "{element}: {actions}");
    }
}

#[test]
fn keys_that_do_not_come_end_the_call_where_the_dialect_says_so() {
    let prompt = "<Say>Press 1</Say>";
    let after = |xml: &str| {
        let actions = read(xml).0;
        let verbs =
            actions.as_array().unwrap().iter().map(|action| action.as_object().unwrap().keys().next().unwrap().clone());
        verbs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(after(&format!(r#"<Gather numDigits="1">{prompt}</Gather>"#)), "getDigits hangup");
    assert_eq!(after(&format!(r#"<Gather>{prompt}</Gather><Say>Bye</Say>"#)), "getDigits say");
    assert_eq!(after(&format!(r#"<Gather actionOnEmptyResult="true">{prompt}</Gather><Say>Bye</Say>"#)), "getDigits");
    assert_eq!(after(&format!(r#"<GetDigits numDigits="1">{prompt}</GetDigits>"#)), "getDigits hangup");
    assert_eq!(after(&format!(r#"<GetDigits maxDigits="1">{prompt}</GetDigits>"#)), "getDigits");
    let actions = clean("<GetDigits numDigits=\"1\"><Say>1</Say></GetDigits>");
    assert_eq!(
        (&actions[0]["getDigits"]["firstDigitTimeout"], &actions[0]["getDigits"]["timeout"]),
        (&json!(30), &json!(5))
    );
}

#[test]
fn africas_talking_dials_by_a_list_and_is_over_after_an_answer() {
    let xml = br#"<Response><Dial phoneNumbers="+254722000042, asha.shop@ke.sip.africastalking.com" sequential="true"/><Say>Nobody</Say></Response>"#;
    let document = parse_xml(xml, &ASKED).unwrap();
    let Action::Dial(dial) = &document.actions[0] else { panic!("{document:?}") };
    assert!(dial.ends_when_answered && dial.sequential);
    assert_eq!((dial.to.len(), dial.timeout_s), (2, 120));
    let Action::Dial(dial) = &parse_xml(b"<Response><Dial>+254722000042</Dial></Response>", &ASKED).unwrap().actions[0]
    else {
        panic!("no dial")
    };
    assert!(!dial.ends_when_answered);
}

#[test]
fn a_gather_without_an_action_asks_the_document_that_it_stands_in() {
    let action = |xml: &str| clean(xml)[0]["getDigits"]["action"].clone();
    assert_eq!(action(r#"<Gather numDigits="1"><Say>1</Say></Gather>"#), "https://shop.example/menu2");
    assert_eq!(action(r#"<GetDigits maxDigits="1"><Say>1</Say></GetDigits>"#), Value::Null);
}

#[test]
fn what_follows_a_conference_inside_of_dial_is_asked() {
    let actions = clean(r#"<Dial action="/after"><Conference>team</Conference></Dial>"#);
    assert_eq!(actions, json(json!([{ "conference": { "name": "team", "action": "/after" } }])));
    let (_, warnings) = read(r#"<Dial timeLimit="60"><Conference>team</Conference></Dial>"#);
    assert_eq!(warnings, ["<Dial>: maxDuration means nothing to a conference; it was skipped"]);
}

#[test]
fn text_in_sections_is_as_it_is_written() {
    let actions =
        clean("<Say><![CDATA[Tom & Jerry]]></Say><Redirect><![CDATA[https://a.example/x?id=1&step=2]]></Redirect>");
    assert_eq!(
        (&actions[0]["say"]["text"], &actions[1]["redirect"]["url"]),
        (&json!("Tom & Jerry"), &json!("https://a.example/x?id=1&step=2"))
    );
}

#[test]
fn an_address_whose_name_begins_like_a_scheme_is_dialled() {
    let actions = clean(r#"<Dial phoneNumbers="sipho.n@our.example"/>"#);
    assert_eq!(actions[0]["dial"]["to"][0]["sip"], "sip:sipho.n@our.example");
}

#[test]
fn what_is_not_understood_is_skipped_and_named() {
    for (xml, runs, warning) in [
        ("<Pay>9</Pay>", 0, "<Pay> is not supported yet; it was skipped"),
        ("<Play> </Play>", 0, "<Play> plays nothing; it was skipped"),
        (
            r#"<Play digits="12x"/>"#,
            0,
            "<Play> was skipped: digits: expected keys (0 to 9, *, #, A to D) and pauses (w, W)",
        ),
        (r#"<Play digits="1" loop="2"/>"#, 1, "<Play>: loop means nothing to keys that are pressed; it was skipped"),
        ("<Sing/>", 0, "<Sing> is no verb; it was skipped"),
        (r#"<Say colour="red">a</Say>"#, 1, "<Say> has no attribute colour here; it was skipped"),
        (r#"<Say loop="often">a</Say>"#, 1, "<Say>: loop is no a whole number; the default holds"),
        (r#"<Pause length="9999"/>"#, 1, "<Pause>: length: expected 1 to 600; 600 holds"),
        (r#"<Redirect method="PUT">/a</Redirect>"#, 1, "<Redirect>: method is POST or GET; it was skipped"),
        (
            "<Say>a</Say><Reject/>",
            1,
            "<Reject>: a call is turned away by the first action or not at all; it was skipped",
        ),
        ("<Say> </Say>", 0, "<Say> says nothing; it was skipped"),
        ("<Dial/>", 0, "<Dial> dials nobody; it was skipped"),
        (
            "<Dial><Number>abc</Number><Number>0722000042</Number></Dial>",
            1,
            "<Number>: abc can't be dialled; it was skipped",
        ),
        ("<Hangup/><Say>a</Say>", 1, "<Say> is never reached; it was skipped"),
        ("hello", 0, "text between actions is spoken by <Say> only; it was skipped"),
        ("<Say>a<audio/>b</Say>", 1, "<Say>: what <audio> means is not heard; its text is spoken"),
        (
            "<Say>a <amazon:effect name='whispered'>b</amazon:effect></Say>",
            1,
            "<Say>: what <amazon-effect> means is not heard; its text is spoken",
        ),
        (r#"<Gather input="speech"/>"#, 2, "<Gather>: speech is not recognised; it waits for keys"),
        (r#"<Gather><Say loop="99999">a</Say></Gather>"#, 2, "<Say>: loop: expected 0 to 1000; 1000 holds"),
        ("<Enqueue>a<Task>{}</Task></Enqueue>", 1, "<Task> does not belong into <Enqueue>; it was skipped"),
        (r#"<Gather><Play digits="1"/></Gather>"#, 2, "<Play> within <Gather> is not supported yet; it was skipped"),
    ] {
        let (actions, warnings) = read(xml);
        assert_eq!(actions.as_array().unwrap().len(), runs, "{xml}: {actions}");
        assert_eq!(warnings, [warning], "{xml}");
    }
}

#[test]
fn a_number_out_of_its_range_is_the_nearest_that_there_is() {
    let number = |xml: &str, verb: &str, name: &str| {
        let (actions, warnings) = read(xml);
        (actions[0][verb][name].clone(), warnings.len())
    };
    assert_eq!(number(r#"<Dial timeout="3">+254722000042</Dial>"#, "dial", "timeout"), (json!(5), 1));
    assert_eq!(number(r#"<Dial timeLimit="999999">+254722000042</Dial>"#, "dial", "maxDuration"), (json!(86_400), 1));
    assert_eq!(number(r#"<Record timeout="3600" callbackUrl="/a"/>"#, "record", "timeout"), (json!(600), 1));
    assert_eq!(number(r#"<Conference maxParticipants="250"/>"#, "conference", "maxParticipants"), (json!(32), 1));
    // "None", as many write it.
    assert_eq!(number(r#"<Record maxLength="0" callbackUrl="/a"/>"#, "record", "maxLength"), (json!(3_600), 1));
    assert_eq!(number(r#"<GetDigits numDigits="0"/>"#, "getDigits", "numDigits"), (json!(null), 1));
}

#[test]
fn a_queue_is_named_by_its_own_text_and_not_by_a_task_inside() {
    for (xml, name) in [
        ("<Enqueue>support<Task>{\"order\": 7}</Task></Enqueue>", "support"),
        (r#"<Enqueue workflowSid="WW1"><Task>{"order": 7}</Task></Enqueue>"#, "room"),
    ] {
        assert_eq!(read(xml).0[0]["enqueue"]["name"], name, "{xml}");
    }
}

#[test]
fn a_warning_says_where() {
    let document =
        parse_xml(b"\n<?xml version=\"1.0\"?>\n<Response>\n  <Say>a & b</Say><Sing/>\n</Response>", &ASKED).unwrap();
    assert_eq!((document.warnings[0].line, document.warnings[0].column), (4, 19));
    assert_eq!(document.actions, [Action::Say(super::super::Say::text("a & b"))]);
}

#[test]
fn texts_of_builders_that_do_not_escape_are_read() {
    let actions = clean(
        r#"<GetDigits callbackUrl="https://a.example/?x=1&y=2&amp;z=3" numDigits="1"><Say>Tom & Jerry</Say></GetDigits>"#,
    );
    assert_eq!(actions[0]["getDigits"]["action"], "https://a.example/?x=1&y=2&z=3");
    assert_eq!(actions[0]["getDigits"]["prompt"][0]["say"]["text"], "Tom & Jerry");
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    assert_eq!(
        refused(b"<Response><Say></Response>"),
        "line 1, column 16: not usable XML: expected 'Say' tag, not 'Response'"
    );
    assert_eq!(refused(b"\n<Answer/>"), "line 2, column 1: expected <Response>, found <Answer>");
    assert_eq!(refused(b" {\"actions\": []}"), "line 1, column 1: this is JSON, and its content type says XML");
    assert!(refused(b"<!DOCTYPE html><html></html>").contains("HTML page"));
    assert!(refused(b"<!DOCTYPE a [<!ENTITY b \"c\">]><Response>&b;</Response>").contains("not usable XML"));
    assert!(refused(b"<Response>\xff</Response>").starts_with("not UTF-8"));
    assert!(refused(&[b' '; MAX_XML_BYTES + 1]).contains("65536 bytes"));
    let many = format!("<Response>{}</Response>", "<Pause/>".repeat(51));
    assert!(refused(many.as_bytes()).ends_with("expected at most 50 actions"));
    let wide: String = (0..9_000).map(|at| format!(" a{at}='>'")).collect();
    assert!(
        refused(format!("<Response{wide}/>").as_bytes()[..MAX_XML_BYTES].as_ref()).contains("at most 100 attributes")
    );
    let deep = format!("<Response>{}", "<a>".repeat(10_000));
    assert!(refused(deep.as_bytes()).contains("not usable XML"));
}

#[test]
fn the_notation_is_told_by_the_content_type_and_else_by_the_first_character() {
    let xml = b"\xef\xbb\xbf \n<Response><Hangup/></Response>";
    let hangup = |content_type: &str, body: &[u8]| {
        parse_answer(content_type, body, &ASKED)
            .map(|document| document.actions.len())
            .map_err(|error| error.to_string())
    };
    for kind in ["application/xml", "text/xml; charset=utf-8", "text/html", "text/plain", "", "application/soap+xml"] {
        assert_eq!(hangup(kind, xml), Ok(1), "{kind}");
    }
    assert!(hangup("application/json", xml).unwrap_err().contains("this is XML"));
    for kind in ["application/json", "text/html", "", "application/vnd.api+json"] {
        assert_eq!(hangup(kind, br#"{"actions":[{"hangup":{}}]}"#), Ok(1), "{kind}");
    }
    assert!(hangup("text/xml", b"{}").unwrap_err().contains("this is JSON"));
    assert_eq!(hangup("text/xml", b" "), Ok(0));
}

#[test]
fn no_bytes_make_the_reader_panic() {
    // Every prefix of a document, and every one with a byte changed.
    let whole = br#"<Response><Gather numDigits="1" action="/a?b&c"><Say voice='x'>&#65;&amp;&lt;</Say></Gather><Dial phoneNumbers="1,2"/></Response>"#;
    for end in 0..whole.len() {
        let _ = parse_xml(&whole[..end], &ASKED);
        for byte in [0, b'<', b'>', b'&', b'"', 0xff] {
            let mut changed = whole.to_vec();
            changed[end] = byte;
            let _ = parse_xml(&changed, &ASKED);
        }
    }
}

#[test]
fn each_target_has_what_its_element_says() {
    let number = json!({ "number": "+254722000042", "whisperUrl": "/who", "statusCallback": "/status",
        "statusCallbackEvent": ["initiated", "ringing", "answered", "completed"] });
    let sip = json!({ "sip": "sip:desk@pbx.example", "username": "us", "password": "hunter2" });
    let written = r#"<Dial>
        <Number url="/who" statusCallback="/status" statusCallbackEvent="initiated ringing answered completed">+254722000042</Number>
        <Sip username="us" password="hunter2">sip:desk@pbx.example</Sip><Client>asha</Client></Dial>"#;
    let document = parse_xml(format!("<Response>{written}</Response>").as_bytes(), &ASKED).unwrap();
    let same = super::super::parse_list(&json!([{ "dial": { "to": [number, sip, "client:asha"] } }])).unwrap();
    assert_eq!((document.actions, document.warnings), (same, Vec::new()));
    // What is refused of one costs neither it nor the others.
    let (actions, warnings) = read(
        r#"<Dial><Number statusCallback="/s" statusCallbackEvent="hung answered"
        sendDigits="x">0722000042</Number><Sip username="us">sip:a@b.example</Sip></Dial>"#,
    );
    let number = json!({ "number": "0722000042", "statusCallback": "/s", "statusCallbackEvent": ["answered"] });
    assert_eq!(actions, json(json!([{ "dial": { "to": [number, "sip:a@b.example"] } }])));
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    let events = r#"<Dial><Conference statusCallback="/s" statusCallbackEvent="start speaker">a</Conference></Dial>"#;
    let (actions, warnings) = read(events);
    assert_eq!(actions[0]["conference"]["statusCallbackEvent"], json!(["start"]));
    assert_eq!(warnings, ["<Conference>: of speaker nothing is told; it was skipped"]);
    let labelled = json!([{ "conference": { "name": "a", "participantLabel": "agent" } }]);
    let written = r#"<Dial><Conference participantLabel="agent">a</Conference></Dial>"#;
    assert_eq!(clean(written), json(labelled));
}

#[test]
fn a_dial_is_recorded_as_every_dialect_says() {
    let kinds = [
        ("true", json!("mixed"), 0),
        ("record-from-answer", json!("mixed"), 0),
        ("record-from-ringing", json!("mixed"), 0),
        ("record-from-ringing-dual", json!("dual"), 0),
        ("record-from-answer-dual", json!("dual"), 0),
        ("dual", json!("dual"), 0),
        ("do-not-record", json!(null), 0),
        ("false", json!(null), 0),
        ("perhaps", json!(null), 1),
    ];
    for (record, kept, warnings) in kinds {
        let (actions, said) = read(&format!(r#"<Dial record="{record}">+254722000042</Dial>"#));
        assert_eq!(actions[0]["dial"]["record"], kept, "{record}");
        assert_eq!(actions[0]["dial"]["recordRinging"], record.contains("ringing"), "{record}");
        assert_eq!(said.len(), warnings, "{record}: {said:?}");
    }
}

#[test]
fn a_recording_has_the_defaults_of_its_dialect() {
    let any_key = json!([{ "record": { "finishOnKey": "1234567890*#", "timeout": 5, "action": ASKED.url } }]);
    assert_eq!(clean("<Record/>"), json(any_key));
    let twiml = json!([{ "record": { "finishOnKey": "#", "timeout": 7, "action": "/kept", "trimSilence": false,
        "playBeep": false, "maxLength": 30 } }]);
    let written =
        r##"<Record finishOnKey="#" timeout="7" action="/kept" trim="do-not-trim" playBeep="false" maxLength="30"/>"##;
    assert_eq!(clean(written), json(twiml));
    let africas_talking = json!([{ "say": { "text": "After the beep" } },
        { "record": { "finishOnKey": "#", "maxLength": 10, "timeout": 10, "action": "https://shop.example/r" } }]);
    let written = r##"<Record finishOnKey="#" maxLength="10" timeout="10" trimSilence="true" playBeep="true"
        callbackUrl="https://shop.example/r"><Say>After the beep</Say></Record>"##;
    assert_eq!(clean(written), json(africas_talking));
}

#[test]
fn tags_within_tags_take_no_more_than_a_threads_stack() {
    let deep = format!("<Say>a{}b{}</Say>", "<p>".repeat(4_000), "</p>".repeat(4_000));
    let reading = std::thread::Builder::new().stack_size(2 << 20).spawn(move || read(&deep).0.as_array().map(Vec::len));
    assert_eq!(reading.unwrap().join().unwrap(), Some(1));
}

#[test]
fn where_an_element_is_of_two_dialects_the_number_says_which() {
    let of = |compat: Compat, children: &str| {
        let asked = Asked { compat, ..ASKED };
        let document = parse_xml(format!("<Response>{children}</Response>").as_bytes(), &asked).unwrap();
        serde_json::to_value(&document.actions).unwrap()
    };
    let recorded = |compat, children| {
        let record = of(compat, children)[0]["record"].clone();
        (record["timeout"].clone(), record["finishOnKey"].clone())
    };
    let twilio = (json!(5), json!("1234567890*#"));
    assert_eq!(recorded(Compat::Sautikit, "<Record/>"), twilio);
    assert_eq!(recorded(Compat::Sautikit, r#"<Record callbackUrl="/a"/>"#), (json!(10), json!("#")));
    for children in ["<Record/>", r#"<Record trim="trim-silence"/>"#, r#"<Record callbackUrl="/a"/>"#] {
        assert_eq!(recorded(Compat::Twilio, children), twilio, "{children}");
        let keys = if children == "<Record/>" { "" } else { "#" };
        assert_eq!(recorded(Compat::AfricasTalking, children), (json!(600), json!(keys)), "{children}");
    }
    let played = of(Compat::AfricasTalking, r#"<Record maxLength="9"><Play url="https://a.example/a.mp3"/></Record>"#);
    let verbs = played.as_array().unwrap().iter().map(|action| action.as_object().unwrap().keys().next().unwrap());
    assert_eq!(verbs.collect::<Vec<_>>(), ["play", "record"]);
    assert_eq!(recorded(Compat::AfricasTalking, r#"<Record timeout="9" finishOnKey="*"/>"#), (json!(9), json!("*")));
    let verbs = |compat: Compat| of(compat, r#"<GetDigits maxDigits="1"/>"#).as_array().unwrap().len();
    assert_eq!([verbs(Compat::Sautikit), verbs(Compat::AfricasTalking)], [1, 2]);
}
