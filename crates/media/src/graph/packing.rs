//! Packets of another length than a frame: encoded frames of 20 ms are gathered until they fill one, or are cut.
//!
//! G.711 and G.722 are streams of bytes, so their packets end anywhere. Opus frames stay whole, several in a packet as long as
//! they are of one kind (RFC 6716 §3.2.5).

use crate::{FRAME_MS, codec::Codec};

/// Bytes of G.711 and G.722 in a millisecond.
const BYTES_PER_MS: usize = 8;
/// Bits of an Opus packet's first byte that tell how many frames it has: one, or as many as the next byte says.
const FRAMES: u8 = 0b11;
const ONE: u8 = 0;
const AS_TOLD: u8 = 0b11;
/// Set in that next byte where the frames' lengths differ.
const LENGTHS: u8 = 0x80;
/// From here on the length of a frame takes two bytes (RFC 6716 §3.2.1).
const LONG: usize = 252;

/// A packet that is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packed<'a> {
    pub(super) payload: &'a [u8],
    /// Its length in units of the RTP clock.
    pub(super) units: u32,
    /// It begins a talk spurt.
    pub(super) begins: bool,
}

/// What was encoded for one leg and not sent yet.
#[derive(Debug, Default)]
pub(super) struct Packing {
    /// Bytes of the stream, or Opus frames without their first byte.
    waiting: Vec<u8>,
    /// Lengths of the Opus frames.
    lengths: Vec<usize>,
    /// Their first byte.
    kind: u8,
    payload: Vec<u8>,
    begins: bool,
}

impl Packing {
    /// Something else was sent meanwhile: what waits is past, and what comes begins a talk spurt.
    pub(super) fn begin(&mut self) {
        self.waiting.clear();
        self.lengths.clear();
        self.begins = true;
    }

    /// Takes a frame of 20 ms, and gives the packets of `packet_ms` that are full.
    pub(super) fn push(&mut self, codec: Codec, packet_ms: u32, frame: &[u8], mut send: impl FnMut(Packed<'_>)) {
        if codec == Codec::Opus {
            return self.push_opus(packet_ms, frame, send);
        }
        self.waiting.extend_from_slice(frame);
        let wanted = (packet_ms as usize).max(1) * BYTES_PER_MS;
        let mut sent = 0;
        while let Some(payload) = self.waiting.get(sent..sent + wanted) {
            let begins = core::mem::take(&mut self.begins);
            send(Packed { payload, units: codec.payload_units(wanted), begins });
            sent += wanted;
        }
        self.waiting.drain(..sent);
    }

    /// Gives what waits in a shorter packet.
    pub(super) fn flush(&mut self, codec: Codec, mut send: impl FnMut(Packed<'_>)) {
        if codec == Codec::Opus {
            return self.flush_opus(send);
        }
        if !self.waiting.is_empty() {
            let begins = core::mem::take(&mut self.begins);
            send(Packed { payload: &self.waiting, units: codec.payload_units(self.waiting.len()), begins });
            self.waiting.clear();
        }
    }

    fn push_opus(&mut self, packet_ms: u32, frame: &[u8], mut send: impl FnMut(Packed<'_>)) {
        let Some((kind, rest)) = frame.split_first() else { return };
        let is_one = kind & FRAMES == ONE;
        if !self.lengths.is_empty() && (self.kind != *kind || !is_one) {
            self.flush_opus(&mut send);
        }
        if !is_one {
            let begins = core::mem::take(&mut self.begins);
            return send(Packed { payload: frame, units: Codec::Opus.frame_units(), begins });
        }
        self.kind = *kind;
        self.waiting.extend_from_slice(rest);
        self.lengths.push(rest.len());
        if self.lengths.len() >= (packet_ms / FRAME_MS) as usize {
            self.flush_opus(send);
        }
    }

    fn flush_opus(&mut self, mut send: impl FnMut(Packed<'_>)) {
        let Some((_, but_last)) = self.lengths.split_last() else { return };
        self.payload.clear();
        if but_last.is_empty() {
            self.payload.push(self.kind);
        } else {
            // At most three.
            let count = u8::try_from(self.lengths.len()).unwrap_or_default();
            self.payload.extend([self.kind | AS_TOLD, LENGTHS | count]);
            for length in but_last {
                push_length(&mut self.payload, *length);
            }
        }
        self.payload.extend_from_slice(&self.waiting);
        let units = Codec::Opus.frame_units().saturating_mul(u32::try_from(self.lengths.len()).unwrap_or(1));
        let begins = core::mem::take(&mut self.begins);
        send(Packed { payload: &self.payload, units, begins });
        self.waiting.clear();
        self.lengths.clear();
    }
}

/// RFC 6716 §3.2.1: the second byte counts fours.
fn push_length(payload: &mut Vec<u8>, length: usize) {
    if length < LONG {
        payload.push(length as u8);
    } else {
        let first = LONG + length % 4;
        payload.extend([first as u8, ((length - first) / 4) as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(codec: Codec, packet_ms: u32, frames: &[&[u8]]) -> Vec<(Vec<u8>, u32, bool)> {
        let mut packing = Packing::default();
        packing.begin();
        let mut all = Vec::new();
        for frame in frames {
            packing.push(codec, packet_ms, frame, |packed| {
                all.push((packed.payload.to_vec(), packed.units, packed.begins));
            });
        }
        packing.flush(codec, |packed| all.push((packed.payload.to_vec(), packed.units, packed.begins)));
        all
    }

    #[test]
    fn bytes_fill_packets_of_any_length() {
        let stream: Vec<u8> = (0..800).map(|n| n as u8).collect();
        let frames: Vec<&[u8]> = stream.chunks(160).collect();
        for (packet_ms, lengths) in
            [(10, vec![80; 10]), (30, vec![240, 240, 240, 80]), (40, vec![320, 320, 160]), (60, vec![480, 320])]
        {
            let packets = pushed(Codec::Pcma, packet_ms, &frames);
            assert_eq!(packets.iter().map(|(payload, ..)| payload.len()).collect::<Vec<_>>(), lengths);
            assert_eq!(packets.iter().flat_map(|(payload, ..)| payload.clone()).collect::<Vec<_>>(), stream);
            assert!(packets.iter().all(|(payload, units, _)| *units as usize == payload.len()));
            assert!(packets[0].2 && packets[1..].iter().all(|(.., begins)| !begins));
        }
    }

    #[test]
    fn opus_frames_of_one_kind_share_a_packet() {
        let long = [&[8][..], &[1; 260]].concat();
        let frames = [&[8, 1, 2][..], &[8], &long, &[0xf8, 0xff, 0xfe], &[8, 3]];
        let packets = pushed(Codec::Opus, 60, &frames);
        let first = [&[8 | 3, 0x80 | 3, 2, 0, 1, 2][..], &[1; 260]].concat();
        assert_eq!(packets[0], (first, 2_880, true));
        assert_eq!(packets[1..], [(vec![0xf8, 0xff, 0xfe], 960, false), (vec![8, 3], 960, false)]);
        let short = pushed(Codec::Opus, 10, &frames[..2]);
        assert_eq!(short, [(vec![8, 1, 2], 960, true), (vec![8], 960, false)], "they stay whole");
    }

    #[test]
    fn a_long_frame_has_its_length_in_two_bytes() {
        for length in [251, 252, 255, 256, 399, 1_275] {
            let mut bytes = Vec::new();
            push_length(&mut bytes, length);
            let told = match bytes[..] {
                [first] => usize::from(first),
                [first, second] => usize::from(first) + 4 * usize::from(second),
                _ => unreachable!(),
            };
            assert_eq!(told, length);
        }
    }

    #[cfg(feature = "opus")]
    #[test]
    fn a_packet_of_several_frames_decodes_to_all_of_them() {
        use crate::codec::{Encoder, Rate};
        let mut encoder = Encoder::new(Codec::Opus);
        let frames: Vec<Vec<u8>> = (0..30)
            .map(|frame| {
                let samples: Vec<i16> =
                    (frame * 160..frame * 160 + 160).map(|n| ((n as f32 * 0.3).sin() * 8_000.0) as i16).collect();
                let mut payload = Vec::new();
                encoder.encode(Rate::Narrow, &samples, &mut payload).unwrap();
                payload
            })
            .collect();
        let packets = pushed(Codec::Opus, 60, &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let mut decoder = crate::decoder::Decoder::new(Codec::Opus);
        let mut samples = Vec::new();
        for (payload, units, _) in &packets {
            let before = samples.len();
            decoder.decode(payload, &mut samples).unwrap();
            assert_eq!((samples.len() - before) as u32 * 6, *units);
        }
        assert_eq!(samples.len(), 30 * 160);
        assert!(packets.len() < 20, "{} packets", packets.len());
    }
}
