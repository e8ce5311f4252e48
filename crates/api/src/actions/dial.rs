//! `dial`: call somebody and connect the party of the call to whoever answers.

use std::{fmt, ops::RangeInclusive};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, Channels, MAX_URL_CHARS, MachineDetection,
    attributes::{Attributes, kind},
    described::{Described, object},
    record::RECORDING_TOLD,
    send_digits::{KEYS, keys, masked_keys},
};
use crate::telephone::{Written, is_separator};

/// Most targets that one `dial` rings: a team, not a campaign.
pub const MAX_TARGETS: usize = 10;

/// How long it rings, in seconds: below, nobody reaches the telephone; carriers give up long before the end.
const RING_S: RangeInclusive<u32> = 5..=600;

/// Longest connected time, in seconds: a day.
const MAX_DURATION_S: u32 = 86_400;

/// Longest client identity, in characters; the SIP user part that carries it has room for it.
const MAX_IDENTITY_CHARS: usize = 128;

/// Digits of a telephone number as dialled: E.164 allows 15, local notations a few less.
const NUMBER_DIGITS: RangeInclusive<usize> = 3..=15;

/// Who is dialled. `Debug` masks the address, which is somebody's number.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DialTarget {
    /// A telephone number as the customer wrote it, E.164 or local to the workspace's country; separators removed.
    Number(String),
    /// A `sip:` or `sips:` URI.
    Sip(String),
    /// The identity of a browser or app of the workspace.
    Client(String),
}

impl fmt::Debug for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number(_)",
            Self::Sip(_) => "Sip(_)",
            Self::Client(_) => "Client(_)",
        })
    }
}

/// What the party hears while targets ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RingTone {
    /// The ringing tone of a country: ISO 3166-1 alpha-2, upper case.
    Country(String),
    /// A file, as `play` takes it.
    Url(String),
}

impl RingTone {
    /// Two letters are a country, everything else is a URL.
    fn of(written: String) -> Self {
        match written.to_ascii_uppercase().as_str() {
            // As many write it.
            "UK" => Self::Country("GB".to_owned()),
            code if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Self::Country(code.to_owned())
            }
            _ => Self::Url(written),
        }
    }
}

/// Calls `to` and bridges the first who answers. Its `Debug` leaves out the keys that are pressed.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dial {
    /// Between 1 and [`MAX_TARGETS`] targets.
    pub to: Vec<DialTarget>,
    /// Who the targets see calling; the call's own number for telephones unless given.
    pub caller_id: Option<String>,
    /// How long to ring, in seconds (5 to 600); each target in turn when `sequential`. 30 unless given.
    #[serde(rename = "timeout")]
    pub timeout_s: u32,
    /// Longest connected time, in seconds. 14,400 unless given.
    #[serde(rename = "maxDuration")]
    pub max_duration_s: u32,
    /// One target after the other instead of all at once. False unless given.
    pub sequential: bool,
    /// Who is asked when the connection is over; unset = the next action runs.
    pub action: Option<String>,
    /// What the party hears while targets ring, whatever those send; the country's tone and early media unless given.
    pub ring_tone: Option<RingTone>,
    /// Whether `*` by the party of the call ends the connection. False unless given.
    pub hangup_on_star: bool,
    /// What is recorded of the connection; nothing unless given.
    pub record: Option<Channels>,
    /// Who is told when the recording is ready or has failed; unset = nobody.
    pub recording_status_callback: Option<String>,
    /// Keys that are pressed towards whoever answers, before the two are connected; may be a PIN, so shown is how long it is.
    #[serde(serialize_with = "masked_keys")]
    pub send_digits: Option<String>,
    /// Who is asked what whoever answers is told before the two are connected; unset = they are connected at once.
    #[serde(rename = "whisperUrl")]
    pub whisper_url: Option<String>,
    /// Whether the target that answers is judged to be a person or a machine, while both talk; not unless given.
    #[serde(rename = "machineDetection", serialize_with = "MachineDetection::serialize_name")]
    pub machine_detection: Option<MachineDetection>,
    /// Whether the call ends when a connection that was answered is over, instead of going on with the next action. So it is
    /// with Africa's Talking; JSON can't say it.
    #[serde(skip)]
    pub ends_when_answered: bool,
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dial({:?}, {} s, sequential: {})", self.to, self.timeout_s, self.sequential)
    }
}

impl Dial {
    /// Dials `to` with every attribute at its default.
    pub fn to(to: Vec<DialTarget>) -> Self {
        Self {
            to,
            caller_id: None,
            timeout_s: 30,
            max_duration_s: 14_400,
            sequential: false,
            action: None,
            ring_tone: None,
            hangup_on_star: false,
            record: None,
            recording_status_callback: None,
            send_digits: None,
            whisper_url: None,
            machine_detection: None,
            ends_when_answered: false,
        }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let to = targets(attributes.required("to")?, &attributes.path_of("to"))?;
        let defaults = Self::to(to);
        let dial = Self {
            caller_id: match attributes.text("callerId", MAX_URL_CHARS)? {
                Some(id) if id.trim().is_empty() => return Err(attributes.error("callerId", "expected a number")),
                id => id,
            },
            timeout_s: attributes.integer("timeout", RING_S)?.unwrap_or(defaults.timeout_s),
            max_duration_s: attributes.integer("maxDuration", 1..=MAX_DURATION_S)?.unwrap_or(defaults.max_duration_s),
            sequential: attributes.boolean("sequential")?.unwrap_or(defaults.sequential),
            action: attributes.url("action")?,
            ring_tone: attributes.url("ringTone")?.map(RingTone::of),
            hangup_on_star: attributes.boolean("hangupOnStar")?.unwrap_or(defaults.hangup_on_star),
            record: Channels::read(&mut attributes, "record")?,
            recording_status_callback: attributes.url("recordingStatusCallback")?,
            send_digits: keys(&mut attributes, "sendDigits")?,
            whisper_url: attributes.url("whisperUrl")?,
            machine_detection: MachineDetection::read(&mut attributes)?,
            ends_when_answered: false,
            to: defaults.to,
        };
        attributes.finish()?;
        Ok(dial)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let defaults = Self::to(Vec::new());
        let caller_id =
            "Who the targets see calling, for telephones one of the workspace's numbers; the call's own when absent.";
        let ring = "How long to ring, in seconds; each target in turn when `sequential`.";
        let (ring, talk) = (Described::integer(&RING_S, ring), "Longest connected time, in seconds.");
        let sequential = "One target after the other; else all ring at once and the first to answer wins.";
        let action = "Who is asked when the connection is over; the next action runs when absent.";
        let record = "Whether the connection is recorded: `true` in one channel, `\"dual\"` with the party of the call on the \
            left and the target on the right.";
        let ring_tone = "What the party hears while it rings, instead of its network's tone or what the target sends: a country's \
            tone by its two letters, or a file as `play` takes it.";
        let machine = "Has the target that answers judged while both talk: a person, a machine (with `detectMessageEnd` when its \
            greeting is over) or a fax. The next callback has it in `AnsweredBy`.";
        let digits = "Keys that are pressed towards whoever answers, before the two are connected, as `sendDigits` takes them: an \
            extension.";
        let whisper = "Who is asked what whoever answers is told before the two are connected: `say`, `play`, `pause`, `getDigits`, \
            `sendDigits`, `redirect`; `hangup` refuses the call.";
        let star = "Whether `*` by the party of the call ends the connection.";
        object(
            "Calls one or several targets and connects the first that answers.",
            &json!({ "to": ["client:front-desk", "+254722000042"], "timeout": 20 }),
            [
                ("to", Described::one_or_several("DialTarget", &(1..=MAX_TARGETS), "Who is dialled.").required()),
                ("callerId", Described::text(1..=MAX_URL_CHARS, caller_id)),
                ("timeout", ring.or(defaults.timeout_s)),
                ("maxDuration", Described::integer(&(1..=MAX_DURATION_S), talk).or(defaults.max_duration_s)),
                ("sequential", Described::boolean(sequential).or(defaults.sequential)),
                ("action", Described::url(action)),
                ("record", Described::channels(record).or(false)),
                ("recordingStatusCallback", Described::url(RECORDING_TOLD)),
                ("sendDigits", Described::keys(KEYS, digits)),
                ("whisperUrl", Described::url(whisper)),
                ("machineDetection", Described::one_of(&MachineDetection::NAMES, machine)),
                ("ringTone", Described::url(ring_tone)),
                ("hangupOnStar", Described::boolean(star).or(defaults.hangup_on_star)),
            ],
        )
    }
}

/// A target as JSON Schema: one string, or an object that says which kind it is.
pub(super) fn target_schema() -> Value {
    let (low, high) = (NUMBER_DIGITS.start(), NUMBER_DIGITS.end());
    // As `number`, `sip_uri` and `identity` read them below.
    let between = r"[ ./()\u00a0\u2009\u202f\u2010-\u2013-]*";
    let number = format!(r"\s*([tT][eE][lL]:)?{between}\+?({between}[0-9]){{{low},{high}}}{between}\s*");
    let sip = r"sips?:[!#-;=?-~]+";
    let identity = format!(r"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_IDENTITY_CHARS}}}");
    let only = |kind: &str, what: &str, pattern: &str| {
        let text = json!({
            "type": "string", "description": what, "pattern": format!("^{pattern}$"), "maxLength": MAX_URL_CHARS,
        });
        json!({
            "title": kind, "type": "object", "properties": { kind: text }, "required": [kind], "additionalProperties": false,
        })
    };
    json!({
        "description": "Who is dialled.",
        "oneOf": [
            {
                "type": "string",
                "description": "A telephone number, E.164 or local to the workspace's country, `sip:user@host` or \
                    `client:identity`.",
                "pattern": format!("^({number}|{sip}|client:{identity})$"),
            },
            only("number", "A telephone number, E.164 or local to the workspace's country.", &number),
            only("sip", "A `sip:` or `sips:` URI.", sip),
            only("client", "The identity of a browser or app of the workspace.", &identity),
        ],
    })
}

fn targets(value: &Value, path: &str) -> Result<Vec<DialTarget>, ActionError> {
    let Value::Array(items) = value else { return Ok(vec![target(value, path)?]) };
    if items.is_empty() || items.len() > MAX_TARGETS {
        return Err(ActionError::new(path, format!("expected 1 to {MAX_TARGETS} targets")));
    }
    items.iter().enumerate().map(|(at, item)| target(item, &format!("{path}[{at}]"))).collect()
}

pub(super) fn target(value: &Value, path: &str) -> Result<DialTarget, ActionError> {
    match value {
        Value::String(text) => spelled(text).ok_or_else(|| {
            ActionError::new(
                path,
                "expected a telephone number such as +254722000042, sip:user@host or client:identity",
            )
        }),
        Value::Object(_) => target_object(value, path),
        other => Err(ActionError::new(path, format!("expected a string or an object, found {}", kind(other)))),
    }
}

/// `{number}`, `{sip}` or `{client}`: exactly one of them.
fn target_object(value: &Value, path: &str) -> Result<DialTarget, ActionError> {
    let mut attributes = Attributes::open(value, path)?;
    let mut found = Vec::new();
    if let Some(text) = attributes.text("number", MAX_URL_CHARS)? {
        let read = number(&text)
            .ok_or_else(|| attributes.error("number", "expected a telephone number such as +254722000042"));
        found.push(DialTarget::Number(read?));
    }
    if let Some(text) = attributes.text("sip", MAX_URL_CHARS)? {
        let read = sip_uri(&text).ok_or_else(|| attributes.error("sip", "expected sip:user@host"));
        found.push(DialTarget::Sip(read?));
    }
    if let Some(text) = attributes.text("client", MAX_IDENTITY_CHARS)? {
        let read = identity(&text).ok_or_else(|| attributes.error("client", "expected an identity without spaces"));
        found.push(DialTarget::Client(read?));
    }
    attributes.finish()?;
    match (found.pop(), found.is_empty()) {
        (Some(target), true) => Ok(target),
        _ => Err(ActionError::new(path, "expected exactly one of number, sip, client")),
    }
}

fn spelled(text: &str) -> Option<DialTarget> {
    if let Some(name) = text.strip_prefix("client:") {
        return identity(name).map(DialTarget::Client);
    }
    if text.starts_with("sip:") || text.starts_with("sips:") {
        return sip_uri(text).map(DialTarget::Sip);
    }
    number(text).map(DialTarget::Number)
}

/// Removes the separators people type; whether the number exists is the gateway's question.
fn number(text: &str) -> Option<String> {
    // Parameters would be a menu's or a department's, which nobody dials for the customer.
    // As long as any target may be, whatever stands between its digits.
    let compact: String = text.trim().chars().filter(|letter| !is_separator(*letter)).collect();
    let Written { keys, .. } = Written::parse(&compact).filter(|_| !text.contains(';'))?;
    let digits = keys.strip_prefix('+').unwrap_or(&keys);
    (digits.bytes().all(|byte| byte.is_ascii_digit()) && NUMBER_DIGITS.contains(&digits.len())).then_some(keys)
}

/// Only the shape; the gateway's SIP parser has the last word.
fn sip_uri(text: &str) -> Option<String> {
    let address = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"))?;
    let clean = address.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"'));
    (!address.is_empty() && clean).then(|| text.to_owned())
}

fn identity(text: &str) -> Option<String> {
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    (!text.is_empty() && clean && text.chars().count() <= MAX_IDENTITY_CHARS).then(|| text.to_owned())
}
