//! The SIP endpoint: sockets on one side, `sip::ua` on the other, call legs behind channels.
//!
//! One task owns the user agent, so that it needs no lock: [`task`] feeds it datagrams, WebSocket messages,
//! commands and time, and hands its events to the leg that they belong to. [`SipHandle`] is how everyone else talks to
//! it. What an INVITE or a REGISTER means is not decided here (`incoming`, `registrar`, `call_task`).

mod alarm;
mod command;
mod dialogs;
mod endpoint;
mod flows;
mod lookups;
mod screening;
mod sockets;
mod strangers;
mod stream;
mod task;
#[cfg(test)]
mod tests;
mod tracer;
pub mod websocket;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sip::message::header::Replaces;
use sip::message::{Headers, Request};
use sip::ua::{
    Body, Credentials, Event, FlowId, Invite, Lasting, LocalId, OutsideRequest, Path, Register, Reply, TransactionId,
};
use tokio::sync::{mpsc, oneshot};

use crate::calls::DialogKeeper;
use crate::calls::trace::LegTrace;
use crate::gateway::leg::talks::Talks;

pub(crate) use command::{Command, Connection, WebInput};
pub use dialogs::OpenDialog;
pub(crate) use endpoint::INCOMING_QUEUE;
pub use endpoint::{BoundEndpoint, Connections, Endpoint, EndpointError};
pub use flows::{Peer, datagram_path};
pub use screening::{Judgement, Offence, Reason, Screening, Sender, Verdict};
pub use sockets::{SocketPlace, Sockets};
pub use stream::{Hop, StreamTransport};
pub use tracer::Traced;

/// Commands from all calls that may wait for the endpoint. At 2,000 calls/s of ten commands each this is a fifth of a
/// second; beyond it senders wait, which slows calls rather than losing them.
pub(crate) const COMMAND_QUEUE: usize = 4_096;
/// Messages from all WebSockets that may wait for the endpoint; beyond it their readers wait, each for its turn.
pub(crate) const WEB_QUEUE: usize = 1_024;

/// Messages of one call that may wait between two nodes; one that reads so slowly counts as gone.
pub(crate) const LENT_QUEUE: usize = 64;

/// Events that may wait for one leg. A leg handles each in microseconds; 64 is more than any dialog makes at once.
const SIGNAL_QUEUE: usize = 64;

/// The local end on UDP, as the endpoint registers it with the user agent.
pub const UDP: LocalId = LocalId(0);
/// The local end of WebSockets.
pub const WEB: LocalId = LocalId(1);
/// The local end on TCP.
pub const TCP: LocalId = LocalId(2);
/// The local end on TLS.
pub const TLS: LocalId = LocalId(3);
/// The flow of the UDP socket: replies find their peer by address.
pub const UDP_FLOW: FlowId = FlowId(0);

/// A SIP leg of a call, for the life of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SipLeg(pub(crate) u64);

/// The name of the transport of a local end, as it is shown.
pub fn transport_name(local: LocalId) -> &'static str {
    match local {
        UDP => "udp",
        TCP => "tcp",
        TLS => "tls",
        _ => "ws",
    }
}

/// What reaches a leg. In a box, because every leg has room for dozens that hardly ever wait.
pub type Signal = Box<Event>;

/// Work that begins with a request from outside.
#[derive(Debug)]
pub enum Incoming {
    /// A call.
    Call(IncomingCall),
    /// REGISTER, OPTIONS or another request outside a dialog.
    Request {
        /// To answer by.
        transaction: TransactionId,
        /// Where it came from.
        path: Path,
        /// What is known of the sender.
        peer: Peer,
        /// The request.
        request: Arc<Request>,
    },
    /// A TCP or TLS connection is no more: nobody is reached by it.
    Closed {
        /// Which.
        flow: FlowId,
    },
}

/// An INVITE that has not been admitted yet.
#[derive(Debug)]
pub struct IncomingCall {
    /// Its leg.
    pub leg: SipLeg,
    /// To answer by.
    pub transaction: TransactionId,
    /// Where it came from.
    pub path: Path,
    /// What is known of the sender.
    pub peer: Peer,
    /// The INVITE.
    pub request: Arc<Request>,
    /// The tag of our answers to it.
    pub local_tag: String,
    /// Everything that happens to the leg from now on; a CANCEL may be in it already.
    pub signals: mpsc::Receiver<Signal>,
    /// Its messages, the INVITE among them.
    pub trace: LegTrace,
}

/// What the endpoint holds right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SipGauge {
    /// Calls, from INVITE to the end of BYE; zero when no call is up.
    pub sessions: usize,
    /// Transactions, which outlive their call by up to 32 s (RFC 3261 §17, timers B, D, H, J).
    pub transactions: usize,
    /// Open connections: WebSockets, TCP and TLS.
    pub flows: usize,
}

/// Talks to the endpoint. Cheap to clone; commands of one caller are carried out in order.
#[derive(Clone)]
pub struct SipHandle {
    commands: mpsc::Sender<Command>,
    web: mpsc::Sender<WebInput>,
    next: Arc<AtomicU64>,
    talks: Talks,
}

/// What waits for the endpoint.
pub(crate) struct Queues {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) web: mpsc::Receiver<WebInput>,
}

impl SipHandle {
    pub(crate) fn new() -> (Self, Queues) {
        let (commands, of_calls) = mpsc::channel(COMMAND_QUEUE);
        let (web, of_web) = mpsc::channel(WEB_QUEUE);
        let handle = Self { commands, web, next: Arc::new(AtomicU64::new(1)), talks: Talks::default() };
        (handle, Queues { commands: of_calls, web: of_web })
    }

    /// Makes a call, whose messages go to `trace` too, and whose INVITE `keeper` keeps for the next process until it is over. The
    /// leg's signals arrive on the receiver; the last one is `SessionEnded`, unless the endpoint ends before.
    pub async fn invite(
        &self,
        invite: Invite,
        trace: LegTrace,
        keeper: Option<DialogKeeper>,
    ) -> (SipLeg, mpsc::Receiver<Signal>) {
        let leg = self.next_leg();
        let (signals, receiver) = mpsc::channel(SIGNAL_QUEUE);
        self.send(Command::Invite { leg, invite: Box::new(invite), signals, trace, keeper }).await;
        (leg, receiver)
    }

    /// Answers a request of a peer's.
    pub async fn respond(&self, transaction: TransactionId, reply: Reply) {
        self.send(Command::Respond { transaction, reply: Box::new(reply) }).await;
    }

    /// As [`Self::respond`]; whether the answer was sent. False where the request has had another one meanwhile.
    pub async fn answer(&self, transaction: TransactionId, reply: Reply) -> bool {
        let (sent, told) = oneshot::channel();
        self.send(Command::Answer { transaction, reply: Box::new(reply), sent }).await;
        told.await.unwrap_or(false)
    }

    /// Gives up a call of ours. One whose answer is on its way to us, or to the leg, is ended.
    pub async fn cancel(&self, leg: SipLeg, headers: Headers) {
        self.send(Command::Cancel { leg, headers }).await;
    }

    /// Has the peer of a leg told in the 200 to its BYE how long the call has lasted.
    pub async fn tell_length(&self, leg: SipLeg, lasting: Lasting) {
        self.send(Command::TellLength { leg, lasting }).await;
    }

    /// Ends an answered call.
    pub async fn bye(&self, leg: SipLeg, headers: Headers) {
        self.send(Command::Bye { leg, headers }).await;
    }

    /// Refreshes the leg's session, without a new offer when there is no body.
    pub async fn refresh(&self, leg: SipLeg, headers: Headers, body: Option<Body>) {
        self.send(Command::Refresh { leg, headers, body }).await;
    }

    /// What it takes to end the leg's dialog from another process; none before the answer to a call of ours, and none for a
    /// browser, whose connection ends with ours.
    pub async fn open_dialog(&self, leg: SipLeg) -> Option<OpenDialog> {
        let (reply, dialog) = oneshot::channel();
        self.send(Command::Describe { leg, reply }).await;
        dialog.await.ok().flatten()
    }

    /// Ends a dialog that an earlier process left open, or gives up what it left ringing, with `auth` where the peer challenges;
    /// waits until that is over, some minute at most. A peer that takes no connection any more keeps it.
    pub async fn end_recovered(&self, open: OpenDialog, auth: Option<Credentials>) {
        let path = match open.hop.clone() {
            Some(hop) => self.connect(hop, false).await,
            None => Some(datagram_path(open.remote)),
        };
        let Some(path) = path else { return };
        let (reply, over) = oneshot::channel();
        self.send(Command::EndRecovered { open: Box::new(open), path, auth, reply }).await;
        // Whatever it was: there is nothing more to be done.
        let _ = over.await;
    }

    /// The connection that leads there, opened if there is none. None where it can't be, and, where it could be done without,
    /// where it came to nothing lately.
    pub async fn connect(&self, hop: Hop, could_do_without: bool) -> Option<Path> {
        let (reply, path) = oneshot::channel();
        self.send(Command::Connect { hop, could_do_without, reply }).await;
        path.await.ok()
    }

    /// Registers with a carrier and keeps that up: each success is a `Registered`, and `RegistrationFailed` or `Unregistered`
    /// is the last event. `user` stands in Contact.
    pub async fn register(&self, register: Register, user: String) -> (u64, mpsc::Receiver<Signal>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (events, receiver) = mpsc::channel(SIGNAL_QUEUE);
        self.send(Command::Register { number, register: Box::new(register), user, events }).await;
        (number, receiver)
    }

    /// Ends a registration of ours.
    pub async fn unregister(&self, number: u64) {
        self.send(Command::Unregister { number }).await;
    }

    /// Keeps a registration of ours up no longer, and leaves its binding to the one that takes its place.
    pub async fn forget_registration(&self, number: u64) {
        self.send(Command::ForgetRegistration { number }).await;
    }

    /// Sends a request outside of dialogs. Gives the status of its answer, none where nobody answers.
    pub async fn ask(&self, request: OutsideRequest) -> Option<u16> {
        let (reply, status) = oneshot::channel();
        self.send(Command::Ask { request: Box::new(request), reply }).await;
        status.await.ok()
    }

    /// Sends an INFO in the leg's dialog.
    pub async fn info(&self, leg: SipLeg, body: Body) {
        self.send(Command::Info { leg, body }).await;
    }

    /// Sends a NOTIFY in the leg's dialog.
    pub async fn notify(&self, leg: SipLeg, headers: Headers, body: Body) {
        self.send(Command::Notify { leg, headers, body }).await;
    }

    /// The leg whose dialog a Replaces names.
    pub async fn leg_of(&self, replaces: Replaces) -> Option<SipLeg> {
        let (reply, leg) = oneshot::channel();
        self.send(Command::Find { replaces: Box::new(replaces), reply }).await;
        leg.await.ok().flatten()
    }

    /// The calls of legs that may be handed over.
    pub(in crate::gateway) fn talks(&self) -> &Talks {
        &self.talks
    }

    /// A browser came back: its calls on `from` go on over `to`.
    pub async fn rebind(&self, from: FlowId, to: FlowId) {
        self.send(Command::Rebind { from, to }).await;
    }

    /// Says who has proven an identity over a connection: from now on its dialogs are this user's.
    pub async fn proven(&self, path: Path, user: String) {
        if path.flow != UDP_FLOW {
            self.send(Command::Proven { flow: path.flow, user }).await;
        }
    }

    /// What is open now; nothing when the endpoint is gone.
    pub async fn gauge(&self) -> SipGauge {
        let (reply, gauge) = oneshot::channel();
        self.send(Command::Gauge { reply }).await;
        gauge.await.unwrap_or_default()
    }

    pub(crate) async fn send(&self, command: Command) {
        // The endpoint outlives everything but the end of the process, when nothing is to be sent any more.
        let _ = self.commands.send(command).await;
    }

    pub(crate) async fn send_web(&self, input: WebInput) {
        // As above.
        let _ = self.web.send(input).await;
    }

    pub(crate) fn next_leg(&self) -> SipLeg {
        SipLeg(self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn next_flow(&self) -> FlowId {
        FlowId(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn signal_channel() -> (mpsc::Sender<Signal>, mpsc::Receiver<Signal>) {
    mpsc::channel(SIGNAL_QUEUE)
}
