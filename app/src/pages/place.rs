//! Countries and currencies that forms offer; the API decides.

use sautikit_api::money::Currency;

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

/// Codes, which are their own names.
pub(super) fn currencies() -> Vec<(String, String)> {
    Currency::ALL.iter().map(|offered| (offered.code().to_owned(), offered.code().to_owned())).collect()
}
