//! Texts, files and pauses that a leg hears one after the other: each text is asked of the speech provider and each file is
//! fetched, then it is played.
//!
//! One that can't be had is left out, so that the others are heard. While one is waited for for long, the leg hears that we
//! wait.

use std::collections::VecDeque;

use sautikit_api::actions::{Play, Prompt, Say};
use serde_json::json;

use crate::{
    callback::{resolve, shown_url},
    event::EventName,
    limits::{FILE_OVERDUE_AFTER, SPEECH_OVERDUE_AFTER, WAITING_TONE_AFTER},
    output::{AssetId, File, LegId, MediaCommand, Output, Text, Tone},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

pub(crate) struct Playlist {
    listener: LegId,
    waiting: VecDeque<Prompt>,
    current: Option<Current>,
    /// Between two of them nothing is heard for a while.
    is_pausing: bool,
    /// The code of the first failure.
    failed: Option<&'static str>,
}

/// ```text
///   asked for ──► Asked ── 2 s ──► Waited ── it is there ──► Playing ──► the next
///                   └──────────────── it is there ─────────────▲
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is being spoken or fetched.
    Asked,
    /// The same, and the leg hears that it takes long.
    Waited,
    /// The leg hears it.
    Playing,
}

struct Current {
    asset: AssetId,
    stage: Stage,
    /// How often it is played; 0 is without end.
    loops: u32,
    /// The URL of a file; none of a text.
    file: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Playing {
    /// Goes on.
    On,
    /// All of it was heard.
    Finished,
    /// It is over, and something of it was not to be had: the code of the first failure.
    Failed(&'static str),
}

/// The code of a file that can't be had.
const PLAY_UNAVAILABLE: &str = "play.unavailable";

/// Asks for a file of the customer's; its coming is told as [`Signal::Spoken`]. None where its URL is no URL, which is on the
/// timeline then.
pub(crate) fn ask_for_file(shared: &mut Shared, url: &str) -> Option<File> {
    let base = shared.script.base().or(shared.facts.voice_callback_url.as_deref());
    match resolve(base, url) {
        Ok(url) => {
            let file = File { asset: shared.next_asset(), url };
            shared.emit(Output::Load(file.clone()));
            Some(file)
        }
        Err(failure) => {
            play_failed(shared, url, &failure.to_string());
            None
        }
    }
}

/// A file can't be had, which the timeline tells.
pub(crate) fn play_failed(shared: &mut Shared, url: &str, reason: &str) {
    shared.record(EventName::PlayFailed, None, json!({"url": shown_url(url), "reason": reason}));
}

impl Playlist {
    pub(crate) fn start(
        shared: &mut Shared,
        listener: LegId,
        prompts: impl IntoIterator<Item = Prompt>,
    ) -> (Self, Playing) {
        let waiting = prompts.into_iter().collect();
        let mut playlist = Self { listener, waiting, current: None, is_pausing: false, failed: None };
        let playing = playlist.next(shared);
        (playlist, playing)
    }

    fn next(&mut self, shared: &mut Shared) -> Playing {
        self.current = None;
        match self.waiting.pop_front() {
            Some(Prompt::Say(say)) => self.speak(shared, say),
            Some(Prompt::Play(play)) => self.load(shared, play),
            Some(Prompt::Pause(pause)) => {
                self.is_pausing = true;
                shared.arm(TimerId::Pause, seconds(pause.length_s));
                Playing::On
            }
            None => self.failed.map_or(Playing::Finished, Playing::Failed),
        }
    }

    fn speak(&mut self, shared: &mut Shared, say: Say) -> Playing {
        let asset = shared.next_asset();
        let Say { text, markup, voice, language, rate_percent, loops } = say;
        self.current = Some(Current { asset, stage: Stage::Asked, loops, file: None });
        shared.arm(TimerId::AudioOverdue, SPEECH_OVERDUE_AFTER);
        shared.arm(TimerId::WaitingTone, WAITING_TONE_AFTER);
        shared.emit(Output::Speak(Text { asset, text, markup, voice, language, rate_percent }));
        Playing::On
    }

    fn load(&mut self, shared: &mut Shared, Play { url, loops }: Play) -> Playing {
        let Some(file) = ask_for_file(shared, &url) else {
            shared.results.set("ErrorCode", PLAY_UNAVAILABLE);
            self.failed.get_or_insert(PLAY_UNAVAILABLE);
            return self.next(shared);
        };
        shared.arm(TimerId::AudioOverdue, FILE_OVERDUE_AFTER);
        shared.arm(TimerId::WaitingTone, WAITING_TONE_AFTER);
        self.current = Some(Current { asset: file.asset, stage: Stage::Asked, loops, file: Some(file.url) });
        Playing::On
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Playing {
        if self.is_pausing {
            if !matches!(signal, Signal::Timer(TimerId::Pause)) {
                return Playing::On;
            }
            self.is_pausing = false;
            return self.next(shared);
        }
        let Some(current) = &mut self.current else { return Playing::Finished };
        let is_asked = current.stage != Stage::Playing;
        match signal {
            Signal::Spoken(asset, outcome) if *asset == current.asset && is_asked => match outcome {
                Ok(()) => {
                    let (asset, loops) = (current.asset, current.loops);
                    self.stop_waiting(shared, Stage::Playing);
                    shared.media(MediaCommand::Play { leg: self.listener, asset, loops });
                    Playing::On
                }
                Err(failure) => self.skip(shared, &failure.reason),
            },
            Signal::Timer(TimerId::WaitingTone) if current.stage == Stage::Asked => {
                current.stage = Stage::Waited;
                shared.media(MediaCommand::Tone(self.listener, Tone::Waiting));
                Playing::On
            }
            Signal::Timer(TimerId::AudioOverdue) if is_asked => {
                // Who waited so long for one waits for no other.
                self.waiting.clear();
                self.skip(shared, "nothing came in time")
            }
            Signal::PlayEnded(leg, asset) if *leg == self.listener && *asset == current.asset && !is_asked => {
                self.next(shared)
            }
            _ => Playing::On,
        }
    }

    /// The current one can't be had: the timeline and the next callback are told, and the next one follows.
    fn skip(&mut self, shared: &mut Shared, reason: &str) -> Playing {
        self.stop_waiting(shared, Stage::Asked);
        let code = match self.current.take().and_then(|current| current.file) {
            Some(url) => {
                play_failed(shared, &url, reason);
                shared.results.set("ErrorCode", PLAY_UNAVAILABLE);
                PLAY_UNAVAILABLE
            }
            None => {
                shared.record(EventName::SpeechFailed, None, json!({"reason": reason}));
                shared.results.set("ErrorCode", "tts.unavailable");
                "tts.unavailable"
            }
        };
        self.failed.get_or_insert(code);
        self.next(shared)
    }

    /// It has come or will not.
    fn stop_waiting(&mut self, shared: &mut Shared, then: Stage) {
        shared.timers.disarm(TimerId::AudioOverdue);
        shared.timers.disarm(TimerId::WaitingTone);
        let Some(current) = &mut self.current else { return };
        if current.stage == Stage::Waited {
            shared.media(MediaCommand::Flush(self.listener));
        }
        current.stage = then;
    }

    /// Cuts it short.
    pub(crate) fn stop(&mut self, shared: &mut Shared) {
        self.waiting.clear();
        if core::mem::take(&mut self.is_pausing) {
            shared.timers.disarm(TimerId::Pause);
        }
        let was_playing = self.current.as_ref().is_some_and(|current| current.stage == Stage::Playing);
        self.stop_waiting(shared, Stage::Asked);
        self.current = None;
        if was_playing {
            shared.media(MediaCommand::Flush(self.listener));
        }
    }
}
