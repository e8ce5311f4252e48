//! A dialog, an INVITE that rings, or a caller's INVITE that waits for its answer, as a call's record keeps it: what another process needs to end it after this one died.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use sip::dialog::Dialog;
use sip::ua::{Path, SessionInfo};

use super::stream::Hop;
use super::{IncomingCall, UDP_FLOW};

/// A dialog with a peer that datagrams reach, or a connection that we open. Its text holds numbers: it is stored, never logged.
#[derive(Clone, Serialize, Deserialize)]
pub struct OpenDialog {
    /// Where the peer is.
    pub remote: SocketAddr,
    /// [`Dialog::to_record`]; before the answer to a call of ours [`sip::ua::Ua::invite_record`], before our answer to a caller
    /// [`sip::ua::caller_record`].
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
        Self::by(session.path, session.dialog?.to_record()?, hop)
    }

    /// A caller that has no final answer of ours yet. None for one that came by a connection, which ends with this process and
    /// takes the INVITE with it (RFC 3261 §17.1.4).
    pub(in crate::gateway) fn of_caller(call: &IncomingCall) -> Option<Self> {
        let record = (call.path.flow == UDP_FLOW).then(|| sip::ua::caller_record(&call.request, &call.local_tag))?;
        Self::by(call.path, record?, None)
    }

    /// Whether it is a caller that has no final answer yet.
    pub(in crate::gateway) fn is_caller(&self) -> bool {
        sip::ua::is_caller_record(&self.record)
    }

    /// By this path or this hop; none for connections that a successor can't open.
    pub(super) fn by(path: Path, record: String, hop: Option<Hop>) -> Option<Self> {
        (path.flow == UDP_FLOW || hop.is_some()).then_some(Self { remote: path.remote, record, hop })
    }

    /// Whether both are the same dialog, by whatever way, or the same INVITE.
    pub(in crate::gateway) fn is_same(&self, other: &Self) -> bool {
        match (self.dialog(), other.dialog()) {
            (Some(one), Some(other)) => one.is_same(&other),
            _ => self.record == other.record,
        }
    }

    /// Whether both lead the same way to the same dialog, however far it has counted.
    pub(in crate::gateway) fn leads_as(&self, other: &Self) -> bool {
        let is_same_way = self.remote == other.remote && self.hop == other.hop && self.is_same(other);
        is_same_way && self.dialog().zip(other.dialog()).is_none_or(|(one, other)| one.leads_as(&other))
    }

    /// The dialog, numbered beyond everything that was sent in it. None while it rings.
    pub(super) fn dialog(&self) -> Option<Dialog> {
        Dialog::from_record(&self.record)
    }
}
