//! What operators do about numbers: providers, series, single numbers.

use super::{
    CREATE_PROVIDER, CREATE_SERIES, FREE_NUMBER, Fields, IMPORT_SERIES, Next, PRICE_SERIES, RESERVE_NUMBER,
    RETIRE_NUMBER, RETIRE_PROVIDER, SERIES_STATUS, SERIES_TRUNK, UPDATE_PROVIDER, is_confirmed,
};
use crate::{
    api_client::{Api, ApiFailure, escape},
    visit::Flash,
};
use sautikit_api::{
    money::Currency,
    supply::{
        CreateProvider, CreateSeries, ImportSeries, ReserveNumber, Series, SeriesImport, SeriesPrice, UpdateProvider,
        UpdateSeries,
    },
};

const PROVIDERS: &str = "/operator/providers";
const SERIES: &str = "/operator/series";
const NUMBERS: &str = "/operator/numbers";

pub(super) async fn create_provider(fields: &Fields, api: &Api) -> Next {
    let body = CreateProvider {
        name: fields.text("name"),
        country: fields.text("country").to_uppercase(),
        contact: fields.text("contact"),
        notes: fields.text("notes"),
    };
    match api.post("/v1/admin/providers", &body).await {
        Ok(_) => Next::redirect(format!("{PROVIDERS}?done=created")),
        Err(failure) => Next::failed(CREATE_PROVIDER, PROVIDERS, failure, fields),
    }
}

pub(super) async fn update_provider(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = UpdateProvider {
        name: Some(fields.text("name")),
        country: Some(fields.text("country").to_uppercase()),
        contact: Some(fields.text("contact")),
        notes: Some(fields.text("notes")),
    };
    match api.patch(format!("/v1/admin/providers/{}", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PROVIDERS}?done=saved")),
        Err(failure) => Next::failed(UPDATE_PROVIDER, PROVIDERS, failure, fields),
    }
}

pub(super) async fn retire_provider(id: &str, fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(PROVIDERS);
    }
    match api.delete(format!("/v1/admin/providers/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PROVIDERS}?done=retired")),
        Err(failure) => Next::failed(RETIRE_PROVIDER, PROVIDERS, failure, fields),
    }
}

pub(super) async fn create_series(fields: &Fields, api: &Api) -> Next {
    let made = async {
        let body = CreateSeries {
            provider_id: fields
                .text("provider_id")
                .parse()
                .map_err(|_| ApiFailure::of_field("provider_id", |text| text.provider, &[]))?,
            country: fields.text("country").to_uppercase(),
            prefix: fields.text("prefix"),
            first_suffix: fields.text("first_suffix"),
            last_suffix: fields.text("last_suffix"),
            trunk: fields.text("trunk"),
            capabilities: words(&fields.text("capabilities")),
            prices: vec![price(fields)?],
        };
        api.post("/v1/admin/series", &body).await?.read::<Series>()
    };
    match made.await {
        Ok(series) => Next::redirect(format!("{SERIES}/{}?done=created", series.id)),
        Err(failure) => Next::failed(CREATE_SERIES, SERIES, failure, fields),
    }
}

/// Looks at a file first; the page then shows what would be made, with a button that makes it.
pub(super) async fn import_series(fields: &Fields, api: &Api) -> Next {
    let dry_run = fields.get("apply").is_none();
    let body = ImportSeries { csv: fields.uploaded("csv"), dry_run };
    let answer = match api.post("/v1/admin/series/import", &body).await {
        Ok(answer) => answer.read::<SeriesImport>(),
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(done) if done.applied => Next::redirect(format!("{SERIES}?done=imported")),
        Ok(looked) => {
            let flash = Flash::SeriesLooked(Box::new((looked, body.csv)));
            Next::Show { page: SERIES.to_owned(), flash, status: 200 }
        }
        Err(failure) => Next::failed(IMPORT_SERIES, SERIES, failure, fields),
    }
}

pub(super) async fn series_status(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("{SERIES}/{}", escape(id));
    let status = fields.text("status");
    if status == "retired" && !is_confirmed(fields) {
        return Next::mistyped(&page);
    }
    let body = UpdateSeries { status: Some(status), ..UpdateSeries::default() };
    match api.patch(format!("/v1/admin/series/{}", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{page}?done=saved")),
        Err(failure) => Next::failed(SERIES_STATUS, page, failure, fields),
    }
}

pub(super) async fn series_trunk(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("{SERIES}/{}", escape(id));
    let body = UpdateSeries { trunk: Some(fields.text("trunk")), ..UpdateSeries::default() };
    match api.patch(format!("/v1/admin/series/{}", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{page}?done=saved")),
        Err(failure) => Next::failed(SERIES_TRUNK, page, failure, fields),
    }
}

/// Sets the price of one currency, or takes it away; the others stay.
pub(super) async fn price_series(id: &str, fields: &Fields, api: &Api) -> Next {
    let page = format!("{SERIES}/{}", escape(id));
    let path = format!("/v1/admin/series/{}", escape(id));
    let done = async {
        let series: Series = api.get(&*path).await?;
        let currency = fields.text("currency");
        let mut prices = series.prices;
        prices.retain(|price| price.currency != currency);
        if fields.get("remove").is_none() {
            prices.push(price(fields)?);
        }
        api.patch(&*path, &UpdateSeries { prices: Some(prices), ..UpdateSeries::default() }).await
    };
    match done.await {
        Ok(_) => Next::redirect(format!("{page}?done=priced")),
        Err(failure) => Next::failed(PRICE_SERIES, page, failure, fields),
    }
}

pub(super) async fn step_number(id: &str, verb: &str, fields: &Fields, api: &Api) -> Next {
    let form = match verb {
        "reserve" => RESERVE_NUMBER,
        "free" => FREE_NUMBER,
        _ => RETIRE_NUMBER,
    };
    let path = format!("/v1/admin/numbers/{}/{verb}", escape(id));
    let done = async {
        if form == RESERVE_NUMBER {
            let workspace_id = fields.text("workspace_id").parse();
            let workspace_id =
                workspace_id.map_err(|_| ApiFailure::of_field("workspace_id", |text| text.workspace_id, &[]))?;
            return api.post(&*path, &ReserveNumber { workspace_id }).await;
        }
        api.post(&*path, &serde_json::json!({})).await
    };
    match done.await {
        Ok(_) => Next::redirect(format!("{NUMBERS}?contains={}&done={verb}", escape(&fields.text("contains")))),
        Err(failure) => Next::failed(form, NUMBERS, failure, fields),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A price as it is typed, in whole units.
fn price(fields: &Fields) -> Result<SeriesPrice, ApiFailure> {
    let code = fields.text("currency");
    let currency = Currency::parse(&code).ok_or_else(|| ApiFailure::of_field("currency", |text| text.currency, &[]))?;
    let monthly = fields.text("monthly_price");
    let rate = |name: &'static str| match fields.text(name) {
        text if text.is_empty() => Ok(0),
        text => currency.parse_e4(&text).ok_or_else(|| {
            let example = currency.format_e4(30_000);
            ApiFailure::of_field(name, |text| text.price, &[&text, &example])
        }),
    };
    Ok(SeriesPrice {
        currency: code,
        monthly_price_minor: currency
            .parse_minor(&monthly)
            .ok_or_else(|| ApiFailure::of_field("monthly_price", |text| text.amount, &[&monthly, currency.code()]))?,
        inbound_per_min_e4: rate("inbound_per_minute")?,
        outbound_per_min_e4: rate("outbound_per_minute")?,
        billing_minimum_seconds: super::seconds(fields, "minimum_seconds")?,
        billing_increment_seconds: super::seconds(fields, "increment_seconds")?,
    })
}
