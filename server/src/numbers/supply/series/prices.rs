//! What a series costs, from and to its wire form. Pure.

use std::collections::HashSet;

use sautikit_api::money::Currency;
use sautikit_api::supply::SeriesPrice;

use super::SeriesRule;
use crate::numbers::NumberPrice;
use crate::rating::Rate;

/// Highest price, in minor units or in parts of one: what the balance column can hold.
const HIGHEST: i64 = 9_000_000_000_000_000;
/// Longest minimum and increment: an hour.
const LONGEST_SECONDS: i64 = 3_600;

/// Checks prices: one at least, each currency once.
///
/// # Errors
/// What does not hold.
pub(in crate::numbers) fn checked(asked: &[SeriesPrice]) -> Result<Vec<NumberPrice>, SeriesRule> {
    if asked.is_empty() {
        return Err(rule("Give a price in one currency at least."));
    }
    let mut seen = HashSet::new();
    let mut prices = asked.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if let Some(twice) = prices.iter().find(|price| !seen.insert(price.currency)) {
        return Err(rule(format!("{} stands twice in `prices`.", twice.currency)));
    }
    prices.sort_by_key(|price| price.currency.code());
    Ok(prices)
}

fn one(asked: &SeriesPrice) -> Result<NumberPrice, SeriesRule> {
    let known = || Vec::from_iter(Currency::ALL.iter().map(|known| known.code())).join(", ");
    let currency =
        Currency::parse(&asked.currency).ok_or_else(|| rule(format!("A price's `currency` is one of {}.", known())))?;
    let amounts = [
        ("monthly_price_minor", asked.monthly_price_minor),
        ("inbound_per_min_e4", asked.inbound_per_min_e4),
        ("outbound_per_min_e4", asked.outbound_per_min_e4),
    ];
    if let Some((name, _)) = amounts.iter().find(|(_, amount)| !(0..=HIGHEST).contains(amount)) {
        return Err(rule(format!("A price's `{name}` is 0 to {HIGHEST}.")));
    }
    let rate = plan(asked.billing_minimum_seconds, asked.billing_increment_seconds).map_err(rule)?;
    Ok(NumberPrice {
        currency,
        monthly_price_minor: asked.monthly_price_minor,
        inbound_rate: Rate { per_minute_e4: asked.inbound_per_min_e4, ..rate },
        outbound_rate: Rate { per_minute_e4: asked.outbound_per_min_e4, ..rate },
    })
}

/// A rate without its price: minimum and increment, of which 0 stands for the least.
fn plan(minimum_seconds: i64, increment_seconds: i64) -> Result<Rate, String> {
    let range = 0..=LONGEST_SECONDS;
    if !range.contains(&minimum_seconds) || !range.contains(&increment_seconds) {
        return Err(format!("`billing_minimum_seconds` and `billing_increment_seconds` are 1 to {LONGEST_SECONDS}."));
    }
    let increment_seconds = increment_seconds.max(1);
    let minimum_seconds = if minimum_seconds == 0 { increment_seconds } else { minimum_seconds };
    if minimum_seconds % increment_seconds != 0 {
        // Else the two ways to count (whole increments, or steps after the minimum) differ.
        return Err(format!(
            "`billing_minimum_seconds` is a multiple of `billing_increment_seconds`: {minimum_seconds} is none of \
             {increment_seconds}."
        ));
    }
    Ok(Rate { minimum_seconds, increment_seconds, ..Rate::FREE })
}

/// As the API shows them.
pub(super) fn bodies(prices: &[NumberPrice]) -> Vec<SeriesPrice> {
    let body = |price: &NumberPrice| SeriesPrice {
        currency: price.currency.code().to_owned(),
        monthly_price_minor: price.monthly_price_minor,
        inbound_per_min_e4: price.inbound_rate.per_minute_e4,
        outbound_per_min_e4: price.outbound_rate.per_minute_e4,
        billing_minimum_seconds: price.outbound_rate.least_seconds(),
        billing_increment_seconds: price.outbound_rate.increment_seconds,
    };
    prices.iter().map(body).collect()
}

fn rule(message: impl Into<String>) -> SeriesRule {
    SeriesRule { field: "prices", message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(currency: &str, minimum_seconds: i64, increment_seconds: i64) -> SeriesPrice {
        SeriesPrice {
            currency: currency.to_owned(),
            monthly_price_minor: 10_000,
            inbound_per_min_e4: 0,
            outbound_per_min_e4: 3_000_000,
            billing_minimum_seconds: minimum_seconds,
            billing_increment_seconds: increment_seconds,
        }
    }

    #[test]
    fn a_plan_is_a_minimum_in_whole_increments() {
        for (asked, got) in
            [((0, 0), (1, 1)), ((0, 30), (30, 30)), ((60, 1), (60, 1)), ((30, 6), (30, 6)), ((60, 0), (60, 1))]
        {
            let rate = checked(&[price("KES", asked.0, asked.1)]).unwrap()[0].outbound_rate;
            assert_eq!((rate.minimum_seconds, rate.increment_seconds), got, "{asked:?}");
        }
        for wrong in [(1, 60), (60, 7), (-1, 1), (3_601, 1), (1, 3_601)] {
            assert!(checked(&[price("KES", wrong.0, wrong.1)]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn each_currency_is_priced_once() {
        assert!(checked(&[]).is_err());
        assert!(checked(&[price("EUR", 0, 0)]).is_err());
        assert!(checked(&[price("KES", 0, 0), price("KES", 0, 0)]).is_err());
        let prices = checked(&[price("USD", 0, 0), price("KES", 0, 0)]).unwrap();
        assert_eq!(prices.iter().map(|price| price.currency.code()).collect::<Vec<_>>(), ["KES", "USD"]);
    }
}
