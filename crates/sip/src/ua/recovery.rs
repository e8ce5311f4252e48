//! Ending the calls that another user agent left: those that were answered, those that ring, and those whose callers wait.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::message::{Headers, Message, Method, Request};
use crate::transaction::key::ServerKey;

use super::Ua;
use super::auth::{Authenticator, Credentials};
use super::client::{ClientKey, Purpose};
use super::fields;
use super::io::{Party, Path, Reply, SessionId, TransactionId};
use super::session::{Phase, Session};

/// What a record of a caller's INVITE begins with: its version.
const CALLER: &str = "caller 1\n";

/// A caller's INVITE that has no final answer yet, as text by which another user agent can turn it away in our place
/// ([`Ua::refuse_recovered`]); `local_tag` is that of our answers to it. It holds numbers and no credentials. None when a header
/// holds bytes that are no text.
pub fn caller_record(invite: &Request, local_tag: &str) -> Option<String> {
    let invite = String::from_utf8(fields::answerable_of(invite).to_bytes().to_vec()).ok()?;
    Some(format!("{CALLER}{local_tag}\n{invite}"))
}

/// Whether this is a [`caller_record`], of whatever it holds.
pub fn is_caller_record(record: &str) -> bool {
    record.starts_with(CALLER)
}

impl Ua {
    /// Hangs up a call that another user agent made, from the record that it left ([`super::SessionInfo::dialog`],
    /// [`Dialog::to_record`]); `auth` is for a peer that challenges. Ends with [`super::Event::Response`] or
    /// [`super::Event::RequestFailed`]; 481 means that the peer had noticed before.
    pub fn bye_recovered(
        &mut self,
        now: Duration,
        path: Path,
        mut dialog: Dialog,
        headers: &Headers,
        auth: Option<Credentials>,
    ) -> TransactionId {
        let id = TransactionId(self.fresh_id());
        let mut bye = dialog.request(Method::Bye);
        fields::append(&mut bye.headers, headers);
        let mut auth = auth.map(|credentials| Box::new(Authenticator::new(credentials)));
        if let Some(auth) = &mut auth {
            auth.decorate(&mut bye, &mut self.tokens);
        }
        self.send_request(now, path, bye, Purpose::Outside(id), auth);
        id
    }

    /// The INVITE of a call of ours without a final answer, as text from which another user agent can give it up
    /// ([`Ua::cancel_recovered`]); it holds numbers and no credentials. Another one after [`super::Event::InviteResent`].
    /// None once there is an answer, and when a header holds bytes that are no text.
    pub fn invite_record(&self, session: SessionId) -> Option<String> {
        let state = self.sessions.get(&session)?;
        let is_open = matches!(state.phase, Phase::Inviting | Phase::Cancelling { .. });
        let invite = self.clients.get(&state.invite.filter(|_| is_open)?)?;
        String::from_utf8(fields::outline_of(&invite.request).to_bytes().to_vec()).ok()
    }

    /// Gives up a call that another user agent has begun, from the record that it left ([`Ua::invite_record`]): sends the CANCEL,
    /// and acknowledges and hangs up what answers all the same, by `auth` where it challenges. Nothing is told of it but its
    /// [`super::Event::SessionEnded`], after 64·T1 at most where nobody answers. None for a record that can't be read, and
    /// for a call that is known.
    pub fn cancel_recovered(
        &mut self,
        now: Duration,
        (path, party): (Path, Party),
        record: &str,
        auth: Option<Credentials>,
    ) -> Option<SessionId> {
        let message = crate::parse::message(Bytes::copy_from_slice(record.as_bytes())).ok()?;
        let Message::Request(request) = message else { return None };
        let key = ClientKey::of_invite(request.headers.via_top().ok()?.branch()?)?;
        let local_tag = request.headers.from().ok()?.tag()?.to_owned();
        let call_id = request.headers.call_id().ok()?.to_owned();
        if request.method != Method::Invite || self.tags.contains_key(&local_tag) {
            return None;
        }
        let id = SessionId(self.fresh_id());
        self.take_over_invite(key, path, request, Purpose::Invite(id));
        // Whether anything was heard of it nobody knows; by now it has been, wherever it arrived (§9.1).
        let phase = Phase::Cancelling { sent: false, give_up: None };
        let fresh = Session::new(id, phase, (path, party), self.contact_of(path), local_tag.clone(), call_id);
        let session = Session { invite: Some(key), auth: auth.map(Authenticator::new), ..fresh };
        self.tags.insert(local_tag, id);
        self.sessions.insert(id, session);
        self.cancel_now(now, id, key);
        Some(id)
    }

    /// Turns a caller away whose INVITE another user agent took and left without a final answer, from the record that it left
    /// ([`caller_record`]); sent again until it is acknowledged, and whenever a copy of the INVITE comes. A copy that came before
    /// is answered too. None for a record that can't be read.
    pub fn refuse_recovered(
        &mut self,
        now: Duration,
        sender: (Party, Path),
        record: &str,
        reply: Reply,
    ) -> Option<TransactionId> {
        let (local_tag, invite) = record.strip_prefix(CALLER)?.split_once('\n')?;
        let message = crate::parse::message(Bytes::copy_from_slice(invite.as_bytes())).ok()?;
        let Message::Request(request) = message else { return None };
        if request.method != Method::Invite {
            return None;
        }
        let key = ServerKey::of(&request)?;
        let id = match self.server_of(&key, sender) {
            Some(known) => known,
            None => self.start_server(now, key, sender, Arc::new(request), local_tag.to_owned(), None),
        };
        self.respond(now, id, reply).ok()?;
        Some(id)
    }
}
