//! How an endpoint does, by its newest deliveries. Pure.

/// The last attempt of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Whether the delivery arrived.
    pub is_delivered: bool,
    /// How long the attempt took.
    pub duration_ms: i64,
}

/// What samples come to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Health {
    /// How many there are.
    pub deliveries: i64,
    /// The share that arrived, to a thousandth.
    pub success_rate: Option<f64>,
    /// Half took no longer.
    pub p50_ms: Option<i64>,
    /// 95 of 100 took no longer.
    pub p95_ms: Option<i64>,
}

impl Health {
    /// Of these deliveries.
    pub fn of(samples: &[Sample]) -> Self {
        let mut durations: Vec<_> = samples.iter().map(|sample| sample.duration_ms).collect();
        durations.sort_unstable();
        let total = samples.len();
        let delivered = samples.iter().filter(|sample| sample.is_delivered).count();
        let thousandths = (delivered * 1_000).checked_div(total);
        Self {
            deliveries: i64::try_from(total).unwrap_or(i64::MAX),
            success_rate: thousandths
                .and_then(|share| u32::try_from(share).ok())
                .map(|share| f64::from(share) / 1_000.0),
            p50_ms: percentile(&durations, 50),
            p95_ms: percentile(&durations, 95),
        }
    }
}

/// The smallest that so many of 100 do not exceed.
fn percentile(sorted: &[i64], of_100: usize) -> Option<i64> {
    let rank = (sorted.len() * of_100).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_percentiles_are_those_of_the_samples() {
        let samples: Vec<_> = (1..=100).map(|ms| Sample { is_delivered: ms > 3, duration_ms: ms }).collect();
        let health = Health::of(&samples);
        assert_eq!((health.deliveries, health.success_rate), (100, Some(0.97)));
        assert_eq!((health.p50_ms, health.p95_ms), (Some(50), Some(95)));
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(Health::of(&[]), Health::default());
        let one = Health::of(&[Sample { is_delivered: false, duration_ms: 7 }]);
        assert_eq!((one.success_rate, one.p50_ms, one.p95_ms), (Some(0.0), Some(7), Some(7)));
    }
}
