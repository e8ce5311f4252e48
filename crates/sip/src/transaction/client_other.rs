//! The non-INVITE client transaction: RFC 3261 §17.1.2.
//!
//! ```text
//!   request sent, E and F start
//!        │
//!   ┌────▼────┐  1xx   ┌────────────┐   E: send again (Trying doubles, Proceeding uses T2)
//!   │ Trying  ├────────► Proceeding │   F or flow error: tell the core ──► Terminated
//!   └────┬────┘        └─────┬──────┘
//!        │ 2xx–6xx: hand up  │
//!        └───────┬───────────┘
//!           ┌────▼──────┐  K  ┌────────────┐
//!           │ Completed ├─────► Terminated │
//!           └───────────┘     └────────────┘
//! ```

use core::time::Duration;

use super::{Kind, timers::Timers};

/// States of RFC 3261 figure 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting; `proceeding` once a provisional response came. Timers E (`None` when reliable) and F run.
    Waiting { proceeding: bool, retransmit: Option<(Duration, Duration)>, give_up: Duration },
    /// Final response delivered; copies are swallowed until K.
    Completed { until: Duration },
    /// To be forgotten by the owner.
    Terminated,
}

/// What the owner must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send the stored request again.
    Retransmit,
    /// Hand the response to the core.
    Deliver,
    /// Timer F: tell the core that nobody answered, then forget the transaction.
    TimedOut,
    /// Forget the transaction.
    Forget,
}

/// A client transaction of any method but INVITE and ACK.
#[derive(Debug, Clone)]
pub struct ClientOther {
    state: State,
    timers: Timers,
    reliable: bool,
}

impl ClientOther {
    /// The request has just been handed to the transport.
    pub fn new(now: Duration, timers: Timers, reliable: bool) -> Self {
        let retransmit = (!reliable).then_some((now + timers.t1, timers.t1));
        Self {
            state: State::Waiting { proceeding: false, retransmit, give_up: now + timers.patience() },
            timers,
            reliable,
        }
    }

    /// A response with a matching branch arrived.
    pub fn response(&mut self, now: Duration, kind: Kind) -> Effect {
        match (self.state, kind) {
            (State::Waiting { retransmit, give_up, .. }, Kind::Provisional) => {
                self.state = State::Waiting { proceeding: true, retransmit, give_up };
                Effect::Deliver
            }
            (State::Waiting { .. }, Kind::Success | Kind::Failure) => {
                self.state = State::Completed { until: now + self.timers.absorb_stragglers(self.reliable) };
                Effect::Deliver
            }
            (State::Completed { .. } | State::Terminated, _) => Effect::None,
        }
    }

    /// The deadline has passed.
    pub fn timer(&mut self, now: Duration) -> Effect {
        match self.state {
            State::Waiting { give_up, .. } if give_up <= now => {
                self.state = State::Terminated;
                Effect::TimedOut
            }
            State::Waiting { proceeding, retransmit: Some((at, interval)), give_up } if at <= now => {
                let interval = if proceeding { self.timers.t2 } else { self.timers.backoff(interval) };
                self.state = State::Waiting { proceeding, retransmit: Some((now + interval, interval)), give_up };
                Effect::Retransmit
            }
            State::Completed { until } if until <= now => {
                self.state = State::Terminated;
                Effect::Forget
            }
            _ => Effect::None,
        }
    }

    /// When [`Self::timer`] wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Waiting { retransmit: Some((at, _)), give_up, .. } => Some(at.min(give_up)),
            State::Waiting { retransmit: None, give_up, .. } => Some(give_up),
            State::Completed { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// No final response has come.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(reliable: bool) -> ClientOther {
        ClientOther::new(Duration::ZERO, Timers::default(), reliable)
    }

    #[test]
    fn unanswered_request_is_sent_eleven_times_then_given_up() {
        let mut machine = machine(false);
        let mut copies = 1;
        loop {
            let now = machine.deadline().expect("runs a timer");
            match machine.timer(now) {
                Effect::Retransmit => copies += 1,
                Effect::TimedOut => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(copies, 11);
    }

    #[test]
    fn proceeding_retransmits_every_t2() {
        let mut machine = machine(false);
        assert_eq!(machine.response(Duration::ZERO, Kind::Provisional), Effect::Deliver);
        assert_eq!(machine.timer(Duration::from_millis(500)), Effect::Retransmit);
        assert_eq!(machine.deadline(), Some(Duration::from_millis(4500)));
    }

    #[test]
    fn second_final_response_is_swallowed() {
        let mut machine = machine(false);
        assert_eq!(machine.response(Duration::ZERO, Kind::Success), Effect::Deliver);
        assert_eq!(machine.response(Duration::ZERO, Kind::Failure), Effect::None);
        assert_eq!(machine.timer(Duration::from_secs(5)), Effect::Forget);
    }

    #[test]
    fn reliable_transport_forgets_at_once() {
        let mut machine = machine(true);
        machine.response(Duration::from_secs(1), Kind::Failure);
        assert_eq!(machine.deadline(), Some(Duration::from_secs(1)));
    }
}
