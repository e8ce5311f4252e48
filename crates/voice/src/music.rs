//! What a leg hears while it waits for others: the customer's file over and over, our own music, or nothing.

use sautikit_api::actions::{Play, Prompt};

use crate::{
    output::{LegId, MediaCommand, Tone},
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
};

/// ```text
///   Silent ── start ──► File ── it can't be had ──► Tone
///     ▲ └──── start ────────────────────────────────▲ │
///     └──────────────────── stop ─────────────────────┘
/// ```
pub(crate) struct Music {
    listener: LegId,
    heard: Heard,
}

enum Heard {
    /// Nothing of ours.
    Silent,
    /// The customer's file.
    File(Playlist),
    /// Our own.
    Tone,
}

impl Music {
    /// None yet.
    pub(crate) const fn silent(listener: LegId) -> Self {
        Self { listener, heard: Heard::Silent }
    }

    /// Begins: with a file, in silence where its URL is empty, with our own music where there is none.
    pub(crate) fn start(&mut self, shared: &mut Shared, url: Option<&str>) {
        self.stop(shared);
        match url {
            Some("") => {}
            Some(url) => {
                let file = Prompt::Play(Play { url: url.to_owned(), loops: 0 });
                let (playlist, playing) = Playlist::start(shared, self.listener, [file]);
                self.heard = Heard::File(playlist);
                if playing != Playing::On {
                    self.play_tone(shared);
                }
            }
            None => self.play_tone(shared),
        }
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) {
        if let Heard::File(playlist) = &mut self.heard
            && playlist.on(shared, signal) != Playing::On
        {
            self.play_tone(shared);
        }
    }

    /// Falls silent.
    pub(crate) fn stop(&mut self, shared: &mut Shared) {
        match core::mem::replace(&mut self.heard, Heard::Silent) {
            Heard::Silent => {}
            Heard::File(mut playlist) => playlist.stop(shared),
            Heard::Tone => shared.media(MediaCommand::Flush(self.listener)),
        }
    }

    fn play_tone(&mut self, shared: &mut Shared) {
        self.heard = Heard::Tone;
        shared.media(MediaCommand::Tone(self.listener, Tone::Hold));
    }
}
