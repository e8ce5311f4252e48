//! Whether a call hangs by both of its threads: the gateway that it is steered by, and the way of its audio.

use sip::phone::Millis;

/// What the page is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// One of the two is gone; the call goes on.
    Reconnecting,
    /// Both are there again; so long nothing was heard. Zero when only the gateway was away.
    Reconnected { gap: Millis },
}

/// ```text
///            gateway or audio lost
///   whole ──────────────────────────► hanging (by the other one, or by none)
///     ▲                                  │
///     └────── both are there again ──────┘
/// ```
#[derive(Debug, Default)]
pub(crate) struct Lifeline {
    gateway_lost: Option<Millis>,
    audio_lost: Option<Millis>,
    /// Of audio, since it was whole.
    gap: Millis,
}

impl Lifeline {
    /// Of a call that another page left so long `ago`.
    pub(crate) fn left(now: Millis, ago: Millis) -> Self {
        Self { gateway_lost: Some(now), audio_lost: Some(now), gap: ago }
    }

    /// The connection to the gateway is there or gone.
    pub(crate) fn gateway(&mut self, now: Millis, is_up: bool) -> Option<Change> {
        let was_whole = self.is_whole();
        self.gateway_lost = if is_up { None } else { self.gateway_lost.or(Some(now)) };
        self.changed(was_whole)
    }

    /// The audio's way is there or gone.
    pub(crate) fn audio(&mut self, now: Millis, is_up: bool) -> Option<Change> {
        let was_whole = self.is_whole();
        if is_up {
            if let Some(since) = self.audio_lost.take() {
                self.gap += now.saturating_sub(since);
            }
        } else {
            self.audio_lost = self.audio_lost.or(Some(now));
        }
        self.changed(was_whole)
    }

    /// Both are there.
    pub(crate) fn is_whole(&self) -> bool {
        self.gateway_lost.is_none() && self.audio_lost.is_none()
    }

    /// The audio's way is there, as far as is known.
    pub(crate) fn is_heard(&self) -> bool {
        self.audio_lost.is_none()
    }

    fn changed(&mut self, was_whole: bool) -> Option<Change> {
        match (was_whole, self.is_whole()) {
            (true, false) => Some(Change::Reconnecting),
            (false, true) => Some(Change::Reconnected { gap: core::mem::take(&mut self.gap) }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Millis {
        seconds * 1000
    }

    #[test]
    fn a_lost_gateway_is_told_and_nothing_is_missed_of_the_audio() {
        let mut line = Lifeline::default();
        assert_eq!(line.gateway(at(1), true), None);
        assert_eq!(line.gateway(at(2), false), Some(Change::Reconnecting));
        assert_eq!(line.gateway(at(3), false), None);
        assert_eq!(line.gateway(at(9), true), Some(Change::Reconnected { gap: at(0) }));
    }

    #[test]
    fn both_must_be_back_and_the_gap_is_that_of_the_audio() {
        let mut line = Lifeline::default();
        assert_eq!(line.audio(at(10), false), Some(Change::Reconnecting));
        assert_eq!(line.gateway(at(11), false), None);
        assert_eq!(line.gateway(at(14), true), None);
        assert!(!line.is_whole() && !line.is_heard());
        assert_eq!(line.audio(at(15), true), Some(Change::Reconnected { gap: at(5) }));
        assert_eq!(line.audio(at(20), false), Some(Change::Reconnecting));
        assert_eq!(line.audio(at(21), true), Some(Change::Reconnected { gap: at(1) }), "counted anew");
    }

    #[test]
    fn audio_that_comes_and_goes_while_the_gateway_is_away_adds_up() {
        let mut line = Lifeline::default();
        line.gateway(at(0), false);
        line.audio(at(1), false);
        line.audio(at(2), true);
        line.audio(at(5), false);
        line.audio(at(7), true);
        assert_eq!(line.gateway(at(9), true), Some(Change::Reconnected { gap: at(3) }));
    }

    #[test]
    fn a_call_that_another_page_left_is_gone_until_both_are_there() {
        let mut line = Lifeline::left(at(0), at(5));
        assert_eq!(line.gateway(at(1), true), None);
        assert_eq!(line.audio(at(2), true), Some(Change::Reconnected { gap: at(7) }));
    }
}
