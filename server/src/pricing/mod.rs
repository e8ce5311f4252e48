//! What a destination costs a workspace: its own rate, else the price list, else the number's rate at home.
//!
//! The prices of all destinations are held in memory ([`PriceList`]) and looked up by prefix, the longest first.
//! Operators load them (`operator`), everybody may read them (`http`). Deliberately absent: rounding (`rating`).

mod error;
pub mod http;
pub mod import;
pub mod operator;
mod public;
mod schedule;
pub(crate) mod store;
mod terms;

use std::collections::HashMap;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::supply::LineError;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::rating::Rate;
use crate::telephone::Telephone;

pub use public::{Destination, Known, PublicPrices, offered_currencies, public_prices};
pub(crate) use store::STATEMENTS;

/// Why there is no rate.
#[derive(Debug, Error)]
pub enum PricingError {
    /// Nothing prices the destination, so it can't be called.
    #[error("the destination has no price")]
    NoPrice,
    /// No such price.
    #[error("no such price")]
    NotFound,
    /// A member of the body breaks its rule.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// The rule, as a sentence.
        message: String,
    },
    /// Lines of a file break rules.
    #[error("the file has mistakes")]
    Lines(Vec<LineError>),
    /// The database failed.
    #[error("the prices could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// The number that a call goes out from.
#[derive(Debug, Clone)]
pub struct Caller<'a> {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The wallet's currency.
    pub currency: Currency,
    /// The number's country, ISO 3166-1 alpha-2.
    pub number_country: &'a str,
    /// The number's own rate, valid within its country only.
    pub number_rate: Rate,
}

/// A price of one prefix.
#[derive(Debug, Clone)]
struct Price {
    rate: Rate,
    /// Microseconds UTC.
    valid_from: i64,
    /// Microseconds UTC, exclusive.
    valid_until: Option<i64>,
}

impl Price {
    /// Of the prices of one prefix the newest that is in force.
    fn in_force(prices: &[Self], now_us: i64) -> Option<Rate> {
        let is_in_force =
            |price: &&Self| price.valid_from <= now_us && price.valid_until.is_none_or(|until| until > now_us);
        prices.iter().filter(is_in_force).max_by_key(|price| price.valid_from).map(|price| price.rate)
    }
}

/// Prices by prefix: digits of E.164 without the plus sign.
type ByPrefix = HashMap<String, Vec<Price>>;

/// All prices, those of single workspaces included.
#[derive(Debug, Default)]
pub struct PriceList {
    revision: i64,
    by_owner: HashMap<(Option<WorkspaceId>, Currency), ByPrefix>,
}

/// The number of the price list's changes so far.
///
/// # Errors
/// The database failed.
pub async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    store::revision(conn).await
}

impl PriceList {
    /// Reads all prices.
    ///
    /// # Errors
    /// The database failed.
    pub async fn read(conn: &mut AnyConnection) -> Result<Self, sqlx::Error> {
        // First: a change in between is then read again.
        let mut list = Self { revision: store::revision(conn).await?, ..Self::default() };
        for row in store::list_prices(conn).await? {
            let prices = list.by_owner.entry((row.workspace_id, row.currency)).or_default();
            let price = Price { rate: row.rate, valid_from: row.valid_from, valid_until: row.valid_until };
            prices.entry(row.prefix).or_default().push(price);
        }
        Ok(list)
    }

    /// The number of changes that it knows of.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The rate in force at `now_us`: workspace's own, else the longest matching prefix of the price list, else the
    /// number's rate for ordinary destinations in the number's own country.
    ///
    /// # Errors
    /// The destination has no price.
    pub fn outbound_rate(&self, caller: &Caller<'_>, to: &Telephone, now_us: i64) -> Result<Rate, PricingError> {
        let digits = to.e164.trim_start_matches('+');
        let priced = [Some(caller.workspace_id), None]
            .into_iter()
            .find_map(|owner| self.longest_prefix(owner, caller.currency, digits, now_us));
        if let Some(rate) = priced {
            return Ok(rate);
        }
        let at_home = to.country.as_deref() == Some(caller.number_country);
        if at_home && !to.is_premium { Ok(caller.number_rate) } else { Err(PricingError::NoPrice) }
    }

    /// The prefixes that the caller can call by their price, without plus, the dearest first.
    pub fn prefixes(&self, caller: &Caller<'_>, now_us: i64) -> Vec<(String, Rate)> {
        let owners = [Some(caller.workspace_id), None].map(|owner| (owner, caller.currency));
        let listed = owners.iter().filter_map(|owner| self.by_owner.get(owner)).flat_map(HashMap::keys);
        let prefixes: std::collections::BTreeSet<&String> = listed.collect();
        let rate = |prefix: &str| {
            let mut owners = owners.iter();
            owners.find_map(|(owner, currency)| self.longest_prefix(*owner, *currency, prefix, now_us))
        };
        let priced = prefixes.into_iter().filter_map(|prefix| Some((prefix.clone(), rate(prefix)?)));
        let mut priced: Vec<_> = priced.collect();
        priced.sort_by_key(|(prefix, rate)| (std::cmp::Reverse(rate.per_minute_e4), prefix.clone()));
        priced
    }

    /// A list of prefixes with whole minor units a minute, in force for ever.
    #[cfg(test)]
    pub(crate) fn of(currency: Currency, prices: &[(&str, i64)]) -> Self {
        let price = |minor: i64| Price { rate: Rate::per_minute_minor(minor), valid_from: 0, valid_until: None };
        let by_prefix = prices.iter().map(|(prefix, minor)| ((*prefix).to_owned(), vec![price(*minor)])).collect();
        Self { by_owner: HashMap::from([((None, currency), by_prefix)]), ..Self::default() }
    }

    /// Of the longest prefix that has one in force, that.
    fn longest_prefix(
        &self,
        owner: Option<WorkspaceId>,
        currency: Currency,
        digits: &str,
        now_us: i64,
    ) -> Option<Rate> {
        let prices = self.by_owner.get(&(owner, currency))?;
        (0..=digits.len()).rev().find_map(|length| Price::in_force(prices.get(digits.get(..length)?)?, now_us))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const KES: Currency = Currency::KES;

    /// Owner, prefix, minor units a minute, and from and until when it is in force.
    type Line = (Option<WorkspaceId>, &'static str, i64, i64, Option<i64>);

    fn list(prices: &[Line]) -> PriceList {
        let mut list = PriceList::default();
        for (owner, prefix, minor, valid_from, valid_until) in prices {
            let price =
                Price { rate: Rate::per_minute_minor(*minor), valid_from: *valid_from, valid_until: *valid_until };
            let by_prefix = list.by_owner.entry((*owner, KES)).or_default();
            by_prefix.entry((*prefix).to_owned()).or_default().push(price);
        }
        list
    }

    fn rate(list: &PriceList, e164: &str, now_us: i64) -> Option<i64> {
        let caller = Caller {
            workspace_id: WorkspaceId(Uuid::from_u128(7)),
            currency: KES,
            number_country: "KE",
            number_rate: Rate::per_minute_minor(300),
        };
        let country = e164.starts_with("+254").then(|| "KE".to_owned());
        let is_premium = e164.starts_with("+254900");
        let to = Telephone { e164: e164.to_owned(), country, is_premium, is_mobile: !is_premium };
        list.outbound_rate(&caller, &to, now_us).ok().map(|rate| rate.per_minute_e4 / 10_000)
    }

    #[test]
    fn the_longest_prefix_counts_and_the_workspaces_own_before_it() {
        let own = Some(WorkspaceId(Uuid::from_u128(7)));
        let other = Some(WorkspaceId(Uuid::from_u128(8)));
        let list = list(&[
            (None, "255", 900, 0, None),
            (None, "25571", 700, 0, None),
            (own, "256", 100, 0, None),
            (None, "25677", 50, 0, None),
            (other, "257", 1, 0, None),
        ]);
        assert_eq!(rate(&list, "+255710000000", 5), Some(700));
        assert_eq!(rate(&list, "+255220000000", 5), Some(900));
        assert_eq!(rate(&list, "+256770000000", 5), Some(100));
        assert_eq!(rate(&list, "+257770000000", 5), None);
    }

    #[test]
    fn at_home_the_numbers_own_rate_counts_but_for_premium_numbers() {
        let list = list(&[]);
        assert_eq!(rate(&list, "+254722000042", 5), Some(300));
        assert_eq!(rate(&list, "+254900000042", 5), None);
        assert_eq!(rate(&list, "+441632960000", 5), None);
    }

    #[test]
    fn of_one_prefix_the_newest_price_in_force_counts() {
        let list = list(&[
            (None, "255", 900, 0, Some(20)),
            (None, "255", 800, 10, None),
            (None, "255", 700, 30, None),
            (None, "25571", 600, 0, Some(10)),
        ]);
        assert_eq!([5, 15, 25, 35].map(|now| rate(&list, "+255220000000", now)), [900, 800, 800, 700].map(Some));
        assert_eq!([5, 10].map(|now| rate(&list, "+255710000000", now)), [600, 800].map(Some));
    }
}
