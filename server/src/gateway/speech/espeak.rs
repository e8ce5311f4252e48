//! espeak-ng, as a subprocess: text by standard input, never a shell. It is GPLv3, so it is run, not linked.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;
use voice::Text;

use super::{Made, Provider, SpeechError};

/// The program.
const PROGRAM: &str = "espeak-ng";
/// 4,096 characters take 0.3 s; ten times that is a machine in trouble.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most that a text may come to: a quarter of an hour at 22,050 Hz.
const MAX_FILE_BYTES: u64 = 40 << 20;
/// Texts spoken at the same time; more would only share the same cores.
const AT_ONCE: usize = 4;
/// espeak-ng's own speed, in words a minute.
const WORDS_PER_MINUTE: u32 = 160;

pub(super) struct Espeak(Semaphore);

impl Espeak {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

#[async_trait]
impl Provider for Espeak {
    fn name(&self) -> &'static str {
        PROGRAM
    }

    fn speaks(&self, _: &str) -> bool {
        true
    }

    async fn speak(&self, text: &Text) -> Result<Made, SpeechError> {
        let (voice, is_of_language) = voice_for(&text.voice, &text.language);
        let shown: String = text.language.chars().filter(|letter| !letter.is_control()).collect();
        let otherwise = (!is_of_language).then(|| format!("no voice speaks {shown}; it is spoken in English"));
        let speed = words_per_minute(text.rate_percent);
        let words = text.markup.as_ref().unwrap_or(&text.text);
        let _slot = self.0.acquire().await.map_err(|_| SpeechError::Unavailable)?;
        let running = run(&voice, speed, words, text.markup.is_some());
        let file = tokio::time::timeout(TIMEOUT, running).await.map_err(|_| SpeechError::Timeout)??;
        Ok(Made { file, otherwise })
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
    let output = child.stdout.take().ok_or(SpeechError::Unavailable)?;
    let mut file = Vec::new();
    output.take(MAX_FILE_BYTES + 1).read_to_end(&mut file).await.map_err(|_| SpeechError::Unavailable)?;
    if file.len() as u64 > MAX_FILE_BYTES {
        return Err(SpeechError::Unavailable);
    }
    let status = child.wait().await.map_err(|_| SpeechError::Unavailable)?;
    if status.success() { Ok(file) } else { Err(SpeechError::Unavailable) }
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
