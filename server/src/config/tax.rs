//! `[tax]`: value-added tax beside prices, and who charges it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Config, ConfigError};
use crate::line;

/// As much again as the net amount: more is a slip.
const MOST_BASIS_POINTS: u32 = 10_000;
/// Characters of a line about the supplier, at most: what fits on paper.
const LINE_CHARS: usize = 120;

/// `[tax]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Of every workspace whose country has no rate of its own, in basis points.
    pub basis_points: u32,
    /// By the workspace's country (ISO 3166-1 alpha-2), in basis points; written as `KE 1600`.
    #[serde(deserialize_with = "rates")]
    pub countries: BTreeMap<String, u32>,
    /// The registered name of whoever sells, as statements name it; empty where they name nobody.
    pub supplier: String,
    /// Its address on one line; empty for none.
    pub supplier_address: String,
    /// Its number at the tax authority; empty for none.
    pub supplier_number: String,
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

/// Whether the rates are rates, and what is printed of the supplier is a line each.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let Tax { basis_points, countries, supplier, supplier_address, supplier_number } = &config.tax;
    let lines = [
        ("tax.supplier", supplier),
        ("tax.supplier_address", supplier_address),
        ("tax.supplier_number", supplier_number),
    ];
    for (key, text) in lines {
        if !text.is_empty() && line::checked(text, LINE_CHARS).as_ref() != Some(text) {
            return Err(ConfigError::wrong(key, line::rule(LINE_CHARS)));
        }
    }
    if supplier.is_empty() && !(supplier_address.is_empty() && supplier_number.is_empty()) {
        return Err(ConfigError::wrong("tax.supplier", "name the supplier whose address or number is set"));
    }
    if countries.values().chain([basis_points]).any(|rate| *rate > MOST_BASIS_POINTS) {
        return Err(ConfigError::wrong("tax.basis_points", "16 % are 1600; 10000 is the most"));
    }
    Ok(())
}
