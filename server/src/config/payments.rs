//! `[payments]`, `[mpesa]` and `[paystack]`: how money comes in.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sautikit_api::money::Currency;
use serde::{Deserialize, Deserializer};

use super::{Config, ConfigError};

/// `[payments]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// The smallest top-up, in whole units of a wallet's currency that has none of its own.
    pub minimum_units: u32,
    /// By currency (ISO 4217), in its whole units; written as `UGX 5000`.
    #[serde(deserialize_with = "minimums")]
    pub minimums: BTreeMap<String, u32>,
}

impl Payments {
    /// The smallest top-up of a currency, in its minor units.
    pub fn minimum_minor(&self, currency: Currency) -> i64 {
        let units = self.minimums.get(currency.code()).copied().unwrap_or(self.minimum_units);
        i64::from(units) * 10_i64.pow(currency.exponent())
    }
}

fn minimums<'de, D: Deserializer<'de>>(list: D) -> Result<BTreeMap<String, u32>, D::Error> {
    let list = Vec::<String>::deserialize(list)?;
    let minimum = |text: &String| {
        let (currency, units) = text.trim().split_once(' ')?;
        Some((Currency::parse(currency)?.code().to_owned(), units.trim().parse().ok()?))
    };
    let wrong = || serde::de::Error::custom("a minimum is a currency and whole units of it, such as `UGX 5000`");
    list.iter().map(|text| minimum(text).ok_or_else(wrong)).collect()
}

/// How a push names what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TransactionType {
    /// To a Paybill.
    CustomerPayBillOnline,
    /// To a till.
    CustomerBuyGoodsOnline,
}

impl TransactionType {
    /// Daraja's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerPayBillOnline => "CustomerPayBillOnline",
            Self::CustomerBuyGoodsOnline => "CustomerBuyGoodsOnline",
        }
    }
}

/// `[mpesa]`: an app of Safaricom's Daraja.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mpesa {
    /// Where Daraja is.
    pub base_url: String,
    /// Of the app; empty is off.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: String,
    /// The Paybill, or the store number of a till.
    pub shortcode: String,
    /// Of "Lipa na M-Pesa online".
    pub passkey: String,
    /// Paybill or till.
    pub transaction_type: TransactionType,
    /// The till, where the short code is a store number.
    pub till: String,
    /// Where Daraja's callbacks come from.
    pub sources: Vec<IpAddr>,
    /// The short code's API user who may ask about payments; empty: payments from other addresses wait for the operator.
    pub initiator: String,
    /// That user's password, encrypted with M-Pesa's certificate, in base64.
    pub security_credential: String,
}

impl Mpesa {
    /// What payers know us by.
    pub fn shortcodes(&self) -> Vec<&str> {
        [self.shortcode.as_str(), self.till.as_str()].into_iter().filter(|code| !code.is_empty()).collect()
    }
}

impl std::fmt::Debug for Mpesa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mpesa").field("shortcode", &self.shortcode).finish_non_exhaustive()
    }
}

/// `[paystack]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paystack {
    /// Where Paystack is.
    pub base_url: String,
    /// The secret key, `sk_…`; empty is off.
    pub secret_key: String,
    /// In which currencies the account takes payments (ISO 4217).
    pub currencies: Vec<Currency>,
}

impl std::fmt::Debug for Paystack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paystack").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// What must be given together, and over which addresses secrets may go.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let mpesa = &config.mpesa;
    if !mpesa.consumer_key.is_empty() {
        let needed = BTreeMap::from([
            ("mpesa.consumer_secret", &mpesa.consumer_secret),
            ("mpesa.shortcode", &mpesa.shortcode),
            ("mpesa.passkey", &mpesa.passkey),
        ]);
        if let Some((key, _)) = needed.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(ConfigError::wrong(key, "it is needed with `mpesa.consumer_key`"));
        }
    }
    if mpesa.initiator.is_empty() != mpesa.security_credential.is_empty() {
        return Err(ConfigError::wrong(
            "mpesa.security_credential",
            "it is needed with `mpesa.initiator`, and only with it",
        ));
    }
    if !mpesa.shortcode.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ConfigError::wrong("mpesa.shortcode", "a short code is digits"));
    }
    for (key, url) in [("mpesa.base_url", &mpesa.base_url), ("paystack.base_url", &config.paystack.base_url)] {
        if !super::checks::is_safe_url(url, config.is_development()) {
            return Err(ConfigError::wrong(key, "give an https URL"));
        }
    }
    Ok(())
}
