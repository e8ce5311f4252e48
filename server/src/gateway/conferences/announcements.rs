//! What is announced in one conference, one after the other: two at once would be understood by nobody. Pure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ::media::Asset;
use sautikit_api::ids::CallId;

/// Pieces that may wait: several announcements of the longest; whoever sends more is told to wait.
const MOST_WAITING: usize = 50;

/// A text or file that is heard.
pub(super) struct Piece {
    pub(super) audio: Arc<Asset>,
    /// Whom alone it is for.
    pub(super) only: Option<CallId>,
}

/// Those that wait for the one that is heard.
#[derive(Default)]
pub(super) struct Announcements {
    waiting: VecDeque<Piece>,
    is_heard: bool,
}

impl Announcements {
    /// Takes up an announcement, whole or not at all.
    pub(super) fn add(&mut self, audio: Vec<Arc<Asset>>, only: Option<CallId>) -> bool {
        let fits = self.waiting.len() + audio.len() <= MOST_WAITING;
        if fits {
            self.waiting.extend(audio.into_iter().map(|audio| Piece { audio, only }));
        }
        fits
    }

    /// Whether the next piece can begin at once.
    pub(super) fn is_silent(&self) -> bool {
        !self.is_heard
    }

    /// The piece before is over: the next one, and how long it lasts.
    pub(super) fn next(&mut self) -> Option<(Piece, Duration)> {
        let piece = self.waiting.pop_front();
        self.is_heard = piece.is_some();
        piece.map(|piece| {
            let lasts = Duration::from_millis(u64::from(piece.audio.duration_ms()));
            (piece, lasts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: usize) -> Arc<Asset> {
        Arc::new(Asset::from_narrow(vec![0; ms * 8]))
    }

    fn lasts(announcements: &mut Announcements) -> Option<u128> {
        announcements.next().map(|(_, lasts)| lasts.as_millis())
    }

    #[test]
    fn each_waits_until_the_one_before_has_been_heard() {
        let mut announcements = Announcements::default();
        assert!(announcements.is_silent() && announcements.add(vec![of(100), of(200)], None));
        assert_eq!(lasts(&mut announcements), Some(100));
        assert!(!announcements.is_silent() && announcements.add(vec![of(300)], None));
        assert_eq!((lasts(&mut announcements), lasts(&mut announcements)), (Some(200), Some(300)));
        assert!(!announcements.is_silent());
        assert_eq!(lasts(&mut announcements), None);
        assert!(announcements.is_silent());
    }

    #[test]
    fn one_that_does_not_fit_is_not_begun() {
        let mut announcements = Announcements::default();
        assert!(announcements.add(vec![of(1); MOST_WAITING - 1], None));
        assert!(!announcements.add(vec![of(1), of(1)], None));
        assert!(announcements.add(vec![of(1)], None));
        assert!(!announcements.add(vec![of(1)], None));
    }
}
