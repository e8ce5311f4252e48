//! `[tax]`: value-added tax beside prices.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Config, ConfigError};

/// As much again as the net amount: more is a slip.
const MOST_BASIS_POINTS: u32 = 10_000;

/// `[tax]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Of every workspace whose country has no rate of its own, in basis points.
    pub basis_points: u32,
    /// By the workspace's country (ISO 3166-1 alpha-2), in basis points; written as `KE 1600`.
    #[serde(deserialize_with = "rates")]
    pub countries: BTreeMap<String, u32>,
}

impl Tax {
    /// The rate of a workspace in that country, in basis points.
    pub fn basis_points_of(&self, country: &str) -> i64 {
        i64::from(self.countries.get(country).copied().unwrap_or(self.basis_points))
    }
}

fn rates<'de, D: Deserializer<'de>>(list: D) -> Result<BTreeMap<String, u32>, D::Error> {
    let list = Vec::<String>::deserialize(list)?;
    let rate = |text: &String| {
        let (country, rate) = text.trim().split_once(' ')?;
        let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        Some((country.to_owned(), rate.trim().parse().ok()?)).filter(|_| is_country)
    };
    let wrong =
        |text: &String| serde::de::Error::custom(format!("`{text}` is not a country and its rate, such as `KE 1600`"));
    list.iter().map(|text| rate(text).ok_or_else(|| wrong(text))).collect()
}

/// Whether the rates are rates.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let Tax { basis_points, countries } = &config.tax;
    if countries.values().chain([basis_points]).any(|rate| *rate > MOST_BASIS_POINTS) {
        return Err(ConfigError::wrong("tax.basis_points", "16 % are 1600; 10000 is the most"));
    }
    Ok(())
}
