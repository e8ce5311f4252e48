//! Files that people keep in spreadsheets: CSV whose first line names its columns, in any order and case, with commas, semicolons or
//! tabs between them. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use sautikit_api::money::Currency;
use sautikit_api::supply::LineError;

use crate::spreadsheet;

/// Lines of one file at most: what one transaction writes without keeping others waiting for long. A price list of the world has
/// some ten thousand prefixes.
pub const MOST_LINES: usize = 20_000;

/// One line below the names.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it stands; the names are line 1, as a rule.
    pub number: u64,
    places: Arc<HashMap<String, usize>>,
    fields: csv::StringRecord,
}

impl Line {
    /// What stands in the column; empty where the file has none of that name.
    pub fn get(&self, column: &str) -> &str {
        self.places.get(column).and_then(|place| self.fields.get(*place)).unwrap_or_default()
    }

    /// A mistake in the column.
    pub fn error(&self, column: &str, message: impl Into<String>) -> LineError {
        LineError { line: self.number, column: Some(column.to_owned()), message: message.into() }
    }
}

/// The price per minute in the column, in 1/10,000 of a minor unit, with whichever decimal sign a spreadsheet has written.
///
/// # Errors
/// It is none, or may be two.
pub fn rate_e4(line: &Line, column: &str, currency: Currency) -> Result<i64, LineError> {
    let written = line.get(column);
    let Some(with_point) = spreadsheet::rate_with_point(written) else {
        let (thousands, decimal) = (written.replace(',', ""), written.replace(',', "."));
        let message = format!("`{written}` may be {thousands} or {decimal}; write it without a comma.");
        return Err(line.error(column, message));
    };
    currency.parse_e4(&with_point).ok_or_else(|| {
        let message = format!("`{written}` is no price per minute; write it as {}.", currency.format_e4(30_000));
        line.error(column, message)
    })
}

/// Counts lines up to a record: the reader tells where it began to look for one, which is before empty lines and the second
/// half of a line's end.
#[derive(Default)]
struct Place {
    counted: usize,
    ends: u64,
}

impl Place {
    fn line_of(&mut self, text: &[u8], begin: usize) -> u64 {
        let skipped = text.iter().skip(begin).take_while(|byte| matches!(**byte, b'\n' | b'\r')).count();
        let at = begin.saturating_add(skipped).min(text.len());
        let passed = text.get(self.counted..at).unwrap_or_default();
        self.ends += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = at;
        self.ends + 1
    }
}

/// Reads a file that has the columns `needed` and may have `optional` ones.
///
/// # Errors
/// It is not CSV, a column is missing, unknown or there twice, it holds no line, or more than [`MOST_LINES`].
pub fn read(text: &str, needed: &[&str], optional: &[&str]) -> Result<Vec<Line>, LineError> {
    // A UTF-8 mark at the beginning, which spreadsheets write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut place = Place::default();
    if spreadsheet::is_no_text(text) {
        return Err(about(1, None, "The file is a workbook or a PDF. Save the sheet as CSV."));
    }
    let separator = spreadsheet::separator(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default());
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(separator).has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut reader = builder.from_reader(text.as_bytes());
    let mut places: Option<Arc<HashMap<String, usize>>> = None;
    let mut columns = 0;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| LineError {
            line: error.position().map_or(0, csv::Position::line),
            column: None,
            message: "The line is not CSV.".to_owned(),
        })?;
        let begin = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let number = place.line_of(text.as_bytes(), begin);
        if record.iter().all(str::is_empty) {
            continue;
        }
        let Some(places) = &places else {
            places = Some(Arc::new(named(number, &record, needed, optional)?));
            columns = record.len();
            continue;
        };
        // A decimal comma without quotes moves all that follows into the next column.
        if let Some(extra) = record.iter().skip(columns).find(|field| !field.is_empty()) {
            let shown: String = extra.chars().take(40).collect();
            let message =
                format!("`{shown}` stands beyond the last column. A comma within a field needs quotes around it.");
            return Err(about(number, None, message));
        }
        if record.iter().any(|field| field.chars().any(char::is_control)) {
            return Err(about(number, None, "The line holds control characters."));
        }
        if lines.len() == MOST_LINES {
            let message = format!("A file has at most {MOST_LINES} lines. Load the rest as another file.");
            return Err(about(number, None, message));
        }
        lines.push(Line { number, places: places.clone(), fields: record });
    }
    if lines.is_empty() {
        let message = format!("The file holds no lines. Its first one names the columns: {}.", needed.join(", "));
        return Err(about(1, None, message));
    }
    Ok(lines)
}

fn named(
    number: u64,
    record: &csv::StringRecord,
    needed: &[&str],
    optional: &[&str],
) -> Result<HashMap<String, usize>, LineError> {
    let mut places = HashMap::new();
    for (place, written) in record.iter().enumerate().filter(|(_, written)| !written.is_empty()) {
        let name = written.to_lowercase().replace([' ', '-'], "_");
        if !needed.contains(&name.as_str()) && !optional.contains(&name.as_str()) {
            let known = [needed, optional].concat().join(", ");
            let shown: String = written.chars().take(40).collect();
            return Err(about(number, Some(&shown), format!("No column is named `{shown}`. Known are: {known}.")));
        }
        if places.insert(name.clone(), place).is_some() {
            return Err(about(number, Some(&name), format!("The column `{name}` stands twice.")));
        }
    }
    match needed.iter().find(|name| !places.contains_key(**name)) {
        Some(missing) => {
            let message = format!("The column `{missing}` is missing; the first line names the columns.");
            Err(about(number, Some(missing), message))
        }
        None => Ok(places),
    }
}

fn about(line: u64, column: Option<&str>, message: impl Into<String>) -> LineError {
    LineError { line, column: column.map(str::to_owned), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<Vec<Line>, LineError> {
        read(text, &["prefix", "per_minute"], &["valid_from"])
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_case() {
        let read = lines("\u{feff}Per Minute;\n").unwrap_err();
        assert_eq!(read.line, 1);
        let read = lines("\u{feff}Per Minute, PREFIX\r\n\r\n 3.00 , 254\n,,\n4,255,\n").unwrap();
        let shown: Vec<_> = read.iter().map(|line| (line.number, line.get("prefix"), line.get("per_minute"))).collect();
        assert_eq!(shown, [(3, "254", "3.00"), (5, "255", "4")]);
        assert_eq!(read[0].get("valid_from"), "");
    }

    #[test]
    fn columns_are_parted_by_what_the_spreadsheet_writes() {
        for text in ["prefix;per minute\n254;3.00\n", "prefix\tper minute\n254\t3.00\n"] {
            let read = lines(text).unwrap();
            assert_eq!((read[0].get("prefix"), read[0].get("per_minute")), ("254", "3.00"));
        }
        assert!(lines("PK\u{3}\u{4}").unwrap_err().message.contains("CSV"));
    }

    #[test]
    fn a_mistake_is_placed() {
        for (text, line, column) in [
            ("prefix\n1\n", 1, Some("per_minute")),
            ("prefix,per_minute,colour\n", 1, Some("colour")),
            ("prefix,per_minute,Prefix\n", 1, Some("prefix")),
            ("prefix,per_minute\n", 1, None),
            ("", 1, None),
            ("prefix,per_minute\n2\u{1}5,3\n", 2, None),
            ("prefix,per_minute\n254,3\n255,3,50\n", 3, None),
        ] {
            let error = lines(text).unwrap_err();
            assert_eq!((error.line, error.column.as_deref()), (line, column), "{text:?}");
        }
    }
}
