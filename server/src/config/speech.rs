//! Who speaks texts beside espeak-ng.

use serde::Deserialize;

use super::checks::is_safe_url;
use super::{Config, ConfigError};

/// `[speech]`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speech {
    /// A server that takes what OpenAI's `/v1/audio/speech` takes; empty: espeak-ng alone.
    pub url: String,
    /// Its key; empty: none is sent.
    pub api_key: String,
    /// Its model.
    pub model: String,
    /// Its voice.
    pub voice: String,
    /// Its voice for `man`; empty: the same as `voice`.
    pub voice_man: String,
    /// Its voice for `woman` and `alice`; empty: the same as `voice`.
    pub voice_woman: String,
    /// Languages that it is asked for (ISO 639-1); empty: all.
    pub languages: Vec<String>,
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret, and a URL can hold one.
        f.debug_struct("Speech").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Whether texts and the key may be sent there. A model that runs on this machine is asked by http in production too.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let speech = &config.speech;
    if speech.url.is_empty() || is_safe_url(&speech.url, true) {
        Ok(())
    } else {
        Err(ConfigError::wrong("speech.url", "give an https URL, or http to this machine"))
    }
}
