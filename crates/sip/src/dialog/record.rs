//! A dialog as text, for whoever must end a call that it did not make.
//!
//! A server that dies leaves its calls up at the carrier, which goes on billing. What it stored at the answer lets its
//! successor send the BYE.

use bytes::Bytes;

use super::Dialog;
use crate::message::Uri;

/// First line of a record; a successor of another version refuses what it cannot read.
pub(crate) const VERSION: &str = "dialog 1";
/// A successor does not know how many requests followed the answer, so it skips this many numbers (§12.2.2 only wants
/// them to grow). A call with a session refresh a minute uses fewer in a week.
pub(crate) const SKIPPED_NUMBERS: u32 = 16_384;

impl Dialog {
    /// The dialog as lines of text. `None` when a header of the peer holds bytes that are no text.
    pub fn to_record(&self) -> Option<String> {
        let text = |bytes: &Bytes| core::str::from_utf8(bytes).ok().map(str::to_owned);
        let mut record = [
            VERSION.to_owned(),
            self.call_id.clone(),
            self.local_tag.clone(),
            self.remote_tag.clone(),
            text(&self.local)?,
            text(&self.remote)?,
            self.remote_target.to_string(),
            self.local_cseq.to_string(),
        ]
        .join("\n");
        for route in &self.routes {
            record.push('\n');
            record.push_str(&route.to_string());
        }
        Some(record)
    }

    /// Whether the other one is this dialog, wherever either leads and however far it has counted.
    pub fn is_same(&self, other: &Self) -> bool {
        let ids = |dialog: &Self| [&dialog.call_id, &dialog.local_tag, &dialog.remote_tag].map(String::clone);
        ids(self) == ids(other)
    }

    /// Whether requests in both go the same way, to the same target.
    pub fn leads_as(&self, other: &Self) -> bool {
        self.remote_target == other.remote_target && self.routes == other.routes
    }

    /// The dialog of a record, numbered so that its next request is newer than any before.
    pub fn from_record(record: &str) -> Option<Self> {
        let mut lines = record.lines();
        if lines.next()? != VERSION {
            return None;
        }
        let mut line = || lines.next().map(str::to_owned);
        let (call_id, local_tag, remote_tag) = (line()?, line()?, line()?);
        let (local, remote) = (Bytes::from(line()?), Bytes::from(line()?));
        let remote_target = Uri::parse(line()?).ok()?;
        let local_cseq = line()?.parse::<u32>().ok()?.saturating_add(SKIPPED_NUMBERS);
        let routes = lines.map(|route| Uri::parse(route).ok()).collect::<Option<Vec<Uri>>>()?;
        Some(Self {
            call_id,
            local_tag,
            remote_tag,
            local,
            remote,
            remote_target,
            routes,
            local_cseq,
            remote_cseq: None,
            remote_rseq: None,
        })
    }
}
