//! `<Dial>`, which each dialect fills in its own way.

use roxmltree::Node;
use serde_json::{Map, Value, json};

use super::attributes::{Kind, Known, means, same};
use super::reader::{Reader, shown, tag, text_of, verb_of, written};
use super::verbs;
use crate::actions::MAX_TARGETS;
use crate::actions::dial::target;

/// Seconds that Africa's Talking lets it ring: it names no end, and carriers give up before this one.
const RING_OF_AFRICAS_TALKING_S: u32 = 120;

const DIAL: &[Known] = &[
    same("callerId", Kind::Text),
    same("timeout", Kind::Whole),
    same("maxDuration", Kind::Whole),
    means("timeLimit", "maxDuration", Kind::Whole),
    same("sequential", Kind::Flag),
    same("action", Kind::Text),
    means("callbackUrl", "action", Kind::Text),
    same("hangupOnStar", Kind::Flag),
    same("ringTone", Kind::Text),
    means("ringBackTone", "ringTone", Kind::Text),
    // The caller is answered when the target is, always.
    Known { written: "answerOnBridge", ours: None, kind: Kind::Flag },
    same("record", Kind::Recorded),
    same("recordingStatusCallback", Kind::Text),
    Known { written: "recordingStatusCallbackEvent", ours: None, kind: Kind::Text },
    same("sendDigits", Kind::Text),
    same("whisperUrl", Kind::Text),
    same("machineDetection", Kind::Machine),
    // Read below.
    Known { written: "phoneNumbers", ours: None, kind: Kind::Text },
    Known { written: "number", ours: None, kind: Kind::Text },
];

/// Of the element that names a target.
const OF_TARGET: &[Known] =
    &[same("machineDetection", Kind::Machine), same("sendDigits", Kind::Text), means("url", "whisperUrl", Kind::Text)];

/// What of a `<Dial>` means the same to the queue that it dials.
const OF_QUEUE: [&str; 3] = ["timeout", "record", "action"];

/// Reads `<Dial>`.
pub(super) fn read(reader: &mut Reader<'_>, node: Node<'_, '_>) {
    if let Some(room) = node.children().find(|child| verb_of(*child) == "conference") {
        let mut attributes = reader.attributes(node, &[DIAL]);
        let action = attributes.remove("action");
        attributes.retain(|name, value| !(name == "record" && *value == json!(false)));
        if let Some(name) = attributes.keys().next() {
            reader.warn(node, &format!("<Dial>: {name} means nothing to a conference; it was skipped"));
        }
        return verbs::conference(reader, room, action);
    }
    if let Some(queue) = node.children().find(|child| verb_of(*child) == "queue") {
        let mut attributes = reader.attributes(node, &[DIAL]);
        attributes.retain(|name, value| !(name == "record" && *value == json!(false)));
        for name in attributes.keys().filter(|name| !OF_QUEUE.contains(&name.as_str())) {
            reader.warn(node, &format!("<Dial>: {name} means nothing to a queue; it was skipped"));
        }
        attributes.retain(|name, _| OF_QUEUE.contains(&name.as_str()));
        return verbs::dequeue(reader, queue, attributes);
    }
    let mut attributes = reader.attributes(node, &[DIAL]);
    if node.attribute("record").is_some_and(|record| record.trim().starts_with("record-from-ringing")) {
        reader.warn(node, "<Dial>: it is recorded from the answer on");
    }
    // TwiML's word for none in particular, and for a country's former tone.
    if let Some(Value::String(tone)) = attributes.get_mut("ringTone") {
        *tone = tone.trim().trim_end_matches("-old").to_owned();
        if tone.eq_ignore_ascii_case("automatic") {
            attributes.remove("ringTone");
        }
    }
    let phone_numbers = written(node, "phoneNumbers");
    let mut targets = Vec::new();
    for written in phone_numbers.into_iter().chain(written(node, "number")).flat_map(|list| list.split(',')) {
        add(reader, node, written.trim(), &mut targets);
    }
    for child in node.children() {
        named(reader, node, child, &mut targets, &mut attributes);
    }
    if targets.len() > MAX_TARGETS {
        reader.warn(node, &format!("<Dial> rings at most {MAX_TARGETS}; the others were skipped"));
        targets.truncate(MAX_TARGETS);
    }
    if targets.is_empty() {
        reader.warn(node, "<Dial> dials nobody; it was skipped");
        return;
    }
    attributes.insert("to".to_owned(), Value::Array(targets));
    if phone_numbers.is_some() && !attributes.contains_key("timeout") {
        attributes.insert("timeout".to_owned(), json!(RING_OF_AFRICAS_TALKING_S));
    }
    if reader.take(node, "dial", attributes)
        && phone_numbers.is_some()
        && let Some(dial) = reader.last_dial()
    {
        dial.ends_when_answered = dial.action.is_none();
    }
}

/// A target that an element or a text within names.
fn named(
    reader: &mut Reader<'_>,
    dial: Node<'_, '_>,
    child: Node<'_, '_>,
    targets: &mut Vec<Value>,
    attributes: &mut Map<String, Value>,
) {
    if child.is_text() {
        let text = text_of(child);
        if !text.is_empty() {
            add(reader, child, &text, targets);
        }
        return;
    }
    if !child.is_element() {
        return;
    }
    match verb_of(child).as_str() {
        "number" | "sip" => {
            // TwiML has them for each target; here they are for whoever answers.
            attributes.extend(reader.attributes(child, &[OF_TARGET]));
            add(reader, child, &text_of(child), targets);
        }
        "client" => {
            attributes.extend(reader.attributes(child, &[OF_TARGET]));
            // TwiML names it by an element of its own where parameters go along.
            let name =
                child.children().find(|inner| verb_of(*inner) == "identity").map_or_else(|| text_of(child), text_of);
            add(reader, child, &format!("client:{name}"), targets);
        }
        _ => reader.warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(dial))),
    }
}

fn add(reader: &mut Reader<'_>, node: Node<'_, '_>, written: &str, targets: &mut Vec<Value>) {
    if written.is_empty() {
        return;
    }
    let begins = |scheme: &str| written.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_address = written.contains('@') && !["sip:", "sips:", "client:"].into_iter().any(begins);
    let value = json!(if is_address { format!("sip:{written}") } else { written.to_owned() });
    match target(&value, "") {
        Ok(_) => targets.push(value),
        Err(_) => {
            let what = shown(written);
            reader.warn(node, &format!("{}: {what} can't be dialled; it was skipped", tag(node)));
        }
    }
}
