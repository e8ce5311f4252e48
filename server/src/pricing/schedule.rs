//! The prices of one destination over time, and what a list that is wanted does to them. Pure.
//!
//! Of several prices in force the newest counts, so that a promotion lies over the price for good and goes by itself. A price
//! that is wanted from a moment on counts alone from then: whatever lies below ends with it. What begins later stays, unless
//! the file is the whole list.

use std::collections::{HashMap, HashSet};

use sautikit_api::ids::{PriceId, WorkspaceId};
use sautikit_api::money::Currency;

use super::import::{Change, Difference, Wanted};
use super::store::PriceRow;
use crate::rating::Rate;

/// Whose price of what: a workspace's own or everybody's, currency, prefix.
pub(super) type Key = (Option<WorkspaceId>, Currency, String);

/// A price that begins. Moments in microseconds UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addition {
    pub(super) key: Key,
    pub(super) rate: Rate,
    pub(super) valid_from: i64,
    pub(super) valid_until: Option<i64>,
}

/// What a list that is wanted does to the prices that there are. No price is named twice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// In the file's order; then what ends because the file does not name it.
    pub(super) differences: Vec<Difference>,
    /// Which prices end, and when: microseconds UTC.
    pub(super) ends: Vec<(PriceId, i64)>,
    /// Prices that will never have counted.
    pub(super) drops: Vec<PriceId>,
    pub(super) adds: Vec<Addition>,
}

/// A price of the destination at hand: one that there is, or one that is being added.
#[derive(Debug, Clone)]
struct Entry {
    id: Option<PriceId>,
    rate: Rate,
    from: i64,
    until: Option<i64>,
    /// As it was written.
    until_before: Option<i64>,
}

impl Entry {
    fn of(price: &PriceRow) -> Self {
        let until = price.valid_until;
        Self { id: Some(price.id), rate: price.rate, from: price.valid_from, until, until_before: until }
    }

    fn new(wanted: &Wanted) -> Self {
        Self { id: None, rate: wanted.rate, from: wanted.valid_from, until: None, until_before: None }
    }

    fn lasts_beyond(&self, at_us: i64) -> bool {
        self.until.is_none_or(|until| until > at_us)
    }
}

/// The prices of one destination.
struct Schedule {
    entries: Vec<Entry>,
    drops: Vec<PriceId>,
}

impl Schedule {
    fn of(prices: &[&PriceRow]) -> Self {
        Self { entries: prices.iter().map(|price| Entry::of(price)).collect(), drops: Vec::new() }
    }

    /// Of several that are in force the newest counts.
    fn in_force(&self, at_us: i64) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.from <= at_us && entry.lasts_beyond(at_us))
            .max_by_key(|entry| entry.from)
    }

    /// Ends whatever is in force at the moment; what would begin then is dropped.
    fn clear(&mut self, at_us: i64) {
        for entry in &mut self.entries {
            if entry.from < at_us && entry.lasts_beyond(at_us) {
                entry.until = Some(at_us);
            }
        }
        self.drop_those(|entry| entry.from == at_us);
    }

    fn drop_those(&mut self, is_dropped: impl Fn(&Entry) -> bool) {
        let (dropped, kept) = std::mem::take(&mut self.entries).into_iter().partition::<Vec<_>, _>(is_dropped);
        self.entries = kept;
        self.drops.extend(dropped.into_iter().filter_map(|entry| entry.id));
    }

    /// The price counts from its moment on.
    fn want(&mut self, wanted: &Wanted) -> Difference {
        let before = self.in_force(wanted.valid_from).cloned();
        let change = match &before {
            None => Change::Added,
            // One that ends some day is another than one for good.
            Some(before) if before.rate == wanted.rate && before.until.is_none() => Change::Unchanged,
            Some(_) => Change::Changed,
        };
        if change != Change::Unchanged {
            self.clear(wanted.valid_from);
            self.entries.push(Entry::new(wanted));
        }
        Difference {
            line: Some(wanted.line),
            change,
            key: wanted.key(),
            from: wanted.valid_from,
            before: before.map(|before| before.rate),
            after: Some(wanted.rate),
        }
    }

    /// From the moment on only what is named begins. Tells what ends thereby.
    fn keep_only(&mut self, key: &Key, named: &HashSet<i64>, at_us: i64) -> Vec<Difference> {
        let mut ended = Vec::new();
        let mut end = |from: i64, rate: Rate| {
            ended.push(Difference {
                line: None,
                change: Change::Ended,
                key: key.clone(),
                from,
                before: Some(rate),
                after: None,
            });
        };
        if named.is_empty() {
            if let Some(before) = self.in_force(at_us) {
                end(at_us, before.rate);
            }
            self.clear(at_us);
        }
        let is_planned = |entry: &Entry| entry.id.is_some() && entry.from > at_us && !named.contains(&entry.from);
        let mut planned: Vec<_> = self.entries.iter().filter(|entry| is_planned(entry)).collect();
        planned.sort_by_key(|entry| entry.from);
        planned.iter().for_each(|entry| end(entry.from, entry.rate));
        self.drop_those(is_planned);
        ended
    }

    fn into_plan(self, key: &Key, plan: &mut Plan) {
        plan.drops.extend(self.drops);
        for entry in self.entries {
            match (entry.id, entry.until) {
                (Some(id), Some(until)) if entry.until_before != Some(until) => plan.ends.push((id, until)),
                (Some(_), _) => {}
                (None, until) => plan.adds.push(Addition {
                    key: key.clone(),
                    rate: entry.rate,
                    valid_from: entry.from,
                    valid_until: until,
                }),
            }
        }
    }
}

/// How what is wanted differs from what there is, and what brings it about. With `is_whole_list` prices that the file does not
/// name end at `default_from`, and what was planned for later with them: of the workspaces and currencies that it does name.
pub(super) fn plan(there: &[PriceRow], wanted: &[Wanted], is_whole_list: bool, default_from: i64) -> Plan {
    let mut prices: HashMap<Key, Vec<&PriceRow>> = HashMap::new();
    for price in there {
        prices.entry((price.workspace_id, price.currency, price.prefix.clone())).or_default().push(price);
    }
    let mut asked: HashMap<Key, Vec<&Wanted>> = HashMap::new();
    for price in wanted {
        asked.entry(price.key()).or_default().push(price);
    }
    let lists: HashSet<_> = asked.keys().map(|(workspace_id, currency, _)| (*workspace_id, *currency)).collect();
    let is_of_the_lists = |key: &&Key| is_whole_list && lists.contains(&(key.0, key.1));
    let mut keys: Vec<_> = asked.keys().chain(prices.keys().filter(is_of_the_lists)).cloned().collect();
    keys.sort_by(|(owner, currency, prefix), other| {
        (owner, currency.code(), prefix).cmp(&(&other.0, other.1.code(), &other.2))
    });
    keys.dedup();

    let mut plan = Plan::default();
    let mut ended = Vec::new();
    for key in &keys {
        let mut schedule = Schedule::of(prices.get(key).map_or(&[], Vec::as_slice));
        let mut asked = asked.remove(key).unwrap_or_default();
        asked.sort_by_key(|wanted| wanted.valid_from);
        if is_whole_list {
            let named = asked.iter().map(|wanted| wanted.valid_from).collect();
            ended.extend(schedule.keep_only(key, &named, default_from));
        }
        plan.differences.extend(asked.iter().map(|wanted| schedule.want(wanted)));
        schedule.into_plan(key, &mut plan);
    }
    plan.differences.sort_by_key(|difference| difference.line);
    plan.differences.extend(ended);
    plan
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;
    const DAY: i64 = 86_400_000_000;

    fn id(id: u128) -> PriceId {
        PriceId(Uuid::from_u128(id))
    }

    fn row(number: u128, prefix: &str, minor: i64, valid_from: i64, valid_until: Option<i64>) -> PriceRow {
        PriceRow {
            id: id(number),
            workspace_id: None,
            currency: Currency::KES,
            prefix: prefix.to_owned(),
            rate: Rate::per_minute_minor(minor),
            valid_from,
            valid_until,
            created_at: valid_from,
        }
    }

    fn wanted(line: u64, prefix: &str, minor: i64, valid_from: i64) -> Wanted {
        Wanted {
            line,
            workspace_id: None,
            currency: Currency::KES,
            prefix: prefix.to_owned(),
            rate: Rate::per_minute_minor(minor),
            valid_from,
        }
    }

    fn changes(plan: &Plan) -> Vec<(Option<u64>, Change, &str)> {
        plan.differences.iter().map(|one| (one.line, one.change, one.key.2.as_str())).collect()
    }

    /// What counts after the plan is carried out, in minor units per minute.
    fn counts(there: &[PriceRow], plan: &Plan, prefix: &str, at_us: i64) -> Option<i64> {
        let mut after: Vec<_> = there.iter().filter(|price| !plan.drops.contains(&price.id)).cloned().collect();
        for (id, until) in &plan.ends {
            let price = after.iter_mut().find(|price| price.id == *id).expect("what ends is there");
            assert!(*until > price.valid_from, "what ends has counted");
            price.valid_until = Some(*until);
        }
        after.extend(
            plan.adds
                .iter()
                .map(|add| PriceRow { rate: add.rate, ..row(0, &add.key.2, 0, add.valid_from, add.valid_until) }),
        );
        let newest = after.iter().filter(|price| price.prefix == prefix && price.counts_at(at_us));
        newest.max_by_key(|price| price.valid_from).map(|price| price.rate.per_minute_e4 / 10_000)
    }

    #[test]
    fn lines_are_added_changed_or_the_same() {
        let there = [
            row(1, "254", 300, 0, None),
            row(2, "255", 900, 0, None),
            row(3, "256", 500, 0, Some(5)),
            row(4, "257", 500, 0, None),
        ];
        let asked = [wanted(2, "254", 300, NOW), wanted(3, "255", 850, NOW), wanted(4, "256", 500, NOW)];
        let named =
            [(Some(2), Change::Unchanged, "254"), (Some(3), Change::Changed, "255"), (Some(4), Change::Added, "256")];
        assert_eq!(changes(&plan(&there, &asked, false, NOW)), named);
        let whole = plan(&there, &asked, true, NOW);
        assert_eq!(changes(&whole), [named.as_slice(), &[(None, Change::Ended, "257")]].concat());
        assert_eq!(whole.ends, [(id(2), NOW), (id(4), NOW)]);
    }

    #[test]
    fn a_file_ends_nothing_of_currencies_that_it_does_not_name() {
        let there = [PriceRow { currency: Currency::UGX, ..row(1, "254", 300, 0, None) }];
        assert_eq!(plan(&there, &[wanted(2, "255", 3, NOW)], true, NOW).differences.len(), 1);
    }

    #[test]
    fn a_price_that_would_begin_at_the_same_moment_is_dropped() {
        let there = [row(1, "254", 300, 0, Some(NOW + 9)), row(2, "254", 350, NOW + 9, None)];
        let plan = plan(&there, &[wanted(2, "254", 400, NOW + 9)], false, NOW);
        assert_eq!((plan.ends.as_slice(), plan.drops.as_slice()), ([].as_slice(), [id(2)].as_slice()));
        assert_eq!(plan.differences[0].before, Some(Rate::per_minute_minor(350)));
    }

    #[test]
    fn a_promotion_and_the_price_below_it_end_together() {
        let there = [row(1, "254", 300, 0, None), row(2, "254", 200, DAY, Some(NOW + DAY))];
        let plan = plan(&there, &[wanted(2, "254", 250, NOW)], false, NOW);
        for at_us in [NOW, NOW + DAY, NOW + 9 * DAY] {
            assert_eq!(counts(&there, &plan, "254", at_us), Some(250));
        }
        assert_eq!(plan.ends, [(id(1), NOW), (id(2), NOW)]);
    }

    #[test]
    fn what_is_planned_stays_unless_the_file_is_the_whole_list() {
        let there =
            [row(1, "254", 300, 0, None), row(2, "254", 350, NOW + DAY, None), row(3, "255", 900, NOW + DAY, None)];
        let asked = [wanted(2, "254", 250, NOW)];
        let some = plan(&there, &asked, false, NOW);
        assert_eq!(counts(&there, &some, "254", NOW + 2 * DAY), Some(350));
        let whole = plan(&there, &asked, true, NOW);
        assert_eq!(counts(&there, &whole, "254", NOW + 2 * DAY), Some(250));
        assert_eq!(counts(&there, &whole, "255", NOW + 2 * DAY), None);
        let ended = [(None, Change::Ended, "254"), (None, Change::Ended, "255")];
        assert_eq!(changes(&whole)[1..], ended);
    }

    #[test]
    fn prices_of_one_destination_follow_each_other() {
        let there = [row(1, "254", 300, 0, None)];
        let asked = [wanted(2, "254", 500, NOW + 2 * DAY), wanted(3, "254", 400, NOW + DAY)];
        let plan = plan(&there, &asked, false, NOW);
        let seen: Vec<_> = (0..3).map(|day| counts(&there, &plan, "254", NOW + day * DAY)).collect();
        assert_eq!(seen, [Some(300), Some(400), Some(500)]);
        assert_eq!(plan.ends, [(id(1), NOW + DAY)]);
        assert_eq!(plan.differences[0].before, Some(Rate::per_minute_minor(400)), "the line before it counts");
    }

    #[test]
    fn a_changed_minimum_is_a_change() {
        let there = [row(1, "254", 300, 0, None)];
        let rate = Rate { minimum_seconds: 60, ..Rate::per_minute_minor(300) };
        let plan = plan(&there, &[Wanted { rate, ..wanted(2, "254", 300, NOW) }], false, NOW);
        assert_eq!(plan.differences[0].change, Change::Changed);
    }
}
