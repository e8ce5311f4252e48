//! One leg: where it stands, and which reports still mean something.
//!
//! A leg that we hung up is over for the call at once; what its actor reports afterwards (a 200 that crossed our
//! CANCEL, the answer to our BYE) changes nothing, so it is neither bridged nor billed.

use core::time::Duration;

use crate::{
    cause::{Cause, CauseKind},
    input::{Key, LegEvent},
    limits::SAME_DIGIT_WINDOW,
    output::LegId,
    summary::LegSummary,
    target::Target,
};

/// Who called whom on a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegDirection {
    /// The far end called us.
    Inbound,
    /// We called the far end.
    Outbound,
}

impl LegDirection {
    /// The name in call records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// ```text
///            Ringing               Answered / accept
///   Trying ───────────► Ringing ───────────────────► Up
///     │  └───────────────────────────────────────────►│
///     │                    │                          │
///     └────────────────────┴──── Ended / hang-up ─────┴──► Ended
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Called, nothing heard yet.
    Trying,
    /// Alerting.
    Ringing,
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
    Key(Key, KeySource),
    Held,
    Resumed,
    Lost,
    Back,
    Ended(Cause),
}

#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) target: Target,
    pub(crate) direction: LegDirection,
    /// We let the caller of an unanswered leg hear something.
    pub(crate) early_passed: bool,
    started: Duration,
    state: State,
    /// It counts as connected until here at most.
    latest_end: Duration,
    early_media: bool,
    held: bool,
    lost: bool,
    last_key: Option<(Key, KeySource, Duration)>,
}

impl Leg {
    pub(crate) fn new(target: Target, direction: LegDirection, now: Duration) -> Self {
        Self {
            target,
            direction,
            early_passed: false,
            started: now,
            state: State::Trying,
            latest_end: Duration::MAX,
            early_media: false,
            held: false,
            lost: false,
            last_key: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// What a report of the signalling changes; `None` if it repeats or comes too late.
    pub(crate) fn on(&mut self, now: Duration, event: LegEvent) -> Option<Change> {
        let outbound = self.direction == LegDirection::Outbound;
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
            (State::Up { .. }, LegEvent::Digit(key)) => self.key(now, key, KeySource::Signalling),
            (State::Up { .. }, LegEvent::HeldByPeer) => flip(&mut self.held, true).then_some(Change::Held),
            (State::Up { .. }, LegEvent::Resumed) => flip(&mut self.held, false).then_some(Change::Resumed),
            (_, LegEvent::Lost) => flip(&mut self.lost, true).then_some(Change::Lost),
            (_, LegEvent::Back) => flip(&mut self.lost, false).then_some(Change::Back),
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
    pub(crate) fn accept(&mut self, now: Duration) -> bool {
        let waiting = matches!(self.state, State::Trying | State::Ringing);
        if waiting {
            self.state = State::Up { answered: now };
        }
        waiting
    }

    /// The leg is over; false if it was.
    pub(crate) fn end(&mut self, now: Duration, cause: Cause) -> bool {
        let answered = match self.state {
            State::Ended { .. } => return false,
            State::Up { answered } => Some(answered),
            State::Trying | State::Ringing => None,
        };
        self.state = State::Ended { answered, at: now.min(self.latest_end), cause };
        true
    }

    /// Whoever ends it, and however late that is handled, it has not lasted beyond `at`.
    pub(crate) fn limit(&mut self, at: Duration) {
        self.latest_end = at;
    }

    /// When it ended.
    pub(crate) fn ended(&self) -> Option<Duration> {
        match self.state {
            State::Ended { at, .. } => Some(at),
            _ => None,
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

    /// What it amounts to, with offsets from the call's begin. An open leg counts as ended now.
    pub(crate) fn summary(&self, id: LegId, begin: Duration, now: Duration) -> LegSummary {
        let (answered, ended, cause) = match self.state {
            State::Ended { answered, at, cause } => (answered, at, cause),
            State::Up { answered } => (Some(answered), now, CauseKind::NormalClearing.into()),
            State::Trying | State::Ringing => (None, now, CauseKind::Canceled.into()),
        };
        LegSummary {
            leg: id,
            target: self.target.clone(),
            kind: self.target.kind(),
            direction: self.direction,
            started: self.started.saturating_sub(begin),
            answered: answered.map(|at| at.saturating_sub(begin)),
            ended: ended.saturating_sub(begin),
            cause,
            duration_s: crate::meter::whole_seconds(self.connected(now)),
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

    const SECOND: Duration = Duration::from_secs(1);

    fn leg(direction: LegDirection) -> Leg {
        Leg::new(Target::Client("amina".into()), direction, Duration::ZERO)
    }

    #[test]
    fn second_answer_is_ignored() {
        let mut leg = leg(LegDirection::Outbound);
        assert_eq!(leg.on(SECOND, LegEvent::Answered), Some(Change::Answered));
        assert_eq!(leg.on(SECOND * 9, LegEvent::Answered), None);
        assert_eq!(leg.connected(SECOND * 3), SECOND * 2);
    }

    #[test]
    fn answer_after_our_hangup_is_ignored() {
        let mut leg = leg(LegDirection::Outbound);
        assert!(leg.end(SECOND, CauseKind::Canceled.into()));
        assert_eq!(leg.on(SECOND, LegEvent::Answered), None);
        assert_eq!(leg.summary(LegId(1), Duration::ZERO, SECOND * 2).answered, None);
    }

    #[test]
    fn a_leg_that_called_us_is_answered_by_us_only() {
        let mut leg = leg(LegDirection::Inbound);
        assert_eq!(leg.on(SECOND, LegEvent::Answered), None);
        assert!(leg.accept(SECOND) && !leg.accept(SECOND));
    }

    #[test]
    fn one_press_seen_twice_counts_once_and_two_presses_count_twice() {
        let mut leg = leg(LegDirection::Inbound);
        leg.accept(Duration::ZERO);
        let Some(five) = Key::new('5') else { panic!("5 is a key") };
        let at = Duration::from_millis;
        assert!(leg.key(at(0), five, KeySource::Audio).is_some());
        assert!(leg.key(at(150), five, KeySource::Signalling).is_none());
        assert!(leg.key(at(160), five, KeySource::Audio).is_some());
        assert!(leg.key(at(400), five, KeySource::Signalling).is_some());
        assert!(leg.key(at(420), five, KeySource::Signalling).is_some());
    }
}
