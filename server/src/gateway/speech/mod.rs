//! Text to audio by espeak-ng, as a subprocess: text by standard input, never a shell. Results are cached by content.
//!
//! espeak-ng is GPLv3, so it is run, not linked. Voices over HTTP are deliberately absent so far.

use std::collections::{HashMap, VecDeque};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use media::{Asset, resample, wav};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Semaphore;
use voice::Text;

/// The program.
const PROGRAM: &str = "espeak-ng";
/// 4,096 characters take 0.3 s; ten times that is a machine in trouble.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Texts spoken at the same time; more would only share the same cores.
const AT_ONCE: usize = 4;
/// Audio kept: 64 MiB is half an hour at 8 and 16 kHz.
const CACHE_BYTES: usize = 64 << 20;
/// espeak-ng's own speed, in words a minute.
const WORDS_PER_MINUTE: u32 = 160;
/// Rates of the two forms that an asset holds.
const NARROW_HZ: u32 = 8_000;
const WIDE_HZ: u32 = 16_000;

/// Why a text was not spoken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// espeak-ng is not installed or failed.
    #[error("speech is not available on this server (espeak-ng)")]
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

/// The speech provider. Cheap to clone.
#[derive(Clone)]
pub struct Speech {
    slots: Arc<Semaphore>,
    cache: Arc<Mutex<Cache>>,
}

impl Default for Speech {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE)), cache: Arc::default() }
    }
}

impl Speech {
    /// Speaks a text, or finds it spoken.
    pub async fn speak(&self, text: &Text) -> Result<Spoken, SpeechError> {
        let (voice, is_of_language) = voice_for(&text.voice, &text.language);
        let shown: String = text.language.chars().filter(|letter| !letter.is_control()).collect();
        let otherwise = (!is_of_language).then(|| format!("no voice speaks {shown}; it is spoken in English"));
        let speed = words_per_minute(text.rate_percent);
        let words = text.markup.as_ref().unwrap_or(&text.text);
        let key: Key = Sha256::digest(format!("{voice}\n{speed}\n{}\n{words}", text.markup.is_some())).into();
        if let Some(audio) = self.cache.lock().get(&key) {
            return Ok(Spoken { audio, otherwise });
        }
        let _slot = self.slots.acquire().await.map_err(|_| SpeechError::Unavailable)?;
        let audio = tokio::time::timeout(TIMEOUT, run(&voice, speed, words, text.markup.is_some()))
            .await
            .map_err(|_| SpeechError::Timeout)??;
        let asset =
            tokio::task::spawn_blocking(move || prepare(&audio)).await.map_err(|_| SpeechError::Unavailable)??;
        self.cache.lock().put(key, asset.clone());
        Ok(Spoken { audio: asset, otherwise })
    }
}

/// `is_marked_up`: the text is SSML.
async fn run(voice: &str, speed: u32, text: &str, is_marked_up: bool) -> Result<Vec<u8>, SpeechError> {
    let mut child = Command::new(PROGRAM)
        .args(["-v", voice, "-s", &speed.to_string(), "--stdin", "--stdout"])
        .args(is_marked_up.then_some("-m"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| SpeechError::Unavailable)?;
    let mut input = child.stdin.take().ok_or(SpeechError::Unavailable)?;
    // The program reads all before it writes, so this cannot block on a full pipe of its output.
    input.write_all(text.as_bytes()).await.map_err(|_| SpeechError::Unavailable)?;
    drop(input);
    let output = child.wait_with_output().await.map_err(|_| SpeechError::Unavailable)?;
    if output.status.success() { Ok(output.stdout) } else { Err(SpeechError::Unavailable) }
}

fn prepare(audio: &[u8]) -> Result<Arc<Asset>, SpeechError> {
    let wav = wav::parse(audio).map_err(|_| SpeechError::Unavailable)?;
    let narrow = resample::resample(&wav.samples, wav.rate_hz, NARROW_HZ);
    let wide = resample::resample(&wav.samples, wav.rate_hz, WIDE_HZ);
    Ok(Arc::new(Asset::from_narrow_and_wide(narrow, wide)))
}

/// espeak-ng's name for a voice and a BCP 47 language, and whether it speaks that: English where it has none.
fn voice_for(voice: &str, language: &str) -> (String, bool) {
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let known = ["af", "am", "ar", "de", "en", "es", "fr", "hi", "it", "om", "pt", "rw", "sw", "tn", "zh"];
    let is_known = known.contains(&primary.as_str());
    let base = if is_known { primary } else { "en".to_owned() };
    let name = match voice {
        "alice" | "woman" => format!("{base}+f3"),
        "man" => format!("{base}+m3"),
        _ => base,
    };
    (name, is_known)
}

fn words_per_minute(rate_percent: u16) -> u32 {
    (WORDS_PER_MINUTE * u32::from(rate_percent) / 100).clamp(80, 450)
}

type Key = [u8; 32];

/// Spoken texts, the oldest forgotten first.
#[derive(Default)]
struct Cache {
    assets: HashMap<Key, Arc<Asset>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Cache {
    fn get(&self, key: &Key) -> Option<Arc<Asset>> {
        self.assets.get(key).cloned()
    }

    fn put(&mut self, key: Key, asset: Arc<Asset>) {
        self.bytes += size_of_asset(&asset);
        if let Some(old) = self.assets.insert(key, asset) {
            // Two calls spoke the same text at once.
            self.bytes -= size_of_asset(&old);
            return;
        }
        self.order.push_back(key);
        while self.bytes > CACHE_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(asset) = self.assets.remove(&oldest) {
                self.bytes -= size_of_asset(&asset);
            }
        }
    }
}

/// Bytes of both forms: 8 and 16 kHz, 16 bits.
fn size_of_asset(asset: &Asset) -> usize {
    asset.narrow().len() * 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_voice_is_taken() {
        assert_eq!(voice_for("default", "en-KE"), ("en".to_owned(), true));
        assert_eq!(voice_for("alice", "sw-KE"), ("sw+f3".to_owned(), true));
        assert_eq!(voice_for("man", "xx"), ("en+m3".to_owned(), false));
        // Nothing of a customer's reaches the command line but through the table.
        assert_eq!(voice_for("-w/etc/x", "--help").0, "en");
    }

    #[test]
    fn speed_stays_within_what_people_understand() {
        assert_eq!(words_per_minute(100), 160);
        assert_eq!(words_per_minute(1), 80);
        assert_eq!(words_per_minute(u16::MAX), 450);
    }
}
