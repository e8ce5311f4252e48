//! One after the other: what must not be done by two at once waits for its turn.

use std::cell::RefCell;

use super::js::{self, Deferred};

/// The queue of one thing: who is done last.
#[derive(Default)]
pub(crate) struct Turns(RefCell<Option<Deferred>>);

impl Turns {
    /// Waits until everybody before is done; the next one waits until what is given is dropped.
    pub(crate) async fn take(&self) -> Turn {
        let mine = Deferred::new();
        let turn = Turn(mine.clone());
        let before = self.0.replace(Some(mine));
        if let Some(before) = before {
            js::settled(before.promise()).await;
        }
        turn
    }
}

/// The right to go on.
pub(crate) struct Turn(Deferred);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.resolve();
    }
}
