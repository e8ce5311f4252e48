//! Text to audio: by the operator's speech server where there is one, else by espeak-ng. Results are cached by content.
//!
//! Providers are asked one after the other: one that fails or is slow costs a moment and not the text, and is passed over for a
//! while. What is spoken otherwise than was asked for is told with the audio.

mod cache;
mod espeak;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use media::Asset;
use media::file::{self, FileError};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use voice::Text;

use self::cache::{Cache, Key};
use self::espeak::Espeak;
use self::remote::Remote;
use crate::clock::Clock;
use crate::config;

/// How long a provider that failed is passed over: calls of a busy minute do not all wait for it.
const PASSED_OVER_FOR: Duration = Duration::from_secs(30);

/// Why a text was not spoken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// No provider is there, or all failed.
    #[error("speech is not available on this server")]
    Unavailable,
    /// It did not finish in time.
    #[error("speech took too long")]
    Timeout,
}

/// A text that was spoken.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// What is heard.
    pub audio: Arc<Asset>,
    /// How it differs from what was asked for, in words for the customer.
    pub otherwise: Option<String>,
}

/// What a provider made of a text.
struct Made {
    /// An audio file.
    file: Vec<u8>,
    /// How it differs from what was asked for.
    otherwise: Option<String>,
}

/// Somebody who speaks.
#[async_trait]
trait Provider: Send + Sync {
    /// In words for the customer.
    fn name(&self) -> &'static str;

    /// Whether it is asked for texts of this language (BCP 47).
    fn speaks(&self, language: &str) -> bool;

    /// Speaks a text.
    async fn speak(&self, text: &Text) -> Result<Made, SpeechError>;
}

/// A provider, and until when it is passed over, on the monotonic clock.
struct Asked {
    provider: Box<dyn Provider>,
    passed_over_until: Mutex<Duration>,
}

/// The speech of this server. Cheap to clone.
#[derive(Clone)]
pub struct Speech(Arc<Inner>);

struct Inner {
    /// In the order in which they are asked.
    providers: Vec<Asked>,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
}

impl Speech {
    /// By what the operator has set up.
    ///
    /// # Errors
    /// The system has no TLS.
    pub fn new(config: &config::Speech, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let remote = Remote::new(config)?.map(|remote| Box::new(remote) as Box<dyn Provider>);
        let providers = remote.into_iter().chain([Box::new(Espeak::new()) as Box<dyn Provider>]);
        let asked = |provider| Asked { provider, passed_over_until: Mutex::new(Duration::ZERO) };
        Ok(Self(Arc::new(Inner { providers: providers.map(asked).collect(), clock, cache: Mutex::default() })))
    }

    /// Speaks a text, or finds it spoken.
    ///
    /// # Errors
    /// Nobody could speak it.
    pub async fn speak(&self, text: &Text) -> Result<Spoken, SpeechError> {
        let mut failures = Vec::new();
        let last = self.0.providers.len().saturating_sub(1);
        for (index, Asked { provider, passed_over_until }) in self.0.providers.iter().enumerate() {
            if !provider.speaks(&text.language) {
                continue;
            }
            let name = provider.name();
            let key = key(name, text);
            let found = self.0.cache.lock().get(&key);
            if let Some((audio, otherwise)) = found {
                return Ok(Spoken { audio, otherwise: told(otherwise, &failures) });
            }
            if self.0.clock.monotonic() < *passed_over_until.lock() {
                failures.push(format!("{name} has just failed"));
                continue;
            }
            match make(provider.as_ref(), text).await {
                Ok((audio, otherwise)) => {
                    self.0.cache.lock().put(key, audio.clone(), otherwise.clone());
                    return Ok(Spoken { audio, otherwise: told(otherwise, &failures) });
                }
                Err(error) => {
                    // After the last one there is nobody to ask instead.
                    if index < last {
                        *passed_over_until.lock() = self.0.clock.monotonic() + PASSED_OVER_FOR;
                    }
                    failures.push(format!("{name}: {error}"));
                }
            }
        }
        Err(SpeechError::Unavailable)
    }
}

async fn make(provider: &dyn Provider, text: &Text) -> Result<(Arc<Asset>, Option<String>), SpeechError> {
    let Made { file, otherwise } = provider.speak(text).await?;
    let read = move || file::read(file).map(|audio| Asset::from_samples(audio.rate_hz, &audio.samples));
    let audio = tokio::task::spawn_blocking(read).await.map_err(|_| SpeechError::Unavailable)?;
    let audio = match audio {
        Ok(audio) => audio,
        // A text of nothing but punctuation says nothing.
        Err(FileError::Empty) => Asset::from_narrow(Vec::new()),
        Err(_) => return Err(SpeechError::Unavailable),
    };
    Ok((Arc::new(audio), otherwise))
}

/// What a text is kept under.
fn key(provider: &str, text: &Text) -> Key {
    let Text { voice, language, rate_percent, markup, text, .. } = text;
    let words = markup.as_ref().unwrap_or(text);
    Sha256::digest(format!("{provider}\n{voice}\n{language}\n{rate_percent}\n{}\n{words}", markup.is_some())).into()
}

/// Both that another provider spoke and that it spoke otherwise.
fn told(otherwise: Option<String>, failures: &[String]) -> Option<String> {
    let all: Vec<_> = failures.iter().cloned().chain(otherwise).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
