//! The log as CSV (RFC 4180), for spreadsheets.

use super::Recorded;
use crate::clock::rfc3339;

const HEADER: &str = "created_at,action_kind,actor_kind,actor_id,actor,subject_id,ip,details\r\n";

/// All rows with the header line.
pub(super) fn csv(rows: &[Recorded]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        let fields = [
            rfc3339(row.created_at_us),
            row.action_kind.clone(),
            row.actor_kind.clone(),
            row.actor_id.clone().unwrap_or_default(),
            row.actor_label.clone().unwrap_or_default(),
            row.subject_id.clone().unwrap_or_default(),
            row.ip.clone().unwrap_or_default(),
            row.details.to_string(),
        ];
        text += &fields.map(|field| quoted(&field)).join(",");
        text += "\r\n";
    }
    text
}

/// Quoted always; what a spreadsheet would run as a formula gets an apostrophe, because keys and names are chosen freely.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_neither_columns_nor_formulas() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
