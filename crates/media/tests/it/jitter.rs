//! The jitter buffer over minutes of a line that is late at random: what nobody hears of it, and what a pause of the sender costs.

use core::time::Duration;

use media::{
    jitter::{JitterBuffer, Pull},
    rtp::Header,
};
use proptest::prelude::*;

const PACKET_MS: u64 = 20;
/// What the buffer holds at most (`MAX_DEPTH`).
const DEPTH_MS: u64 = 200;
/// The depth has grown by then.
const SETTLED_MS: u64 = 5_000;
const LASTS_MS: u64 = 60_000;

/// Packets of a call by when they come: the sender stands still for `pause_ms` in the middle and goes on where it stopped, then each is
/// late by its own time of `late_ms`.
fn arrivals(late_ms: &[u64], pause_ms: u64) -> Vec<(u64, u16)> {
    let mut arrivals: Vec<_> = (0..)
        .zip(late_ms)
        .map(|(number, late_ms)| {
            let sent_ms = u64::from(number) * PACKET_MS;
            (sent_ms + if sent_ms < LASTS_MS / 2 { 0 } else { pause_ms } + late_ms, number)
        })
        .collect();
    arrivals.sort_unstable();
    arrivals
}

/// The longest time without a packet to play, in milliseconds, once the buffer has settled.
fn longest_gap_ms(arrivals: &[(u64, u16)]) -> u64 {
    let mut buffer = JitterBuffer::new(8_000);
    let mut coming = arrivals.iter().peekable();
    let (mut gap_ms, mut longest_ms) = (0, 0);
    for now_ms in (0..LASTS_MS - DEPTH_MS).step_by(PACKET_MS as usize) {
        while let Some((at_ms, sequence)) = coming.next_if(|(at_ms, _)| *at_ms <= now_ms) {
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: *sequence,
                timestamp: u32::from(*sequence) * 160,
                ssrc: 1,
            };
            buffer.insert(Duration::from_millis(*at_ms), header, &[0]);
        }
        gap_ms = if matches!(buffer.pull(), Pull::Packet(_)) { 0 } else { gap_ms + PACKET_MS };
        if now_ms >= SETTLED_MS {
            longest_ms = longest_ms.max(gap_ms);
        }
    }
    longest_ms
}

fn lateness() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0..=DEPTH_MS, (LASTS_MS / PACKET_MS) as usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn lateness_up_to_the_depth_is_not_heard(late_ms in lateness()) {
        prop_assert!(longest_gap_ms(&arrivals(&late_ms, 0)) <= PACKET_MS);
    }

    #[test]
    fn a_pause_of_the_sender_costs_its_own_length_and_one_filling(late_ms in lateness(), pause_ms in 0_u64..1_000) {
        let gap_ms = longest_gap_ms(&arrivals(&late_ms, pause_ms));
        prop_assert!(gap_ms <= pause_ms + DEPTH_MS, "{gap_ms} ms of {pause_ms} ms");
    }
}
