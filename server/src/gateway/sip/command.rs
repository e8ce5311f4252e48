//! What the endpoint's task is asked to do.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use sip::message::{Headers, Message};
use sip::parse::ParseError;
use sip::ua::{Body, FlowId, Invite, Reply, TransactionId};
use tokio::sync::{mpsc, oneshot};

use super::flows::Proof;
use super::{OpenDialog, Signal, SipGauge, SipLeg};
use crate::sip_tokens::identity::Identity;

/// One thing to do for a call, or for whoever looks after the endpoint.
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
    /// Somebody has proven this identity over this connection.
    Proven { flow: FlowId, user: String },
    /// Move the calls of one WebSocket to another.
    Rebind { from: FlowId, to: FlowId },
    /// A host name was looked up.
    Resolved { host: String, address: Option<IpAddr> },
    /// Tell what is open.
    Gauge { reply: oneshot::Sender<SipGauge> },
}

/// What a WebSocket has for the endpoint. These wait in a queue of their own, so that browsers hold up nobody's calls.
pub(crate) enum WebInput {
    /// It was opened; `identity` came with the upgrade.
    Opened {
        flow: FlowId,
        remote: SocketAddr,
        identity: Option<Arc<Identity>>,
        proof: Arc<Proof>,
        outgoing: mpsc::Sender<Bytes>,
    },
    /// A message came.
    Received { flow: FlowId, message: Box<Result<Message, ParseError>> },
    /// Nothing came for long: it is closed unless a call is on it.
    Quiet { flow: FlowId },
    /// It was closed.
    Closed { flow: FlowId },
}
