//! Who speaks texts beside espeak-ng.

use serde::Deserialize;

use super::checks::is_safe_url;
use super::{Config, ConfigError};

/// `[speech]`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speech {
    /// Where it takes texts; empty: espeak-ng alone.
    pub url: String,
    /// What it takes.
    pub dialect: Dialect,
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
    /// Voices by language, which go before `voice`: `"sw sw_CD-lanfrance-medium"`.
    pub voices: Vec<String>,
    /// Languages that it is asked for (ISO 639-1); empty: those of `voices`, or all.
    pub languages: Vec<String>,
}

/// What a speech server takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// What OpenAI's `/v1/audio/speech` takes.
    #[default]
    Openai,
    /// What the HTTP server of Piper takes.
    Piper,
}

impl Speech {
    /// The voice of a language, by its primary subtag; none where it has none of its own.
    pub fn voice_of(&self, primary: &str) -> Option<&str> {
        let pairs = self.voices.iter().filter_map(|pair| pair.trim().split_once(char::is_whitespace));
        let mut of_language = pairs.filter(|(language, _)| language.eq_ignore_ascii_case(primary));
        of_language.next().map(|(_, voice)| voice.trim())
    }

    /// Whether it is asked for texts of a language, by its primary subtag.
    pub fn speaks(&self, primary: &str) -> bool {
        let is_open = self.languages.is_empty() && self.voices.is_empty();
        let is_named = self.languages.iter().any(|one| one.eq_ignore_ascii_case(primary));
        is_open || is_named || (self.languages.is_empty() && self.voice_of(primary).is_some())
    }
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
    if speech.voices.iter().any(|pair| pair.split_whitespace().count() != 2) {
        return Err(ConfigError::wrong(
            "speech.voices",
            "give a language and a voice each, such as \"en en_US-joe-medium\"",
        ));
    }
    if speech.url.is_empty() || is_safe_url(&speech.url, true) {
        Ok(())
    } else {
        Err(ConfigError::wrong("speech.url", "give an https URL, or http to this machine"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(voices: &[&str], languages: &[&str]) -> Speech {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Speech { voices: owned(voices), languages: owned(languages), ..Speech::default() }
    }

    #[test]
    fn who_has_voices_by_language_speaks_those() {
        let piper = speech(&["en en_US-joe-medium", "sw  sw_CD-lanfrance-medium"], &[]);
        assert_eq!(piper.voice_of("SW"), Some("sw_CD-lanfrance-medium"));
        assert!(piper.speaks("en") && piper.speaks("sw") && !piper.speaks("fr"));
        let bounded = speech(&["en a", "fr b"], &["fr"]);
        assert!(bounded.speaks("fr") && !bounded.speaks("en"));
        assert!(speech(&[], &[]).speaks("fr"));
    }
}
