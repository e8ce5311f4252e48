//! Series from a file: all of it, or nothing. Lines of one range make one series that is priced in several currencies.

use sautikit_api::money::Currency;
use sautikit_api::supply::{ImportedSeries, LineError, SeriesImport, SeriesPrice};
use serde_json::json;
use sqlx::AnyConnection;

use super::{NewSeries, Range, SERIES_NUMBERS, checked_capabilities, load, prices, provider_named};
use crate::lines::{self, Line};
use crate::numbers::ProviderStatus;
use crate::numbers::supply::{Doer, SupplyError, providers};
use crate::spreadsheet;
use crate::state::AppState;

const NEEDED: &[&str] = &[
    "provider",
    "country",
    "prefix",
    "first_suffix",
    "last_suffix",
    "currency",
    "monthly_price",
    "outbound_per_minute",
];
const OPTIONAL: &[&str] = &["inbound_per_minute", "minimum_seconds", "increment_seconds", "capabilities", "trunk"];
/// Numbers that one file makes at most: as many as ten of the largest series.
const MOST_NUMBERS: u64 = 10 * SERIES_NUMBERS;

/// What a file asks for, with the line where each series stands first.
struct Draft {
    line: Line,
    range: Range,
    country: String,
    trunk: String,
    capabilities: Vec<String>,
    prices: Vec<SeriesPrice>,
}

/// Loads the series of a file, or says what would be loaded. With mistakes in it nothing is.
///
/// # Errors
/// The file has mistakes and is no dry run, or the database failed.
pub(in crate::numbers) async fn import(
    app: &AppState,
    doer: Doer,
    csv: &str,
    is_dry_run: bool,
) -> Result<SeriesImport, SupplyError> {
    let mut errors = Vec::new();
    let drafts = read(csv, &mut errors);
    let mut tx = app.db.begin_write().await?;
    let mut series = Vec::new();
    for draft in drafts {
        match one(app, &mut tx, &draft).await? {
            Ok(made) => series.push(made),
            Err(error) => errors.push(error),
        }
    }
    errors.sort_by_key(|error| error.line);
    if is_dry_run || !errors.is_empty() {
        tx.rollback().await?;
        return match is_dry_run {
            true => Ok(SeriesImport { applied: false, series, errors }),
            false => Err(SupplyError::Lines(errors)),
        };
    }
    let details = json!({ "series": series.len(), "numbers": series.iter().map(|made| made.numbers).sum::<i64>() });
    doer.note(app, &mut tx, "series.imported", (None, None), details).await?;
    tx.commit().await?;
    Ok(SeriesImport { applied: true, series, errors })
}

/// Makes one series, or says why it can't be made.
async fn one(
    app: &AppState,
    tx: &mut AnyConnection,
    draft: &Draft,
) -> Result<Result<ImportedSeries, LineError>, sqlx::Error> {
    let line = &draft.line;
    let named = line.get("provider");
    let provider = match provider_named(tx, named).await? {
        Some(provider) if provider.status == ProviderStatus::Active => provider,
        Some(provider) => return Ok(Err(line.error("provider", format!("{} was retired.", provider.name)))),
        None => {
            let message = format!("No provider is named `{named}`. Add it first.");
            return Ok(Err(line.error("provider", message)));
        }
    };
    let prices = match prices::checked(&draft.prices) {
        Ok(prices) => prices,
        Err(rule) => return Ok(Err(line.error("currency", rule.message))),
    };
    let new = NewSeries {
        provider_id: provider.id,
        country: draft.country.clone(),
        range: draft.range.clone(),
        trunk: draft.trunk.clone(),
        capabilities: draft.capabilities.clone(),
        prices,
    };
    match load(app, tx, &new).await {
        Ok(_) => Ok(Ok(ImportedSeries {
            line: line.number,
            provider: provider.name,
            first_number: new.range.first_number(),
            last_number: new.range.last_number(),
            numbers: i64::try_from(new.range.size()).unwrap_or(i64::MAX),
            currencies: new.prices.iter().map(|price| price.currency.code().to_owned()).collect(),
        })),
        Err(SupplyError::Database(error)) => Err(error),
        Err(refused) => Ok(Err(line.error("first_suffix", refused.to_string()))),
    }
}

/// What the file asks for; mistakes are added to `errors`.
fn read(csv: &str, errors: &mut Vec<LineError>) -> Vec<Draft> {
    let lines = match lines::read(csv, NEEDED, OPTIONAL) {
        Ok(lines) => lines,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    let mut drafts: Vec<Draft> = Vec::new();
    let mut numbers = 0;
    for line in lines {
        let (range, price) = match range(&line).and_then(|range| Ok((range, price(&line)?))) {
            Ok(read) => read,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let of_provider =
            |draft: &&mut Draft| draft.range == range && draft.line.get("provider") == line.get("provider");
        if let Some(draft) = drafts.iter_mut().find(of_provider) {
            draft.prices.push(price);
            continue;
        }
        numbers += range.size();
        if numbers > MOST_NUMBERS {
            errors.push(line.error("last_suffix", format!("A file makes at most {MOST_NUMBERS} numbers.")));
            return Vec::new();
        }
        match draft(line, range, price) {
            Ok(draft) => drafts.push(draft),
            Err(error) => errors.push(error),
        }
    }
    drafts
}

fn range(line: &Line) -> Result<Range, LineError> {
    let country = providers::checked_country(line.get("country"));
    let country = country.map_err(|error| line.error("country", error.to_string()))?;
    let read = Range::parse(&country, line.get("prefix"), line.get("first_suffix"), line.get("last_suffix"));
    read.map_err(|rule| line.error(rule.field, rule.message))
}

fn price(line: &Line) -> Result<SeriesPrice, LineError> {
    let currency = Currency::parse(&line.get("currency").to_uppercase());
    let currency = currency.ok_or_else(|| line.error("currency", "Give a currency such as KES."))?;
    let rate = |column: &str| lines::rate_e4(line, column, currency);
    let seconds = |column: &str| {
        let text = line.get(column);
        let message = || format!("`{text}` is no number of seconds.");
        if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| line.error(column, message())) }
    };
    let monthly = line.get("monthly_price");
    let inbound = line.get("inbound_per_minute");
    Ok(SeriesPrice {
        currency: currency.code().to_owned(),
        monthly_price_minor: currency
            .parse_minor(&spreadsheet::with_point(monthly))
            .ok_or_else(|| line.error("monthly_price", format!("`{monthly}` is no amount of {currency}.")))?,
        inbound_per_min_e4: if inbound.is_empty() { 0 } else { rate("inbound_per_minute")? },
        outbound_per_min_e4: rate("outbound_per_minute")?,
        billing_minimum_seconds: seconds("minimum_seconds")?,
        billing_increment_seconds: seconds("increment_seconds")?,
    })
}

fn draft(line: Line, range: Range, price: SeriesPrice) -> Result<Draft, LineError> {
    let words = line.get("capabilities").split([' ', ';', '|', ',']).filter(|word| !word.is_empty());
    let capabilities = checked_capabilities(&words.map(str::to_owned).collect::<Vec<_>>());
    let capabilities = capabilities.map_err(|error| line.error("capabilities", error.to_string()))?;
    let trunk = providers::checked_line("trunk", line.get("trunk"));
    let trunk = trunk.map_err(|error| line.error("trunk", error.to_string()))?;
    let country = line.get("country").to_owned();
    Ok(Draft { range, country, trunk, capabilities, prices: vec![price], line })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "provider,country,prefix,first_suffix,last_suffix,currency,monthly_price,outbound_per_minute";

    fn read_lines(lines: &str) -> (Vec<Draft>, Vec<(u64, Option<String>)>) {
        let mut errors = Vec::new();
        let drafts = read(&format!("{NAMES}\n{lines}"), &mut errors);
        (drafts, errors.into_iter().map(|error| (error.line, error.column)).collect())
    }

    #[test]
    fn lines_of_one_range_are_one_series_with_several_prices() {
        let (drafts, errors) = read_lines(
            "Safari,KE,+25420700,0000,0099,KES,100,3.00\nSafari,KE,+25420700,0000,0099,usd,0.78,0.0245\n\
             Safari,KE,+25420700,0100,0199,KES,100,3\n",
        );
        assert!(errors.is_empty(), "{errors:?}");
        let prices = drafts[0].prices.iter().map(|price| (price.monthly_price_minor, price.outbound_per_min_e4));
        assert_eq!(prices.collect::<Vec<_>>(), [(10_000, 3_000_000), (78, 24_500)]);
        assert_eq!(drafts.iter().map(|draft| draft.range.size()).collect::<Vec<_>>(), [100, 100]);
    }

    #[test]
    fn every_line_with_a_mistake_is_named_with_its_column() {
        let (drafts, errors) = read_lines(
            "Safari,KE,+25420700,0000,0099,KES,100,3.00\nSafari,KE,+25620700,0000,0099,KES,100,3\n\
             Safari,XX,+25420700,0200,0299,KES,100,3\nSafari,KE,+25420700,0300,0399,EUR,100,3\n\
             Safari,KE,+25420700,0400,0499,UGX,100.5,3\nSafari,KE,+25420700,0500,0599,KES,100,cheap\n",
        );
        let columns: Vec<_> = errors.iter().map(|(line, column)| (*line, column.as_deref().unwrap())).collect();
        let wanted = [(3, "prefix"), (4, "country"), (5, "currency"), (6, "monthly_price"), (7, "outbound_per_minute")];
        assert_eq!((drafts.len(), columns.as_slice()), (1, wanted.as_slice()));
    }

    #[test]
    fn a_decimal_comma_is_read_as_spreadsheets_write_it() {
        let lines = "Safari;KE;+25420700;0000;0099;KES;1.500,00;3,00\nSafari;KE;+25420700;0100;0199;KES;1,500;0,0245\n";
        let mut errors = Vec::new();
        let drafts = read(&format!("{}\n{lines}", NAMES.replace(',', ";")), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        let prices =
            drafts.iter().map(|draft| (draft.prices[0].monthly_price_minor, draft.prices[0].outbound_per_min_e4));
        assert_eq!(prices.collect::<Vec<_>>(), [(150_000, 3_000_000), (150_000, 24_500)]);
    }
}
