//! What the endpoint's task is asked to do.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use sip::message::header::Replaces;
use sip::message::{Headers, Message};
use sip::parse::{ParseError, Raw};
use sip::ua::{
    Body, Credentials, FlowId, Invite, Lasting, LocalId, OutsideRequest, Party, Path, Register, Reply, TransactionId,
};
use tokio::sync::{mpsc, oneshot};

use super::flows::Proof;
use super::stream::{Hop, StreamTransport};
use super::{OpenDialog, Signal, SipGauge, SipLeg};
use crate::calls::DialogKeeper;
use crate::calls::trace::LegTrace;
use crate::sip_tokens::identity::Identity;
use crate::tls::Proven;

/// One thing to do for a call, or for whoever looks after the endpoint.
pub(crate) enum Command {
    /// Call somebody. `keeper` keeps the INVITE for the next process as long as it is not over.
    Invite {
        leg: SipLeg,
        invite: Box<Invite>,
        signals: mpsc::Sender<Signal>,
        trace: LegTrace,
        keeper: Option<DialogKeeper>,
    },
    /// Answer a request.
    Respond { transaction: TransactionId, reply: Box<Reply> },
    /// Answer a request, and tell whether that could still be done: of an INVITE, a CANCEL may have come first.
    Answer { transaction: TransactionId, reply: Box<Reply>, sent: oneshot::Sender<bool> },
    /// Give up a call of ours: one that was answered in this moment ends too.
    Cancel { leg: SipLeg, headers: Headers },
    /// Say in the 200 to a BYE how long the call has lasted.
    TellLength { leg: SipLeg, lasting: Lasting },
    /// End an answered call.
    Bye { leg: SipLeg, headers: Headers },
    /// Refresh a session: UPDATE, or a re-INVITE when there is a body.
    Refresh { leg: SipLeg, headers: Headers, body: Option<Body> },
    /// Say how to end a call from another process.
    Describe { leg: SipLeg, reply: oneshot::Sender<Option<OpenDialog>> },
    /// Say which leg's dialog this names.
    Find { replaces: Box<Replaces>, reply: oneshot::Sender<Option<SipLeg>> },
    /// End what an earlier process left, by this path and with these credentials. `reply` is told the status, or nothing, once
    /// that is over.
    EndRecovered { open: Box<OpenDialog>, path: Path, auth: Option<Credentials>, reply: oneshot::Sender<u16> },
    /// Say by which connection a hop is reached, and open one if there is none; no answer where it can't be. One that could
    /// be done without is not tried where it came to nothing lately.
    Connect { hop: Hop, could_do_without: bool, reply: oneshot::Sender<Path> },
    /// Register with a carrier, where `user` is called, and keep that up.
    Register { number: u64, register: Box<Register>, user: String, events: mpsc::Sender<Signal> },
    /// End a registration.
    Unregister { number: u64 },
    /// Keep a registration up no longer, and leave it to end by itself.
    ForgetRegistration { number: u64 },
    /// Send a request outside of dialogs, and tell the status that it gets; no answer where there is none.
    Ask { request: Box<OutsideRequest>, reply: oneshot::Sender<u16> },
    /// INFO in a dialog.
    Info { leg: SipLeg, body: Body },
    /// NOTIFY in a dialog.
    Notify { leg: SipLeg, headers: Headers, body: Body },
    /// Somebody has proven this identity over this connection.
    Proven { flow: FlowId, user: String },
    /// Move the calls of one WebSocket to another.
    Rebind { from: FlowId, to: FlowId },
    /// A host name was looked up.
    Resolved { host: String, address: Option<IpAddr> },
    /// Send what has waited until it was kept.
    Transmit { path: Path, bytes: Bytes },
    /// Tell what is open.
    Gauge { reply: oneshot::Sender<SipGauge> },
}

/// A connection, as far as it tells whose it is.
pub(crate) enum Connection {
    /// A WebSocket, and the identity that came with its upgrade.
    Web(Option<Arc<Identity>>),
    /// TCP or TLS: whose it is by its address or by the certificate that it has shown, and where it leads if we opened it.
    Stream { transport: StreamTransport, party: Party, certificate: Option<Proven>, hop: Option<Hop> },
    /// One of another node's, by which this user of that end is reached. `notes` says there what is to be ended when we die, and
    /// nothing once that is over. `known` hears that the endpoint knows it.
    Borrowed { local: LocalId, user: String, notes: mpsc::Sender<Option<OpenDialog>>, known: oneshot::Sender<()> },
}

/// What a connection has for the endpoint. These wait in a queue of their own, so that they hold up nobody's calls.
pub(crate) enum WebInput {
    /// It was opened.
    Opened { flow: FlowId, remote: SocketAddr, opened: Connection, proof: Arc<Proof>, outgoing: mpsc::Sender<Bytes> },
    /// One that was asked for could not be opened.
    NotOpened { hop: Hop },
    /// A message came.
    Received { flow: FlowId, message: Box<Result<Message, ParseError>>, raw: Raw },
    /// Nothing came for long: it is closed unless a call is on it.
    Quiet { flow: FlowId },
    /// It was closed.
    Closed { flow: FlowId },
    /// Another node uses the connection at `path` for a call: what the callee says of that goes `to_node`.
    Lend { lease: FlowId, path: Path, to_node: mpsc::Sender<Bytes> },
    /// That node sends something to the callee.
    LentSends { lease: FlowId, bytes: Bytes },
    /// It is there, whether or not the callee is.
    LentLooks { lease: FlowId },
    /// It needs the connection no more, or is gone and has left this to be ended.
    LentOver { lease: FlowId, open: Option<Box<OpenDialog>> },
}
