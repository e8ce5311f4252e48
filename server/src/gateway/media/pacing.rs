//! How long a media thread rests between two looks at its sockets. Pure.
//!
//! Waking a thread costs more than relaying a packet. With few calls every packet wakes it and passes at once; with many
//! it rests for up to a millisecond while packets gather, as network cards moderate their interrupts. Nobody hears a
//! millisecond: packets stand for twenty, and the network's own trembling is larger.

use core::time::Duration;

/// Packets that one look should find. Beyond, the wake is a small part of what they cost.
const BATCH: u32 = 8;
/// Longest rest: what a packet is delayed at most, beside its turn.
const LONGEST: Duration = Duration::from_micros(1_000);
/// Shorter rests are not worth their timer: the kernel lets a sleeper sleep 50 µs longer than it asked.
const SHORTEST: Duration = Duration::from_micros(50);
/// A rest must gather at least so many packets, or it delays them for nothing.
const WORTHWHILE: u32 = 4;

/// Counts packets and decides on rests.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// Packets since the last tick.
    counted: u32,
    rest: Option<Duration>,
}

impl Pacing {
    /// A tick of length `tick` is over: the next rests follow from its packets.
    pub(super) fn tick(&mut self, tick: Duration) {
        let counted = core::mem::take(&mut self.counted);
        self.rest = rest(counted, tick);
    }

    /// A look found `packets`; the rest that should follow it, if any.
    pub(super) fn after(&mut self, packets: u32) -> Option<Duration> {
        self.counted = self.counted.saturating_add(packets);
        // Nothing came: the wait for the next packet is rest enough. So many came: we are behind.
        self.rest.filter(|_| (1..BATCH).contains(&packets))
    }
}

fn rest(packets: u32, tick: Duration) -> Option<Duration> {
    let gathers = tick.checked_div(packets)?.saturating_mul(BATCH).min(LONGEST);
    let worthwhile = gathers.saturating_mul(packets) >= tick.saturating_mul(WORTHWHILE);
    (worthwhile && gathers >= SHORTEST).then_some(gathers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(20);

    /// Packets of a tick, one each 20 ms and way.
    fn calls(count: u32) -> u32 {
        count * 2
    }

    #[test]
    fn few_calls_are_relayed_at_once_and_many_in_batches_within_a_millisecond() {
        assert_eq!(rest(calls(0), TICK), None);
        assert_eq!(rest(calls(30), TICK), None);
        assert_eq!(rest(calls(50), TICK), Some(LONGEST));
        assert_eq!(rest(calls(100), TICK), Some(TICK / 25));
        assert_eq!(rest(calls(400), TICK), Some(TICK / 100));
        assert_eq!(rest(calls(5_000), TICK), None, "there is always a batch waiting");
    }

    #[test]
    fn a_thread_that_is_behind_or_has_nothing_to_do_does_not_rest() {
        let mut pacing = Pacing::default();
        assert_eq!(pacing.after(calls(100)), None, "nothing is known yet");
        pacing.tick(TICK);
        assert_eq!(pacing.after(1), Some(TICK / 25));
        assert_eq!(pacing.after(0), None);
        assert_eq!(pacing.after(BATCH), None);
        pacing.tick(TICK);
        assert_eq!(pacing.after(1), None, "the calls have ended");
    }
}
