//! The INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §7.1.
//!
//! ```text
//!    INVITE received, hand up
//!          │
//!   ┌──────▼─────┐ INVITE again: last 1xx again · 200 ms of silence: 100
//!   │ Proceeding │
//!   └─┬────────┬─┘
//!     │ 3xx–6xx│ 2xx
//! ┌───▼───────┐└────────►┌──────────┐ INVITE again: nothing (the core repeats its 2xx, §13.3.1.4)
//! │ Completed │          │ Accepted │ ACK: hand up
//! │ G: again  │          └────┬─────┘
//! └─┬───────┬─┘               │ L
//!   │ ACK   │ H: tell core    │
//! ┌─▼───────┐└──────────┐     │
//! │Confirmed│ I ┌───────▼─────▼┐
//! │         ├───►  Terminated  │
//! └─────────┘   └──────────────┘
//! ```

use core::time::Duration;

use super::{
    Kind,
    timers::{TRYING_AFTER, Timers},
};

/// States of RFC 3261 figure 7 as changed by RFC 6026 figure 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The core has not given a final answer. `trying` is when a 100 is due; `None` once any 1xx went out.
    Proceeding { trying: Option<Duration> },
    /// 3xx–6xx sent; G repeats it (off when reliable) until an ACK or H.
    Completed { retransmit: Option<(Duration, Duration)>, give_up: Duration },
    /// ACK of the 3xx–6xx seen; copies are swallowed until I.
    Confirmed { until: Duration },
    /// 2xx sent; INVITE copies are swallowed until L.
    Accepted { until: Duration },
    /// To be forgotten by the owner.
    Terminated,
}

/// What the owner must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send the last response again, if one was sent.
    Retransmit,
    /// Send 100 Trying.
    Trying,
    /// Hand the ACK to the core: it belongs to a 2xx but reuses the INVITE's branch.
    DeliverAck,
    /// Timer H: no ACK for a 3xx–6xx. The call is over anyway; forget the transaction.
    Unacknowledged,
    /// Forget the transaction.
    Forget,
}

/// An INVITE server transaction.
#[derive(Debug, Clone)]
pub struct ServerInvite {
    state: State,
    timers: Timers,
    reliable: bool,
}

impl ServerInvite {
    /// A new INVITE was received and handed to the core.
    pub fn new(now: Duration, timers: Timers, reliable: bool) -> Self {
        Self { state: State::Proceeding { trying: Some(now + TRYING_AFTER) }, timers, reliable }
    }

    /// The INVITE came again.
    pub fn request_again(&mut self) -> Effect {
        match self.state {
            // Before any 1xx went out, the copy itself shows that the peer is waiting: say 100 now.
            State::Proceeding { trying: Some(_) } => {
                self.state = State::Proceeding { trying: None };
                Effect::Trying
            }
            State::Proceeding { trying: None } | State::Completed { .. } => Effect::Retransmit,
            State::Confirmed { .. } | State::Accepted { .. } | State::Terminated => Effect::None,
        }
    }

    /// An ACK with the INVITE's branch came.
    pub fn ack(&mut self, now: Duration) -> Effect {
        match self.state {
            State::Completed { .. } => {
                self.state = State::Confirmed { until: now + self.timers.absorb_stragglers(self.reliable) };
                Effect::None
            }
            State::Accepted { .. } => Effect::DeliverAck,
            State::Proceeding { .. } | State::Confirmed { .. } | State::Terminated => Effect::None,
        }
    }

    /// The core answers. False: a final answer was given before, so this one must not be sent.
    #[must_use]
    pub fn respond(&mut self, now: Duration, kind: Kind) -> bool {
        let State::Proceeding { .. } = self.state else { return false };
        self.state = match kind {
            Kind::Provisional => State::Proceeding { trying: None },
            Kind::Success => State::Accepted { until: now + self.timers.patience() },
            Kind::Failure => State::Completed {
                retransmit: (!self.reliable).then_some((now + self.timers.t1, self.timers.t1)),
                give_up: now + self.timers.patience(),
            },
        };
        true
    }

    /// The deadline has passed.
    pub fn timer(&mut self, now: Duration) -> Effect {
        match self.state {
            State::Proceeding { trying: Some(at) } if at <= now => {
                self.state = State::Proceeding { trying: None };
                Effect::Trying
            }
            State::Completed { give_up, .. } if give_up <= now => {
                self.state = State::Terminated;
                Effect::Unacknowledged
            }
            State::Completed { retransmit: Some((at, interval)), give_up } if at <= now => {
                let interval = self.timers.backoff(interval);
                self.state = State::Completed { retransmit: Some((now + interval, interval)), give_up };
                Effect::Retransmit
            }
            State::Confirmed { until } | State::Accepted { until } if until <= now => {
                self.state = State::Terminated;
                Effect::Forget
            }
            _ => Effect::None,
        }
    }

    /// When [`Self::timer`] wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Proceeding { trying } => trying,
            State::Completed { retransmit: Some((at, _)), give_up } => Some(at.min(give_up)),
            State::Completed { retransmit: None, give_up } => Some(give_up),
            State::Confirmed { until } | State::Accepted { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// The core may still answer.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(reliable: bool) -> ServerInvite {
        ServerInvite::new(Duration::ZERO, Timers::default(), reliable)
    }

    #[test]
    fn silence_of_200_ms_makes_100() {
        let mut machine = machine(false);
        assert_eq!(machine.deadline(), Some(Duration::from_millis(200)));
        assert_eq!(machine.timer(Duration::from_millis(200)), Effect::Trying);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn early_answer_saves_the_100() {
        let mut machine = machine(false);
        assert!(machine.respond(Duration::from_millis(20), Kind::Provisional));
        assert_eq!(machine.deadline(), None);
        assert_eq!(machine.request_again(), Effect::Retransmit);
    }

    #[test]
    fn failure_is_repeated_until_its_ack() {
        let mut machine = machine(false);
        assert!(machine.respond(Duration::ZERO, Kind::Failure));
        assert_eq!(machine.timer(Duration::from_millis(500)), Effect::Retransmit);
        assert_eq!(machine.ack(Duration::from_millis(600)), Effect::None);
        assert_eq!(machine.request_again(), Effect::None);
        assert_eq!(machine.timer(Duration::from_millis(5600)), Effect::Forget);
    }

    #[test]
    fn failure_without_ack_ends_after_timer_h() {
        let mut machine = machine(true);
        assert!(machine.respond(Duration::ZERO, Kind::Failure));
        assert_eq!(machine.timer(Duration::from_secs(32)), Effect::Unacknowledged);
    }

    #[test]
    fn accepted_swallows_the_invite_and_delivers_the_ack() {
        let mut machine = machine(false);
        assert!(machine.respond(Duration::ZERO, Kind::Success));
        assert_eq!(machine.request_again(), Effect::None);
        assert_eq!(machine.ack(Duration::ZERO), Effect::DeliverAck);
        assert_eq!(machine.timer(Duration::from_secs(32)), Effect::Forget);
    }

    #[test]
    fn second_answer_is_ignored() {
        let mut machine = machine(false);
        assert!(machine.respond(Duration::ZERO, Kind::Failure));
        assert!(!machine.respond(Duration::ZERO, Kind::Success));
    }
}
