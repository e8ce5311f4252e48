//! A price list from a file: what it asks for, and how that differs from what there is. Pure.

use std::collections::{HashMap, HashSet};

use sautikit_api::ids::{PriceId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::supply::LineError;

use super::store::PriceRow;
use super::terms;
use crate::lines::{self, Line};
use crate::rating::Rate;

const NEEDED: &[&str] = &["prefix", "currency", "per_minute"];
const OPTIONAL: &[&str] = &["minimum_seconds", "increment_seconds", "valid_from", "workspace_id", "destination"];

/// Whose price of what: a workspace's own or everybody's, currency, prefix.
type Key = (Option<WorkspaceId>, Currency, String);

/// What an import does to a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    Added,
    /// There was another.
    Changed,
    /// There is none any more.
    Ended,
    /// There is the same.
    Unchanged,
}

impl Change {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Added, Self::Changed, Self::Ended, Self::Unchanged];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Ended => "ended",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A price that a file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) line: u64,
    pub(super) workspace_id: Option<WorkspaceId>,
    pub(super) currency: Currency,
    pub(super) prefix: String,
    pub(super) rate: Rate,
    /// Microseconds UTC.
    pub(super) valid_from: i64,
}

impl Wanted {
    fn key(&self) -> Key {
        (self.workspace_id, self.currency, self.prefix.clone())
    }
}

/// One price before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// None for a price that the file does not name.
    pub(super) line: Option<u64>,
    pub(super) change: Change,
    pub(super) key: Key,
    /// From when: microseconds UTC.
    pub(super) from: i64,
    pub(super) before: Option<Rate>,
    pub(super) after: Option<Rate>,
    /// The price that ends then; with one that would begin at the same moment, which never counts.
    pub(super) ends: Option<PriceId>,
    pub(super) drops: Option<PriceId>,
}

/// What the file asks for, with every mistake. `default_from` is for lines that do not say from when they count.
pub(super) fn read(csv: &str, default_from: i64, now_us: i64) -> (Vec<Wanted>, Vec<LineError>) {
    let lines = match lines::read(csv, NEEDED, OPTIONAL) {
        Ok(lines) => lines,
        Err(error) => return (Vec::new(), vec![error]),
    };
    let (mut wanted, mut errors) = (Vec::new(), Vec::new());
    let mut seen: HashMap<(Key, i64), u64> = HashMap::new();
    for line in lines {
        match one(&line, default_from, now_us) {
            Ok(price) => match seen.insert((price.key(), price.valid_from), line.number) {
                Some(before) => {
                    let message = format!("{} stands in line {before} already.", price.prefix);
                    errors.push(line.error("prefix", message));
                }
                None => wanted.push(price),
            },
            Err(error) => errors.push(error),
        }
    }
    (wanted, errors)
}

fn one(line: &Line, default_from: i64, now_us: i64) -> Result<Wanted, LineError> {
    let prefix = terms::prefix(line.get("prefix")).map_err(|message| line.error("prefix", message))?;
    let currency = Currency::parse(&line.get("currency").to_uppercase());
    let currency = currency.ok_or_else(|| line.error("currency", "Give a currency such as KES."))?;
    let written = line.get("per_minute");
    let per_minute_e4 = currency.parse_e4(written).ok_or_else(|| {
        let message = format!("`{written}` is no price per minute; write it as {}.", currency.format_e4(30_000));
        line.error("per_minute", message)
    })?;
    let seconds = |column: &str| match line.get(column) {
        "" => Ok(0),
        text => text.parse::<i64>().map_err(|_| line.error(column, format!("`{text}` is no number of seconds."))),
    };
    let rate = terms::rate(per_minute_e4, seconds("minimum_seconds")?, seconds("increment_seconds")?);
    let rate = rate.map_err(|(field, message)| {
        let column = match field {
            "per_min_e4" => "per_minute",
            "billing_increment_seconds" => "increment_seconds",
            _ => "minimum_seconds",
        };
        line.error(column, message)
    })?;
    let valid_from = match line.get("valid_from") {
        "" => default_from,
        text => terms::moment("valid_from", text, now_us).map_err(|message| line.error("valid_from", message))?,
    };
    let workspace_id = match line.get("workspace_id") {
        "" => None,
        text => Some(text.parse().map_err(|_| line.error("workspace_id", "Give a workspace's id, or nothing."))?),
    };
    Ok(Wanted { line: line.number, workspace_id, currency, prefix, rate, valid_from })
}

/// How what is wanted differs from what there is, in the file's order; then what ends because the file does not name it, where
/// that is asked for, at `default_from`.
pub(super) fn differences(
    there: &[PriceRow],
    wanted: &[Wanted],
    ends_missing: bool,
    default_from: i64,
) -> Vec<Difference> {
    let mut by_key: HashMap<Key, Vec<&PriceRow>> = HashMap::new();
    for price in there {
        by_key.entry((price.workspace_id, price.currency, price.prefix.clone())).or_default().push(price);
    }
    let none = Vec::new();
    let of_key = |key: &Key| by_key.get(key).unwrap_or(&none);
    let mut all: Vec<_> = wanted.iter().map(|price| difference(price, of_key(&price.key()))).collect();
    if ends_missing {
        let named: HashSet<Key> = wanted.iter().map(Wanted::key).collect();
        let lists: HashSet<_> = wanted.iter().map(|price| (price.workspace_id, price.currency)).collect();
        let mut missing: Vec<_> = by_key.iter().filter(|(key, _)| !named.contains(*key)).collect();
        missing.retain(|(key, _)| lists.contains(&(key.0, key.1)));
        missing.sort_by(|one, other| (one.0.1.code(), &one.0.2).cmp(&(other.0.1.code(), &other.0.2)));
        all.extend(missing.into_iter().filter_map(|(key, prices)| ended(key, prices, default_from)));
    }
    all
}

/// Of several that are in force the newest counts.
fn in_force<'a>(prices: &[&'a PriceRow], at_us: i64) -> Option<&'a PriceRow> {
    prices.iter().filter(|price| price.counts_at(at_us)).max_by_key(|price| price.valid_from).copied()
}

fn difference(wanted: &Wanted, prices: &[&PriceRow]) -> Difference {
    let before = in_force(prices, wanted.valid_from);
    let change = match before {
        None => Change::Added,
        // One that ends some day is another than one for good.
        Some(before) if before.rate == wanted.rate && before.valid_until.is_none() => Change::Unchanged,
        Some(_) => Change::Changed,
    };
    let replaced = before.filter(|_| change == Change::Changed);
    let begins_then = replaced.filter(|price| price.valid_from == wanted.valid_from);
    Difference {
        line: Some(wanted.line),
        change,
        key: wanted.key(),
        from: wanted.valid_from,
        before: before.map(|price| price.rate),
        after: Some(wanted.rate),
        ends: replaced.filter(|price| price.valid_from < wanted.valid_from).map(|price| price.id),
        drops: begins_then.map(|price| price.id),
    }
}

fn ended(key: &Key, prices: &[&PriceRow], at_us: i64) -> Option<Difference> {
    let before = in_force(prices, at_us)?;
    let begins_then = before.valid_from == at_us;
    Some(Difference {
        line: None,
        change: Change::Ended,
        key: key.clone(),
        from: at_us,
        before: Some(before.rate),
        after: None,
        ends: (!begins_then).then_some(before.id),
        drops: begins_then.then_some(before.id),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    fn row(id: u128, prefix: &str, minor: i64, valid_from: i64, valid_until: Option<i64>) -> PriceRow {
        PriceRow {
            id: PriceId(Uuid::from_u128(id)),
            workspace_id: None,
            currency: Currency::KES,
            prefix: prefix.to_owned(),
            rate: Rate::per_minute_minor(minor),
            valid_from,
            valid_until,
            created_at: valid_from,
        }
    }

    fn of(csv: &str, there: &[PriceRow], ends_missing: bool) -> Vec<(Option<u64>, Change, String)> {
        let (wanted, errors) = read(csv, NOW, NOW);
        assert!(errors.is_empty(), "{errors:?}");
        let all = differences(there, &wanted, ends_missing, NOW);
        all.into_iter().map(|one| (one.line, one.change, one.key.2)).collect()
    }

    #[test]
    fn lines_are_added_changed_or_the_same() {
        let there = [
            row(1, "254", 300, 0, None),
            row(2, "255", 900, 0, None),
            row(3, "256", 500, 0, Some(5)),
            row(4, "257", 500, 0, None),
        ];
        let csv = "prefix,currency,per_minute\n254,KES,3.00\n255,KES,8.50\n256,KES,5.00\n";
        let named = [
            (Some(2), Change::Unchanged, "254".to_owned()),
            (Some(3), Change::Changed, "255".to_owned()),
            (Some(4), Change::Added, "256".to_owned()),
        ];
        assert_eq!(of(csv, &there, false), named);
        let mut with_ends = named.to_vec();
        with_ends.push((None, Change::Ended, "257".to_owned()));
        assert_eq!(of(csv, &there, true), with_ends);
    }

    #[test]
    fn a_file_ends_nothing_of_currencies_that_it_does_not_name() {
        let there = [PriceRow { currency: Currency::UGX, ..row(1, "254", 300, 0, None) }];
        assert_eq!(of("prefix,currency,per_minute\n255,KES,3\n", &there, true).len(), 1);
    }

    #[test]
    fn a_price_that_would_begin_at_the_same_moment_is_dropped() {
        let (wanted, _) = read("prefix,currency,per_minute\n254,KES,4\n", NOW + 9, NOW);
        let there = [row(1, "254", 300, 0, Some(NOW + 9)), row(2, "254", 350, NOW + 9, None)];
        let difference = differences(&there, &wanted, false, NOW).remove(0);
        assert_eq!((difference.ends, difference.drops), (None, Some(PriceId(Uuid::from_u128(2)))));
        assert_eq!(difference.before, Some(Rate::per_minute_minor(350)));
    }

    #[test]
    fn a_changed_minimum_is_a_change() {
        let there = [row(1, "254", 300, 0, None)];
        let csv = "prefix,currency,per_minute,minimum_seconds,increment_seconds\n254,KES,3,60,1\n";
        assert_eq!(of(csv, &there, false)[0].1, Change::Changed);
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_column() {
        let csv = "Prefix,Currency,Per Minute,Minimum Seconds,Increment Seconds,Valid From,Workspace id\n\
            254,KES,3.00,,,,\n0254,KES,3,,,,\n255,EUR,3,,,,\n256,UGX,free,,,,\n257,KES,3,60,7,,\n258,KES,3,,x,,\n\
            259,KES,3,,,2001-01-01,\n260,KES,3,,,,mine\n254,KES,4.00,,,,\n";
        let (wanted, errors) = read(csv, NOW, NOW);
        let places: Vec<_> = errors.iter().map(|error| (error.line, error.column.as_deref().unwrap())).collect();
        let expected = [
            (3, "prefix"),
            (4, "currency"),
            (5, "per_minute"),
            (6, "minimum_seconds"),
            (7, "increment_seconds"),
            (8, "valid_from"),
            (9, "workspace_id"),
            (10, "prefix"),
        ];
        assert_eq!((wanted.len(), places.as_slice()), (1, expected.as_slice()));
    }
}
