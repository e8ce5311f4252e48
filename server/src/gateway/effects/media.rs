//! `Output::Media`: what legs hear.

use media::{DetectSet, ToneSpec};
use serde_json::json;
use voice::{CallEvent, EventName, LegId, MediaCommand, Tone};

use crate::gateway::call_task::{Bridging, LegSeat, Running};
use crate::gateway::leg::codecs::rtpmap;
use crate::gateway::media::PortId;

/// Kenya's tones where nobody says whose, until numbers carry their country's.
fn country_of(country: Option<&[u8; 2]>) -> &str {
    country.and_then(|code| std::str::from_utf8(code).ok()).unwrap_or("KE")
}

impl Running {
    /// Commands for legs without a seat (already gone) do nothing.
    pub(in crate::gateway) fn media(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Join(a, b) => {
                if let (Some(one), Some(other)) = (self.port(a), self.port(b)) {
                    self.media.join(one, other);
                    self.bridging.push(Bridging { legs: (a, b), at: self.now().saturating_sub(self.began) });
                    self.record_bridges();
                }
            }
            MediaCommand::Split(a, b) => {
                self.bridging.retain(|bridging| bridging.legs != (a, b) && bridging.legs != (b, a));
                if let Some(port) = self.port(a) {
                    self.media.split(port);
                }
            }
            MediaCommand::Play { leg, asset, loops } => {
                let spoken = self.spoken.take_if(|(id, _)| *id == asset);
                if let (Some(seat), Some((_, audio))) = (self.legs.get_mut(&leg), spoken) {
                    seat.playing = Some(asset);
                    self.media.play(seat.port, audio, loops);
                }
            }
            MediaCommand::Tone(leg, tone) => {
                if let Some(port) = self.port(leg) {
                    match tone {
                        Tone::Ringback(country) => {
                            self.media.tone(port, ToneSpec::ringback(country_of(country.as_ref())))
                        }
                        Tone::Hold => self.media.tone(port, ToneSpec::hold()),
                        Tone::Waiting => self.media.tone(port, ToneSpec::waiting()),
                        Tone::Beep => self.media.beep(port, ToneSpec::beep()),
                    }
                }
            }
            MediaCommand::Press(leg, key) => {
                if let Some(port) = self.port(leg) {
                    self.media.send_digits(port, key.char().encode_utf8(&mut [0; 4]));
                }
            }
            MediaCommand::Detect(leg, silence_ms) => {
                if let Some(port) = self.port(leg) {
                    self.media.detect(port, DetectSet { silence_ms });
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

    /// How legs are bridged, once both have agreed on a codec: the same codec is relayed untouched, others are transcoded.
    pub(in crate::gateway) fn record_bridges(&mut self) {
        let agreed = |leg| self.legs.get(&leg).filter(|seat: &&LegSeat| seat.is_agreed).and_then(|seat| seat.codec);
        for Bridging { legs: (a, b), at } in std::mem::take(&mut self.bridging) {
            let (Some(one), Some(other)) = (agreed(a), agreed(b)) else {
                self.bridging.push(Bridging { legs: (a, b), at });
                continue;
            };
            let data = json!({
                "with": b.0,
                "mode": if one == other { "relay" } else { "transcode" },
                "codecs": [rtpmap(one).encoding, rtpmap(other).encoding],
            });
            self.recorder.event(CallEvent { at, name: EventName::LegBridged, leg: Some(a), data });
        }
    }

    fn port(&self, leg: LegId) -> Option<PortId> {
        self.legs.get(&leg).map(|seat| seat.port)
    }
}
