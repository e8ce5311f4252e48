//! What a stream's server hears: a leg's packets as frames of μ-law at 8 kHz, one after the other without a gap.
//!
//! Pauses of the network and of codecs that send nothing in silence become silence, because recognisers of speech count time
//! by the samples that they get.

use std::time::Duration;

use media::decoder::Decoder;
use media::g711::Law;
use media::{Codec, Side};
use sautikit_api::actions::Track;

use super::wire::Heard;
use crate::gateway::media::TapPacket;

/// Longest pause that is filled; after a longer one the time goes on where it is.
const FILLED_UP_TO: Duration = Duration::from_secs(2);
/// A frame of the wire.
const FRAME: Duration = Duration::from_millis(20);
const FRAME_SAMPLES: usize = 160;

/// One for each direction that is sent.
pub(super) struct Ears {
    said: Option<Ear>,
    heard: Option<Ear>,
}

struct Ear {
    name: &'static str,
    decoder: Option<(Codec, Decoder)>,
    samples: Vec<i16>,
    /// Where the next frame begins.
    at: Duration,
}

impl Ears {
    pub(super) fn new(track: Track) -> Self {
        let ear = |name| Some(Ear { name, decoder: None, samples: Vec::new(), at: Duration::ZERO });
        Self {
            said: ear("inbound").filter(|_| track != Track::Outbound),
            heard: ear("outbound").filter(|_| track != Track::Inbound),
        }
    }

    /// The names of the directions.
    pub(super) fn tracks(&self) -> Vec<&'static str> {
        self.said.iter().chain(&self.heard).map(|ear| ear.name).collect()
    }

    /// The frames that a packet completes.
    pub(super) fn hear(&mut self, packet: &TapPacket) -> Vec<Heard> {
        let ear = match packet.side {
            Side::Said => self.said.as_mut(),
            Side::Heard => self.heard.as_mut(),
        };
        ear.map(|ear| ear.hear(packet)).unwrap_or_default()
    }
}

impl Ear {
    fn hear(&mut self, packet: &TapPacket) -> Vec<Heard> {
        let waiting = Duration::from_micros(self.samples.len() as u64 * 125);
        let gap = packet.at.saturating_sub(self.at + waiting);
        if gap > FILLED_UP_TO {
            self.samples.clear();
            self.at = packet.at;
        } else if gap >= FRAME {
            self.samples.resize(self.samples.len() + (gap.as_millis() as usize / 20) * FRAME_SAMPLES, 0);
        }
        if self.decoder.as_ref().is_none_or(|(codec, _)| *codec != packet.codec) {
            self.decoder = Some((packet.codec, Decoder::new(packet.codec)));
        }
        if let Some((_, decoder)) = &mut self.decoder {
            // A packet that can't be read is a pause.
            let _ = decoder.decode(&packet.payload, &mut self.samples);
        }
        let whole = self.samples.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        let frames: Vec<i16> = self.samples.drain(..whole).collect();
        let mut heard = Vec::with_capacity(frames.len() / FRAME_SAMPLES);
        for frame in frames.chunks_exact(FRAME_SAMPLES) {
            let at_ms = u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX);
            let mulaw = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
            heard.push(Heard { track: self.name, at_ms, mulaw });
            self.at += FRAME;
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(side: Side, at_ms: u64, samples: usize) -> TapPacket {
        let payload = vec![Law::A.encode(1_000); samples].into();
        TapPacket { side, at: Duration::from_millis(at_ms), codec: Codec::Pcma, payload, missed: 0 }
    }

    fn times(heard: &[Heard]) -> Vec<u64> {
        heard.iter().map(|heard| heard.at_ms).collect()
    }

    #[test]
    fn packets_of_any_length_become_frames_of_20_ms() {
        let mut ears = Ears::new(Track::Inbound);
        assert_eq!(times(&ears.hear(&packet(Side::Said, 0, 240))), [0]);
        assert_eq!(times(&ears.hear(&packet(Side::Said, 30, 240))), [20, 40]);
        assert!(ears.hear(&packet(Side::Heard, 60, 160)).is_empty());
        assert_eq!(ears.tracks(), ["inbound"]);
    }

    #[test]
    fn pauses_are_silence_and_long_ones_are_left_out() {
        let mut ears = Ears::new(Track::Both);
        ears.hear(&packet(Side::Said, 0, 160));
        let heard = ears.hear(&packet(Side::Said, 80, 160));
        assert_eq!(times(&heard), [20, 40, 60, 80]);
        assert!(heard[0].mulaw.iter().all(|byte| *byte == 0xff) && heard[3].mulaw[0] != 0xff);
        assert_eq!(times(&ears.hear(&packet(Side::Said, 60_000, 160))), [60_000]);
        assert_eq!(ears.tracks(), ["inbound", "outbound"]);
    }
}
