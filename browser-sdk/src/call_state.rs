//! The states of one call, and which event each step makes.

/// ```text
///              180/183            200
///   dialing ───────────► ringing ─────► active ───► ended
///      └────────────── 200 ────────────────▲          ▲
///                                          │          │ BYE, CANCEL,
///   incoming ── accept() ──► accepting ────┘          │ refusal, loss:
///      └───────────┴──────── from every state ────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallState {
    /// INVITE sent.
    Dialing,
    /// The callee's phone rings.
    Ringing,
    /// It rings here.
    Incoming,
    /// Accepted; microphone and answer are being prepared.
    Accepting,
    /// Both sides are connected.
    Active,
    /// Over.
    Ended,
}

impl CallState {
    /// The word of `call.state`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Incoming => "incoming",
            Self::Accepting => "accepting",
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }

    /// The state of a word of [`Self::as_str`].
    pub(crate) fn of(word: &str) -> Self {
        let all = [Self::Dialing, Self::Ringing, Self::Incoming, Self::Accepting, Self::Active];
        all.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Ended)
    }

    /// A provisional answer above 100. True: tell `ringing`, which forks and repetitions do only once.
    pub(crate) fn ring(&mut self) -> bool {
        self.step(&[Self::Dialing], Self::Ringing)
    }

    /// The page accepts. False: there is nothing to accept (any more).
    pub(crate) fn accept(&mut self) -> bool {
        self.step(&[Self::Incoming], Self::Accepting)
    }

    /// The 2xx came or went. True: tell `answered`.
    pub(crate) fn answer(&mut self) -> bool {
        self.step(&[Self::Dialing, Self::Ringing, Self::Accepting], Self::Active)
    }

    /// Whatever ended it. True: tell `ended`, exactly once.
    pub(crate) fn end(&mut self) -> bool {
        let was_open = *self != Self::Ended;
        *self = Self::Ended;
        was_open
    }

    fn step(&mut self, from: &[Self], to: Self) -> bool {
        let may = from.contains(self);
        if may {
            *self = to;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ringing_is_told_once() {
        let mut state = CallState::Dialing;
        assert!(state.ring());
        assert!(!state.ring());
        assert!(state.answer());
        assert!(!state.ring());
    }

    #[test]
    fn second_answer_is_ignored() {
        let mut state = CallState::Dialing;
        assert!(state.answer());
        assert!(!state.answer());
    }

    #[test]
    fn an_ended_call_stays_ended() {
        let mut state = CallState::Incoming;
        assert!(state.end());
        assert!(!state.accept());
        assert!(!state.answer());
        assert!(!state.end());
    }
}
