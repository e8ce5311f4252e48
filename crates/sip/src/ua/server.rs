//! The server transactions of a user agent: answering requests, repeating answers, running their timers.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::{HeaderName, Headers, Method, Request, Response, StatusCode};
use crate::transaction::key::{MergeKey, ServerKey};
use crate::transaction::{Kind, ServerInvite, ServerOther, server_invite, server_other};

use super::Ua;
use super::error::CommandError;
use super::fields;
use super::io::{Output, Party, Path, Reply, SessionId, TransactionId};
use super::schedule::{Armed, Waiter};

/// What a request of the peer's is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The INVITE that opens the session.
    Invite(SessionId),
    /// A re-INVITE.
    Reinvite(SessionId),
    /// An UPDATE.
    Update(SessionId),
    /// INFO, REFER, BYE … in a dialog.
    InDialog(SessionId),
    /// Outside any dialog, or refused before anybody looked.
    Outside,
}

enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

/// A request of the peer's until no copy of it can arrive any more.
pub(crate) struct ServerTx {
    key: ServerKey,
    merge: Option<MergeKey>,
    machine: Machine,
    /// Who sent it, and on which way.
    sender: (Party, Path),
    /// Whose room it takes, when it is in a dialog.
    of_session: Option<SessionId>,
    /// Where responses go (RFC 3261 §18.2.2, RFC 3581 §4).
    path: Path,
    /// Needed to build responses; dropped with the final one.
    request: Option<Arc<Request>>,
    /// Tag of our responses.
    to_tag: String,
    last: Option<Bytes>,
    pub(crate) role: Role,
    armed: Armed,
}

impl ServerTx {
    fn deadline(&self) -> Option<Duration> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    pub(crate) fn sender(&self) -> (Party, Path) {
        self.sender
    }

    pub(crate) fn to_tag(&self) -> &str {
        &self.to_tag
    }

    pub(crate) fn is_pending(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_pending(),
            Machine::Other(machine) => machine.is_pending(),
        }
    }
}

impl Ua {
    /// Opens the transaction of a new request, outside dialogs or in one of the session.
    pub(crate) fn start_server(
        &mut self,
        now: Duration,
        key: ServerKey,
        (party, path): (Party, Path),
        request: Arc<Request>,
        to_tag: String,
        of_session: Option<SessionId>,
    ) -> TransactionId {
        let id = TransactionId(self.fresh_id());
        let reliable = self.is_reliable(path);
        let machine = if request.method == Method::Invite {
            Machine::Invite(ServerInvite::new(now, self.config.timers, reliable))
        } else {
            Machine::Other(ServerOther::new(now, self.config.timers, reliable))
        };
        let merge = MergeKey::of(&request);
        if let Some(merge) = &merge {
            // The first copy keeps its claim on the identity.
            let is_first = !self.merges.contains_key(merge);
            if is_first {
                self.merges.insert(merge.clone(), id);
            }
        }
        self.server_keys.insert(key.clone(), id);
        match of_session {
            Some(session) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.peer_requests = session.peer_requests.saturating_add(1);
                }
            }
            None => self.held.add(party, reliable),
        }
        let sender = (party, path);
        let path = self.reply_path(path, &request.headers);
        let tx = ServerTx {
            key,
            merge,
            machine,
            sender,
            of_session,
            path,
            request: Some(request),
            to_tag,
            last: None,
            role: Role::Outside,
            armed: Armed::default(),
        };
        self.servers.insert(id, tx);
        self.arm_server(now, id);
        id
    }

    /// The transaction of this key that this sender began.
    pub(crate) fn server_of(&self, key: &ServerKey, sender: (Party, Path)) -> Option<TransactionId> {
        let id = *self.server_keys.get(key)?;
        let tx = self.servers.get(&id)?;
        self.is_same_party(tx.sender, sender).then_some(id)
    }

    /// A copy of a request that has a transaction, or the ACK of its 3xx–6xx. True: it was one and is dealt with, or
    /// somebody else uses the same key, who gets nothing.
    pub(crate) fn absorb(&mut self, now: Duration, key: &ServerKey, sender: (Party, Path), request: &Request) -> bool {
        let Some(id) = self.server_keys.get(key).copied() else { return false };
        if self.servers.get(&id).is_some_and(|tx| !self.is_same_party(tx.sender, sender)) {
            return true;
        }
        let Some(tx) = self.servers.get_mut(&id) else { return false };
        let repeat = match (&mut tx.machine, &request.method) {
            (Machine::Invite(machine), Method::Ack) => match machine.ack(now) {
                // The ACK of a 2xx that reuses the branch: the dialog takes it.
                server_invite::Effect::DeliverAck => return false,
                _ => false,
            },
            (Machine::Invite(machine), _) => match machine.request_again() {
                server_invite::Effect::Retransmit => true,
                server_invite::Effect::Trying => {
                    self.send_trying(id);
                    false
                }
                _ => false,
            },
            (Machine::Other(machine), _) => machine.request_again() == server_other::Effect::Retransmit,
        };
        if repeat {
            self.repeat_last(id);
        }
        self.arm_server(now, id);
        true
    }

    /// Answers a request of the peer's: a call, a re-INVITE, an INFO, a REGISTER. `reply.status` 101–699. To a caller that wants
    /// provisional responses reliably it may go out later ([`super::Event::DelayedAnswerSent`]), in its turn;
    /// [`Ua::is_answerable`] says whether a final one has.
    pub fn respond(&mut self, now: Duration, transaction: TransactionId, reply: Reply) -> Result<(), CommandError> {
        let tx = self.servers.get_mut(&transaction).ok_or(CommandError::UnknownTransaction)?;
        if reply.status == StatusCode::TRYING {
            return Ok(());
        }
        let Some(request) = tx.request.clone() else { return Err(CommandError::AlreadyAnswered) };
        let role = tx.role;
        let Some(reply) = self.in_turn(&request, role, reply)? else { return Ok(()) };
        let tx = self.servers.get_mut(&transaction).ok_or(CommandError::UnknownTransaction)?;
        let kind = Kind::of(reply.status.code());
        let accepted = match &mut tx.machine {
            Machine::Invite(machine) => machine.respond(now, kind),
            Machine::Other(machine) => machine.respond(now, kind),
        };
        if !accepted {
            return Err(CommandError::AlreadyAnswered);
        }
        if kind != Kind::Provisional {
            tx.request = None;
        }
        let path = tx.path;
        let status = reply.status;
        let has_body = reply.body.is_some();
        let bytes = self.print_reply(transaction, &request, role, reply);
        if let Some(tx) = self.servers.get_mut(&transaction) {
            tx.last = Some(bytes.clone());
        }
        self.outputs.push_back(Output::Send { path, bytes: bytes.clone() });
        self.arm_server(now, transaction);
        self.answered(now, &request, role, status, has_body, path, bytes);
        Ok(())
    }

    /// Answers with a bare status, for refusals that the user agent decides itself.
    pub(crate) fn refuse(&mut self, now: Duration, transaction: TransactionId, status: StatusCode, headers: Headers) {
        // The transaction was opened by the caller a moment ago, so it can neither be unknown nor answered.
        let _ = self.respond(now, transaction, Reply { status, headers, body: None });
    }

    fn print_reply(&mut self, id: TransactionId, request: &Request, role: Role, reply: Reply) -> Bytes {
        let to_tag = self.servers.get(&id).map(|tx| tx.to_tag.clone()).unwrap_or_default();
        let mut response = Response::to_request(request, reply.status, Some(&to_tag));
        let headers = &mut response.headers;
        let session = match role {
            Role::Invite(session) | Role::Reinvite(session) | Role::Update(session) => Some(session),
            Role::InDialog(_) | Role::Outside => None,
        };
        if let Some(session) = session
            && reply.status.code() < 300
        {
            match (self.sessions.get_mut(&session), reply.headers.get(&HeaderName::Contact)) {
                // The owner's Contact is the one of the dialog from here on.
                (Some(session), Some(own)) => session.contact = String::from_utf8_lossy(own).into_owned(),
                (Some(session), None) => headers.push(HeaderName::Contact, session.contact.clone()),
                (None, _) => {}
            }
        }
        if reply.status.is_success() && matches!(request.method, Method::Invite | Method::Update | Method::Options) {
            self.add_capabilities(headers);
        }
        self.add_product(headers, HeaderName::Server);
        fields::append(headers, &reply.headers);
        fields::set_body(headers, &mut response.body, reply.body);
        response.to_bytes()
    }

    fn send_trying(&mut self, id: TransactionId) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        let Some(request) = &tx.request else { return };
        let bytes = Response::to_request(request, StatusCode::TRYING, None).to_bytes();
        tx.last = Some(bytes.clone());
        let output = Output::Send { path: tx.path, bytes };
        self.outputs.push_back(output);
    }

    fn repeat_last(&mut self, id: TransactionId) {
        let Some(tx) = self.servers.get(&id) else { return };
        if let Some(bytes) = tx.last.clone() {
            let output = Output::Send { path: tx.path, bytes };
            self.outputs.push_back(output);
        }
    }

    /// A heap entry of a server transaction came up.
    pub(crate) fn server_due(&mut self, now: Duration, at: Duration, id: TransactionId) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        if !tx.armed.take(at) {
            return;
        }
        if tx.deadline().is_some_and(|deadline| deadline <= now) {
            self.server_timer(now, id);
        }
        self.arm_server(now, id);
    }

    fn server_timer(&mut self, now: Duration, id: TransactionId) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        match &mut tx.machine {
            Machine::Invite(machine) => match machine.timer(now) {
                server_invite::Effect::Retransmit => self.repeat_last(id),
                server_invite::Effect::Trying => self.send_trying(id),
                server_invite::Effect::Unacknowledged | server_invite::Effect::Forget => self.forget_server(id),
                server_invite::Effect::None | server_invite::Effect::DeliverAck => {}
            },
            Machine::Other(machine) => match machine.timer(now) {
                server_other::Effect::Retransmit => self.repeat_last(id),
                server_other::Effect::Forget => self.forget_server(id),
                server_other::Effect::None => {}
            },
        }
    }

    /// Puts the transaction's next deadline on the heap, or ends it when nothing is left to wait for.
    fn arm_server(&mut self, now: Duration, id: TransactionId) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        let deadline = tx.deadline();
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.server_timer(now, id);
            return;
        }
        self.schedule.arm(Waiter::Server(id), &mut tx.armed, deadline);
    }

    fn forget_server(&mut self, id: TransactionId) {
        let Some(tx) = self.servers.remove(&id) else { return };
        self.server_keys.remove(&tx.key);
        match tx.of_session {
            Some(session) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.peer_requests = session.peer_requests.saturating_sub(1);
                }
            }
            None => self.held.remove(tx.sender.0, self.is_reliable(tx.sender.1)),
        }
        let pending = tx.is_pending();
        self.forget_merge(id, tx.merge);
        if pending {
            self.peer_request_expired(tx.role, id);
        }
    }

    /// From now on the same identity may call again (a cancelled call that is repeated with its old identity).
    pub(crate) fn release_merge(&mut self, id: TransactionId) {
        let merge = self.servers.get_mut(&id).and_then(|tx| tx.merge.take());
        self.forget_merge(id, merge);
    }

    fn forget_merge(&mut self, id: TransactionId, merge: Option<MergeKey>) {
        if let Some(merge) = merge
            && self.merges.get(&merge) == Some(&id)
        {
            self.merges.remove(&merge);
        }
    }

    /// Where the response goes: back on the flow; on UDP to the source address, and to the source port only when the
    /// peer asked for it with rport (RFC 3581 §4), else to the port of its Via (RFC 3261 §18.2.2).
    pub(crate) fn reply_path(&self, mut path: Path, headers: &Headers) -> Path {
        if !self.is_reliable(path)
            && let Some(port) = fields::reply_port(headers)
        {
            path.remote.set_port(port);
        }
        path
    }
}
