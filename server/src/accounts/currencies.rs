//! Which currencies a workspace can be opened in: those in which something can be bought. What that is, a room above this one
//! knows.

use async_trait::async_trait;
use sautikit_api::money::Currency;
use sqlx::AnyConnection;

use super::Error;
use crate::state::{AppState, Part};

/// Who knows what can be bought.
#[async_trait]
pub trait OffersCurrencies: Send + Sync + 'static {
    /// The currencies in which something can be bought now.
    async fn offered_currencies(&self, conn: &mut AnyConnection) -> Result<Vec<Currency>, sqlx::Error>;
}

/// Who knows so on this server.
pub struct Currencies(Box<dyn OffersCurrencies>);

impl Part for Currencies {}

impl Currencies {
    /// To be put in at the start.
    pub fn new(by: impl OffersCurrencies) -> Self {
        Self(Box::new(by))
    }
}

/// The currency that a person chose, if it is offered.
pub(super) async fn chosen(app: &AppState, conn: &mut AnyConnection, code: &str) -> Result<Currency, Error> {
    let offered = app.part::<Currencies>().0.offered_currencies(conn).await?;
    let code = code.trim();
    offered.iter().copied().find(|currency| currency.code() == code).ok_or_else(|| unsupported(code, &offered))
}

fn unsupported(code: &str, offered: &[Currency]) -> Error {
    let code: String = code.chars().take(8).collect();
    let offered: Vec<_> = offered.iter().map(|currency| currency.code()).collect();
    let remedy = match offered.as_slice() {
        [] => "No numbers are on offer yet; ask the operator.".to_owned(),
        codes => format!("Choose one of {}.", codes.join(", ")),
    };
    Error::CurrencyUnsupported { code, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_names_what_is_offered() {
        let said = unsupported("EUR", &[Currency::KES, Currency::UGX]).to_string();
        assert_eq!(said, "Currency `EUR` is not offered. Choose one of KES, UGX.");
        assert!(unsupported("KES", &[]).to_string().contains("ask the operator"));
    }
}
