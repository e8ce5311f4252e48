//! Whether a call's audio has stopped in a way that asks for a look at the network.
//!
//! Browsers say late that a way is gone: Chromium calls a connection disconnected after several checks that nobody answers, and
//! tells of another route not at all. Packets that have come every 20 ms and come no more are there to be seen at once. They do not say
//! why: the far side may be on hold, silent, or behind a line that loses. So the gateway is asked, by the connection that is
//! steered by; only one that is silent there too is taken for lost (`js/client.js`).

use sip::phone::Millis;

/// So long without a packet is more than jitter, and longer than Opus waits between two packets of a side that is silent (400 ms,
/// RFC 6716 §2.1.9).
const SILENT_MS: Millis = 500;
/// Silence says something only of a side that had sent all the time for so long: one that falls silent between its words is not
/// asked about at each of them.
const STEADY_MS: Millis = 1_000;

/// A way that is taken for lost was so when the last packet came, if that is no longer ago than the question and its answer take.
const ASKED_MS: Millis = 2_000;

/// The packets of one call, as they come.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Names the newest packet: another one is another packet.
    newest: f64,
    /// When it was first seen.
    heard: Millis,
    /// Since when there was no silence.
    steady: Millis,
}

impl Watch {
    /// Looked several times a second. True, once in a silence: the gateway is to be asked whether it is there.
    pub(crate) fn look(&mut self, now: Millis, newest: f64) -> bool {
        let was_steady = self.heard.saturating_sub(self.steady) >= STEADY_MS;
        let is_silent = now.saturating_sub(self.heard) >= SILENT_MS;
        if is_silent {
            // Counted from the next packet.
            self.steady = now;
        }
        if newest != self.newest {
            self.newest = newest;
            self.heard = now;
            return false;
        }
        is_silent && was_steady
    }

    /// Since when a way that is lost `now` carries nothing.
    pub(crate) fn lost_since(&self, now: Millis) -> Millis {
        if now.saturating_sub(self.heard) < ASKED_MS { self.heard } else { now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between two looks.
    const LOOK_MS: Millis = 200;

    /// When the gateway is asked, if packets come at these times.
    fn asked(packets: impl Iterator<Item = Millis>, until: Millis) -> Vec<Millis> {
        let packets: Vec<Millis> = packets.collect();
        let mut watch = Watch::default();
        let looks = (1..).map(|look| look * LOOK_MS).take_while(|now| *now <= until);
        looks.filter(|now| watch.look(*now, packets.iter().filter(|at| *at <= now).count() as f64)).collect()
    }

    fn every(ms: Millis, from: Millis, until: Millis) -> impl Iterator<Item = Millis> {
        (from..until).step_by(ms as usize)
    }

    #[test]
    fn packets_that_stop_are_asked_about_once_and_soon() {
        assert_eq!(asked(every(20, 0, 5_000), 60_000), [5_600]);
    }

    #[test]
    fn each_silence_is_asked_about_anew() {
        let packets = every(20, 0, 3_000).chain(every(20, 10_000, 12_000));
        assert_eq!(asked(packets, 30_000), [3_600, 12_600]);
    }

    #[test]
    fn a_short_burst_of_loss_is_no_silence() {
        let packets = every(20, 0, 3_000).chain(every(20, 3_300, 6_000)).chain(every(20, 6_280, 9_000));
        assert!(asked(packets, 9_000).is_empty());
    }

    #[test]
    fn jitter_and_heavy_loss_are_no_silence() {
        assert!(asked(every(20, 0, 20_000).map(|at| at + at * 7 % 200), 20_000).is_empty());
        assert!(asked(every(280, 0, 20_000), 20_000).is_empty());
    }

    #[test]
    fn a_side_that_sends_little_while_it_is_silent_is_never_asked_about() {
        assert!(asked(every(400, 0, 20_000), 20_000).is_empty());
        assert!(asked(every(700, 0, 20_000), 30_000).is_empty());
    }

    #[test]
    fn a_way_is_lost_since_the_last_packet_unless_the_far_side_was_silent_before() {
        let mut watch = Watch::default();
        watch.look(5_000, 1.0);
        assert_eq!(watch.lost_since(6_500), 5_000);
        assert_eq!(watch.lost_since(65_000), 65_000);
    }

    #[test]
    fn nothing_is_asked_before_anything_came() {
        assert!(asked(core::iter::empty(), 60_000).is_empty());
    }
}
