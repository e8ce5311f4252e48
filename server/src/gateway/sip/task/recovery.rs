//! What the next process needs if this one dies, of calls that ring; and what an earlier one left is ended.

use std::collections::HashMap;

use bytes::Bytes;
use sip::message::{Headers, StatusCode};
use sip::ua::{Credentials, Path, Reply, SessionId};
use tokio::sync::oneshot;

use super::{Leg, Task};
use crate::calls::Written;
use crate::gateway::sip::{Command, OpenDialog, datagram_path};

/// What an earlier process left ringing, and who waits until that is over.
pub(super) type GivenUp = HashMap<SessionId, oneshot::Sender<u16>>;

impl Task {
    /// Keeps the INVITE of a call, which is the next message to be sent and waits until it is kept: whatever becomes of this
    /// process, its callee does not ring on.
    pub(super) fn keep_invite(&mut self, session: SessionId) {
        let Some(Leg { leg, keeper: Some(keeper), .. }) = self.sessions.get(&session) else { return };
        let Some(path) = self.ua.session(session).map(|info| info.path) else { return };
        let record = self.ua.invite_record(session);
        let open = record.and_then(|record| OpenDialog::by(path, record, self.hop_of(session)));
        // A plain structure of texts always serialises.
        if let Some(Ok(open)) = open.map(serde_json::to_value) {
            self.unsent = Some(keeper.keep_invite(leg.0, &open));
        }
    }

    /// Tells the node over whose connection a call goes what is to be ended there if this one dies.
    pub(super) fn note_left(&self, session: SessionId) {
        let Some(flow) = self.sessions.get(&session).and_then(|leg| leg.borrowed) else { return };
        let Some(info) = self.ua.session(session) else { return };
        let answered = info.dialog.map(sip::dialog::Dialog::to_record);
        let record = answered.unwrap_or_else(|| self.ua.invite_record(session));
        // What can't be written down would be left to its callee.
        if let Some(record) = record {
            self.flows.note(flow, Some(OpenDialog { remote: info.path.remote, record, hop: None }));
        }
    }

    /// Sends an INVITE once it is kept. The endpoint goes on meanwhile, and what others say is not held back.
    pub(super) fn transmit_once(&self, written: Written, path: Path, bytes: Bytes) {
        let handle = self.handle.clone();
        tokio::spawn(async move {
            written.wait().await;
            handle.send(Command::Transmit { path, bytes }).await;
        });
    }

    /// Turns callers away whom an earlier process took and never answered. Before anything is read: a copy of their INVITE is no
    /// new call, or their callee would be dialled twice.
    pub(in crate::gateway::sip) fn turn_away(&mut self, callers: &[OpenDialog]) {
        let now = self.now();
        for caller in callers {
            let path = datagram_path(caller.remote);
            let sender = (self.party_of(path), path);
            let reply = Reply::new(StatusCode::SERVICE_UNAVAILABLE);
            if self.ua.refuse_recovered(now, sender, &caller.record, reply).is_none() {
                tracing::warn!(peer = %caller.remote, "a caller of an earlier process can't be read; it was not turned away");
            }
        }
        self.drain();
    }

    /// Ends what an earlier process left; `reply` goes when that is over.
    pub(super) fn end_recovered(
        &mut self,
        open: &OpenDialog,
        path: Path,
        auth: Option<Credentials>,
        reply: oneshot::Sender<u16>,
    ) {
        let now = self.now();
        if let Some(dialog) = open.dialog() {
            let bye = self.ua.bye_recovered(now, path, dialog, &Headers::new(), auth);
            return self.tell_of(bye, reply);
        }
        let party = self.party_of(path);
        match self.ua.cancel_recovered(now, (path, party), &open.record, auth) {
            Some(session) => drop(self.given_up.insert(session, reply)),
            None => tracing::warn!(peer = %open.remote, "what an earlier process left can't be read; it was not ended"),
        }
    }
}
