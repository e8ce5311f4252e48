//! The timer table of RFC 3261 §17 (with RFC 6026 L and M) as plain functions of transport reliability.
//!
//! | timer | starts when | value, unreliable | value, reliable | RFC 3261 |
//! |---|---|---|---|---|
//! | A | INVITE sent | T1, doubles without limit | off | §17.1.1.2 |
//! | B | INVITE sent | 64·T1 | 64·T1 | §17.1.1.2 |
//! | D | client INVITE got 3xx–6xx | > 32 s | 0 | §17.1.1.2 |
//! | E | request sent | T1, doubles up to T2; T2 in Proceeding | off | §17.1.2.2 |
//! | F | request sent | 64·T1 | 64·T1 | §17.1.2.2 |
//! | G | server INVITE sent 3xx–6xx | T1, doubles up to T2 | off | §17.2.1 |
//! | H | server INVITE sent 3xx–6xx | 64·T1 | 64·T1 | §17.2.1 |
//! | I | server INVITE got ACK | T4 | 0 | §17.2.1 |
//! | J | server sent a final response | 64·T1 | 0 | §17.2.2 |
//! | K | client got a final response | T4 | 0 | §17.1.2.2 |
//! | L | server INVITE sent 2xx | 64·T1 | 64·T1 | RFC 6026 §7.1 |
//! | M | client INVITE got 2xx | 64·T1 | 64·T1 | RFC 6026 §7.2 |

use core::time::Duration;

/// How long a user agent core may think before the transaction says 100 Trying by itself (RFC 3261 §17.2.1).
pub const TRYING_AFTER: Duration = Duration::from_millis(200);

/// Timer D on unreliable transports: "a value of at least 32 seconds" (RFC 3261 §17.1.1.2).
const TIMER_D: Duration = Duration::from_secs(32);

/// The three base values everything else is computed from. The defaults are the RFC's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Estimate of the round-trip time.
    pub t1: Duration,
    /// Longest interval between retransmissions of anything but an INVITE request.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// 64·T1: timers B, F, H, L, M, the wait for the ACK of a 2xx, and the wait for a 487 after CANCEL (§9.1).
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer D: how long retransmitted 3xx–6xx to an INVITE are still acknowledged.
    pub fn absorb_invite_failure(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { TIMER_D }
    }

    /// Timer I (ACKs) and K (responses): how long late copies of the last message are swallowed.
    pub fn absorb_stragglers(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.t4 }
    }

    /// Timer J: how long a retransmitted non-INVITE request is answered with the stored final response.
    pub fn absorb_requests(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.patience() }
    }

    /// The interval after `last` for timers E and G and for the 2xx of §13.3.1.4: doubled, never above T2.
    pub fn backoff(&self, last: Duration) -> Duration {
        (last * 2).min(self.t2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_t2() {
        let timers = Timers::default();
        let mut interval = timers.t1;
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(interval.as_millis());
            interval = timers.backoff(interval);
        }
        assert_eq!(seen, [500, 1000, 2000, 4000, 4000]);
    }

    #[test]
    fn reliable_transports_absorb_nothing() {
        let timers = Timers::default();
        assert_eq!(timers.absorb_invite_failure(true), Duration::ZERO);
        assert_eq!(timers.absorb_stragglers(true), Duration::ZERO);
        assert_eq!(timers.absorb_requests(true), Duration::ZERO);
        assert_eq!(timers.patience(), Duration::from_secs(32));
    }
}
