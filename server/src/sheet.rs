//! Tables for spreadsheets, as CSV (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe, because names,
//! reasons and references are chosen freely.

/// A table that is being written.
#[derive(Debug)]
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// One with these columns.
    ///
    /// # Errors
    /// None that memory does not give.
    pub fn new(columns: &[&str]) -> Result<Self, csv::Error> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(columns)?;
        Ok(Self(writer))
    }

    /// One that goes on where another ended: no line of names.
    pub fn going_on() -> Self {
        Self(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new()))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Another number of fields than there are columns.
    pub fn row(&mut self, fields: &[String]) -> Result<(), csv::Error> {
        fields.iter().try_for_each(|field| {
            if is_formula(field) { self.0.write_field(format!("'{field}")) } else { self.0.write_field(field) }
        })?;
        self.0.write_record(None::<&[u8]>)
    }

    /// The whole table.
    ///
    /// # Errors
    /// None that memory does not give.
    pub fn finish(self) -> Result<Vec<u8>, csv::Error> {
        self.0.into_inner().map_err(|error| error.into_error().into())
    }
}

/// Amounts such as `-235` and telephones such as `+254…` stay what they are.
fn is_formula(field: &str) -> bool {
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !field.strip_prefix(['+', '-']).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: [&str; 2]) -> String {
        let mut sheet = Sheet::new(&["a", "b"]).unwrap();
        sheet.row(&fields.map(str::to_owned)).unwrap();
        String::from_utf8(sheet.finish().unwrap()).unwrap()
    }

    #[test]
    fn fields_are_neither_columns_nor_formulas() {
        assert_eq!(written(["a,\"b\"", "c\nd"]), "a,b\r\n\"a,\"\"b\"\"\",\"c\nd\"\r\n");
        assert_eq!(written(["=1+1", "-1+1"]), "a,b\r\n'=1+1,'-1+1\r\n");
        assert_eq!(written(["@x", "+"]), "a,b\r\n'@x,'+\r\n");
    }

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(written(["-235", "+254722000001"]), "a,b\r\n-235,+254722000001\r\n");
    }

    #[test]
    fn every_row_has_every_column() {
        assert!(Sheet::new(&["a", "b"]).unwrap().row(&[String::new()]).is_err());
    }
}
