//! Keys that the party pressed and nobody has asked for yet.

use std::collections::VecDeque;

use sautikit_api::actions::MAX_DIGITS;

use crate::input::Key;

/// Holds at most [`MAX_DIGITS`] keys, the most that one input can use; further ones are dropped, as a full line would.
#[derive(Default)]
pub(crate) struct DigitBuffer {
    keys: VecDeque<Key>,
}

impl DigitBuffer {
    pub(crate) fn push(&mut self, key: Key) {
        if self.keys.len() < MAX_DIGITS as usize {
            self.keys.push_back(key);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Key> {
        self.keys.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.keys.clear();
    }
}
