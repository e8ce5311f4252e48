//! A dialog as a call's record keeps it: what another process needs to end it after this one died.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use sip::dialog::Dialog;
use sip::ua::SessionInfo;

use super::UDP_FLOW;
use super::stream::Hop;

/// A dialog with a peer that datagrams reach, or a connection that we open. Its text holds numbers: it is stored, never logged.
#[derive(Clone, Serialize, Deserialize)]
pub struct OpenDialog {
    /// Where the peer is.
    pub remote: SocketAddr,
    /// [`Dialog::to_record`].
    pub record: String,
    /// Where a connection to it leads; none: datagrams reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<Hop>,
}

impl std::fmt::Debug for OpenDialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenDialog({})", self.remote)
    }
}

impl OpenDialog {
    /// None before the answer to a call of ours, and for connections that a successor can't open. `hop`: where one leads that can be opened.
    pub(in crate::gateway) fn of(session: &SessionInfo<'_>, hop: Option<Hop>) -> Option<Self> {
        if session.path.flow != UDP_FLOW && hop.is_none() {
            return None;
        }
        Some(Self { remote: session.path.remote, record: session.dialog?.to_record()?, hop })
    }

    /// The dialog, numbered beyond everything that was sent in it.
    pub(super) fn dialog(&self) -> Option<Dialog> {
        Dialog::from_record(&self.record)
    }
}
