//! A price list from a file: what it asks for. Pure. What that does to the prices that there are: `schedule.rs`.

use std::collections::HashMap;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::supply::LineError;

use super::schedule::Key;
use super::terms;
use crate::lines::{self, Line};
use crate::rating::Rate;

const NEEDED: &[&str] = &["prefix", "currency", "per_minute"];
const OPTIONAL: &[&str] = &["minimum_seconds", "increment_seconds", "valid_from", "workspace_id", "destination"];

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
    pub(super) fn key(&self) -> Key {
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
    let per_minute_e4 = lines::rate_e4(line, "per_minute", currency)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    #[test]
    fn every_mistake_is_named_with_its_line_and_column() {
        let csv = "Prefix,Currency,Per Minute,Minimum Seconds,Increment Seconds,Valid From,Workspace id\n\
            254,KES,3.00,,,,\n0254,KES,3,,,,\n255,EUR,3,,,,\n256,UGX,free,,,,\n257,KES,3,60,7,,\n258,KES,3,,x,,\n\
            259,KES,3,,,2001-01-01,\n260,KES,3,,,,mine\n254,KES,4.00,,,,\n261,KES,\"1,234\",,,,\n";
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
            (11, "per_minute"),
        ];
        assert_eq!((wanted.len(), places.as_slice()), (1, expected.as_slice()));
        assert!(errors.iter().any(|error| error.message.contains("1234 or 1.234")), "{errors:?}");
    }

    #[test]
    fn a_decimal_comma_is_read_as_spreadsheets_write_it() {
        let (wanted, errors) = read("prefix;currency;per_minute\n254;KES;3,50\n255;KES;\"0,0245\"\n", NOW, NOW);
        assert!(errors.is_empty(), "{errors:?}");
        let rates: Vec<_> = wanted.iter().map(|one| one.rate.per_minute_e4).collect();
        assert_eq!(rates, [3_500_000, 24_500]);
    }
}
