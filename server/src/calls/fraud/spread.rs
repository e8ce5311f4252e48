//! Whether the outbound calls of a workspace spread as in an attack. Pure: calls and time in, a finding out.
//!
//! Toll fraud shows in where calls go: many numbers abroad, countries never called before, blocks of numbers dialled through,
//! dear calls that nobody means to talk on. Each is counted over an hour and compared with the workspace's own busiest hour
//! of 30 days, and with a figure below which nothing is unusual. Calls at home at ordinary prices are not kept at all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use sautikit_api::ids::LegRecordId;
use serde::Serialize;

use crate::config::Fraud;

/// What is counted together.
pub const WINDOW_US: i64 = 3_600 * 1_000_000;
/// An answered call that ended sooner was not for talking.
pub const SHORT_US: i64 = 15 * 1_000_000;
/// Calls that are kept of a workspace's last hour: with more the oldest go, long after any figure was passed.
pub const MOST_KEPT: usize = 4_096;
/// Numbers that differ in so many last digits only are one block.
const BLOCK_DIGITS: usize = 2;

/// An outbound call to a telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its leg.
    pub leg: LegRecordId,
    /// When it began, in microseconds UTC.
    pub at_us: i64,
    /// Whom it calls, E.164.
    pub e164: String,
    /// Where that is; none for networks of no country.
    pub country: Option<String>,
    /// Whether that is not the workspace's own country.
    pub is_abroad: bool,
    /// Whether it costs many times what a call at home costs.
    pub is_dear: bool,
    /// How long it was answered, in microseconds, once it is over; 0 for never.
    pub talked_us: Option<i64>,
}

impl Attempt {
    /// Whether it says anything about fraud.
    pub fn counts(&self) -> bool {
        self.is_abroad || self.is_dear
    }
}

/// What can be unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Many different numbers abroad.
    DestinationsAbroad,
    /// Many countries that were not called before.
    NewCountries,
    /// A block of dear numbers, one after the other.
    SequentialNumbers,
    /// Many dear calls without talk.
    ShortCalls,
}

impl Reason {
    /// Every one.
    pub const ALL: [Self; 4] =
        [Self::DestinationsAbroad, Self::NewCountries, Self::SequentialNumbers, Self::ShortCalls];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DestinationsAbroad => "destinations_abroad",
            Self::NewCountries => "new_countries",
            Self::SequentialNumbers => "sequential_numbers",
            Self::ShortCalls => "short_calls",
        }
    }

    /// In words, for whoever is told.
    pub const fn says(self) -> &'static str {
        match self {
            Self::DestinationsAbroad => "different numbers abroad",
            Self::NewCountries => "countries that were not called before",
            Self::SequentialNumbers => "dear numbers of one block, one after the other",
            Self::ShortCalls => "dear calls without talk",
        }
    }

    /// The same in Swahili.
    pub const fn says_in_swahili(self) -> &'static str {
        match self {
            Self::DestinationsAbroad => "nambari tofauti za nje ya nchi",
            Self::NewCountries => "nchi ambazo hazikupigiwa awali",
            Self::SequentialNumbers => "nambari ghali za kundi moja, moja baada ya nyingine",
            Self::ShortCalls => "simu ghali bila mazungumzo",
        }
    }
}

/// Something unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub reason: Reason,
    /// How many there were within an hour.
    pub count: u32,
    /// From how many on it is unusual for this workspace at this time.
    pub threshold: u32,
}

/// What is counted of an hour, but for new countries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Different numbers abroad.
    pub destinations_abroad: u32,
    /// Different dear numbers of the fullest block.
    pub sequential_numbers: u32,
    /// Dear calls without talk.
    pub short_calls: u32,
}

impl Figures {
    /// The greater of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            destinations_abroad: self.destinations_abroad.max(other.destinations_abroad),
            sequential_numbers: self.sequential_numbers.max(other.sequential_numbers),
            short_calls: self.short_calls.max(other.short_calls),
        }
    }
}

/// What is usual for a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Habits {
    /// Countries that it called in the last 30 days, today not counted.
    pub countries: BTreeSet<String>,
    /// Of its busiest hours in that time.
    pub busiest: Figures,
}

/// The calls of a workspace in the last hour.
#[derive(Debug, Default)]
pub struct Spread {
    attempts: VecDeque<Attempt>,
    known: HashSet<LegRecordId>,
}

impl Spread {
    /// Another call; the same leg counts once.
    pub fn note(&mut self, attempt: Attempt) {
        if !attempt.counts() || !self.known.insert(attempt.leg) {
            return;
        }
        if self.attempts.len() >= MOST_KEPT
            && let Some(oldest) = self.attempts.pop_front()
        {
            self.known.remove(&oldest.leg);
        }
        self.attempts.push_back(attempt);
    }

    /// A call is over after so long an answered time, in microseconds.
    pub fn ended(&mut self, leg: LegRecordId, talked_us: i64) {
        if let Some(attempt) = self.attempts.iter_mut().rev().find(|attempt| attempt.leg == leg) {
            attempt.talked_us.get_or_insert(talked_us);
        }
    }

    /// Forgets what began before that moment, in microseconds UTC.
    pub fn forget_before(&mut self, us: i64) {
        let known = &mut self.known;
        self.attempts.retain(|attempt| {
            let stays = attempt.at_us >= us;
            if !stays {
                known.remove(&attempt.leg);
            }
            stays
        });
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Whether the leg is one of them.
    pub fn knows(&self, leg: LegRecordId) -> bool {
        self.known.contains(&leg)
    }

    /// The countries that are called.
    pub fn countries(&self) -> BTreeSet<&str> {
        self.attempts.iter().filter(|one| one.is_abroad).filter_map(|one| one.country.as_deref()).collect()
    }

    /// What is counted.
    pub fn figures(&self) -> Figures {
        let abroad: HashSet<_> =
            self.attempts.iter().filter(|one| one.is_abroad).map(|one| one.e164.as_str()).collect();
        let mut blocks: HashMap<&str, HashSet<&str>> = HashMap::new();
        for one in self.attempts.iter().filter(|one| one.is_dear) {
            let block = one.e164.get(..one.e164.len().saturating_sub(BLOCK_DIGITS)).unwrap_or_default();
            blocks.entry(block).or_default().insert(&one.e164);
        }
        let is_short = |one: &&Attempt| one.is_dear && one.talked_us.is_some_and(|talked_us| talked_us < SHORT_US);
        Figures {
            destinations_abroad: figure(abroad.len()),
            sequential_numbers: figure(blocks.values().map(HashSet::len).max().unwrap_or(0)),
            short_calls: figure(self.attempts.iter().filter(is_short).count()),
        }
    }

    /// What is unusual, if anything is; the last hour counts alone once [`Self::forget_before`] was told so.
    pub fn finding(&self, habits: &Habits, rules: &Fraud, is_night: bool) -> Option<Finding> {
        let figures = self.figures();
        let new = self.countries().into_iter().filter(|country| !habits.countries.contains(*country)).count();
        let threshold = |floor: u32, usual: u32| {
            let floor = if is_night { floor.saturating_mul(rules.night_percent).div_ceil(100) } else { floor };
            floor.max(usual.saturating_mul(rules.times_usual)).max(1)
        };
        let usual = habits.busiest;
        let found = BTreeMap::from([
            (
                Reason::DestinationsAbroad,
                (figures.destinations_abroad, rules.destinations_abroad, usual.destinations_abroad),
            ),
            (Reason::NewCountries, (figure(new), rules.new_countries, 0)),
            (
                Reason::SequentialNumbers,
                (figures.sequential_numbers, rules.sequential_numbers, usual.sequential_numbers),
            ),
            (Reason::ShortCalls, (figures.short_calls, rules.short_calls, usual.short_calls)),
        ]);
        found.into_iter().find_map(|(reason, (count, floor, usual))| {
            let threshold = threshold(floor, usual);
            (count >= threshold).then_some(Finding { reason, count, threshold })
        })
    }
}

fn figure(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const MINUTE_US: i64 = 60 * 1_000_000;

    fn rules() -> Fraud {
        crate::config::Config::defaults().unwrap().fraud
    }

    fn attempt(number: u128, at_us: i64, e164: &str) -> Attempt {
        Attempt {
            leg: LegRecordId(Uuid::from_u128(number)),
            at_us,
            e164: e164.to_owned(),
            country: Some("TZ".to_owned()),
            is_abroad: true,
            is_dear: false,
            talked_us: None,
        }
    }

    /// So many calls a minute apart, as `make` makes them.
    fn spread(calls: u32, make: impl Fn(u32) -> Attempt) -> Spread {
        let mut spread = Spread::default();
        (0..calls).for_each(|call| spread.note(make(call)));
        spread
    }

    fn reason(spread: &Spread, habits: &Habits) -> Option<Reason> {
        spread.finding(habits, &rules(), false).map(|finding| finding.reason)
    }

    fn tanzanian() -> Habits {
        Habits { countries: BTreeSet::from(["TZ".to_owned()]), ..Habits::default() }
    }

    #[test]
    fn many_numbers_abroad_are_unusual_unless_they_are_usual() {
        let abroad = |calls| spread(calls, |call| attempt(u128::from(call), 0, &format!("+2557{:08}", call * 1_000)));
        assert_eq!(reason(&abroad(29), &tanzanian()), None);
        assert_eq!(reason(&abroad(30), &tanzanian()), Some(Reason::DestinationsAbroad));
        let busiest = Figures { destinations_abroad: 20, ..Figures::default() };
        let usual = Habits { busiest, ..tanzanian() };
        assert_eq!(reason(&abroad(59), &usual), None);
        let found = abroad(60).finding(&usual, &rules(), false).unwrap();
        assert_eq!((found.count, found.threshold), (60, 60));
    }

    #[test]
    fn one_number_called_often_is_one_destination() {
        let spread = spread(500, |call| attempt(u128::from(call), 0, "+255710000000"));
        assert_eq!(spread.figures().destinations_abroad, 1);
        assert_eq!(reason(&spread, &tanzanian()), None);
    }

    #[test]
    fn countries_that_were_never_called_add_up() {
        let codes = ["CU", "LV", "SO", "GM", "MV", "TZ"];
        let to = |call: u32| Attempt {
            country: codes.get(call as usize).map(ToString::to_string),
            ..attempt(u128::from(call), 0, &format!("+{}00000000", 200 + call))
        };
        assert_eq!(reason(&spread(4, to), &tanzanian()), None);
        assert_eq!(reason(&spread(5, to), &tanzanian()), Some(Reason::NewCountries));
    }

    #[test]
    fn a_block_of_dear_numbers_is_dialled_through_by_nobody_but_a_thief() {
        let dear = |call: u32| Attempt {
            is_dear: true,
            ..attempt(u128::from(call), 0, &format!("+2557100001{:02}", call * 3))
        };
        assert_eq!(reason(&spread(9, dear), &tanzanian()), None);
        assert_eq!(reason(&spread(10, dear), &tanzanian()), Some(Reason::SequentialNumbers));
        let cheap = |call: u32| Attempt { is_dear: false, ..dear(call) };
        assert_eq!(reason(&spread(20, cheap), &tanzanian()), None);
    }

    #[test]
    fn dear_calls_without_talk_add_up_when_they_are_over() {
        let dear = |call: u32| Attempt { is_dear: true, ..attempt(u128::from(call), 0, "+255710000000") };
        let mut ringing = spread(40, dear);
        assert_eq!(reason(&ringing, &tanzanian()), None);
        for call in 0..20 {
            ringing.ended(LegRecordId(Uuid::from_u128(call)), if call % 2 == 0 { 0 } else { SHORT_US - 1 });
        }
        assert_eq!(reason(&ringing, &tanzanian()), Some(Reason::ShortCalls));
        let mut talked = spread(40, dear);
        (0..40).for_each(|call| talked.ended(LegRecordId(Uuid::from_u128(call)), SHORT_US));
        assert_eq!(reason(&talked, &tanzanian()), None);
    }

    #[test]
    fn at_night_half_as_many_are_unusual() {
        let abroad = |calls| spread(calls, |call| attempt(u128::from(call), 0, &format!("+2557{:08}", call * 1_000)));
        assert!(abroad(14).finding(&tanzanian(), &rules(), true).is_none());
        assert!(abroad(15).finding(&tanzanian(), &rules(), true).is_some());
    }

    #[test]
    fn what_is_older_than_an_hour_counts_no_more() {
        let mut spread = spread(40, |call| {
            attempt(u128::from(call), i64::from(call) * 2 * MINUTE_US, &format!("+2557{:08}", call * 1_000))
        });
        assert!(reason(&spread, &tanzanian()).is_some());
        spread.forget_before(39 * 2 * MINUTE_US - WINDOW_US);
        assert_eq!(spread.figures().destinations_abroad, 31);
        spread.forget_before(40 * 2 * MINUTE_US);
        assert!(spread.is_empty() && !spread.knows(LegRecordId(Uuid::from_u128(39))));
    }

    proptest! {
        #[test]
        fn more_calls_never_look_better_and_memory_is_bounded(
            calls in prop::collection::vec((0..9_000_u32, any::<bool>(), any::<bool>()), 1..300), again in any::<bool>(),
        ) {
            let mut spread = Spread::default();
            let mut before = Figures::default();
            for (index, (number, is_abroad, is_dear)) in calls.into_iter().enumerate() {
                let call = Attempt {
                    is_abroad, is_dear, talked_us: Some(0), ..attempt(index as u128, 0, &format!("+25571{number:07}"))
                };
                spread.note(call.clone());
                if again {
                    spread.note(call);
                }
                let after = spread.figures();
                prop_assert_eq!(after.max(before), after);
                prop_assert!(spread.attempts.len() <= MOST_KEPT && spread.attempts.len() == spread.known.len());
                before = after;
            }
        }
    }
}
