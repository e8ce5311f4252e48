//! The listening end of a port whose audio is decoded: jitter buffer, decoder and the 20 ms frame
//! of the current tick, at 8 kHz and for a conference that is wide at 16 kHz too.

use core::time::Duration;

use crate::{
    codec::{Codec, Rate},
    decoder::Decoder,
    halfband::{Doubler, Halver},
    jitter::{JitterBuffer, Pull},
    noise::Noise,
    rtp::Header,
};

/// Frames made up when the buffer runs dry, before it is treated as a pause.
const MAX_CONCEALED: u32 = 3;

/// Samples of the frame that a tick takes, at 8 kHz.
pub(super) const FRAME_LEN: usize = 160;
/// The same at 16 kHz.
pub(super) const WIDE_LEN: usize = 320;

#[derive(Debug)]
pub(super) struct Playout {
    jitter: JitterBuffer,
    decoder: Decoder,
    /// What the decoder decodes to.
    rate: Rate,
    /// Decoded and not yet taken; packets may be longer or shorter than a frame.
    samples: Vec<i16>,
    frame: [i16; FRAME_LEN],
    has_frame: bool,
    /// The same frame at 16 kHz, where somebody hears it so.
    wide: Option<Box<Wide>>,
    /// Frames made up in a row.
    concealed: u32,
    /// Between talk spurts of a leg that has told how it sounds then.
    noise: Noise,
}

#[derive(Debug)]
struct Wide {
    frame: [i16; WIDE_LEN],
    /// `frame` is of this tick.
    is_current: bool,
    halver: Halver,
    doubler: Doubler,
}

impl Wide {
    fn new() -> Box<Self> {
        Box::new(Self {
            frame: [0; WIDE_LEN],
            is_current: false,
            halver: Halver::default(),
            doubler: Doubler::default(),
        })
    }
}

impl Playout {
    /// Rate of the frames of joined ports.
    pub(super) const RATE: Rate = Rate::Narrow;

    /// Decodes to 8 kHz, or to 16 kHz as well where the codec carries that and it is asked for.
    pub(super) fn new(codec: Codec, wide: bool) -> Self {
        let rate = if wide { codec.best_rate() } else { Rate::Narrow };
        Self {
            jitter: JitterBuffer::new(codec.clock_hz()),
            decoder: Decoder::at(codec, rate),
            rate,
            samples: Vec::new(),
            frame: [0; FRAME_LEN],
            has_frame: false,
            wide: (rate == Rate::Wide).then(Wide::new),
            concealed: MAX_CONCEALED,
            noise: Noise::default(),
        }
    }

    pub(super) fn insert(&mut self, now: Duration, header: Header, payload: &[u8]) {
        self.jitter.insert(now, header, payload);
    }

    pub(super) fn skip(&mut self, header: Header) {
        self.jitter.skip(header);
    }

    /// Comfort noise: heard from its turn on until audio comes again.
    pub(super) fn noise(&mut self, header: Header, payload: &[u8]) {
        self.jitter.insert_noise(header, payload);
    }

    /// Decodes the frame of this tick; it stays readable until the next.
    pub(super) fn tick(&mut self) -> Option<&[i16; FRAME_LEN]> {
        let wanted = self.rate.frame_len();
        while self.samples.len() < wanted {
            let before = self.samples.len();
            let decoded = match self.jitter.pull() {
                Pull::Packet(payload) => {
                    self.concealed = 0;
                    self.noise.end();
                    self.decoder.decode(payload, &mut self.samples)
                }
                Pull::Noise(payload) => {
                    self.noise.begin(payload);
                    make_noise(&mut self.noise, wanted, &mut self.samples);
                    Ok(())
                }
                Pull::Lost { .. } | Pull::Empty if self.noise.is_on() => {
                    make_noise(&mut self.noise, wanted, &mut self.samples);
                    Ok(())
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
        if let Some(wide) = &mut self.wide {
            wide.is_current = false;
        }
        if self.has_frame {
            self.samples.resize(self.samples.len().max(wanted), 0);
            match (self.rate, &mut self.wide) {
                (Rate::Wide, Some(wide)) => {
                    if let Some(frame) = self.samples.first_chunk() {
                        (wide.frame, wide.is_current) = (*frame, true);
                    }
                    wide.halver.halve(&wide.frame, &mut self.frame);
                }
                _ => {
                    if let Some(frame) = self.samples.first_chunk() {
                        self.frame = *frame;
                    }
                }
            }
            self.samples.drain(..wanted);
        }
        self.frame()
    }

    /// The frame of the last tick.
    pub(super) fn frame(&self) -> Option<&[i16; FRAME_LEN]> {
        self.has_frame.then_some(&self.frame)
    }

    /// Makes the frame of the last tick at 16 kHz of that at 8 kHz, where the codec has no better one.
    pub(super) fn widen(&mut self) {
        if !self.has_frame || self.rate == Rate::Wide {
            return;
        }
        let wide = self.wide.get_or_insert_with(Wide::new);
        if !wide.is_current {
            wide.doubler.double(&self.frame, &mut wide.frame);
            wide.is_current = true;
        }
    }

    /// The frame of the last tick at 16 kHz, where there is one.
    pub(super) fn wide_frame(&self) -> Option<&[i16; WIDE_LEN]> {
        self.wide.as_ref().filter(|wide| self.has_frame && wide.is_current).map(|wide| &wide.frame)
    }
}

/// Appends a frame of noise.
fn make_noise(noise: &mut Noise, frame_len: usize, samples: &mut Vec<i16>) {
    let start = samples.len();
    samples.resize(start + frame_len, 0);
    noise.fill(samples.get_mut(start..).unwrap_or_default());
}
