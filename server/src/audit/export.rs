//! The log as a table for spreadsheets.

use super::Recorded;
use crate::clock::rfc3339;
use crate::sheet::Sheet;

const COLUMNS: [&str; 8] =
    ["created_at", "action_kind", "actor_kind", "actor_id", "actor", "subject_id", "ip", "details"];

/// All rows with the header line.
///
/// # Errors
/// None that memory does not give.
pub(super) fn csv(rows: &[Recorded]) -> Result<Vec<u8>, csv::Error> {
    let mut sheet = Sheet::new(&COLUMNS)?;
    for row in rows {
        sheet.row(&[
            rfc3339(row.created_at_us),
            row.action_kind.clone(),
            row.actor_kind.clone(),
            row.actor_id.clone().unwrap_or_default(),
            row.actor_label.clone().unwrap_or_default(),
            row.subject_id.clone().unwrap_or_default(),
            row.ip.clone().unwrap_or_default(),
            row.details.to_string(),
        ])?;
    }
    sheet.finish()
}
