//! `[storage]`: where recordings are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use sautikit_api::money::Currency;
use serde::{Deserialize, Deserializer};

use super::checks::is_safe_url;
use super::{Config, ConfigError};

/// `[storage]`. Its `Debug` leaves the secret out.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The folder, where there is no bucket; empty: `storage` in `data_dir`.
    pub dir: PathBuf,
    /// Where S3 is spoken.
    pub s3_endpoint: String,
    /// As requests are signed for it.
    pub s3_region: String,
    /// The bucket; empty keeps recordings in the folder.
    pub s3_bucket: String,
    /// What keys begin with.
    pub s3_prefix: String,
    /// By whom requests are signed.
    pub s3_access_key_id: String,
    /// Their secret.
    pub s3_secret_access_key: String,
    /// What a tier costs a month, in minor units, by tier and currency (ISO 4217); written as `extended KES 50000`. What has no
    /// price costs nothing.
    #[serde(deserialize_with = "prices")]
    pub prices: BTreeMap<(String, String), i64>,
}

/// Such a price, as numbers' monthly prices are bounded.
const MOST_PRICE_MINOR: i64 = 1_000_000_000_000;

fn prices<'de, D: Deserializer<'de>>(list: D) -> Result<BTreeMap<(String, String), i64>, D::Error> {
    let list = Vec::<String>::deserialize(list)?;
    let price = |text: &String| {
        let mut words = text.split_whitespace();
        let (tier, currency, minor) = (words.next()?, words.next()?, words.next()?.parse::<i64>().ok()?);
        let is_price = words.next().is_none() && (0..=MOST_PRICE_MINOR).contains(&minor);
        Currency::parse(currency).filter(|_| is_price)?;
        Some(((tier.to_owned(), currency.to_owned()), minor))
    };
    let wrong = |text: &String| {
        let example = "`extended KES 50000` (500.00 a month)";
        serde::de::Error::custom(format!(
            "`{text}` is not a tier, a currency and minor units a month, such as {example}"
        ))
    };
    list.iter().map(|text| price(text).ok_or_else(|| wrong(text))).collect()
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("dir", &self.dir).field("s3_bucket", &self.s3_bucket).finish_non_exhaustive()
    }
}

impl Storage {
    /// What a tier costs a month in that currency, in minor units.
    pub fn monthly_price_minor(&self, tier: &str, currency: &str) -> i64 {
        self.prices.get(&(tier.to_owned(), currency.to_owned())).copied().unwrap_or(0)
    }

    /// The tiers that have a price in any currency.
    pub fn priced_tiers(&self) -> BTreeSet<String> {
        self.prices.iter().filter(|(_, minor)| **minor > 0).map(|((tier, _), _)| tier.clone()).collect()
    }

    /// The folder of a server with this `data_dir`.
    pub fn dir_in(&self, data_dir: &Path) -> PathBuf {
        if self.dir.as_os_str().is_empty() { data_dir.join("storage") } else { self.dir.clone() }
    }
}

/// A bucket is named as a whole or not at all.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let storage = &config.storage;
    let of_bucket = [
        ("storage.s3_endpoint", &storage.s3_endpoint),
        ("storage.s3_bucket", &storage.s3_bucket),
        ("storage.s3_access_key_id", &storage.s3_access_key_id),
        ("storage.s3_secret_access_key", &storage.s3_secret_access_key),
    ];
    if of_bucket.iter().all(|(_, value)| value.is_empty()) {
        return Ok(());
    }
    if let Some((key, _)) = of_bucket.iter().find(|(_, value)| value.is_empty()) {
        return Err(ConfigError::wrong(key, "a bucket needs endpoint, name, access key and its secret"));
    }
    if is_safe_url(&storage.s3_endpoint, config.is_development()) {
        Ok(())
    } else {
        Err(ConfigError::wrong("storage.s3_endpoint", "give an https origin"))
    }
}
