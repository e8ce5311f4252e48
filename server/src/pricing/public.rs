//! What everybody may know of prices, remembered for a second: strangers may ask as often as they like, and each second has
//! one look through the inventory at most, whoever asks for whatever.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::money::Currency;
use tokio::sync::Mutex;

use super::{Price, PriceList, PricingError};
use crate::numbers::{self, PriceOfNumbers};
use crate::rating::Rate;
use crate::state::{AppState, Part};
use crate::telephone;

/// Destinations that everybody is shown at once: what a page holds, and what an answer to strangers may cost. A country has fewer.
const MOST_DESTINATIONS: usize = 1_000;
/// Kinds of numbers that everybody is shown.
const MOST_NUMBERS: usize = 500;
/// Kinds of numbers of all countries and currencies that are looked at.
const MOST_KINDS: i64 = 20_000;
/// How old what is shown may be.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// What calls to one prefix cost everybody.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Digits of E.164 without the plus sign.
    pub prefix: String,
    /// ISO 3166-1 alpha-2, where a country has it.
    pub country: Option<String>,
    /// Per minute.
    pub rate: Rate,
}

/// What everybody may know of prices, in one currency.
#[derive(Debug)]
pub struct PublicPrices {
    /// Which.
    pub currency: Currency,
    /// Those that a workspace can be opened in.
    pub offered: Vec<Currency>,
    /// By country and price.
    pub numbers: Vec<PriceOfNumbers>,
    /// By country and prefix.
    pub destinations: Vec<Destination>,
    /// Whether there are more destinations.
    pub has_more: bool,
}

/// What a node remembers of it.
#[derive(Default)]
pub struct Known(Mutex<Option<Arc<Snapshot>>>);

impl Part for Known {}

/// How things stood at one moment.
struct Snapshot {
    /// On the monotonic clock.
    read_at: Duration,
    offered: Vec<Currency>,
    numbers: Vec<PriceOfNumbers>,
    listed: Arc<Listed>,
}

/// The price list, for everybody; read anew only when it was changed.
struct Listed {
    revision: i64,
    by_currency: HashMap<Currency, Vec<Prefix>>,
}

/// One prefix with its country and its prices, past and to come.
struct Prefix {
    digits: String,
    country: Option<String>,
    prices: Vec<Price>,
}

impl Listed {
    fn of(list: PriceList) -> Self {
        let revision = list.revision;
        let everybodys = list.by_owner.into_iter().filter(|((owner, _), _)| owner.is_none());
        let by_currency = everybodys.map(|((_, currency), by_prefix)| {
            let prefix = |(digits, prices): (String, _)| Prefix {
                country: telephone::country_of_prefix(&digits),
                digits,
                prices,
            };
            let mut prefixes: Vec<_> = by_prefix.into_iter().map(prefix).collect();
            prefixes.sort_unstable_by(|one, other| one.digits.cmp(&other.digits));
            (currency, prefixes)
        });
        Self { revision, by_currency: by_currency.collect() }
    }

    /// What is in force at `now_us`, of one country or of all (empty), and whether there is more.
    fn destinations(&self, currency: Currency, country: &str, now_us: i64) -> (Vec<Destination>, bool) {
        let prefixes = self.by_currency.get(&currency).map(Vec::as_slice).unwrap_or_default();
        let in_force = prefixes
            .iter()
            .filter(|prefix| country.is_empty() || prefix.country.as_deref() == Some(country))
            .filter_map(|prefix| Some((prefix, Price::in_force(&prefix.prices, now_us)?)));
        // One more than are shown tells that there are more.
        let mut shown: Vec<_> = in_force
            .map(|(prefix, rate)| Destination { prefix: prefix.digits.clone(), country: prefix.country.clone(), rate })
            .take(MOST_DESTINATIONS + 1)
            .collect();
        let has_more = shown.len() > MOST_DESTINATIONS;
        shown.truncate(MOST_DESTINATIONS);
        shown.sort_by(|one, other| (&one.country, &one.prefix).cmp(&(&other.country, &other.prefix)));
        (shown, has_more)
    }
}

/// Prices in a currency (none: the first that is offered), of one country or of all (empty).
///
/// # Errors
/// The database failed.
pub async fn public_prices(
    app: &AppState,
    currency: Option<Currency>,
    country: &str,
) -> Result<PublicPrices, PricingError> {
    let known = snapshot(app).await?;
    let currency = currency.or(known.offered.first().copied()).unwrap_or(Currency::KES);
    let numbers = known.numbers.iter().filter(|of| of.price.currency == currency);
    let numbers = numbers.filter(|of| country.is_empty() || of.country == country).take(MOST_NUMBERS).cloned();
    let (destinations, has_more) = known.listed.destinations(currency, country, app.now_us());
    let offered = known.offered.clone();
    Ok(PublicPrices { currency, offered, numbers: numbers.collect(), destinations, has_more })
}

/// Currencies in which a number can be claimed, and so a workspace be opened, as they were within the last second.
///
/// # Errors
/// The database failed.
pub async fn offered_currencies(app: &AppState) -> Result<Vec<Currency>, PricingError> {
    Ok(snapshot(app).await?.offered.clone())
}

/// How things stand; who comes while it is read waits for that reading.
async fn snapshot(app: &AppState) -> Result<Arc<Snapshot>, PricingError> {
    let mut known = app.part::<Known>().0.lock().await;
    let now = app.clock.monotonic();
    if let Some(snapshot) = known.as_ref().filter(|known| now.saturating_sub(known.read_at) < KNOWN_FOR) {
        return Ok(snapshot.clone());
    }
    let mut conn = app.db.acquire().await?;
    let revision = super::revision(&mut conn).await?;
    let listed = match known.as_ref().filter(|known| known.listed.revision == revision) {
        Some(known) => known.listed.clone(),
        None => Arc::new(Listed::of(PriceList::read(&mut conn).await?)),
    };
    let numbers = numbers::prices_of_kinds(&mut conn, MOST_KINDS).await?;
    let is_offered = |currency: &Currency| numbers.iter().any(|of| of.price.currency == *currency);
    let offered = Currency::ALL.iter().copied().filter(is_offered).collect();
    let snapshot = Arc::new(Snapshot { read_at: now, offered, numbers, listed });
    *known = Some(snapshot.clone());
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_is_shown_by_country_and_no_more_than_a_page() {
        let many: Vec<_> = (0..1_001).map(|n| (format!("2547{n:04}"), 300)).collect();
        let prices: Vec<_> =
            many.iter().map(|(prefix, minor)| (prefix.as_str(), *minor)).chain([("256", 900)]).collect();
        let listed = Listed::of(PriceList::of(Currency::KES, &prices));
        let (ugandan, more) = listed.destinations(Currency::KES, "UG", 5);
        assert_eq!((ugandan.len(), ugandan[0].prefix.as_str(), more), (1, "256", false));
        let (kenyan, more) = listed.destinations(Currency::KES, "KE", 5);
        assert_eq!((kenyan.len(), more), (MOST_DESTINATIONS, true));
        assert!(listed.destinations(Currency::UGX, "", 5).0.is_empty());
        assert!(listed.destinations(Currency::KES, "UG", -1).0.is_empty(), "its price begins at 0");
    }
}
