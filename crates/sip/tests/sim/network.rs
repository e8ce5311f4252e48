//! The network between the agents: delay, loss, duplication and reordering from a seed.

use core::time::Duration;

/// What the network does to datagrams. Probabilities in percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) duplicate: u64,
    /// One-way delay is between these; a wide range reorders.
    pub(crate) delay: (Duration, Duration),
}

impl Weather {
    /// Every datagram arrives once, in order, after 20 ms.
    pub(crate) const CLEAR: Self =
        Self { loss: 0, duplicate: 0, delay: (Duration::from_millis(20), Duration::from_millis(20)) };

    /// 30 % lost, 10 % doubled, delays that overtake each other and the shortest retransmission.
    pub(crate) const STORM: Self =
        Self { loss: 30, duplicate: 10, delay: (Duration::from_millis(5), Duration::from_millis(700)) };
}

/// A small seeded generator (SplitMix64): the simulation must replay exactly.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn between(&mut self, (low, high): (Duration, Duration)) -> Duration {
        let span = u64::try_from((high - low).as_micros()).unwrap();
        low + Duration::from_micros(self.below(span + 1))
    }
}

/// The arrival delays of the copies of one datagram; empty when it is lost.
pub(crate) fn copies(weather: Weather, dice: &mut Dice) -> Vec<Duration> {
    let count = if dice.percent(weather.loss) { 0 } else { 1 + usize::from(dice.percent(weather.duplicate)) };
    (0..count).map(|_| dice.between(weather.delay)).collect()
}
