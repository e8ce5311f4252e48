//! What the endpoint's task is asked to do.

use std::net::SocketAddr;

use bytes::Bytes;
use sip::message::{Headers, Message};
use sip::parse::ParseError;
use sip::ua::{Body, FlowId, Invite, Reply, TransactionId};
use tokio::sync::{mpsc, oneshot};

use super::flows::Peer;
use super::{OpenDialog, Signal, SipGauge, SipLeg};

/// One thing to do.
pub(crate) enum Command {
    /// Call somebody.
    Invite { leg: SipLeg, invite: Box<Invite>, signals: mpsc::Sender<Signal> },
    /// Answer a request.
    Respond { transaction: TransactionId, reply: Box<Reply> },
    /// Give up a call that rings.
    Cancel { leg: SipLeg, headers: Headers },
    /// End an answered call.
    Bye { leg: SipLeg, headers: Headers },
    /// Refresh a session: UPDATE, or a re-INVITE when there is a body.
    Refresh { leg: SipLeg, headers: Headers, body: Option<Body> },
    /// Say how to end a call from another process.
    Describe { leg: SipLeg, reply: oneshot::Sender<Option<OpenDialog>> },
    /// End a call of an earlier process.
    ByeRecovered(Box<OpenDialog>),
    /// INFO in a dialog.
    Info { leg: SipLeg, body: Body },
    /// A WebSocket was opened.
    FlowOpened { flow: FlowId, remote: SocketAddr, peer: Peer, outgoing: mpsc::Sender<Bytes> },
    /// A WebSocket was closed.
    FlowClosed { flow: FlowId },
    /// A message came over a WebSocket.
    Received { flow: FlowId, message: Box<Result<Message, ParseError>> },
    /// Move the calls of one WebSocket to another.
    Rebind { from: FlowId, to: FlowId },
    /// Tell what is open.
    Gauge { reply: oneshot::Sender<SipGauge> },
}
