//! The attacks of the drill: what thieves do with a stolen key or token.

use super::{Attack, Facts, Try};
use crate::telephone;

/// Premium-rate ranges of several countries; which of their numbers are valid is looked up.
const PREMIUM: [&str; 6] = ["+254900", "+4490987", "+1900555", "+33899", "+4990010", "+3989912"];
/// Satellite telephones, networks of no country, and international premium rate.
const SATELLITE: [&str; 6] =
    ["+870773111632", "+881651234567", "+881631234567", "+882130001234", "+883510000123", "+979123456789"];
/// Mobile ranges to which calls are dear and from which Wangiri rings.
const WANGIRI: [&str; 9] = ["+5352", "+25261", "+96077", "+22070", "+3712", "+21620", "+23276", "+67570", "+22461"];
/// Digits of a number, with which valid ones are looked for.
const LENGTHS: std::ops::RangeInclusive<usize> = 9..=14;

/// All of them, for what these facts price.
pub fn attacks(facts: &Facts) -> Vec<Attack> {
    let spread = |numbers: Vec<String>, every_seconds: i64, talk_seconds: i64| {
        let at = (0..).map(|index: i64| index * every_seconds);
        at.zip(numbers).map(|(at_seconds, to)| Try { at_seconds, to, talk_seconds }).collect::<Vec<_>>()
    };
    let premium: Vec<&str> = facts.premium_prefixes.iter().map(String::as_str).chain(PREMIUM).collect();
    let premium = premium.iter().flat_map(|prefix| valid(prefix, 10)).collect();
    let satellite = SATELLITE.iter().map(ToString::to_string).collect();
    let wangiri = WANGIRI.iter().flat_map(|prefix| valid(prefix, 8)).collect();
    let dearest = dearest(facts);
    let sequential = dearest.iter().take(3).flat_map(|prefix| valid(prefix, 40)).collect();
    let reachable: Vec<String> = match dearest.iter().find(|prefix| is_open(facts, prefix)) {
        Some(prefix) => valid(prefix, 400),
        None => at_home(facts, 400),
    };
    let burst = |per_second: i64, calls: usize, talk_seconds: i64| {
        let numbers = reachable.iter().cycle().take(calls).cloned();
        let at = (0..).map(|index: i64| index / per_second);
        at.zip(numbers).map(|(at_seconds, to)| Try { at_seconds, to, talk_seconds }).collect::<Vec<_>>()
    };
    let attack = |name, is_night, tries| Attack { name, is_night, tries };
    vec![
        attack("premium-rate numbers", false, spread(premium, 10, 600)),
        attack("satellite and international networks", false, spread(satellite, 10, 600)),
        attack("Wangiri: short calls to dear mobiles abroad", false, spread(wangiri, 15, 5)),
        attack("sequential numbers of the dearest prices", false, spread(sequential, 5, 900)),
        attack("burst at night by a stolen API key", true, burst(20, 400, 3_600)),
        attack("burst by day by a stolen SIP token", false, burst(2, 60, 1_800)),
    ]
}

/// Prefixes with a price, the dearest first, each with its plus.
fn dearest(facts: &Facts) -> Vec<String> {
    let prices = facts.prices.prefixes(&facts.caller(), facts.now_us);
    prices.into_iter().map(|(prefix, _)| format!("+{prefix}")).filter(|prefix| !valid(prefix, 1).is_empty()).collect()
}

fn is_open(facts: &Facts, prefix: &str) -> bool {
    let number = valid(prefix, 1).into_iter().next();
    let read = number.and_then(|number| telephone::read(&number, None));
    read.is_some_and(|to| facts.limits.check(&to, &facts.premium_prefixes).is_ok())
}

/// Numbers beside the workspace's own.
fn at_home(facts: &Facts, count: usize) -> Vec<String> {
    let digits = facts.number.len().saturating_sub(6);
    valid(facts.number.get(..digits).unwrap_or(&facts.number), count)
}

/// So many valid numbers of a prefix at most, one after the other.
fn valid(prefix: &str, count: usize) -> Vec<String> {
    let is_valid = |number: &String| telephone::read(number, None).is_some();
    for length in LENGTHS {
        for fill in ["7", "1", "2", "5", "0"] {
            let Some(between) = (length + 1).checked_sub(prefix.len() + 3) else { continue };
            let stem = format!("{prefix}{}", fill.repeat(between));
            let numbers: Vec<_> =
                (0..count.min(1_000)).map(|last| format!("{stem}{last:03}")).filter(is_valid).collect();
            if !numbers.is_empty() {
                return numbers;
            }
        }
    }
    Vec::new()
}
