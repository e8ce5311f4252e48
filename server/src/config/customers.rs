//! `[customers]`: where customers' URLs may lead, beside what holds everywhere.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

/// `[customers]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    /// Public networks that customers' URLs may not lead to.
    #[serde(deserialize_with = "networks")]
    pub blocked_networks: Vec<IpNet>,
    /// Whether this machine reaches IPv4 by NAT64 (64:ff9b::/96).
    pub nat64: bool,
}

fn networks<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<IpNet>, D::Error> {
    let list = Vec::<String>::deserialize(list)?;
    let wrong =
        |text: &String| serde::de::Error::custom(format!("`{text}` is not a network, such as `203.0.113.0/24`"));
    list.iter().map(|text| text.trim().parse().map_err(|_| wrong(text))).collect()
}
