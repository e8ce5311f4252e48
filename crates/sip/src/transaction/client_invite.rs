//! The INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026 §7.2.
//!
//! ```text
//!            INVITE sent, A and B start
//!                  │
//!            ┌─────▼─────┐ A: send again        B or flow error: tell the core
//!            │  Calling  ├──────────────────────────────┐
//!            └─┬───┬───┬─┘                              │
//!          1xx │   │   │ 2xx: hand up                   │
//!   ┌──────────▼┐  │   └──────────────┐                 │
//!   │Proceeding │  │3xx–6xx: ACK,     │                 │
//!   │ 1xx: up   ├──┤hand up           │                 │
//!   └─────┬─────┘  │                  │                 │
//!     2xx │  ┌─────▼─────┐      ┌─────▼────┐            │
//!         │  │ Completed │      │ Accepted │            │
//!         │  │ again: ACK│      │ 2xx: up  │            │
//!         │  └─────┬─────┘      └──▲──┬────┘            │
//!         └────────┼───────────────┘  │ M              │
//!                D │                  │                 │
//!              ┌───▼──────────────────▼─────────────────▼┐
//!              │               Terminated                │
//!              └─────────────────────────────────────────┘
//! ```

use core::time::Duration;

use super::{Kind, timers::Timers};

/// States of RFC 3261 figure 5 as changed by RFC 6026 figure 5. Deadlines are absolute, on the caller's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing heard yet. Timer A (`None` on reliable transports) and B run.
    Calling { retransmit: Option<(Duration, Duration)>, give_up: Duration },
    /// A provisional response came; no timer runs (the core decides how long it lets the phone ring).
    Proceeding,
    /// 3xx–6xx came and was acknowledged; copies of it are acknowledged until D.
    Completed { until: Duration },
    /// 2xx came; every further 2xx (copy or fork) goes to the core until M.
    Accepted { until: Duration },
    /// To be forgotten by the owner.
    Terminated,
}

/// What the owner must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send the stored INVITE again.
    Retransmit,
    /// Hand the response to the core.
    Deliver,
    /// Send an ACK in this transaction, then hand the response to the core.
    AckAndDeliver,
    /// Send the stored ACK again.
    AckAgain,
    /// Timer B: tell the core that nobody answered, then forget the transaction.
    TimedOut,
    /// Forget the transaction.
    Forget,
}

/// An INVITE client transaction.
#[derive(Debug, Clone)]
pub struct ClientInvite {
    state: State,
    timers: Timers,
    reliable: bool,
}

impl ClientInvite {
    /// The INVITE has just been handed to the transport.
    pub fn new(now: Duration, timers: Timers, reliable: bool) -> Self {
        let retransmit = (!reliable).then_some((now + timers.t1, timers.t1));
        Self { state: State::Calling { retransmit, give_up: now + timers.patience() }, timers, reliable }
    }

    /// The INVITE was sent by somebody else, and its callee rings.
    pub fn ringing(timers: Timers, reliable: bool) -> Self {
        Self { state: State::Proceeding, timers, reliable }
    }

    /// A response with a matching branch arrived.
    pub fn response(&mut self, now: Duration, kind: Kind) -> Effect {
        let (next, effect) = match (self.state, kind) {
            (State::Calling { .. } | State::Proceeding, Kind::Provisional) => (State::Proceeding, Effect::Deliver),
            (State::Calling { .. } | State::Proceeding, Kind::Success) => {
                (State::Accepted { until: now + self.timers.patience() }, Effect::Deliver)
            }
            (State::Calling { .. } | State::Proceeding, Kind::Failure) => (
                State::Completed { until: now + self.timers.absorb_invite_failure(self.reliable) },
                Effect::AckAndDeliver,
            ),
            (state @ State::Completed { .. }, Kind::Failure) => (state, Effect::AckAgain),
            (state @ State::Accepted { .. }, Kind::Success) => (state, Effect::Deliver),
            // A 2xx after a 3xx–6xx, a 1xx after any final one: the answer has been given already.
            (state, _) => (state, Effect::None),
        };
        self.state = next;
        effect
    }

    /// The deadline has passed.
    pub fn timer(&mut self, now: Duration) -> Effect {
        match self.state {
            State::Calling { give_up, .. } if give_up <= now => {
                self.state = State::Terminated;
                Effect::TimedOut
            }
            State::Calling { retransmit: Some((at, interval)), give_up } if at <= now => {
                let interval = interval * 2;
                self.state = State::Calling { retransmit: Some((now + interval, interval)), give_up };
                Effect::Retransmit
            }
            State::Completed { until } | State::Accepted { until } if until <= now => {
                self.state = State::Terminated;
                Effect::Forget
            }
            _ => Effect::None,
        }
    }

    /// When [`Self::timer`] wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Calling { retransmit: Some((at, _)), give_up } => Some(at.min(give_up)),
            State::Calling { retransmit: None, give_up } => Some(give_up),
            State::Completed { until } | State::Accepted { until } => Some(until),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// A provisional but no final response has come: the only time when a CANCEL may be sent (RFC 3261 §9.1).
    pub fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    /// No final response has come.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(10);

    fn machine(reliable: bool) -> ClientInvite {
        ClientInvite::new(START, Timers::default(), reliable)
    }

    #[test]
    fn unanswered_invite_is_sent_seven_times_then_given_up() {
        let mut machine = machine(false);
        let mut copies = 1;
        loop {
            let now = machine.deadline().expect("runs a timer");
            match machine.timer(now) {
                Effect::Retransmit => copies += 1,
                Effect::TimedOut => {
                    assert_eq!(now, START + Duration::from_secs(32));
                    break;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(copies, 7);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn reliable_transport_never_retransmits() {
        let mut machine = machine(true);
        assert_eq!(machine.deadline(), Some(START + Duration::from_secs(32)));
        assert_eq!(machine.timer(START + Duration::from_secs(32)), Effect::TimedOut);
    }

    #[test]
    fn provisional_stops_every_timer() {
        let mut machine = machine(false);
        assert_eq!(machine.response(START, Kind::Provisional), Effect::Deliver);
        assert!(machine.is_proceeding());
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn copies_of_a_failure_are_acknowledged_but_not_delivered() {
        let mut machine = machine(false);
        assert_eq!(machine.response(START, Kind::Failure), Effect::AckAndDeliver);
        assert_eq!(machine.response(START, Kind::Failure), Effect::AckAgain);
        assert_eq!(machine.response(START, Kind::Success), Effect::None);
        assert_eq!(machine.timer(START + Duration::from_secs(32)), Effect::Forget);
    }

    #[test]
    fn every_2xx_reaches_the_core_while_accepted() {
        let mut machine = machine(false);
        assert_eq!(machine.response(START, Kind::Success), Effect::Deliver);
        assert_eq!(machine.response(START, Kind::Success), Effect::Deliver);
        assert_eq!(machine.response(START, Kind::Failure), Effect::None);
        assert_eq!(machine.timer(START + Duration::from_secs(32)), Effect::Forget);
    }
}
