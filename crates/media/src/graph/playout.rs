//! The listening end of a port whose audio is decoded: jitter buffer, decoder and the 20 ms frame
//! of the current tick.

use core::time::Duration;

use crate::{
    codec::{Codec, Rate},
    decoder::Decoder,
    jitter::{JitterBuffer, Pull},
    rtp::Header,
};

/// Frames made up when the buffer runs dry, before it is treated as a pause.
const MAX_CONCEALED: u32 = 3;

/// Samples of the frame that a tick takes.
pub(super) const FRAME_LEN: usize = 160;

#[derive(Debug)]
pub(super) struct Playout {
    jitter: JitterBuffer,
    decoder: Decoder,
    /// Decoded and not yet taken; packets may be longer or shorter than a frame.
    samples: Vec<i16>,
    frame: [i16; FRAME_LEN],
    has_frame: bool,
    /// Frames made up in a row.
    concealed: u32,
}

impl Playout {
    /// Rate of the frames.
    pub(super) const RATE: Rate = Rate::Narrow;

    pub(super) fn new(codec: Codec) -> Self {
        Self {
            jitter: JitterBuffer::new(codec.clock_hz()),
            decoder: Decoder::new(codec),
            samples: Vec::new(),
            frame: [0; FRAME_LEN],
            has_frame: false,
            concealed: MAX_CONCEALED,
        }
    }

    pub(super) fn insert(&mut self, now: Duration, header: Header, payload: &[u8]) {
        self.jitter.insert(now, header, payload);
    }

    pub(super) fn skip(&mut self, header: Header) {
        self.jitter.skip(header);
    }

    /// Decodes the frame of this tick; it stays readable until the next.
    pub(super) fn tick(&mut self) -> Option<&[i16; FRAME_LEN]> {
        while self.samples.len() < FRAME_LEN {
            let before = self.samples.len();
            let decoded = match self.jitter.pull() {
                Pull::Packet(payload) => {
                    self.concealed = 0;
                    self.decoder.decode(payload, &mut self.samples)
                }
                Pull::Lost { following } => self.decoder.conceal(following, &mut self.samples),
                Pull::Empty if self.concealed < MAX_CONCEALED => {
                    self.concealed += 1;
                    self.decoder.conceal(None, &mut self.samples)
                }
                Pull::Empty => break,
            };
            // A packet that does not decode or holds nothing is made up like a lost one.
            if (decoded.is_err() || self.samples.len() == before)
                && self.decoder.conceal(None, &mut self.samples).is_err()
            {
                break;
            }
        }
        self.has_frame = !self.samples.is_empty();
        if self.has_frame {
            self.samples.resize(self.samples.len().max(FRAME_LEN), 0);
            if let Some(frame) = self.samples.first_chunk() {
                self.frame = *frame;
            }
            self.samples.drain(..FRAME_LEN);
        }
        self.frame()
    }

    /// The frame of the last tick.
    pub(super) fn frame(&self) -> Option<&[i16; FRAME_LEN]> {
        self.has_frame.then_some(&self.frame)
    }
}
