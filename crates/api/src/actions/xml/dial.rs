//! `<Dial>`, which each dialect fills in its own way.

use roxmltree::Node;
use serde_json::{Map, Value, json};

use super::attributes::{Kind, Known, means, same};
use super::reader::{Reader, shown, tag, text_of, verb_of, written};
use super::verbs;
use crate::actions::target::callee;
use crate::actions::{Callee, MAX_TARGETS};

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
    same("recordRinging", Kind::Flag),
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
const OF_TARGET: &[Known] = &[
    same("machineDetection", Kind::Machine),
    same("sendDigits", Kind::Text),
    means("url", "whisperUrl", Kind::Text),
    same("whisperUrl", Kind::Text),
    same("statusCallback", Kind::Text),
    same("statusCallbackEvent", Kind::Names),
];

/// Of a `<Sip>` beside them.
const OF_SIP: &[Known] = &[same("username", Kind::Text), same("password", Kind::Text)];

/// What makes a target one of a kind.
const KINDS: [&str; 3] = ["number", "sip", "client"];

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
    if written(node, "record").is_some_and(|record| record.trim().starts_with("record-from-ringing")) {
        attributes.insert("recordRinging".to_owned(), json!(true));
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
        add(reader, node, written.trim(), Map::new(), &mut targets);
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
            add(reader, child, &text, Map::new(), targets);
        }
        return;
    }
    if !child.is_element() {
        return;
    }
    let kind = verb_of(child);
    let written = match kind.as_str() {
        "number" | "sip" => text_of(child),
        // TwiML names it by an element of its own where parameters go along.
        "client" => {
            let named = child.children().find(|inner| verb_of(*inner) == "identity");
            format!("client:{}", named.map_or_else(|| text_of(child), text_of))
        }
        _ => {
            reader.warn(child, &format!("{} within {} is not supported yet; it was skipped", tag(child), tag(dial)));
            return;
        }
    };
    let mut own = reader.attributes(child, if kind == "sip" { &[OF_TARGET, OF_SIP] } else { &[OF_TARGET] });
    reader.known_events(child, &mut own, Callee::EVENTS);
    // Whoever answers is judged, whichever that is.
    attributes.extend(own.remove_entry("machineDetection"));
    add(reader, child, &written, own, targets);
}

/// A target, with what holds for it alone. What of that is refused is left out.
fn add(
    reader: &mut Reader<'_>,
    node: Node<'_, '_>,
    written: &str,
    mut own: Map<String, Value>,
    targets: &mut Vec<Value>,
) {
    if written.is_empty() {
        return;
    }
    let begins = |scheme: &str| written.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_address = written.contains('@') && !["sip:", "sips:", "client:"].into_iter().any(begins);
    let spelled = if is_address { format!("sip:{written}") } else { written.to_owned() };
    loop {
        let value = if own.is_empty() { json!(spelled) } else { with(&spelled, &own) };
        let Err(refused) = callee(&value, "") else { return targets.push(value) };
        let name = refused.path.trim_start_matches('.').split('[').next().unwrap_or_default().to_owned();
        // Of a name and a password neither is worth anything alone.
        let of_server = |name: &str| name == "username" || name == "password";
        let had = own.len();
        own.retain(|other, _| *other != name && !(of_server(other) && of_server(&name)));
        if KINDS.contains(&name.as_str()) || own.len() == had {
            let what = shown(written);
            return reader.warn(node, &format!("{}: {what} can't be dialled; it was skipped", tag(node)));
        }
        reader.warn(node, &format!("{}: {name}: {}; it was skipped", tag(node), refused.message));
    }
}

/// The target as an object of its kind.
fn with(spelled: &str, own: &Map<String, Value>) -> Value {
    let (kind, address) = match spelled.strip_prefix("client:") {
        Some(identity) => ("client", identity),
        None if spelled.starts_with("sip:") || spelled.starts_with("sips:") => ("sip", spelled),
        None => ("number", spelled),
    };
    let mut target = own.clone();
    target.insert(kind.to_owned(), json!(address));
    Value::Object(target)
}
