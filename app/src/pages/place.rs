//! Countries and currencies that forms offer; the API decides.

use crate::api_client::{Api, ApiFailure};
use sautikit_api::pricing::OfferedCurrency;

/// ISO 3166-1 alpha-2 and name.
const COUNTRIES: [(&str, &str); 6] =
    [("KE", "Kenya"), ("UG", "Uganda"), ("TZ", "Tanzania"), ("NG", "Nigeria"), ("GH", "Ghana"), ("ZA", "South Africa")];

/// Codes and names, with `current` among them whatever it is.
pub(super) fn countries(current: &str) -> Vec<(String, String)> {
    let mut offered: Vec<_> = COUNTRIES.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect();
    if !offered.iter().any(|(code, _)| code == current) {
        offered.push((current.to_owned(), current.to_owned()));
    }
    offered
}

/// Those in which something can be bought; codes are their own names.
pub(super) async fn currencies(api: &Api) -> Result<Vec<(String, String)>, ApiFailure> {
    let offered: Vec<OfferedCurrency> = api.get("/v1/pricing/currencies").await?;
    Ok(offered.into_iter().map(|currency| (currency.code.clone(), currency.code)).collect())
}

/// What stands in the form first: `wanted` where it is offered, else the first that is.
pub(super) fn first_choice(offered: &[(String, String)], wanted: &str) -> String {
    let is_offered = offered.iter().any(|(code, _)| code == wanted);
    let first = || offered.first().map(|(code, _)| code.clone()).unwrap_or_default();
    if is_offered { wanted.to_owned() } else { first() }
}
