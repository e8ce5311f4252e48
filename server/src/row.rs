//! Typed values out of database rows: ids and enumerations are TEXT there, flags are 0/1.

use std::str::FromStr;

use sqlx::Row;
use sqlx::any::AnyRow;

/// A column as a type that parses from its text, such as an id.
///
/// # Errors
/// The column is missing or its text does not parse.
pub(crate) fn parsed<T>(row: &AnyRow, column: &str) -> Result<T, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.try_get(column)?;
    text.parse().map_err(|error| undecodable(column, error))
}

/// As [`parsed`], for a column that may be null.
///
/// # Errors
/// The column is missing or its text does not parse.
pub(crate) fn parsed_opt<T>(row: &AnyRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|error| undecodable(column, error))).transpose()
}

/// A column by a lookup that knows which texts there are, such as a status.
///
/// # Errors
/// The column is missing or holds a text that the lookup does not know.
pub(crate) fn known<T>(row: &AnyRow, column: &str, lookup: impl Fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: String = row.try_get(column)?;
    lookup(&text).ok_or_else(|| undecodable(column, std::io::Error::other("unknown name")))
}

/// A number that is never negative and small.
///
/// # Errors
/// The column is missing or its number is out of range.
pub(crate) fn number(row: &AnyRow, column: &str) -> Result<u32, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    u32::try_from(value).map_err(|error| undecodable(column, error))
}

/// A flag.
///
/// # Errors
/// The column is missing.
pub(crate) fn flag(row: &AnyRow, column: &str) -> Result<bool, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    Ok(value != 0)
}

fn undecodable(column: &str, source: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) }
}
