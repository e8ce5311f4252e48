//! `say`: speak a text.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
    ssml,
};

/// Longest text of one `say`, in characters: about five minutes of speech.
pub const MAX_TEXT_CHARS: usize = 4_096;

/// Most repetitions of one text; a caller who wants more wants `loop: 0`.
pub(super) const MAX_LOOPS: u32 = 1_000;

/// Longest voice or language name; BCP 47 recommends room for 35 characters.
const MAX_NAME_CHARS: usize = 64;

/// Slowest and fastest speech in percent; beyond, the installed voices are not understood.
const RATE_PERCENT: std::ops::RangeInclusive<u16> = 25..=400;

/// Speaks `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Say {
    /// What is spoken, without tags; never blank.
    pub text: String,
    /// The same with tags that say how: `<speak>…</speak>`, of known tags only. None where the text has none.
    #[serde(skip)]
    pub markup: Option<String>,
    /// Voice name; the speech provider takes its nearest installed one. "default" unless given.
    pub voice: String,
    /// BCP 47 tag; "en-KE" unless given.
    pub language: String,
    /// Speed in percent of the voice's own: 25 to 400, 100 unless given.
    pub rate_percent: u16,
    /// How often it is spoken; 0 repeats until hang-up. 1 unless given.
    #[serde(rename = "loop")]
    pub loops: u32,
}

impl Say {
    /// `text` with every attribute at its default.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            markup: None,
            voice: "default".into(),
            language: "en-KE".into(),
            rate_percent: 100,
            loops: 1,
        }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let mut text = attributes.required_text("text", MAX_TEXT_CHARS)?;
        let mut markup = None;
        if text.trim_start().starts_with(ssml::ROOT) {
            let spoken = ssml::parse(text.trim()).map_err(|message| attributes.error("text", message))?;
            (text, markup) = (spoken.plain, Some(spoken.markup));
        }
        if text.trim().is_empty() {
            return Err(attributes.error("text", "expected something to say"));
        }
        let defaults = Self::text(text);
        let say = Self {
            voice: attributes.text("voice", MAX_NAME_CHARS)?.unwrap_or(defaults.voice),
            language: attributes.text("language", MAX_NAME_CHARS)?.unwrap_or(defaults.language),
            rate_percent: attributes.percent("rate", RATE_PERCENT)?.unwrap_or(defaults.rate_percent),
            loops: attributes.integer("loop", 0..=MAX_LOOPS)?.unwrap_or(defaults.loops),
            text: defaults.text,
            markup,
        };
        attributes.finish()?;
        Ok(say)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let defaults = Self::text("");
        let voice = "`alice`, `woman` or `man`; the speech provider takes its nearest installed one.";
        let rate = "Speed as a factor of the voice's own, kept to a hundredth.";
        object(
            "Speaks a text to the party of the call.",
            &json!({ "text": "Your parcel is at the gate.", "language": "en-KE" }),
            [
                (
                    "text",
                    Described::text(1..=MAX_TEXT_CHARS, "What is spoken; not blank. SSML in `<speak>`.").required(),
                ),
                ("voice", Described::text(0..=MAX_NAME_CHARS, voice).or(defaults.voice)),
                ("language", Described::text(0..=MAX_NAME_CHARS, "BCP 47 tag.").or(defaults.language)),
                ("rate", Described::percent(&RATE_PERCENT, rate).or(1)),
                (
                    "loop",
                    Described::integer(&(0..=MAX_LOOPS), "How often; 0 repeats until hang-up.").or(defaults.loops),
                ),
            ],
        )
    }
}
