//! Texts spoken to the party one after the other: asked of the speech provider, then played.

use std::collections::VecDeque;

use sautikit_api::actions::Say;
use serde_json::json;

use crate::{
    event::EventName,
    limits::SPEECH_OVERDUE_AFTER,
    output::{AssetId, LegId, MediaCommand, Output, Text},
    shared::Shared,
    signal::Signal,
    timers::TimerId,
};

pub(crate) struct Playlist {
    listener: LegId,
    waiting: VecDeque<Say>,
    current: Option<Current>,
}

/// Being spoken, then being played.
struct Current {
    asset: AssetId,
    playing: bool,
    /// How often it is played; 0 is without end.
    loops: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Playing {
    /// Goes on.
    On,
    /// All of it was heard.
    Finished,
    /// The provider could not speak; what was left is dropped.
    Failed,
}

impl Playlist {
    pub(crate) fn start(shared: &mut Shared, listener: LegId, texts: impl IntoIterator<Item = Say>) -> (Self, Playing) {
        let mut playlist = Self { listener, waiting: texts.into_iter().collect(), current: None };
        let playing = playlist.next(shared);
        (playlist, playing)
    }

    fn next(&mut self, shared: &mut Shared) -> Playing {
        let Some(say) = self.waiting.pop_front() else {
            self.current = None;
            return Playing::Finished;
        };
        let asset = shared.next_asset();
        self.current = Some(Current { asset, playing: false, loops: say.loops });
        shared.arm(TimerId::SpeechOverdue, SPEECH_OVERDUE_AFTER);
        let Say { text, voice, language, rate_percent, .. } = say;
        shared.emit(Output::Speak(Text { asset, text, voice, language, rate_percent }));
        Playing::On
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Playing {
        let Some(current) = &mut self.current else { return Playing::Finished };
        match signal {
            Signal::Spoken(asset, Ok(())) if *asset == current.asset && !current.playing => {
                current.playing = true;
                shared.timers.disarm(TimerId::SpeechOverdue);
                shared.media(MediaCommand::Play { leg: self.listener, asset: *asset, loops: current.loops });
                Playing::On
            }
            Signal::Spoken(asset, Err(failure)) if *asset == current.asset && !current.playing => {
                self.fail(shared, &failure.reason)
            }
            Signal::Timer(TimerId::SpeechOverdue) => self.fail(shared, "nothing came in time"),
            Signal::PlayEnded(leg, asset) if *leg == self.listener && *asset == current.asset && current.playing => {
                self.next(shared)
            }
            _ => Playing::On,
        }
    }

    fn fail(&mut self, shared: &mut Shared, reason: &str) -> Playing {
        self.stop(shared);
        shared.record(EventName::SpeechFailed, None, json!({"reason": reason}));
        shared.results.set("ErrorCode", "tts.unavailable".to_owned());
        Playing::Failed
    }

    /// Cuts it short.
    pub(crate) fn stop(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::SpeechOverdue);
        self.waiting.clear();
        if self.current.take().is_some_and(|current| current.playing) {
            shared.media(MediaCommand::Flush(self.listener));
        }
    }
}
