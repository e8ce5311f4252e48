//! One leg: where it stands, and which reports still mean something.
//!
//! A leg that we hung up is over for the call at once; what its actor reports afterwards (a 200 that crossed our
//! CANCEL, the answer to our BYE) changes nothing, so it is neither bridged nor billed.

use core::time::Duration;

use sautikit_api::calls::Direction;

use crate::{
    cause::Cause,
    input::{Key, LegEvent},
    leg_status::LegTold,
    limits::SAME_DIGIT_WINDOW,
    target::Target,
};

/// ```text
///            Ringing                  Answered
///   Trying ───────────► Ringing ───────────────────► Up
///     │  │                 │ accept                   ▲│
///     │  └─────────────────┴──► Accepted ── Answered ─┘│
///     │                    │       │                   │
///     └────────────────────┴───────┴ Ended / hang-up ──┴──► Ended
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Called, nothing heard yet.
    Trying,
    /// Alerting.
    Ringing,
    /// It called us and we answer it. Connected as far as anybody can tell, but what it is told may cross its CANCEL.
    Accepted,
    /// Connected.
    Up { answered: Duration },
    /// Over, by them or by us.
    Ended { answered: Option<Duration>, at: Duration, cause: Cause },
}

/// Where a key was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    Signalling,
    Audio,
}

/// What a report changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Ringing,
    EarlyMedia,
    Answered,
    /// It called us, and was told that it is answered.
    Told,
    Key(Key, KeySource),
    Held {
        is_silent: bool,
    },
    Resumed,
    Lost,
    /// After this long.
    Back(Duration),
    Ended(Cause),
}

#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) target: Target,
    pub(crate) direction: Direction,
    /// We let the caller of an unanswered leg hear something.
    pub(crate) early_passed: bool,
    state: State,
    /// It counts as connected until here at most.
    latest_end: Duration,
    early_media: bool,
    held: bool,
    /// Since when its connection is gone.
    lost: Option<Duration>,
    last_key: Option<(Key, KeySource, Duration)>,
    /// Who is told what becomes of it.
    pub(crate) told: Option<LegTold>,
    /// Which of the targets it was rung with it is of, from 0.
    pub(crate) place: usize,
}

impl Leg {
    pub(crate) fn new(target: Target, direction: Direction) -> Self {
        Self {
            target,
            direction,
            early_passed: false,
            state: State::Trying,
            latest_end: Duration::MAX,
            early_media: false,
            held: false,
            lost: None,
            last_key: None,
            told: None,
            place: 0,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Accepted | State::Up { .. })
    }

    /// We answer it, and do not know yet whether it was told.
    pub(crate) fn is_accepted(&self) -> bool {
        self.state == State::Accepted
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// What a report of the signalling changes; `None` if it repeats or comes too late.
    pub(crate) fn on(&mut self, now: Duration, event: LegEvent) -> Option<Change> {
        let outbound = self.direction == Direction::Outbound;
        match (self.state, event) {
            (State::Ended { .. }, _) => None,
            (_, LegEvent::Ended(cause)) => {
                self.end(now, cause);
                Some(Change::Ended(cause))
            }
            (State::Trying, LegEvent::Ringing) if outbound => {
                self.state = State::Ringing;
                Some(Change::Ringing)
            }
            (State::Trying | State::Ringing, LegEvent::EarlyMedia) if outbound && !self.early_media => {
                self.early_media = true;
                Some(Change::EarlyMedia)
            }
            (State::Trying | State::Ringing, LegEvent::Answered) if outbound => {
                self.state = State::Up { answered: now };
                Some(Change::Answered)
            }
            (State::Accepted, LegEvent::Answered) => self.told(now).then_some(Change::Told),
            (State::Up { .. }, LegEvent::Digit(key)) => self.key(now, key, KeySource::Signalling),
            (State::Up { .. }, LegEvent::HeldByPeer { is_silent }) => {
                flip(&mut self.held, true).then_some(Change::Held { is_silent })
            }
            (State::Up { .. }, LegEvent::Resumed) => flip(&mut self.held, false).then_some(Change::Resumed),
            (_, LegEvent::Lost) if self.lost.is_none() => {
                self.lost = Some(now);
                Some(Change::Lost)
            }
            (_, LegEvent::Back) => self.lost.take().map(|since| Change::Back(now.saturating_sub(since))),
            _ => None,
        }
    }

    /// A key press, unless it is the same one seen by the other way.
    pub(crate) fn key(&mut self, now: Duration, key: Key, source: KeySource) -> Option<Change> {
        if !self.is_up() {
            return None;
        }
        if let Some((last, other, at)) = self.last_key
            && last == key
            && other != source
            && now.saturating_sub(at) <= SAME_DIGIT_WINDOW
        {
            // Forgotten, so that a real second press right after it counts.
            self.last_key = None;
            return None;
        }
        self.last_key = Some((key, source, now));
        Some(Change::Key(key, source))
    }

    /// We alert the caller; false if that was done.
    pub(crate) fn ring(&mut self) -> bool {
        let first = self.state == State::Trying;
        if first {
            self.state = State::Ringing;
        }
        first
    }

    /// We answer the caller; false if that was done or the leg is over.
    pub(crate) fn accept(&mut self) -> bool {
        let waiting = matches!(self.state, State::Trying | State::Ringing);
        if waiting {
            self.state = State::Accepted;
        }
        waiting
    }

    /// The caller that we answer was told so: it is connected from now on. False if it was, or was not answered.
    pub(crate) fn told(&mut self, now: Duration) -> bool {
        let accepted = self.is_accepted();
        if accepted {
            self.state = State::Up { answered: now };
        }
        accepted
    }

    /// The leg is over; false if it was.
    pub(crate) fn end(&mut self, now: Duration, cause: Cause) -> bool {
        let answered = match self.state {
            State::Ended { .. } => return false,
            State::Up { answered } => Some(answered),
            State::Trying | State::Ringing | State::Accepted => None,
        };
        self.state = State::Ended { answered, at: now.min(self.latest_end), cause };
        true
    }

    /// Whoever ends it, and however late that is handled, it has not lasted beyond `at`.
    pub(crate) fn limit(&mut self, at: Duration) {
        self.latest_end = at;
    }

    /// It may last as long as its call.
    pub(crate) fn unlimit(&mut self) {
        self.latest_end = Duration::MAX;
    }

    /// When it ended.
    pub(crate) fn ended(&self) -> Option<Duration> {
        match self.state {
            State::Ended { at, .. } => Some(at),
            _ => None,
        }
    }

    /// When it was connected, if it ever was.
    pub(crate) fn answered(&self) -> Option<Duration> {
        match self.state {
            State::Up { answered } => Some(answered),
            State::Ended { answered, .. } => answered,
            State::Trying | State::Ringing | State::Accepted => None,
        }
    }

    /// How long it has been or was connected.
    pub(crate) fn connected(&self, now: Duration) -> Duration {
        match self.state {
            State::Up { answered } => now.saturating_sub(answered),
            State::Ended { answered: Some(answered), at, .. } => at.saturating_sub(answered),
            _ => Duration::ZERO,
        }
    }
}

/// Sets a flag; whether that changed it.
fn flip(flag: &mut bool, to: bool) -> bool {
    core::mem::replace(flag, to) != to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::CauseKind;

    const SECOND: Duration = Duration::from_secs(1);

    fn leg(direction: Direction) -> Leg {
        Leg::new(Target::Client("amina".into()), direction)
    }

    #[test]
    fn second_answer_is_ignored() {
        let mut leg = leg(Direction::Outbound);
        assert_eq!(leg.on(SECOND, LegEvent::Answered), Some(Change::Answered));
        assert_eq!(leg.on(SECOND * 9, LegEvent::Answered), None);
        assert_eq!(leg.connected(SECOND * 3), SECOND * 2);
    }

    #[test]
    fn answer_after_our_hangup_is_ignored() {
        let mut leg = leg(Direction::Outbound);
        assert!(leg.end(SECOND, CauseKind::Canceled.into()));
        assert_eq!(leg.on(SECOND, LegEvent::Answered), None);
        assert_eq!(leg.connected(SECOND * 2), Duration::ZERO);
    }

    #[test]
    fn a_leg_that_called_us_is_answered_by_us_only() {
        let mut leg = leg(Direction::Inbound);
        assert_eq!(leg.on(SECOND, LegEvent::Answered), None);
        assert!(leg.accept() && !leg.accept() && leg.is_up());
        assert_eq!(leg.on(SECOND * 2, LegEvent::Answered), Some(Change::Told));
        assert_eq!((leg.on(SECOND * 3, LegEvent::Answered), leg.answered()), (None, Some(SECOND * 2)));
    }

    #[test]
    fn a_caller_that_was_not_told_was_never_connected() {
        let mut leg = leg(Direction::Inbound);
        assert!(leg.accept() && leg.end(SECOND * 2, CauseKind::Canceled.into()));
        assert_eq!((leg.answered(), leg.connected(SECOND * 3)), (None, Duration::ZERO));
        assert_eq!(leg.on(SECOND * 3, LegEvent::Answered), None);
    }

    #[test]
    fn one_press_seen_twice_counts_once_and_two_presses_count_twice() {
        let mut leg = leg(Direction::Inbound);
        leg.accept();
        let Some(five) = Key::new('5') else { panic!("5 is a key") };
        let at = Duration::from_millis;
        assert!(leg.key(at(0), five, KeySource::Audio).is_some());
        assert!(leg.key(at(150), five, KeySource::Signalling).is_none());
        assert!(leg.key(at(160), five, KeySource::Audio).is_some());
        assert!(leg.key(at(400), five, KeySource::Signalling).is_some());
        assert!(leg.key(at(420), five, KeySource::Signalling).is_some());
    }
}
