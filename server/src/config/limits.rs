//! `[call_limits]` and `[fraud]`: what workspaces may call, and from when on their calls look like an attack.

use std::collections::BTreeMap;

use sautikit_api::money::Currency;
use serde::Deserialize;

use super::{Config, ConfigError};
use crate::telephone;

/// Stands for every country.
pub const EVERY_COUNTRY: &str = "*";

/// `[call_limits]`: the ceiling of a workspace that has none of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLimits {
    /// Calls at the same time; 0 is no limit.
    pub concurrent_calls: u32,
    /// Calls that begin within a second; 0 is no limit.
    pub calls_per_second: u32,
    /// What calls may cost in a day, by currency.
    pub spend_per_day: DaySpend,
    /// Countries beside the workspace's own; [`EVERY_COUNTRY`] opens all.
    pub countries: Vec<String>,
    /// Whether premium-rate numbers may be called.
    pub premium: bool,
    /// Whether satellite telephones and international networks may be called.
    pub satellite: bool,
    /// Prefixes in E.164 that count as premium beside those of the numbering plans.
    pub premium_prefixes: Vec<String>,
}

/// What calls may cost in a day by currency, written `["KES 500000", "UGX 200000"]`, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct DaySpend(BTreeMap<&'static str, i64>);

impl DaySpend {
    /// Of that currency, in minor units; none without a limit.
    pub fn of(&self, currency: Currency) -> Option<i64> {
        self.0.get(currency.code()).copied()
    }
}

impl TryFrom<Vec<String>> for DaySpend {
    type Error = String;

    fn try_from(lines: Vec<String>) -> Result<Self, Self::Error> {
        let line = |line: &String| {
            let (currency, minor) = line.trim().split_once(' ')?;
            let minor = minor.trim().parse::<i64>().ok().filter(|minor| *minor >= 0)?;
            Some((Currency::parse(currency)?.code(), minor))
        };
        let read = |text: &String| {
            line(text).ok_or_else(|| format!("`{text}` is not a currency and minor units such as \"KES 500000\""))
        };
        lines.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// `[fraud]`: within an hour so many are unusual, unless the workspace's own busiest hour of 30 days was near it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fraud {
    /// Whether anybody looks.
    pub enabled: bool,
    /// Different numbers abroad.
    pub destinations_abroad: u32,
    /// Countries that were not called in 30 days.
    pub new_countries: u32,
    /// Different dear numbers that differ in their last two digits only.
    pub sequential_numbers: u32,
    /// Dear calls that ended within seconds, or were never answered.
    pub short_calls: u32,
    /// A call is dear from so many times the price of a call at home on.
    pub dear_times: u32,
    /// So many times its own busiest hour is unusual for a workspace.
    pub times_usual: u32,
    /// At night, from midnight to six in the workspace's zone, the figures above count so many hundredths.
    pub night_percent: u32,
}

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let limits = &config.call_limits;
    if let Some(code) = limits.countries.iter().find(|code| *code != EVERY_COUNTRY && !telephone::is_country(code)) {
        let message = format!("`{code}` is no country; give codes such as \"TZ\", or \"*\" for all");
        return Err(ConfigError::wrong("call_limits.countries", message));
    }
    let is_prefix = |text: &&String| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let Some(prefix) = limits.premium_prefixes.iter().find(|prefix| !is_prefix(prefix)) {
        let message = format!("`{prefix}` is no prefix; give + and digits such as \"+254900\"");
        return Err(ConfigError::wrong("call_limits.premium_prefixes", message));
    }
    let fraud = &config.fraud;
    let floors =
        [fraud.destinations_abroad, fraud.new_countries, fraud.sequential_numbers, fraud.short_calls, fraud.dear_times];
    if floors.contains(&0) || fraud.times_usual == 0 {
        return Err(ConfigError::wrong("fraud", "its figures are at least 1; `enabled = false` turns it off"));
    }
    if !(1..=100).contains(&fraud.night_percent) {
        return Err(ConfigError::wrong("fraud.night_percent", "give 1 to 100"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_spend_is_read_by_currency() {
        let read = |lines: &[&str]| DaySpend::try_from(lines.iter().map(ToString::to_string).collect::<Vec<_>>());
        let spend = read(&["KES 500000", "UGX 20"]).unwrap();
        let of = |code: &str| spend.of(Currency::parse(code).unwrap());
        assert_eq!((of("KES"), of("UGX"), of("USD")), (Some(500_000), Some(20), None));
        for wrong in ["KES", "KES -1", "XXX 5", "5 KES", "KES 1.5"] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
    }
}
