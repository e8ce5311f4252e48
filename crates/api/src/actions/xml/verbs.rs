//! Which element means which verb.
//!
//! | element | dialect | verb |
//! |---|---|---|
//! | `Say` | all | `say` |
//! | `Play` | all | `play`; with `digits`, `sendDigits` |
//! | `Gather` | TwiML | `getDigits`; the call ends without input, unless `actionOnEmptyResult` |
//! | `GetDigits` | Africa's Talking, ours | `getDigits`; ours, which has `maxDigits` or `action` and is no handler written for Africa's Talking, asks without input too |
//! | `Dial`, with text, `Number`, `Sip`, `Client` | TwiML, ours | `dial` |
//! | `Dial phoneNumbers` | Africa's Talking | `dial`, after which the call ends once somebody has answered |
//! | `Dial` with `Conference`; `Conference` | TwiML; Africa's Talking, ours | `conference` |
//! | `Dial` with `Queue`; `Dequeue` | TwiML; Africa's Talking, ours | `dequeue` |
//! | `Enqueue` | all | `enqueue`; TwiML's `waitUrl` is asked, Africa's Talking's `holdMusic` is played |
//! | `Leave` | TwiML, ours | `leave` |
//! | `Record` | TwiML | `record`; any key ends it, and the URL that answered is asked again where no action is named |
//! | `Record callbackUrl` | Africa's Talking, ours | `record`, after what it says or plays first |
//! | `Connect`, `Start` with `Stream`; `Stream` | TwiML; ours | `stream` |
//! | `Stop` with `Stream`; `StopStream` | TwiML; ours | `stopStream` |
//! | `Redirect` | all | `redirect`; without a URL the call ends, as Africa's Talking's builder means it |
//! | `Reject`, `Hangup`, `Pause` | all | the same |
//!
//! Where an element is of two dialects its attributes tell which, unless the number's `compat` does.

use roxmltree::Node;
use serde_json::{Map, Value, json};

use super::attributes::{Kind, Known, means, same};
use super::dial;
use super::reader::{Reader, SAY, WithoutInput, asked_by, own_text_of, shown, tag, text_of, verb_of, written};
#[cfg(test)]
use crate::actions::Action;
use crate::actions::Conference;
use crate::actions::prompt::MAX_PROMPTS;
use crate::actions::record::MAX_LENGTH_S;
use crate::actions::ssml;
use crate::numbers::Compat;

/// Seconds that Africa's Talking waits for a key.
const WAIT_OF_AFRICAS_TALKING_S: u32 = 30;
/// Seconds of silence after which a recording of Africa's Talking ends: an hour there, the most that there is here.
const SILENCE_OF_AFRICAS_TALKING_S: u32 = 600;

const PLAY: &[Known] = &[same("url", Kind::Text), same("loop", Kind::Whole)];
const GET_DIGITS: &[Known] = &[
    same("numDigits", Kind::Whole),
    means("maxDigits", "numDigits", Kind::Whole),
    same("timeout", Kind::Whole),
    same("firstDigitTimeout", Kind::Whole),
    same("finishOnKey", Kind::Text),
    same("action", Kind::Text),
    means("callbackUrl", "action", Kind::Text),
    same("bargeIn", Kind::Flag),
    same("attempts", Kind::Whole),
];
/// Of TwiML only; what they say is read by [`gather`].
const GATHER: &[Known] = &[
    Known { written: "input", ours: None, kind: Kind::Text },
    Known { written: "actionOnEmptyResult", ours: None, kind: Kind::Flag },
];
const CONFERENCE: &[Known] = &[
    same("name", Kind::Text),
    same("beep", Kind::Beep),
    same("startOnEnter", Kind::Flag),
    means("startConferenceOnEnter", "startOnEnter", Kind::Flag),
    same("endOnExit", Kind::Flag),
    means("endConferenceOnExit", "endOnExit", Kind::Flag),
    same("maxParticipants", Kind::Whole),
    same("muted", Kind::Flag),
    same("coach", Kind::Text),
    same("record", Kind::Kept),
    same("recordingStatusCallback", Kind::Text),
    Known { written: "recordingStatusCallbackEvent", ours: None, kind: Kind::Text },
    same("statusCallback", Kind::Text),
    same("statusCallbackEvent", Kind::Names),
    same("participantLabel", Kind::Text),
    same("waitUrl", Kind::Text),
    same("action", Kind::Text),
];
const ENQUEUE: &[Known] = &[
    same("name", Kind::Text),
    same("holdMusic", Kind::Text),
    same("waitUrl", Kind::Text),
    same("maxQueueSize", Kind::Whole),
    same("timeout", Kind::Whole),
    same("action", Kind::Text),
    means("callbackUrl", "action", Kind::Text),
];
const DEQUEUE: &[Known] = &[
    same("name", Kind::Text),
    same("timeout", Kind::Whole),
    same("record", Kind::Recorded),
    same("action", Kind::Text),
    means("callbackUrl", "action", Kind::Text),
    // Queues are the workspace's here, whatever number filled them.
    Known { written: "phoneNumber", ours: None, kind: Kind::Text },
];

const RECORD: &[Known] = &[
    same("maxLength", Kind::Whole),
    same("timeout", Kind::Whole),
    same("finishOnKey", Kind::Text),
    same("playBeep", Kind::Flag),
    same("trimSilence", Kind::Flag),
    means("trim", "trimSilence", Kind::Trim),
    same("recordingStatusCallback", Kind::Text),
    Known { written: "recordingStatusCallbackEvent", ours: None, kind: Kind::Text },
    same("action", Kind::Text),
    means("callbackUrl", "action", Kind::Text),
];

/// What ends a recording in TwiML where nothing is said of it.
const ANY_KEY: &str = "1234567890*#";

const STREAM: &[Known] = &[
    same("url", Kind::Text),
    same("track", Kind::Text),
    same("bidirectional", Kind::Flag),
    same("action", Kind::Text),
    same("name", Kind::Text),
    same("statusCallback", Kind::Text),
];

/// Verbs of others and of ours that no engine here runs yet.
const NOT_YET: [&str; 5] = ["refer", "pay", "prompt", "sms", "queue"];

/// Reads an element of `<Response>`.
pub(super) fn read(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    match verb_of(node).as_str() {
        "say" => say(reader, node),
        "play" => play(reader, node),
        "gather" => gather(reader, node),
        "getDigits" | "getdigits" => get_digits(reader, node),
        "dial" => dial::read(reader, node),
        "conference" => conference(reader, node, None),
        "record" => record(reader, node),
        "connect" | "start" => connect(reader, node),
        "stream" => stream(reader, node, Map::new()),
        "stop" => stop(reader, node),
        "stopStream" => {
            let attributes = reader.attributes(node, &[&[same("name", Kind::Text)]]);
            reader.take(node, "stopStream", attributes);
        }
        "enqueue" => enqueue(reader, node),
        "dequeue" => dequeue(reader, node, Map::new()),
        "leave" => {
            let attributes = reader.attributes(node, &[]);
            reader.take(node, "leave", attributes);
        }
        "redirect" => redirect(reader, node),
        "reject" => {
            let attributes = reader.attributes(node, &[&[same("reason", Kind::Text)]]);
            if reader.take(node, "reject", attributes) {
                reader.end();
            }
        }
        "hangup" => {
            let attributes = reader.attributes(node, &[]);
            if reader.take(node, "hangup", attributes) {
                reader.end();
            }
        }
        "pause" => pause(reader, node),
        verb if NOT_YET.contains(&verb) => {
            reader.warn(node, &format!("{} is not supported yet; it was skipped", tag(node)));
        }
        _ => reader.warn(node, &format!("{} is no verb; it was skipped", tag(node))),
    }
}

/// Whether an action is none without this attribute.
pub(super) fn is_required(verb: &str, attribute: &str) -> bool {
    matches!(
        (verb, attribute),
        ("say", "text")
            | ("play", "url")
            | ("sendDigits", "digits")
            | ("dial", "to")
            | ("conference" | "enqueue" | "dequeue", "name")
            | ("redirect" | "stream", "url")
    )
}

fn say(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    if let Some(spoken) = spoken(reader, node) {
        reader.take(node, "say", spoken);
    }
}

/// What a `Say` says, with its attributes; none where it says nothing.
fn spoken(reader: &mut Reader<'_>, node: Node<'_, '_>) -> Option<Map<String, Value>> {
    let text = text_of(node);
    let mut attributes = reader.attributes(node, &[SAY, &[same("text", Kind::Text)]]);
    if !text.is_empty() && node.children().any(|child| child.is_element()) {
        let mut unknown = Vec::new();
        let markup = ssml::render(node, &mut |tag| unknown.push(shown(tag)));
        for inner in unknown {
            reader.warn(node, &format!("{}: what <{inner}> means is not heard; its text is spoken", tag(node)));
        }
        attributes.insert("text".to_owned(), json!(markup));
    } else if !text.is_empty() {
        attributes.insert("text".to_owned(), json!(text));
    }
    if attributes.get("text").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
        reader.warn(node, &format!("{} says nothing; it was skipped", tag(node)));
        return None;
    }
    Some(attributes)
}

fn play(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    if let Some(digits) = written(node, "digits") {
        for attribute in node.attributes().filter(|attribute| !attribute.name().eq_ignore_ascii_case("digits")) {
            let name = shown(attribute.name());
            reader.warn(node, &format!("<Play>: {name} means nothing to keys that are pressed; it was skipped"));
        }
        let attributes = Map::from_iter([("digits".to_owned(), json!(digits.trim()))]);
        reader.take(node, "sendDigits", attributes);
    } else if let Some(played) = played(reader, node) {
        reader.take(node, "play", played);
    }
}

/// The file that a `Play` names, with its attributes; none where it names none.
fn played(reader: &mut Reader<'_>, node: Node<'_, '_>) -> Option<Map<String, Value>> {
    let mut attributes = reader.attributes(node, &[PLAY]);
    let url = text_of(node);
    if !url.is_empty() {
        attributes.insert("url".to_owned(), json!(url));
    }
    if attributes.get("url").and_then(Value::as_str).is_none_or(|url| url.trim().is_empty()) {
        reader.warn(node, &format!("{} plays nothing; it was skipped", tag(node)));
        return None;
    }
    Some(attributes)
}

fn gather(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    let input = node.attribute("input").unwrap_or("dtmf");
    if input.split_whitespace().all(|kind| kind != "dtmf") {
        reader.warn(node, "<Gather>: speech is not recognised; it waits for keys");
    }
    let mut attributes = reader.attributes(node, &[GET_DIGITS, GATHER]);
    if !attributes.contains_key("action") {
        attributes.insert("action".to_owned(), json!(asked_by(reader.asked.url, node, "method")));
    }
    prompts(reader, node, &mut attributes);
    if !reader.take(node, "getDigits", attributes) {
        return;
    }
    let asks_anyway =
        node.attribute("actionOnEmptyResult").is_some_and(|flag| flag.trim().eq_ignore_ascii_case("true"));
    if asks_anyway {
        // With input or without, its action goes on.
        reader.end();
    } else {
        reader.without_input(WithoutInput::End);
    }
}

fn get_digits(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    // Africa's Talking's own documents have neither attribute.
    let is_ours = reader.asked.compat != Compat::AfricasTalking
        && (node.has_attribute("maxDigits") || node.has_attribute("action"));
    let mut attributes = reader.attributes(node, &[GET_DIGITS]);
    if !is_ours && !attributes.contains_key("timeout") {
        attributes.insert("firstDigitTimeout".to_owned(), json!(WAIT_OF_AFRICAS_TALKING_S));
    }
    prompts(reader, node, &mut attributes);
    if reader.take(node, "getDigits", attributes) && !is_ours {
        reader.without_input(WithoutInput::End);
    }
}

/// What is heard while keys are waited for.
fn prompts(reader: &mut Reader<'_>, node: Node<'_, '_>, attributes: &mut Map<String, Value>) {
    let mut prompts = Vec::new();
    for child in node.children().filter(Node::is_element) {
        match verb_of(child).as_str() {
            "say" => {
                let said = spoken(reader, child).and_then(|say| reader.settle(child, "say", say));
                prompts.extend(said.map(|(_, say)| json!({ "say": say })));
            }
            "play" if written(child, "digits").is_none() => {
                let file = played(reader, child).and_then(|play| reader.settle(child, "play", play));
                prompts.extend(file.map(|(_, play)| json!({ "play": play })));
            }
            "pause" => {
                let pause = pause_of(reader, child).and_then(|pause| reader.settle(child, "pause", pause));
                prompts.extend(pause.map(|(_, pause)| json!({ "pause": pause })));
            }
            "play" => {
                reader
                    .warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(node)));
            }
            _ => reader.warn(child, &format!("{} does not belong into {}; it was skipped", tag(child), tag(node))),
        }
    }
    if prompts.len() > MAX_PROMPTS {
        reader.warn(
            node,
            &format!("{} holds at most {MAX_PROMPTS} texts, files and pauses; the others were skipped", tag(node)),
        );
        prompts.truncate(MAX_PROMPTS);
    }
    if !prompts.is_empty() {
        attributes.insert("prompt".to_owned(), Value::Array(prompts));
    }
}

/// A conference by its own element, or by the one inside of `<Dial>`, whose `action` is asked when it is over.
pub(super) fn conference(reader: &mut Reader<'_>, node: Node<'_, '_>, action: Option<Value>) {
    let mut attributes = reader.attributes(node, &[CONFERENCE]);
    reader.known_events(node, &mut attributes, Conference::EVENTS);
    if let (false, Some(action)) = (attributes.contains_key("action"), action) {
        attributes.insert("action".to_owned(), action);
    }
    let name = text_of(node);
    if !attributes.contains_key("name") {
        // Africa's Talking has one for each number.
        attributes.insert("name".to_owned(), json!(if name.is_empty() { reader.asked.room } else { &name }));
    }
    reader.take(node, "conference", attributes);
}

/// TwiML names the queue by its text, and has its music chosen by a URL that is asked; Africa's Talking names a file.
fn enqueue(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    for child in node.children().filter(Node::is_element) {
        reader.warn(child, &format!("{} does not belong into {}; it was skipped", tag(child), tag(node)));
    }
    let mut attributes = reader.attributes(node, &[ENQUEUE]);
    named(reader, node, &mut attributes);
    reader.take(node, "enqueue", attributes);
}

/// By its own element, or by `<Queue>` inside of a `<Dial>` with what that says.
pub(super) fn dequeue(reader: &mut Reader<'_>, node: Node<'_, '_>, of_dial: Map<String, Value>) {
    let mut attributes = of_dial;
    attributes.extend(reader.attributes(node, &[DEQUEUE]));
    named(reader, node, &mut attributes);
    reader.take(node, "dequeue", attributes);
}

/// The name that stands in the element; Africa's Talking has a queue for each number. A `<Task>` inside, which TwiML has beside
/// a workflow, names none.
fn named(reader: &Reader<'_>, node: Node<'_, '_>, attributes: &mut Map<String, Value>) {
    let text = own_text_of(node);
    if !attributes.contains_key("name") {
        attributes.insert("name".to_owned(), json!(if text.is_empty() { reader.asked.room } else { &text }));
    }
}

/// `<Stop>` names the streams that end.
fn stop(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    for child in node.children().filter(Node::is_element) {
        if verb_of(child) == "stream" {
            let attributes = reader.attributes(child, &[&[same("name", Kind::Text)]]);
            reader.take(child, "stopStream", attributes);
        } else {
            reader.warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(node)));
        }
    }
}

/// Africa's Talking speaks or plays what stands within it first; one that says nothing keeps all that follows in the call.
fn record(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    for child in node.children().filter(Node::is_element) {
        match verb_of(child).as_str() {
            "say" => say(reader, child),
            "play" => play(reader, child),
            _ => {
                reader.warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(node)))
            }
        }
    }
    let mut attributes = reader.attributes(node, &[RECORD]);
    // TwiML has none of these.
    let is_of_others = |name: &str| ["callbackUrl", "trimSilence"].iter().any(|own| own.eq_ignore_ascii_case(name));
    let is_twiml = match reader.asked.compat {
        Compat::Twilio => true,
        Compat::AfricasTalking => false,
        Compat::Sautikit => {
            !node.attributes().any(|attribute| is_of_others(attribute.name()))
                && !node.children().any(|child| child.is_element())
        }
    };
    if is_twiml {
        attributes.entry("finishOnKey").or_insert(json!(ANY_KEY));
        attributes.entry("timeout").or_insert(json!(5));
    } else if reader.asked.compat == Compat::AfricasTalking {
        if node.attributes().len() == 0 && !node.children().any(|child| child.is_element()) {
            attributes.insert("finishOnKey".to_owned(), json!(""));
            attributes.insert("maxLength".to_owned(), json!(MAX_LENGTH_S));
        }
        attributes.entry("timeout").or_insert(json!(SILENCE_OF_AFRICAS_TALKING_S));
    }
    attributes.entry("action").or_insert(json!(asked_by(reader.asked.url, node, "method")));
    reader.take(node, "record", attributes);
}

/// `<Connect>` lasts until its stream is over, `<Start>` does not wait for it.
fn connect(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    let is_start = verb_of(node) == "start";
    let action = reader.attributes(node, &[&[same("action", Kind::Text)]]).remove("action");
    for child in node.children().filter(Node::is_element) {
        if verb_of(child) != "stream" {
            reader.warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(node)));
            continue;
        }
        let mut attributes = Map::from_iter([("bidirectional".to_owned(), json!(!is_start))]);
        // TwiML's default.
        attributes.insert("track".to_owned(), json!("inbound"));
        attributes.extend(action.clone().map(|action| ("action".to_owned(), action)));
        stream(reader, child, attributes);
    }
}

fn stream(reader: &mut Reader<'_>, node: Node<'_, '_>, mut attributes: Map<String, Value>) {
    attributes.extend(reader.attributes(node, &[STREAM]));
    if let Some(Value::String(track)) = attributes.get_mut("track") {
        // TwiML says `inbound_track`, `both_tracks`.
        *track = track.trim().trim_end_matches("_tracks").trim_end_matches("_track").to_owned();
    }
    let mut parameters = Map::new();
    for child in node.children().filter(Node::is_element) {
        match (verb_of(child).as_str(), written(child, "name"), written(child, "value")) {
            ("parameter", Some(name), value) => {
                parameters.insert(name.to_owned(), json!(value.unwrap_or_default()));
            }
            _ => reader.warn(child, &format!("{} does not belong into {}; it was skipped", tag(child), tag(node))),
        }
    }
    if !parameters.is_empty() {
        attributes.insert("parameters".to_owned(), Value::Object(parameters));
    }
    reader.take(node, "stream", attributes);
}

fn redirect(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    let mut attributes = reader.attributes(node, &[&[same("url", Kind::Text)]]);
    let url = text_of(node);
    if !url.is_empty() {
        attributes.insert("url".to_owned(), json!(url));
    }
    if let Some(Value::String(url)) = attributes.get_mut("url") {
        *url = asked_by(url, node, "method");
    }
    let taken = if attributes.is_empty() {
        reader.take(node, "hangup", attributes)
    } else {
        reader.take(node, "redirect", attributes)
    };
    if taken {
        reader.end();
    }
}

fn pause(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    if let Some(attributes) = pause_of(reader, node) {
        reader.take(node, "pause", attributes);
    }
}

/// The attributes of a `Pause`; none where its length is 0, which templates write for "no pause".
fn pause_of(reader: &mut Reader<'_>, node: Node<'_, '_>) -> Option<Map<String, Value>> {
    let attributes = reader.attributes(node, &[&[same("length", Kind::Whole)]]);
    Some(attributes).filter(|attributes| attributes.get("length") != Some(&json!(0)))
}

/// Every verb that runs has an element here.
#[cfg(test)]
pub(super) const ELEMENTS: [&str; Action::VERBS.len()] = [
    "Say",
    "Play",
    "GetDigits",
    "Dial",
    "Conference",
    "Enqueue",
    "Dequeue",
    "Leave",
    "Record",
    "Stream url=\"wss://a.example\"",
    "StopStream",
    "Play digits=\"1\"",
    "Pause",
    "Redirect",
    "Reject",
    "Hangup",
];
