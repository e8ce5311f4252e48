//! What a port plays by itself: an asset or a tone, one 20 ms frame at a time.

use std::sync::Arc;

use crate::{
    FRAME_MS,
    asset::Asset,
    codec::{Codec, MAX_FRAME_LEN, Rate},
    feed::Feed,
    tone,
};

/// The playing source of a port.
#[derive(Debug)]
pub(super) enum Source {
    Asset {
        asset: Arc<Asset>,
        index: usize,
        loops_left: Option<u32>,
        frames_played: u32,
    },
    /// Live audio; never over by itself.
    Feed {
        feed: Arc<Feed>,
        frames_played: u32,
    },
    Tone {
        generator: tone::Generator,
        frames_played: u32,
    },
    /// A tone that interrupts what plays, which goes on after it.
    Beep {
        generator: tone::Generator,
        interrupted: Option<Box<Source>>,
    },
}

/// One frame of a source.
pub(super) enum Frame<'a> {
    /// Encoded before.
    Encoded(&'a [u8]),
    /// Linear samples, left in the caller's buffer.
    Linear(Rate),
}

impl Source {
    /// `loops` of 0 play until flushed.
    pub(super) fn asset(asset: Arc<Asset>, loops: u32) -> Self {
        Self::Asset { asset, index: 0, loops_left: (loops != 0).then_some(loops), frames_played: 0 }
    }

    pub(super) fn feed(feed: Arc<Feed>) -> Self {
        Self::Feed { feed, frames_played: 0 }
    }

    pub(super) fn tone(spec: tone::ToneSpec) -> Self {
        Self::Tone { generator: tone::Generator::new(spec), frames_played: 0 }
    }

    /// Interrupts `playing`. A second one takes the place of the first.
    pub(super) fn beep(spec: tone::ToneSpec, playing: Option<Self>) -> Self {
        let interrupted = match playing {
            Some(Self::Beep { interrupted, .. }) => interrupted,
            playing => playing.map(Box::new),
        };
        Self::Beep { generator: tone::Generator::new(spec), interrupted }
    }

    pub(super) fn played_ms(&self) -> u32 {
        match self {
            Self::Asset { frames_played, .. } | Self::Feed { frames_played, .. } | Self::Tone { frames_played, .. } => {
                frames_played.saturating_mul(FRAME_MS)
            }
            Self::Beep { interrupted, .. } => interrupted.as_ref().map_or(0, |source| source.played_ms()),
        }
    }

    /// The next frame for `codec`; nothing when the source is over.
    pub(super) fn next(&mut self, codec: Codec, samples: &mut [i16; MAX_FRAME_LEN]) -> Option<Frame<'_>> {
        if let Self::Beep { generator, interrupted } = self {
            let rate = codec.best_rate();
            if generator.fill(samples.get_mut(..rate.frame_len())?, rate.hz()) > 0 {
                return Some(Frame::Linear(rate));
            }
            *self = *interrupted.take()?;
        }
        match self {
            Self::Asset { asset, index, loops_left, frames_played } => {
                if *index >= asset.frames_len() {
                    if let Some(loops) = loops_left {
                        *loops = loops.saturating_sub(1);
                        if *loops == 0 {
                            return None;
                        }
                    }
                    *index = 0;
                }
                let current = *index;
                *index += 1;
                // An empty asset has no frame at all and ends here, however often it should loop.
                let rate = asset.frame(codec, current, samples)?;
                *frames_played = frames_played.saturating_add(1);
                match asset.encoded(codec, current) {
                    Some(bytes) => Some(Frame::Encoded(bytes)),
                    None => Some(Frame::Linear(rate)),
                }
            }
            Self::Feed { feed, frames_played } => {
                let rate = feed.pull(samples.get_mut(..Rate::Narrow.frame_len())?);
                *frames_played = frames_played.saturating_add(1);
                Some(Frame::Linear(rate))
            }
            Self::Tone { generator, frames_played } => {
                let rate = codec.best_rate();
                let frame = samples.get_mut(..rate.frame_len())?;
                if generator.fill(frame, rate.hz()) == 0 {
                    return None;
                }
                *frames_played = frames_played.saturating_add(1);
                Some(Frame::Linear(rate))
            }
            // What a beep interrupts is never one.
            Self::Beep { .. } => None,
        }
    }
}
