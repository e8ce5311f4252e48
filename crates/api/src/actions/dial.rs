//! `dial`: call somebody and connect the party of the call to whoever answers.

use std::{fmt, ops::RangeInclusive};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, Callee, Channels, DialTarget, MAX_URL_CHARS, MachineDetection,
    attributes::Attributes,
    described::{Described, object},
    record::RECORDING_TOLD,
    send_digits::{KEYS, keys, masked_keys},
    target,
};

/// Most targets that one `dial` rings: a team, not a campaign.
pub const MAX_TARGETS: usize = 10;

/// How long it rings, in seconds: below, nobody reaches the telephone; carriers give up long before the end.
const RING_S: RangeInclusive<u32> = 5..=600;

/// Longest connected time, in seconds: a day.
const MAX_DURATION_S: u32 = 86_400;

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
    pub to: Vec<Callee>,
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
    /// Whether that begins while targets ring, where the party is connected by then. False unless given.
    pub record_ringing: bool,
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
        Self::callees(to.into_iter().map(Callee::from).collect())
    }

    fn callees(to: Vec<Callee>) -> Self {
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
            record_ringing: false,
            recording_status_callback: None,
            send_digits: None,
            whisper_url: None,
            machine_detection: None,
            ends_when_answered: false,
        }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let to = target::read(attributes.required("to")?, &attributes.path_of("to"))?;
        let defaults = Self::callees(to);
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
            record_ringing: attributes.boolean("recordRinging")?.unwrap_or(defaults.record_ringing),
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
        let ringing = "Whether the recording begins while it rings, where the party is connected by then; on the right is then what \
            the party hears.";
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
                ("recordRinging", Described::boolean(ringing).or(defaults.record_ringing)),
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
