//! `Output::Media`: what legs hear.

use media::ToneSpec;
use voice::{LegId, MediaCommand, Tone};

use crate::gateway::call_task::Running;
use crate::gateway::media::PortId;

impl Running {
    /// Commands for legs without a seat (already gone) do nothing.
    pub(in crate::gateway) fn media(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Join(a, b) => {
                if let (Some(a), Some(b)) = (self.port(a), self.port(b)) {
                    self.media.join(a, b);
                }
            }
            MediaCommand::Split(a, _) => {
                if let Some(port) = self.port(a) {
                    self.media.split(port);
                }
            }
            MediaCommand::Play(leg, asset) => {
                if let (Some(seat), Some(audio)) = (self.legs.get_mut(&leg), self.assets.get(&asset.id)) {
                    seat.playing = Some(asset.id);
                    self.media.play(seat.port, audio.clone(), 1);
                }
            }
            MediaCommand::Tone(leg, tone) => {
                if let Some(port) = self.port(leg) {
                    self.media.tone(port, spec(tone));
                }
            }
            MediaCommand::Flush(leg) => {
                if let Some(seat) = self.legs.get_mut(&leg) {
                    seat.playing = None;
                    self.media.flush(seat.port);
                }
            }
        }
    }

    fn port(&self, leg: LegId) -> Option<PortId> {
        self.legs.get(&leg).map(|seat| seat.port)
    }
}

/// Kenya's tones until numbers carry their country's.
fn spec(tone: Tone) -> ToneSpec {
    match tone {
        Tone::Ringback => ToneSpec::ringback("KE"),
        Tone::Waiting => ToneSpec::waiting(),
        Tone::Beep => ToneSpec::beep(),
    }
}
