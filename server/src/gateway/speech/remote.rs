//! A speech server over HTTP: one that takes what OpenAI's `/v1/audio/speech` takes, as most do (hosted ones, and models that an
//! operator runs beside this server), or the one that Piper has.
//!
//! The operator names it, so its address is not looked at as customers' are. Deliberately absent: SSML, which neither knows; it is
//! sent the words alone.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use voice::Text;

use super::{Made, Provider, SpeechError};
use crate::config::{self, SpeechDialect};

/// Who waits for speech hears nothing meanwhile; after this the next provider is asked.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Largest answer: five minutes of 16-bit audio at 24 kHz.
const MAX_BYTES: usize = 16 << 20;
/// Speeds that the interface takes.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.25..=4.0;

pub(super) struct Remote {
    config: config::Speech,
    http: reqwest::Client,
}

impl Remote {
    /// None where the operator has named no server.
    pub(super) fn new(config: &config::Speech) -> Result<Option<Self>, reqwest::Error> {
        if config.url.is_empty() {
            return Ok(None);
        }
        // Not the customers' client: the operator's server may well stand in the inside. Else as that one, with no proxy.
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = builder.timeout(TIMEOUT).build()?;
        Ok(Some(Self { config: config.clone(), http }))
    }
}

#[async_trait]
impl Provider for Remote {
    fn name(&self) -> &'static str {
        "the speech server"
    }

    fn speaks(&self, language: &str) -> bool {
        self.config.speaks(primary(language))
    }

    async fn speak(&self, text: &Text) -> Result<Made, SpeechError> {
        let config = &self.config;
        let mut request = self.http.post(&config.url).json(&body(config, text));
        if !config.api_key.is_empty() {
            request = request.bearer_auth(&config.api_key);
        }
        let failed =
            |error: reqwest::Error| if error.is_timeout() { SpeechError::Timeout } else { SpeechError::Unavailable };
        let response = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let file =
            crate::webhooks::client::read_up_to(response, MAX_BYTES).await.map_err(|_| SpeechError::Unavailable)?;
        Ok(Made { file, otherwise: None })
    }
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or_default()
}

/// The request's JSON.
fn body(config: &config::Speech, text: &Text) -> Value {
    let voice = match text.voice.as_str() {
        "man" if !config.voice_man.is_empty() => &config.voice_man,
        "woman" | "alice" if !config.voice_woman.is_empty() => &config.voice_woman,
        _ => config.voice_of(primary(&text.language)).unwrap_or(&config.voice),
    };
    let speed = (f64::from(text.rate_percent) / 100.0).clamp(*SPEEDS.start(), *SPEEDS.end());
    match config.dialect {
        SpeechDialect::Openai => {
            json!({ "model": config.model, "input": text.text, "voice": voice, "response_format": "wav", "speed": speed })
        }
        // How long sounds are, which is the other way round.
        SpeechDialect::Piper => json!({ "text": text.text, "voice": voice, "length_scale": 1.0 / speed }),
    }
}
