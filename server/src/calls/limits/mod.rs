//! What the calls of a workspace may: which destinations, how many at once, how many in a second. Pure rules, and the
//! operations that set them.
//!
//! The operator gives a ceiling (the settings' for who has none of its own), the workspace its own limits beneath it; the
//! tighter one of both is in force. Calls are checked from memory (`directory`), before anything is written; how many run on
//! other nodes too is counted under the wallet's lock (`record::flush`). Deliberately absent: what calls may cost in a day,
//! which is money (`wallet::spend`).

mod change;
pub mod http;
pub mod seats;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::config::{CallLimits, EVERY_COUNTRY};
use crate::telephone::{self, Telephone};

pub use change::{Both, Side, read, set};

/// Calls at the same time that a limit may name: more than a node of any size runs.
pub const MOST_CONCURRENT: u32 = 100_000;
/// Calls in a second that a limit may name: their moments are kept.
pub const MOST_PER_SECOND: u32 = 10_000;

/// Which countries may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Countries {
    /// All.
    Every,
    /// These, as codes of ISO 3166-1.
    These(BTreeSet<String>),
}

impl Countries {
    /// From codes; [`EVERY_COUNTRY`] among them stands for all.
    pub fn of<T: Into<String>>(codes: impl IntoIterator<Item = T>) -> Self {
        let codes: BTreeSet<String> = codes.into_iter().map(Into::into).collect();
        if codes.contains(EVERY_COUNTRY) { Self::Every } else { Self::These(codes) }
    }

    /// As codes.
    pub fn codes(&self) -> Vec<String> {
        match self {
            Self::Every => vec![EVERY_COUNTRY.to_owned()],
            Self::These(codes) => codes.iter().cloned().collect(),
        }
    }

    fn has(&self, country: Option<&str>) -> bool {
        match self {
            Self::Every => true,
            Self::These(codes) => country.is_some_and(|country| codes.contains(country)),
        }
    }

    /// Those of both.
    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Every, one) | (one, Self::Every) => one.clone(),
            (Self::These(these), Self::These(those)) => Self::These(these & those),
        }
    }
}

/// What one side sets; what is none is left to the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    /// Calls at the same time.
    pub concurrent_calls: Option<u32>,
    /// Outbound calls that begin within a second.
    pub calls_per_second: Option<u32>,
    /// Which countries.
    pub countries: Option<Countries>,
    /// Premium-rate numbers.
    pub premium: Option<bool>,
    /// Satellite telephones and networks of no country.
    pub satellite: Option<bool>,
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls at the same time, in both directions; none without a limit.
    pub concurrent_calls: Option<u32>,
    /// Outbound calls that begin within a second; none without a limit.
    pub calls_per_second: Option<u32>,
    /// Which countries.
    pub countries: Countries,
    /// Premium-rate numbers.
    pub premium: bool,
    /// Satellite telephones and networks of no country.
    pub satellite: bool,
}

/// Why a destination may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// Its country is not one of those that may be called.
    Country,
    /// A premium-rate number.
    Premium,
    /// A satellite telephone, or a network of no country.
    Satellite,
    /// Nothing prices it.
    Price,
    /// The token that calls does not allow it.
    Token,
}

impl Blocked {
    /// Its name in details.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Premium => "premium",
            Self::Satellite => "satellite",
            Self::Price => "price",
            Self::Token => "token",
        }
    }

    /// What it says of a number.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Country => "is in a country that this workspace may not call",
            Self::Premium => "is a premium-rate number, which this workspace may not call",
            Self::Satellite => "belongs to a satellite or international network, which this workspace may not call",
            Self::Price => "has no price, so it can't be called",
            Self::Token => "may not be called with this token",
        }
    }
}

/// Which limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// So many calls run.
    Concurrent(u32),
    /// So many began within a second.
    PerSecond(u32),
}

impl Limits {
    /// What the operator allows a workspace of `country`: its own ceiling, else the settings'.
    pub fn ceiling(settings: &CallLimits, country: &str, of_operator: &Set) -> Self {
        let some = |figure: u32| (figure > 0).then_some(figure);
        let home = || Countries::of(settings.countries.iter().map(String::as_str).chain([country]));
        Self {
            concurrent_calls: of_operator.concurrent_calls.or(some(settings.concurrent_calls)),
            calls_per_second: of_operator.calls_per_second.or(some(settings.calls_per_second)),
            countries: of_operator.countries.clone().unwrap_or_else(home),
            premium: of_operator.premium.unwrap_or(settings.premium),
            satellite: of_operator.satellite.unwrap_or(settings.satellite),
        }
    }

    /// The tighter of this ceiling and what the workspace set.
    #[must_use]
    pub fn tightened(&self, own: &Set) -> Self {
        let least = |ceiling: Option<u32>, own: Option<u32>| [ceiling, own].into_iter().flatten().min();
        Self {
            concurrent_calls: least(self.concurrent_calls, own.concurrent_calls),
            calls_per_second: least(self.calls_per_second, own.calls_per_second),
            countries: own.countries.as_ref().map_or_else(|| self.countries.clone(), |own| own.and(&self.countries)),
            premium: self.premium && own.premium.unwrap_or(true),
            satellite: self.satellite && own.satellite.unwrap_or(true),
        }
    }

    /// Whether a destination beyond this server may be called. `premium_prefixes` are the operator's own.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, to: &Telephone, premium_prefixes: &[String]) -> Result<(), Blocked> {
        if telephone::is_of_no_country(&to.e164) {
            return if self.satellite { Ok(()) } else { Err(Blocked::Satellite) };
        }
        // Before the country, because it is what is wrong with the number wherever it is.
        if is_premium(to, premium_prefixes) && !self.premium {
            return Err(Blocked::Premium);
        }
        if self.countries.has(to.country.as_deref()) { Ok(()) } else { Err(Blocked::Country) }
    }

    /// Whether how many there are is limited at all.
    pub const fn counts(&self) -> bool {
        self.concurrent_calls.is_some() || self.calls_per_second.is_some()
    }
}

/// Whether the number costs more than its country: by its numbering plan, or by the operator's own prefixes.
pub fn is_premium(to: &Telephone, premium_prefixes: &[String]) -> bool {
    to.is_premium || premium_prefixes.iter().any(|prefix| to.e164.starts_with(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> CallLimits {
        crate::config::Config::defaults().unwrap().call_limits
    }

    fn at_home() -> Limits {
        Limits::ceiling(&settings(), "KE", &Set::default())
    }

    fn check(limits: &Limits, number: &str) -> Result<(), Blocked> {
        let to = crate::destination::read_destination(number, "KE").unwrap();
        limits.check(&to, &["+254777".to_owned()])
    }

    #[test]
    fn by_default_only_the_own_country_is_called_and_nothing_dear() {
        let limits = at_home();
        assert_eq!(check(&limits, "+254722000042"), Ok(()));
        assert_eq!(check(&limits, "+255710000000"), Err(Blocked::Country));
        assert_eq!(check(&limits, "+254900223456"), Err(Blocked::Premium));
        assert_eq!(check(&limits, "+254777123456"), Err(Blocked::Premium), "a prefix of the operator's");
        assert_eq!(check(&limits, "+449098790000"), Err(Blocked::Premium));
        for number in ["+870773000000", "+881612345678", "+88213000000", "+883510000000", "+979123456789"] {
            assert_eq!(check(&limits, number), Err(Blocked::Satellite), "{number}");
        }
    }

    #[test]
    fn what_is_opened_is_opened_one_by_one() {
        let countries = Some(Countries::of(["*"]));
        let world = Limits::ceiling(&settings(), "KE", &Set { countries, ..Set::default() });
        assert_eq!(check(&world, "+255710000000"), Ok(()));
        assert_eq!(check(&world, "+449098790000"), Err(Blocked::Premium));
        assert_eq!(check(&world, "+870773000000"), Err(Blocked::Satellite));
        let satellite = Limits { satellite: true, ..at_home() };
        assert_eq!(check(&satellite, "+870773000000"), Ok(()));
        assert_eq!(check(&satellite, "+255710000000"), Err(Blocked::Country));
    }

    #[test]
    fn a_workspace_only_tightens() {
        let ceiling = Limits { concurrent_calls: Some(10), countries: Countries::of(["KE", "UG"]), ..at_home() };
        let wish = Set {
            concurrent_calls: Some(50),
            calls_per_second: Some(2),
            countries: Some(Countries::of(["KE", "TZ"])),
            premium: Some(true),
            satellite: None,
        };
        let limits = ceiling.tightened(&wish);
        assert_eq!((limits.concurrent_calls, limits.calls_per_second), (Some(10), Some(2)));
        assert_eq!(limits.countries.codes(), ["KE"]);
        assert!(!limits.premium && !limits.satellite);
        assert_eq!(ceiling.tightened(&Set::default()), ceiling);
    }
}
