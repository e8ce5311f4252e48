//! How much is said to strangers: their requests are answered without state, and only so often in all.

use std::time::Duration;

/// Answers to datagrams of strangers in one second. Phones that begin and monitors that look stay far below it; a flood from
/// many (forged) addresses, each of which may fail a few times, draws no more than this, and costs no more.
const ANSWERS_PER_SECOND: u32 = 1_000;
const SECOND: Duration = Duration::from_secs(1);

/// What is left of this second's answers.
#[derive(Debug)]
pub(super) struct Answers {
    since: Duration,
    left: u32,
}

impl Default for Answers {
    fn default() -> Self {
        Self { since: Duration::ZERO, left: ANSWERS_PER_SECOND }
    }
}

impl Answers {
    /// Takes one. False: there is none left.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        if now.saturating_sub(self.since) >= SECOND {
            *self = Self { since: now, left: ANSWERS_PER_SECOND };
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_answers_and_the_next_as_many() {
        let mut answers = Answers::default();
        for second in 1..4_u32 {
            let given = (0..20_000).filter(|_| answers.take(SECOND * second)).count();
            assert_eq!(given, ANSWERS_PER_SECOND as usize);
        }
    }
}
