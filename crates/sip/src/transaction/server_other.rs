//! The non-INVITE server transaction: RFC 3261 §17.2.2.
//!
//! ```text
//!   request received, hand up
//!        │
//!   ┌────▼────┐ 1xx ┌────────────┐  request again: Trying nothing, Proceeding last 1xx again
//!   │ Trying  ├─────► Proceeding │  64·T1 without an answer: forget (the client has given up, timer F)
//!   └────┬────┘     └─────┬──────┘
//!        │ 2xx–6xx        │
//!        └──────┬─────────┘
//!          ┌────▼──────┐ J  ┌────────────┐
//!          │ Completed ├────► Terminated │  request again: the final response again
//!          └───────────┘    └────────────┘
//! ```

use core::time::Duration;

use super::{Kind, timers::Timers};

/// States of RFC 3261 figure 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The core has not given a final answer.
    Waiting { proceeding: bool, give_up: Duration },
    /// Final response sent; repeated for every copy of the request until J.
    Completed { until: Duration },
    /// To be forgotten by the owner.
    Terminated,
}

/// What the owner must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send the last response again.
    Retransmit,
    /// Forget the transaction.
    Forget,
}

/// A server transaction of any method but INVITE and ACK.
#[derive(Debug, Clone)]
pub struct ServerOther {
    state: State,
    timers: Timers,
    reliable: bool,
}

impl ServerOther {
    /// A new request was received and handed to the core.
    pub fn new(now: Duration, timers: Timers, reliable: bool) -> Self {
        Self { state: State::Waiting { proceeding: false, give_up: now + timers.patience() }, timers, reliable }
    }

    /// The request came again.
    pub fn request_again(&mut self) -> Effect {
        match self.state {
            State::Waiting { proceeding: true, .. } | State::Completed { .. } => Effect::Retransmit,
            State::Waiting { proceeding: false, .. } | State::Terminated => Effect::None,
        }
    }

    /// The core answers. False: a final answer was given before, so this one must not be sent.
    #[must_use]
    pub fn respond(&mut self, now: Duration, kind: Kind) -> bool {
        let State::Waiting { give_up, .. } = self.state else { return false };
        self.state = match kind {
            Kind::Provisional => State::Waiting { proceeding: true, give_up },
            Kind::Success | Kind::Failure => {
                State::Completed { until: now + self.timers.absorb_requests(self.reliable) }
            }
        };
        true
    }

    /// The deadline has passed.
    pub fn timer(&mut self, now: Duration) -> Effect {
        match self.state {
            State::Waiting { give_up: until, .. } | State::Completed { until } if until <= now => {
                self.state = State::Terminated;
                Effect::Forget
            }
            _ => Effect::None,
        }
    }

    /// When [`Self::timer`] wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Waiting { give_up: until, .. } | State::Completed { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// The core may still answer.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_of_an_answered_request_gets_the_same_answer() {
        let mut machine = ServerOther::new(Duration::ZERO, Timers::default(), false);
        assert_eq!(machine.request_again(), Effect::None);
        assert!(machine.respond(Duration::ZERO, Kind::Success));
        assert_eq!(machine.request_again(), Effect::Retransmit);
        assert!(!machine.respond(Duration::ZERO, Kind::Failure));
        assert_eq!(machine.timer(Duration::from_secs(32)), Effect::Forget);
    }

    #[test]
    fn unanswered_request_is_forgotten_when_the_client_has_given_up() {
        let mut machine = ServerOther::new(Duration::ZERO, Timers::default(), true);
        assert_eq!(machine.deadline(), Some(Duration::from_secs(32)));
        assert_eq!(machine.timer(Duration::from_secs(32)), Effect::Forget);
    }

    #[test]
    fn reliable_transport_forgets_at_once() {
        let mut machine = ServerOther::new(Duration::ZERO, Timers::default(), true);
        assert!(machine.respond(Duration::from_secs(1), Kind::Success));
        assert_eq!(machine.timer(Duration::from_secs(1)), Effect::Forget);
    }
}
