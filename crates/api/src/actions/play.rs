//! `play`: an audio file.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
    say::MAX_LOOPS,
};

/// Plays a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Play {
    /// A WAV, MP3 or Ogg file (Opus or Vorbis) by https; relative to the URL that answered.
    pub url: String,
    /// How often it is played; 0 repeats until hang-up. 1 unless given.
    #[serde(rename = "loop")]
    pub loops: u32,
}

impl Play {
    /// `url` once.
    pub fn url(url: impl Into<String>) -> Self {
        Self { url: url.into(), loops: 1 }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let url = attributes.url("url")?.ok_or_else(|| attributes.error("url", "is required"))?;
        let loops = attributes.integer("loop", 0..=MAX_LOOPS)?;
        attributes.finish()?;
        let defaults = Self::url(url);
        Ok(Self { loops: loops.unwrap_or(defaults.loops), ..defaults })
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let url = "A WAV, MP3 or Ogg file (Opus or Vorbis) by https, at most 20 MB and 20 minutes.";
        let loops = Described::integer(&(0..=MAX_LOOPS), "How often; 0 repeats until hang-up.");
        object(
            "Plays an audio file to the party of the call.",
            &json!({ "url": "https://shop.example/welcome.mp3" }),
            [("url", Described::url(url).required()), ("loop", loops.or(Self::url("").loops))],
        )
    }
}
