//! What operators do about prices of destinations.

use super::{CREATE_PRICE, END_PRICE, Fields, IMPORT_PRICES, Next};
use crate::{
    api_client::{Api, ApiFailure, escape},
    visit::Flash,
};
use sautikit_api::{
    money::Currency,
    pricing::{CreatePrice, EndPrice, ImportPrices, PriceImport},
};

const PAGE: &str = "/operator/prices";

pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let made = async {
        let code = fields.text("currency");
        let currency =
            Currency::parse(&code).ok_or_else(|| ApiFailure::of_field("currency", |text| text.currency, &[]))?;
        let written = fields.text("per_minute");
        let per_min_e4 = currency.parse_e4(&written).ok_or_else(|| {
            let example = currency.format_e4(30_000);
            ApiFailure::of_field("per_minute", |text| text.price, &[&written, &example])
        })?;
        let workspace_id = match fields.text("workspace_id") {
            text if text.is_empty() => None,
            text => {
                Some(text.parse().map_err(|_| ApiFailure::of_field("workspace_id", |text| text.workspace_id, &[]))?)
            }
        };
        let body = CreatePrice {
            prefix: fields.text("prefix"),
            currency: code,
            per_min_e4,
            billing_minimum_seconds: super::seconds(fields, "minimum_seconds")?,
            billing_increment_seconds: super::seconds(fields, "increment_seconds")?,
            valid_from: Some(fields.text("valid_from")).filter(|day| !day.is_empty()),
            valid_until: Some(fields.text("valid_until")).filter(|day| !day.is_empty()),
            workspace_id,
        };
        api.post("/v1/admin/prices", &body).await
    };
    match made.await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=created")),
        Err(failure) => Next::failed(CREATE_PRICE, PAGE, failure, fields),
    }
}

pub(super) async fn end(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.post(format!("/v1/admin/prices/{}/end", escape(id)), &EndPrice::default()).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=ended")),
        Err(failure) => Next::failed(END_PRICE, PAGE, failure, fields),
    }
}

/// Looks at a file first; the page then shows what would change, with a button that changes it.
pub(super) async fn import(fields: &Fields, api: &Api) -> Next {
    let body = ImportPrices {
        csv: fields.uploaded("csv"),
        dry_run: fields.get("apply").is_none(),
        end_missing: fields.get("end_missing").is_some(),
        valid_from: Some(fields.text("import_from")).filter(|day| !day.is_empty()),
    };
    let answer = match api.post("/v1/admin/prices/import", &body).await {
        Ok(answer) => answer.read::<PriceImport>(),
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(done) if done.applied => Next::redirect(format!("{PAGE}?done=imported")),
        Ok(looked) => {
            let flash = Flash::PricesLooked(Box::new((looked, body)));
            Next::Show { page: PAGE.to_owned(), flash, status: 200 }
        }
        Err(failure) => Next::failed(IMPORT_PRICES, PAGE, failure, fields),
    }
}
