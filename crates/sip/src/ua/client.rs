//! The client transactions of a user agent: sending requests, matching responses, running their timers.
//!
//! What a response means is decided by [`Purpose`] in the file of that purpose; here it only finds its way.

use core::time::Duration;

use bytes::Bytes;

use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::{ClientInvite, ClientOther, Kind, client_invite, client_other};

use super::Ua;
use super::auth::Authenticator;
use super::fields;
use super::io::{Failure, Output, Path, RegistrationId, SessionId, TransactionId};
use super::order::in_order;
use super::schedule::{Armed, Waiter};

/// Names a client transaction. A CANCEL shares the branch of its INVITE (RFC 3261 §9.1), hence the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    pub(crate) id: u64,
    /// Random part of the branch: a response must repeat it. Another user agent may have given the same id to an INVITE that
    /// is given up here for it.
    pub(crate) secret: u64,
    pub(crate) cancel: bool,
}

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The INVITE that opens the session.
    Invite(SessionId),
    /// A re-INVITE.
    Reinvite(SessionId),
    /// An UPDATE.
    Update(SessionId),
    /// The BYE that ends it.
    Bye(SessionId),
    /// INFO, REFER, NOTIFY … in the dialog.
    InDialog(SessionId, TransactionId),
    /// Outside any dialog.
    Outside(TransactionId),
    /// REGISTER.
    Register(RegistrationId),
    /// CANCEL, and the BYE to a fork that nobody wants: the answer changes nothing.
    Nobody,
}

/// The machine of RFC 3261 §17.1 that drives the transaction.
pub(crate) enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

/// A request of ours until the network can hold no copy of its answer any more.
pub(crate) struct ClientTx {
    pub(crate) machine: Machine,
    pub(crate) path: Path,
    /// The request as sent. Dropped with the final answer.
    bytes: Bytes,
    /// The request as built, for ACK, CANCEL, forks and the retry with credentials.
    pub(crate) request: Request,
    pub(crate) purpose: Purpose,
    /// Credentials of a request that belongs to no session or registration.
    pub(crate) auth: Option<Box<Authenticator>>,
    /// ACK of the 3xx–6xx.
    failure_ack: Option<Bytes>,
    /// ACKs of the 2xx, one per fork: every copy of a 2xx gets its ACK again (§13.2.2.4).
    pub(crate) acks: Vec<(String, Path, Bytes)>,
    armed: Armed,
}

/// Most forks whose 2xx is acknowledged per INVITE; beyond it somebody plays with us.
const MAX_FORKS: usize = 16;

/// Magic cookie of RFC 3261 §8.1.1.7.
const COOKIE: &str = "z9hG4bK";

impl ClientTx {
    fn deadline(&self) -> Option<Duration> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    /// No final response yet.
    pub(crate) fn is_pending(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_pending(),
            Machine::Other(machine) => machine.is_pending(),
        }
    }

    /// A CANCEL may be sent now.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(&self.machine, Machine::Invite(machine) if machine.is_proceeding())
    }
}

impl ClientKey {
    /// The transaction of an INVITE with this branch; none if no user agent of ours made it.
    pub(crate) fn of_invite(branch: &str) -> Option<Self> {
        let (secret, id) = read_branch(branch)?;
        Some(Self { id, secret, cancel: false })
    }

    fn branch(self) -> String {
        branch(self.secret, self.id)
    }
}

fn branch(secret: u64, id: u64) -> String {
    format!("{COOKIE}{secret:016x}{id:x}")
}

/// The inverse of [`branch`]: secret and id.
fn read_branch(branch: &str) -> Option<(u64, u64)> {
    let (secret, id) = branch.strip_prefix(COOKIE)?.split_at_checked(16)?;
    Some((u64::from_str_radix(secret, 16).ok()?, u64::from_str_radix(id, 16).ok()?))
}

enum Step {
    Nothing,
    Retransmit,
    Deliver,
    AckAndDeliver,
    AckAgain,
    TimedOut,
    Forget,
}

impl From<client_invite::Effect> for Step {
    fn from(effect: client_invite::Effect) -> Self {
        use client_invite::Effect;
        match effect {
            Effect::None => Self::Nothing,
            Effect::Retransmit => Self::Retransmit,
            Effect::Deliver => Self::Deliver,
            Effect::AckAndDeliver => Self::AckAndDeliver,
            Effect::AckAgain => Self::AckAgain,
            Effect::TimedOut => Self::TimedOut,
            Effect::Forget => Self::Forget,
        }
    }
}

impl From<client_other::Effect> for Step {
    fn from(effect: client_other::Effect) -> Self {
        use client_other::Effect;
        match effect {
            Effect::None => Self::Nothing,
            Effect::Retransmit => Self::Retransmit,
            Effect::Deliver => Self::Deliver,
            Effect::TimedOut => Self::TimedOut,
            Effect::Forget => Self::Forget,
        }
    }
}

impl Ua {
    /// Sends a request (without Via) in a transaction of its own.
    pub(crate) fn send_request(
        &mut self,
        now: Duration,
        path: Path,
        mut request: Request,
        purpose: Purpose,
        auth: Option<Box<Authenticator>>,
    ) -> ClientKey {
        let key = ClientKey { id: self.fresh_id(), secret: self.tokens.next(), cancel: false };
        let via = self.via(path, &key.branch());
        request.headers.prepend(HeaderName::Via, via);
        self.start_client(now, path, request, purpose, auth, key);
        key
    }

    /// Sends a request with its Via.
    fn start_client(
        &mut self,
        now: Duration,
        path: Path,
        mut request: Request,
        purpose: Purpose,
        auth: Option<Box<Authenticator>>,
        key: ClientKey,
    ) {
        self.add_product(&mut request.headers, HeaderName::UserAgent);
        let bytes = request.to_bytes();
        let reliable = self.is_reliable(path);
        let machine = if request.method == Method::Invite {
            Machine::Invite(ClientInvite::new(now, self.config.timers, reliable))
        } else {
            Machine::Other(ClientOther::new(now, self.config.timers, reliable))
        };
        self.outputs.push_back(Output::Send { path, bytes: bytes.clone() });
        let tx = ClientTx {
            machine,
            path,
            bytes,
            request,
            purpose,
            auth,
            failure_ack: None,
            acks: Vec::new(),
            armed: Armed::default(),
        };
        self.clients.insert(key, tx);
        self.arm_client(now, key);
    }

    /// Sends the CANCEL of an INVITE that is still proceeding.
    pub(crate) fn send_cancel(&mut self, now: Duration, key: ClientKey, extra: &crate::message::Headers) {
        let Some(tx) = self.clients.get(&key) else { return };
        let mut cancel = fields::cancel_of(&tx.request);
        fields::append(&mut cancel.headers, extra);
        let path = tx.path;
        self.start_client(now, path, cancel, Purpose::Nobody, None, ClientKey { cancel: true, ..key });
    }

    /// Takes an INVITE that another user agent sent as one of ours that rings.
    pub(crate) fn take_over_invite(&mut self, key: ClientKey, path: Path, request: Request, purpose: Purpose) {
        let machine = Machine::Invite(ClientInvite::ringing(self.config.timers, self.is_reliable(path)));
        let tx = ClientTx {
            machine,
            path,
            bytes: Bytes::new(),
            request,
            purpose,
            auth: None,
            failure_ack: None,
            acks: Vec::new(),
            armed: Armed::default(),
        };
        self.clients.insert(key, tx);
    }

    /// Sends the ACK of a 2xx (its own branch, no transaction) and keeps it for copies of that 2xx.
    pub(crate) fn send_ack(&mut self, key: ClientKey, path: Path, mut ack: Request, to_tag: String) {
        let branch = branch(self.tokens.next(), self.fresh_id());
        let via = self.via(path, &branch);
        ack.headers.prepend(HeaderName::Via, via);
        let bytes = ack.to_bytes();
        self.outputs.push_back(Output::Send { path, bytes: bytes.clone() });
        if let Some(tx) = self.clients.get_mut(&key)
            && tx.acks.len() < MAX_FORKS
        {
            tx.acks.push((to_tag, path, bytes));
        }
    }

    /// Sends the stored ACK again. False: this fork was not acknowledged yet.
    pub(crate) fn repeat_ack(&mut self, key: ClientKey, to_tag: &str) -> bool {
        let Some(tx) = self.clients.get(&key) else { return false };
        let Some((_, path, bytes)) = tx.acks.iter().find(|(tag, ..)| tag == to_tag) else { return false };
        self.outputs.push_back(Output::Send { path: *path, bytes: bytes.clone() });
        true
    }

    /// The transaction of ours that a response is to: its branch repeats our secret.
    pub(crate) fn client_of(&self, response: &Response) -> Option<ClientKey> {
        client_key(response).filter(|key| self.clients.contains_key(key))
    }

    pub(crate) fn on_response(&mut self, now: Duration, path: Path, response: Response) {
        let Some(key) = self.client_of(&response) else { return };
        // A response with somebody else's Via below ours was meant for a proxy (§8.1.3.3).
        if response.check().is_err() {
            return;
        }
        let Some(tx) = self.clients.get_mut(&key) else { return };
        let kind = Kind::of(response.status.code());
        let step: Step = match &mut tx.machine {
            Machine::Invite(machine) => machine.response(now, kind).into(),
            Machine::Other(machine) => machine.response(now, kind).into(),
        };
        match step {
            Step::Deliver => {
                if kind != Kind::Provisional {
                    // No further retransmission: the copy on the wire is not needed any more.
                    tx.bytes = Bytes::new();
                }
                self.dispatch_response(now, key, path, response);
            }
            Step::AckAndDeliver => {
                let ack = fields::failure_ack(&tx.request, &response);
                let bytes = ack.to_bytes();
                tx.bytes = Bytes::new();
                tx.failure_ack = Some(bytes.clone());
                let path = tx.path;
                self.outputs.push_back(Output::Send { path, bytes });
                self.dispatch_response(now, key, path, response);
            }
            Step::AckAgain => {
                if let Some(bytes) = tx.failure_ack.clone() {
                    let path = tx.path;
                    self.outputs.push_back(Output::Send { path, bytes });
                }
            }
            Step::Nothing | Step::Retransmit | Step::TimedOut | Step::Forget => {}
        }
        self.arm_client(now, key);
    }

    fn dispatch_response(&mut self, now: Duration, key: ClientKey, path: Path, response: Response) {
        let Some(purpose) = self.clients.get(&key).map(|tx| tx.purpose) else { return };
        match purpose {
            Purpose::Invite(session) => self.invite_response(now, key, session, path, response),
            Purpose::Reinvite(session) => self.reoffer_response(now, key, session, path, response, true),
            Purpose::Update(session) => self.reoffer_response(now, key, session, path, response, false),
            Purpose::Bye(session) => self.bye_response(now, key, session, response),
            Purpose::InDialog(session, transaction) => {
                self.in_dialog_response(now, key, session, transaction, response);
            }
            Purpose::Outside(transaction) => self.outside_response(now, key, transaction, response),
            Purpose::Register(registration) => self.register_response(now, key, registration, response),
            Purpose::Nobody => {}
        }
    }

    fn dispatch_failure(&mut self, now: Duration, purpose: Purpose, failure: Failure) {
        match purpose {
            Purpose::Invite(session) => self.invite_failed(now, session, failure),
            Purpose::Reinvite(session) | Purpose::Update(session) => self.reoffer_failed(now, session, failure),
            Purpose::Bye(session) => self.bye_failed(now, session),
            Purpose::InDialog(session, transaction) => self.in_dialog_failed(now, session, transaction, failure),
            Purpose::Outside(transaction) => self.outside_failed(transaction, failure),
            Purpose::Register(registration) => self.register_failed(registration, failure),
            Purpose::Nobody => {}
        }
    }

    /// A heap entry of a client transaction came up.
    pub(crate) fn client_due(&mut self, now: Duration, at: Duration, key: ClientKey) {
        let Some(tx) = self.clients.get_mut(&key) else { return };
        if !tx.armed.take(at) {
            return;
        }
        if tx.deadline().is_some_and(|deadline| deadline <= now) {
            self.client_timer(now, key);
        }
        self.arm_client(now, key);
    }

    fn client_timer(&mut self, now: Duration, key: ClientKey) {
        let Some(tx) = self.clients.get_mut(&key) else { return };
        let step: Step = match &mut tx.machine {
            Machine::Invite(machine) => machine.timer(now).into(),
            Machine::Other(machine) => machine.timer(now).into(),
        };
        match step {
            Step::Retransmit => {
                let output = Output::Send { path: tx.path, bytes: tx.bytes.clone() };
                self.outputs.push_back(output);
            }
            Step::TimedOut => {
                let purpose = tx.purpose;
                self.clients.remove(&key);
                self.dispatch_failure(now, purpose, Failure::Timeout);
            }
            Step::Forget => {
                self.clients.remove(&key);
            }
            Step::Nothing | Step::Deliver | Step::AckAndDeliver | Step::AckAgain => {}
        }
    }

    /// Puts the transaction's next deadline on the heap; a transaction that has nothing to wait for ends here
    /// (timers D and K are zero on reliable transports).
    pub(crate) fn arm_client(&mut self, now: Duration, key: ClientKey) {
        let Some(tx) = self.clients.get_mut(&key) else { return };
        let deadline = tx.deadline();
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.client_timer(now, key);
            return;
        }
        self.schedule.arm(Waiter::Client(key), &mut tx.armed, deadline);
    }

    /// Every transaction on a closed flow that still hopes for an answer fails now.
    pub(crate) fn fail_clients_on(&mut self, now: Duration, flow: super::FlowId) {
        let lost = self.clients.iter().filter(|(_, tx)| tx.path.flow == flow).map(|(key, _)| *key);
        for key in in_order(lost) {
            if let Some(tx) = self.clients.remove(&key)
                && tx.is_pending()
            {
                self.dispatch_failure(now, tx.purpose, Failure::FlowClosed);
            }
        }
    }

    /// Takes the request out of an answered transaction to send it again with credentials.
    pub(crate) fn take_for_retry(
        &mut self,
        key: ClientKey,
    ) -> Option<(Path, Request, Purpose, Option<Box<Authenticator>>)> {
        let tx = self.clients.get_mut(&key)?;
        let mut request = tx.request.clone();
        fields::remove_top_via(&mut request.headers);
        Some((tx.path, request, tx.purpose, tx.auth.take()))
    }

    /// The Via of a request: rport always asked for on UDP (RFC 3581 §3), and connections offered for requests the other way
    /// round (RFC 5923 §5).
    fn via(&self, path: Path, branch: &str) -> String {
        let (transport, sent_by) = self
            .config
            .locals
            .get(usize::from(path.local.0))
            .map_or(("UDP", "invalid.invalid"), |local| (local.transport.as_str(), local.sent_by.as_str()));
        let more = match transport {
            "UDP" => ";rport",
            "TCP" | "TLS" => ";alias",
            _ => "",
        };
        format!("SIP/2.0/{transport} {sent_by};branch={branch}{more}")
    }
}

fn client_key(response: &Response) -> Option<ClientKey> {
    let via = response.headers.via_top().ok()?;
    let cancel = response.headers.cseq().ok()?.method == Method::Cancel;
    Some(ClientKey { cancel, ..ClientKey::of_invite(via.branch()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_names_its_transaction() {
        assert_eq!(read_branch(&branch(0xabc, 77)), Some((0xabc, 77)));
        assert_eq!(read_branch("z9hG4bKé"), None);
        assert_eq!(read_branch("nonsense"), None);
    }
}
