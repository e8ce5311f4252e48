//! Live audio for a leg, fed from outside the media thread: what is pushed is played in order, 20 ms at a time, and silence
//! where nothing waits. How much was played can be looked at, so that whoever feeds knows what was heard.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::codec::Rate;

/// Samples that may wait: ten minutes. Speech is made far faster than it is heard, and comes whole.
pub const MAX_WAITING: usize = 600 * 8_000;

/// Audio at 8 kHz on its way to a leg.
#[derive(Debug, Default)]
pub struct Feed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<i16>,
    /// Samples that were pushed, and those of them that were played or cleared.
    pushed: u64,
    done: u64,
}

impl Feed {
    /// Appends audio; what finds no room is left out. Returns how many samples were taken.
    pub fn push(&self, samples: &[i16]) -> usize {
        let mut state = self.state();
        let taken = samples.len().min(MAX_WAITING.saturating_sub(state.waiting.len()));
        state.waiting.extend(samples.iter().take(taken));
        state.pushed += taken as u64;
        taken
    }

    /// Forgets all that waits: the leg hears silence from its next frame on. Which samples, counted as [`Self::pushed`] does,
    /// are never heard.
    pub fn clear(&self) -> core::ops::Range<u64> {
        let mut state = self.state();
        state.waiting.clear();
        let unheard = state.done..state.pushed;
        state.done = state.pushed;
        unheard
    }

    /// Samples that were pushed so far.
    pub fn pushed(&self) -> u64 {
        self.state().pushed
    }

    /// Samples of those that are over: played, or cleared.
    pub fn done(&self) -> u64 {
        self.state().done
    }

    /// Takes a frame; what is missing of it is silence.
    pub(crate) fn pull(&self, frame: &mut [i16]) -> Rate {
        let mut state = self.state();
        let count = frame.len().min(state.waiting.len());
        frame.fill(0);
        for (sample, fed) in frame.iter_mut().zip(state.waiting.drain(..count)) {
            *sample = fed;
        }
        state.done += count as u64;
        Rate::Narrow
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_played_in_order_and_counted() {
        let feed = Feed::default();
        assert_eq!(feed.push(&[1; 200]), 200);
        let mut frame = [7; 160];
        feed.pull(&mut frame);
        assert_eq!((frame, feed.done(), feed.pushed()), ([1; 160], 160, 200));
        feed.pull(&mut frame);
        assert_eq!((frame[39], frame[40], feed.done()), (1, 0, 200));
    }

    #[test]
    fn clearing_is_heard_with_the_next_frame() {
        let feed = Feed::default();
        feed.push(&[1; 8_000]);
        assert_eq!(feed.clear(), 0..8_000);
        let mut frame = [7; 160];
        feed.pull(&mut frame);
        assert_eq!((frame, feed.done()), ([0; 160], 8_000));
    }

    #[test]
    fn what_finds_no_room_is_left_out() {
        let feed = Feed::default();
        assert_eq!(feed.push(&vec![1; MAX_WAITING + 1]), MAX_WAITING);
        assert_eq!(feed.push(&[1]), 0);
    }
}
