//! What goes into the user agent and what comes out.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::{Headers, Message, Method, Request, Response, StatusCode};
use crate::parse::ParseError;

/// A transport association, named by the shell: one TCP or WebSocket connection, or one UDP socket and peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// Index of a [`super::Local`] in [`super::Config::locals`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u16);

/// Where messages come from and go to: the flow, the local end whose names stand in Via and Contact, and the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The association.
    pub flow: FlowId,
    /// Our end of it.
    pub local: LocalId,
    /// The peer's transport address. A browser, which cannot know it, gives any.
    pub remote: SocketAddr,
}

/// Who is at the other end, as far as the shell has proof of it.
///
/// Requests in a dialog are taken from the party that the dialog was made with and from nobody else: ids leak, in logs
/// and traces, and must not be enough to end a call or to move its audio. And each kind of party has room of its own
/// for its open requests ([`super::Room`]), which no other can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Party {
    /// Nobody who is known. The same one as long as the connection is the same, or the host where there is none.
    #[default]
    Stranger,
    /// A user with a proven identity, by the shell's number for it: the same one on every connection.
    User(u64),
    /// A carrier, or another server that is trusted, by the shell's number for it: the same one at every address.
    Trunk(u32),
}

/// One call: an INVITE and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub(crate) u64);

/// One request of ours or of the peer's, until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub(crate) u64);

/// One registration of ours at a registrar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub(crate) u64);

/// What the shell tells the user agent.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every input is a message, and none is stored")]
pub enum Input {
    /// A parsed message arrived.
    Received { path: Path, party: Party, message: Message },
    /// Bytes arrived that hold no message to act on. A broken request that can be answered is, without state.
    Unreadable { path: Path, error: ParseError },
    /// A connection closed or a send on it failed for good.
    FlowClosed(FlowId),
    /// The instant of [`super::Ua::next_timeout`] has come (or any instant: nothing happens too early).
    Timeout,
}

/// What the shell is told to do.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes. The same bytes are handed out again for a retransmission without being copied.
    Send { path: Path, bytes: Bytes },
    /// Something happened.
    Event(Event),
}

/// A message body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Media type, for instance `application/sdp`.
    pub content_type: &'static str,
    /// The octets.
    pub content: Bytes,
}

impl Body {
    /// A session description.
    pub fn sdp(content: impl Into<Bytes>) -> Self {
        Self { content_type: "application/sdp", content: content.into() }
    }
}

/// An answer to a request of the peer's.
#[derive(Debug, Clone)]
pub struct Reply {
    /// 101–699; 100 is sent by the transaction itself.
    pub status: StatusCode,
    /// Headers beyond the ones that the user agent writes (Via, From, To, Call-ID, CSeq, Record-Route, Contact).
    pub headers: Headers,
    /// Body, if any.
    pub body: Option<Body>,
}

impl Reply {
    /// A reply with the status alone.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: Headers::new(), body: None }
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }
}

/// Why a request of ours came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The peer refused: 3xx–6xx. A 401 or 407 means that our credentials are missing or were refused.
    Response(Box<Response>),
    /// Timer B or F: nobody answered in 64·T1.
    Timeout,
    /// The flow closed before the answer.
    FlowClosed,
}

impl Failure {
    /// The status to act on: RFC 3261 §8.1.3.1 makes 408 of a time-out and 503 of a transport error.
    pub fn status(&self) -> u16 {
        match self {
            Self::Response(response) => response.status.code(),
            Self::Timeout => 408,
            Self::FlowClosed => 503,
        }
    }
}

/// Why a session is over.
#[derive(Debug)]
pub enum EndCause {
    /// Our INVITE failed.
    Failed(Failure),
    /// We cancelled our INVITE; a 200 that crossed the CANCEL has been acknowledged and hung up.
    CancelledLocally,
    /// The caller cancelled; 487 has been sent. Holds the CANCEL (or the early BYE) for its Reason header.
    CancelledRemotely(Box<Request>),
    /// We refused the caller with this status.
    Refused(StatusCode),
    /// Our BYE was answered, or nobody answered it in 64·T1.
    LocalBye,
    /// The peer's BYE, already answered with 200. Holds the request for its Reason header.
    RemoteBye(Box<Request>),
    /// Our 2xx was never acknowledged (RFC 3261 §13.3.1.4); BYE has been sent.
    NoAck,
    /// A request in the dialog met 481, 408 or silence: the peer no longer knows the call (RFC 3261 §12.2.1.2).
    DialogLost(Failure),
}

/// What the user agent tells its owner.
#[derive(Debug)]
pub enum Event {
    /// A call comes in. Answer with [`super::Ua::respond`].
    IncomingInvite { session: SessionId, transaction: TransactionId, path: Path, request: Arc<Request> },
    /// A request outside any dialog (REGISTER, OPTIONS, MESSAGE …). Answer with [`super::Ua::respond`].
    IncomingRequest { transaction: TransactionId, path: Path, request: Arc<Request> },
    /// Our INVITE is sent again with credentials, in another transaction: [`super::Ua::invite_record`] is another one. Told
    /// before it is sent.
    InviteResent { session: SessionId },
    /// 1xx to our INVITE, 100 included: somebody is there. `to_tag` tells forks apart. A lost or doubled response is
    /// not repaired, so 180 may come twice or never.
    Provisional { session: SessionId, response: Box<Response>, to_tag: Option<String> },
    /// 2xx to our INVITE. Acknowledged already, unless the INVITE had no offer: then [`super::Ua::ack`] with the answer.
    Answered { session: SessionId, response: Box<Response> },
    /// The peer acknowledged our 2xx; the body is its answer when our 2xx carried the offer.
    AckReceived { session: SessionId, request: Box<Request> },
    /// A 2xx of ours, which [`super::Ua::respond`] took while the caller had yet to acknowledge a provisional response (RFC 3262
    /// §3), has gone out. Until then the call can still end without an answer.
    DelayedAnswerSent { session: SessionId, transaction: TransactionId },
    /// re-INVITE of the peer's. Answer with [`super::Ua::respond`].
    ReinviteReceived { session: SessionId, transaction: TransactionId, request: Arc<Request> },
    /// UPDATE of the peer's, or a PRACK that offers anew. Answer with [`super::Ua::respond`].
    UpdateReceived { session: SessionId, transaction: TransactionId, request: Arc<Request> },
    /// INFO of the peer's. Answer with [`super::Ua::respond`].
    InfoReceived { session: SessionId, transaction: TransactionId, request: Arc<Request> },
    /// Any other request in the dialog (REFER, NOTIFY, MESSAGE, OPTIONS). Answer with [`super::Ua::respond`].
    RequestReceived { session: SessionId, transaction: TransactionId, method: Method, request: Arc<Request> },
    /// Our re-INVITE or UPDATE was accepted; a re-INVITE has been acknowledged.
    OfferAccepted { session: SessionId, response: Box<Response> },
    /// Our re-INVITE or UPDATE collided (491). [`Event::OfferDue`] follows after the wait of RFC 3261 §14.1.
    OfferCollided { session: SessionId, retry_in: Duration },
    /// The wait after a collision is over: offer again if it is still wanted.
    OfferDue { session: SessionId },
    /// Our re-INVITE or UPDATE was refused; the session goes on as it was.
    OfferRefused { session: SessionId, failure: Failure },
    /// The flow that the session used closed. The session lives; see [`super::Ua::rebind`].
    SessionFlowClosed { session: SessionId },
    /// The session moved to another flow, by [`super::Ua::rebind`] or because its peer speaks from there.
    SessionRebound { session: SessionId },
    /// A host name (in lower case) stands in the Route or Contact of a session: look its address up, if that can be done, and
    /// tell it by [`super::Ua::resolved`]. Until then requests go where the peer was heard.
    NameWanted { host: String },
    /// The session is over and forgotten `at` that moment of the owner's clock: always its last event, exactly once.
    SessionEnded { session: SessionId, cause: EndCause, at: Duration },
    /// Final answer to [`super::Ua::request`] or [`super::Ua::request_in_dialog`].
    Response { transaction: TransactionId, response: Box<Response> },
    /// No answer, or a refusal without credentials to try.
    RequestFailed { transaction: TransactionId, failure: Failure },
    /// The registrar holds our binding; the refresh is scheduled.
    Registered { registration: RegistrationId, expires: Duration, response: Box<Response> },
    /// The registrar refused or is silent. The registration stays known but is not retried by itself.
    RegistrationFailed { registration: RegistrationId, failure: Failure },
    /// The binding is removed and the registration forgotten.
    Unregistered { registration: RegistrationId },
}
