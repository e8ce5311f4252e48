//! Opus through libopus, at the settings that telephone speech needs: mono, 24 kbit/s,
//! complexity 5, in-band FEC. Opened at 8 kHz towards G.711, so that no resampler is needed.

use ::opus as libopus;

use crate::codec::{CodecError, Rate};

/// Bits per second: speech stays transparent, FEC included.
const BITRATE: i32 = 24_000;

/// Speech is hard to understand below: what a peer asks for beneath it is not followed.
const LEAST_BITRATE: i32 = 6_000;

/// The same of a channel of a file, without FEC.
const FILE_BITRATE: i32 = 16_000;

/// Of 0 to 10; above 5 the cost doubles and the ear does not follow.
const COMPLEXITY: i32 = 5;

/// Loss in percent that the encoder prepares for at least; FEC is written only when it expects some.
const LEAST_EXPECTED_LOSS_PERCENT: u8 = 5;

/// Bytes of the largest frame at our bit rate, with room for the encoder's excess.
const MAX_ENCODED_LEN: usize = 400;

impl From<libopus::Error> for CodecError {
    fn from(_: libopus::Error) -> Self {
        Self::Opus
    }
}

/// An encoder at one sampling rate.
#[derive(Debug)]
pub struct Encoder(libopus::Encoder);

impl Encoder {
    /// Opens libopus.
    pub fn new(rate: Rate) -> Result<Self, CodecError> {
        let mut encoder = Self::open(rate, libopus::Channels::Mono, BITRATE)?;
        encoder.0.set_inband_fec(true)?;
        encoder.expect_loss(0)?;
        Ok(encoder)
    }

    /// So many of a hundred packets get lost: the more, the better is what each has of the one before it.
    pub fn expect_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        let percent = percent.clamp(LEAST_EXPECTED_LOSS_PERCENT, 100);
        self.0.set_packet_loss_perc(percent.into()).map_err(CodecError::from)
    }

    /// Takes no more bits per second than this, and no more than it is made for.
    pub fn limit(&mut self, most_bps: Option<u32>) -> Result<(), CodecError> {
        let most = most_bps.and_then(|most| i32::try_from(most).ok()).unwrap_or(BITRATE);
        let bitrate = libopus::Bitrate::Bits(most.clamp(LEAST_BITRATE, BITRATE));
        self.0.set_bitrate(bitrate).map_err(CodecError::from)
    }

    /// For files of one channel or of two, whose samples come in turn: nothing of them is lost on the way, so that they need no
    /// redundancy.
    pub fn for_files(rate: Rate, is_stereo: bool) -> Result<Self, CodecError> {
        match is_stereo {
            false => Self::open(rate, libopus::Channels::Mono, FILE_BITRATE),
            true => Self::open(rate, libopus::Channels::Stereo, 2 * FILE_BITRATE),
        }
    }

    fn open(rate: Rate, channels: libopus::Channels, bitrate: i32) -> Result<Self, CodecError> {
        let mut encoder = libopus::Encoder::new(rate.hz(), channels, libopus::Application::Voip)?;
        encoder.set_bitrate(libopus::Bitrate::Bits(bitrate))?;
        encoder.set_complexity(COMPLEXITY)?;
        encoder.set_signal(libopus::Signal::Voice)?;
        Ok(Self(encoder))
    }

    /// How far behind the encoder is, in samples of a channel.
    pub fn lookahead(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.0.get_lookahead()?).map_err(|_| CodecError::Opus)
    }

    #[cfg(test)]
    pub(crate) fn expected_loss(&mut self) -> Option<i32> {
        self.0.get_packet_loss_perc().ok()
    }

    /// Appends one encoded frame to `out`.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = out.len();
        out.resize(start + MAX_ENCODED_LEN, 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let result = self.0.encode(samples, room);
        out.truncate(start + result.as_ref().map_or(0, |len| *len));
        result.map(|_| ()).map_err(CodecError::from)
    }
}

/// A decoder at one sampling rate. Stereo packets are mixed down by libopus.
#[derive(Debug)]
pub struct Decoder {
    rate: Rate,
    decoder: libopus::Decoder,
}

/// The longest packet that Opus knows, in milliseconds (RFC 6716 §3.2.5).
const MAX_PACKET_MS: u32 = 120;

impl Decoder {
    /// Opens libopus.
    pub fn new(rate: Rate) -> Result<Self, CodecError> {
        let decoder = libopus::Decoder::new(rate.hz(), libopus::Channels::Mono)?;
        Ok(Self { rate, decoder })
    }

    /// Appends the samples of a packet to `out`. An empty packet decodes to concealment.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        let longest = (self.rate.hz() * MAX_PACKET_MS / 1_000) as usize;
        self.append(packet, longest, false, out)
    }

    /// Appends 20 ms in place of a lost packet, restored from the one after it when that is there
    /// and carries redundancy, else made up.
    pub fn conceal(&mut self, following: Option<&[u8]>, out: &mut Vec<i16>) -> Result<(), CodecError> {
        self.append(following.unwrap_or_default(), self.rate.frame_len(), following.is_some(), out)
    }

    fn append(&mut self, packet: &[u8], room_len: usize, fec: bool, out: &mut Vec<i16>) -> Result<(), CodecError> {
        // libopus makes up as much as there is room for when a packet is missing.
        let room_len = if packet.is_empty() { self.rate.frame_len() } else { room_len };
        let start = out.len();
        out.resize(start + room_len, 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let result = self.decoder.decode(packet, room, fec);
        out.truncate(start + result.as_ref().map_or(0, |len| *len));
        result.map(|_| ()).map_err(CodecError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::amplitude_at;

    fn sine(frames_len: usize) -> Vec<i16> {
        let phase = |n: usize| core::f32::consts::TAU * 440.0 * n as f32 / 8_000.0;
        (0..frames_len * 160).map(|n| (8_000.0 * phase(n).sin()) as i16).collect()
    }

    /// Mean amplitude of a tone, frame by frame, when every `lost`th packet does not arrive.
    fn amplitude_with_loss(lost: usize, redundancy: bool) -> f32 {
        let mut encoder = Encoder::new(Rate::Narrow).unwrap();
        let mut packets = Vec::new();
        for frame in sine(100).chunks(160) {
            let mut packet = Vec::new();
            encoder.encode(frame, &mut packet).unwrap();
            packets.push(packet);
        }
        let mut decoder = Decoder::new(Rate::Narrow).unwrap();
        let mut out = Vec::new();
        for (n, packet) in packets.iter().enumerate() {
            if n % lost == lost - 1 {
                let following = packets.get(n + 1).map(Vec::as_slice).filter(|_| redundancy);
                decoder.conceal(following, &mut out).unwrap();
            } else {
                decoder.decode(packet, &mut out).unwrap();
            }
        }
        assert_eq!(out.len(), 16_000);
        let frames = out[1_600..].chunks(160);
        frames.map(|frame| amplitude_at(frame, 440.0, 8_000)).sum::<f32>() / 90.0
    }

    #[test]
    fn a_tone_survives_and_redundancy_restores_more_than_making_up_does() {
        assert!(amplitude_with_loss(usize::MAX, false) > 7_500.0);
        // A pure tone is the hardest signal for the pitch predictor after a loss.
        let (restored, made_up) = (amplitude_with_loss(10, true), amplitude_with_loss(10, false));
        assert!(restored > made_up && made_up > 3_500.0, "{restored} {made_up}");
    }

    #[test]
    fn loss_is_expected_as_it_is_told_and_some_always() {
        let mut encoder = crate::codec::Encoder::new(crate::codec::Codec::Opus);
        let mut bytes = Vec::new();
        for (percent, expected) in [(None, 5), (Some(0), 5), (Some(12), 12), (Some(200), 100)] {
            if let Some(percent) = percent {
                encoder.expect_loss(percent);
            }
            // Another rate opens another encoder, of which the same is true.
            for rate in [Rate::Narrow, Rate::Wide] {
                encoder.encode(rate, &vec![0; rate.frame_len()], &mut bytes).unwrap();
                assert_eq!(encoder.expected_loss(), Some(expected), "{percent:?}");
            }
        }
    }

    #[test]
    fn an_encoder_keeps_to_what_the_peer_takes() {
        let bytes_at = |most_bps| {
            let mut encoder = crate::codec::Encoder::new(crate::codec::Codec::Opus);
            encoder.limit(most_bps);
            let mut bytes = Vec::new();
            for frame in sine(100).chunks(160) {
                encoder.encode(Rate::Narrow, frame, &mut bytes).unwrap();
            }
            bytes.len()
        };
        let (own, low, lowest, high) =
            (bytes_at(None), bytes_at(Some(12_000)), bytes_at(Some(1)), bytes_at(Some(96_000)));
        assert!(low < own && lowest < low, "{own} {low} {lowest}");
        assert_eq!(high, own);
    }

    #[test]
    fn garbage_is_an_error_or_noise_and_leaves_the_output_usable() {
        let mut decoder = Decoder::new(Rate::Narrow).unwrap();
        let mut out = vec![1];
        assert_eq!(decoder.decode(&[0xff; 3], &mut out), Err(CodecError::Opus));
        assert_eq!(out, [1]);
        assert_eq!(decoder.decode(&[0xf8, 0xff, 0xfe], &mut out), Ok(()));
        assert_eq!(out.len(), 161);
    }
}
