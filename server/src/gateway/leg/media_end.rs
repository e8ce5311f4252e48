//! The seam between a leg's signalling and its media.
//!
//! The leg's actor knows offers and answers ([`sip::negotiation`]) and passes their bodies through
//! one of these; it never learns whether they end in a UDP socket or in a WebRTC connection.

use std::net::IpAddr;

use bytes::Bytes;
use media::{Codec, PortId};

use super::codecs::NoCommonCodec;
use crate::config::SrtpPolicy;
use crate::gateway::media::PortError;

/// Why a description could not be made or applied.
#[derive(Debug, thiserror::Error)]
pub enum MediaEndError {
    /// The body is no SDP: 400.
    #[error("session description cannot be parsed")]
    Malformed(#[from] sip::sdp::SdpError),
    /// No audio, or over a transport that this end does not speak: 488.
    #[error("session description has no audio that this leg can carry")]
    NoAudio,
    /// Audio that both speak, but not secured as this leg may have it: 488.
    #[error("session description has no audio that is secured as it has to be")]
    Unsecured,
    /// No codec in common: 488.
    #[error(transparent)]
    NoCommonCodec(#[from] NoCommonCodec),
    /// An answer came without an offer of ours, or the end is closed.
    #[error("not possible in this state of the media")]
    WrongState,
    /// This node has no port left: 503.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The WebRTC stack refused the description or could not start: 488 for an offer, else 500.
    #[error("WebRTC connection failed")]
    WebRtc(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our own candidate was not gathered in time.
    #[error("WebRTC connection gathered no candidate in time")]
    GatheringTimeout,
}

/// Whether a peer's description may have us send there.
pub type MayHear = fn(IpAddr) -> bool;

/// One leg's media: descriptions in and out on one side, a port of the media engine on the other.
///
/// The codec is fixed by the first answer and stays as long as the peer offers it; later descriptions change direction and
/// address. m-lines that this end does not use are refused, wherever they stand.
/// Every end frees its sockets, ports and table entries when it is dropped; [`Self::close`] does it in order.
#[async_trait::async_trait]
pub trait MediaEnd: Send + Sync {
    /// Our offer: everything that this end can speak, what is agreed first.
    async fn offer(&mut self) -> Result<Bytes, MediaEndError>;

    /// The session as it is, for an offer that only refreshes it.
    async fn repeat(&mut self) -> Result<Bytes, MediaEndError>;

    /// Takes the peer's offer and returns our answer; media flow from here on.
    async fn answer(&mut self, offer: &[u8]) -> Result<Bytes, MediaEndError>;

    /// Takes the peer's answer to [`Self::offer`]; media flow from here on. The same answer again (183, then 200) changes
    /// nothing, another one (200 of another fork) replaces it at once (RFC 3261 §13.2.2.4).
    async fn apply(&mut self, answer: &[u8]) -> Result<(), MediaEndError>;

    /// Ends the media and frees what they held.
    async fn close(&mut self);

    /// What the other side of the bridge speaks. Takes effect on the first offer or answer.
    fn prefer(&mut self, peer: Codec);

    /// Speak none but these, the favourite first. Takes effect on the first offer or answer.
    fn allow(&mut self, codecs: Vec<Codec>);

    /// Secure what is said as this asks for. Takes effect on the first offer or answer. Ends that always secure it need no such rule.
    fn secure(&mut self, policy: SrtpPolicy);

    /// Send audio to no address that a description names and this does not allow; to where the peer's own packets come from it
    /// goes all the same. Ends whose peer proves by ICE that it wants packets need no such rule.
    fn restrict(&mut self, may_hear: MayHear);

    /// The codec, once agreed.
    fn codec(&self) -> Option<Codec>;

    /// The peer does not want to hear us (RFC 3264 §8.4).
    fn is_held(&self) -> bool;

    /// The peer sends, on hold or not.
    fn is_heard(&self) -> bool;

    /// The leg's port in the media engine.
    fn port(&self) -> PortId;
}
