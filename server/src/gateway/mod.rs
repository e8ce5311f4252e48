//! The gateway: a back-to-back user agent, a registrar, a media engine and the runner of voice actions.
//!
//! Reading order: [`sip`] (sockets and user agent) → `incoming` (who may) → [`call_task`] (one task a call) →
//! `effects` (a file per output of `voice::Call`) → [`leg`] (signalling and media of one participant) → [`media`].
//! [`Gateway`] is what they share. Deliberately absent: rules of calls and money (`voice`, `calls`, `wallet`).

pub mod authentication;
mod begin;
pub mod call_task;
pub mod conferences;
mod control;
mod devices;
pub mod dns;
pub mod door;
mod drain;
pub mod edge;
mod effects;
pub mod figures;
pub mod files;
pub mod http;
mod incoming;
pub mod instances;
mod last_heard;
pub mod leg;
pub mod media;
pub mod migrate_check;
pub mod on_net;
mod overload;
mod put;
pub mod queues;
mod recorder;
mod recovered;
pub mod registrar;
pub mod sandbox;
mod shadow;
pub mod sip;
pub mod speech;
mod start;
pub mod streams;
mod targets;
pub mod trunks;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sautikit_api::ids::CallId;

use self::authentication::Authentication;
use self::call_task::CallHandle;
use self::conferences::Conferences;
use self::door::GatewayDoor;
use self::edge::Edge;
use self::figures::CallFigures;
use self::files::Files;
use self::instances::Instances;
use self::leg::{CodecPolicy, MediaEnd, MediaEndError, RtpEnd, WebrtcEnd, WebrtcPort};
use self::media::{CallMedia, MediaHandle};
use self::on_net::OnNet;
use self::overload::Overload;
use self::queues::Queues;
use self::registrar::Registrar;
use self::sandbox::Sandbox;
use self::shadow::Underway;
use self::sip::{SipHandle, Sockets, WEB};
use self::speech::Speech;
use self::trunks::Trunks;
use crate::state::AppState;
use ::sip::ua::Path;
use voice::LegId;

pub use self::drain::{drain, going_on};
pub use self::start::{GatewayError, Started, start};

/// What carries a leg's audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaTransport {
    /// RTP on UDP ports of its own: trunks.
    Rtp,
    /// The same, with what desk phones and softphones speak beside: devices.
    Device,
    /// ICE, DTLS-SRTP on the shared port: browsers.
    WebRtc,
}

/// What the parts of the gateway share.
pub struct Gateway {
    /// Database, clock, configuration.
    pub app: AppState,
    /// The SIP endpoint.
    pub sip: SipHandle,
    /// The media engine.
    pub media: MediaHandle,
    /// Where legs of several calls meet.
    pub conferences: Conferences,
    /// Where callers wait.
    pub queues: Queues,
    /// The one UDP port of all browsers, and the TCP port beside it.
    pub webrtc: WebrtcPort,
    /// The carriers.
    pub trunks: Arc<Trunks>,
    /// The way to numbers of this server.
    pub on_net: Arc<OnNet>,
    /// Who is talked to at the UDP socket.
    pub door: Arc<GatewayDoor>,
    /// The built-in carrier, when it is on.
    pub sandbox: Option<Sandbox>,
    /// Which browsers come back.
    pub instances: Arc<Instances>,
    /// How many WebSockets are open.
    pub sockets: Arc<Sockets>,
    /// Where browsers and devices are.
    pub registrar: Registrar,
    /// Calls to who is registered at another node, and of other nodes to who is registered here.
    pub edge: Arc<Edge>,
    /// The port of SIP over TLS.
    pub tls_port: Option<u16>,
    /// Who browsers and devices are.
    pub authentication: Arc<Authentication>,
    /// Text to audio.
    pub speech: Speech,
    /// Files that calls play.
    pub files: Files,
    /// The client for customers' URLs.
    pub http: reqwest::Client,
    /// What has become of calls so far.
    pub figures: CallFigures,
    /// Whether another call can be set up.
    pub overload: Overload,
    /// Copies of voice callback requests that are under way.
    pub shadows: Underway,
    /// Running calls.
    pub calls: Mutex<HashMap<CallId, CallHandle>>,
}

impl MediaTransport {
    /// Of a browser or device that is reached by this path.
    fn over(path: Path) -> Self {
        if path.local == WEB { Self::WebRtc } else { Self::Device }
    }

    /// What legs over it may speak.
    fn policy(self) -> CodecPolicy {
        match self {
            Self::Rtp => CodecPolicy::trunk(),
            Self::Device => CodecPolicy::device(),
            Self::WebRtc => CodecPolicy::browser(),
        }
    }
}

impl Gateway {
    /// Opens the media end of a leg.
    fn media_end(
        &self,
        call: &CallMedia,
        leg: LegId,
        transport: MediaTransport,
    ) -> Result<Box<dyn MediaEnd>, MediaEndError> {
        match transport {
            MediaTransport::Rtp | MediaTransport::Device => Ok(Box::new(RtpEnd::open(call, leg, transport.policy())?)),
            MediaTransport::WebRtc => Ok(Box::new(WebrtcEnd::open(&self.webrtc, call, leg, transport.policy()))),
        }
    }
}
