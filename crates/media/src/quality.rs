//! Speech quality as people would rate it: the E-model (ITU-T G.107) reduced to what RTCP shows.

use core::time::Duration;

use crate::codec::Codec;

/// Rating of an undisturbed narrow-band call.
const BEST_RATING: f32 = 93.2;

/// Delay of packetising, jitter buffer and playing at both ends, beside the network's.
const END_SYSTEMS: Duration = Duration::from_millis(60);

/// Mean opinion score, 1.0 (bad) to about 4.4. `loss` is the share of lost packets, 0.0 to 1.0.
pub fn mos(codec: Codec, round_trip: Duration, jitter_ms: f32, loss: f32) -> f32 {
    // A jitter buffer holds about twice the jitter.
    let delay_ms = (round_trip / 2 + END_SYSTEMS).as_secs_f32() * 1_000.0 + 2.0 * jitter_ms;
    let delay_impairment = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    // Impairment at no loss, and robustness to random loss (G.113 Appendix I, with concealment).
    let (equipment, robustness) = match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => (0.0, 25.1),
        Codec::Opus => (0.0, 30.0),
    };
    let loss_percent = loss.clamp(0.0, 1.0) * 100.0;
    let loss_impairment = equipment + (95.0 - equipment) * loss_percent / (loss_percent + robustness);
    let rating = (BEST_RATING - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    let score = 1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating);
    score.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_call_is_good_and_loss_and_delay_make_it_worse() {
        let clean = mos(Codec::Pcma, Duration::from_millis(40), 1.0, 0.0);
        let lossy = mos(Codec::Pcma, Duration::from_millis(40), 1.0, 0.05);
        let slow = mos(Codec::Pcma, Duration::from_millis(900), 1.0, 0.0);
        assert!(clean > 4.2, "{clean}");
        assert!(lossy < clean - 0.4 && slow < clean - 0.7, "{lossy} {slow}");
        assert!(mos(Codec::Opus, Duration::from_secs(60), 0.0, 1.0) <= 1.01);
    }
}
