//! `record`: keeps what the party says. The attribute `record` of `dial` reads the same [`Channels`].

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::{Attributes, kind},
    described::{Described, object},
};

/// Longest recording, in seconds: a day would fill a disk unnoticed, four hours is the longest call.
pub(super) const MAX_LENGTH_S: u32 = 14_400;

/// Longest silence that is waited for, in seconds.
const MAX_TIMEOUT_S: u32 = 600;

/// Keys that can end a recording, each at most once.
const KEYS: &str = "0123456789*#";

/// Whom `recordingStatusCallback` names, of every verb that records.
pub(super) const RECORDING_TOLD: &str = "Who is told when the recording is ready or has failed (`RecordingStatus`); the answer counts \
    for nothing.";

/// What a recording holds of two parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Channels {
    /// Both in one channel.
    Mixed,
    /// The party of the call on the left, whom it hears on the right.
    Dual,
}

impl Channels {
    /// Reads `record` of a dial or of a call: none for false.
    pub(super) fn read(attributes: &mut Attributes<'_>, name: &'static str) -> Result<Option<Self>, ActionError> {
        match attributes.value(name) {
            None => Ok(None),
            Some(value) => {
                Self::of(value).map_err(|()| attributes.error(name, format!("{EXPECTED}, found {}", kind(value))))
            }
        }
    }

    /// What a value means: none for false.
    ///
    /// # Errors
    /// It is neither true nor false nor `"dual"`.
    #[expect(clippy::result_unit_err, reason = "whoever reads it names the place and what was expected")]
    pub fn of(value: &Value) -> Result<Option<Self>, ()> {
        match value {
            Value::Bool(false) => Ok(None),
            Value::Bool(true) => Ok(Some(Self::Mixed)),
            Value::String(text) if text == "dual" => Ok(Some(Self::Dual)),
            _ => Err(()),
        }
    }

    /// How many channels the file has.
    pub fn count(self) -> u16 {
        match self {
            Self::Mixed => 1,
            Self::Dual => 2,
        }
    }
}

/// What [`Channels::of`] takes, in words.
pub const EXPECTED: &str = "expected true, false or \"dual\"";

/// Records the party of the call until a key, a silence, the longest length or the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Longest recording, in seconds (1 to 14,400). 3,600 unless given.
    #[serde(rename = "maxLength")]
    pub max_length_s: u32,
    /// The silence that ends it, in seconds (1 to 600). 10 unless given.
    #[serde(rename = "timeout")]
    pub timeout_s: u32,
    /// The keys each of which ends it; empty = none does. '#' unless given.
    pub finish_on_key: String,
    /// Whether the party hears a beep before it begins. True unless given.
    pub play_beep: bool,
    /// Whether silence at both ends is cut off. True unless given.
    pub trim_silence: bool,
    /// Who is told when it is ready or has failed; unset = nobody.
    pub recording_status_callback: Option<String>,
    /// Who is asked when it is over; unset = the next action runs.
    pub action: Option<String>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            max_length_s: 3_600,
            timeout_s: 10,
            finish_on_key: "#".to_owned(),
            play_beep: true,
            trim_silence: true,
            recording_status_callback: None,
            action: None,
        }
    }
}

impl Record {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let defaults = Self::default();
        let record = Self {
            max_length_s: attributes.integer("maxLength", 1..=MAX_LENGTH_S)?.unwrap_or(defaults.max_length_s),
            timeout_s: attributes.integer("timeout", 1..=MAX_TIMEOUT_S)?.unwrap_or(defaults.timeout_s),
            finish_on_key: finish_on_key(&mut attributes)?.unwrap_or(defaults.finish_on_key),
            play_beep: attributes.boolean("playBeep")?.unwrap_or(defaults.play_beep),
            trim_silence: attributes.boolean("trimSilence")?.unwrap_or(defaults.trim_silence),
            recording_status_callback: attributes.url("recordingStatusCallback")?,
            action: attributes.url("action")?,
        };
        attributes.finish()?;
        Ok(record)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let defaults = Self::default();
        let (length, silence) = (1..=MAX_LENGTH_S, 1..=MAX_TIMEOUT_S);
        let keys = "The keys each of which ends it; an empty string for none.";
        let action = "Who is asked when it is over; the next action runs when absent, or when nothing was said.";
        object(
            "Records what the party says.",
            &json!({ "maxLength": 60, "action": "/message" }),
            [
                ("maxLength", Described::integer(&length, "Longest recording, in seconds.").or(defaults.max_length_s)),
                (
                    "timeout",
                    Described::integer(&silence, "The silence that ends it, in seconds.").or(defaults.timeout_s),
                ),
                ("finishOnKey", Described::matching("^[0-9*#]*$", KEYS.len(), keys).or(defaults.finish_on_key)),
                ("playBeep", Described::boolean("Whether the party hears a beep before.").or(defaults.play_beep)),
                (
                    "trimSilence",
                    Described::boolean("Whether silence at both ends is cut off.").or(defaults.trim_silence),
                ),
                ("recordingStatusCallback", Described::url(RECORDING_TOLD)),
                ("action", Described::url(action)),
            ],
        )
    }
}

fn finish_on_key(attributes: &mut Attributes<'_>) -> Result<Option<String>, ActionError> {
    let Some(text) = attributes.text("finishOnKey", KEYS.len())? else { return Ok(None) };
    if text.chars().any(|key| !KEYS.contains(key)) {
        return Err(attributes.error("finishOnKey", format!("expected keys of {KEYS} or an empty string")));
    }
    Ok(Some(text))
}
