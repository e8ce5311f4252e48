//! A browser's leg: ICE, DTLS-SRTP and Opus or G.711 on the shared port.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use media::{Codec, Direction, PortId};
use sip::sdp::Setup;

use super::{
    codecs::{self, CodecPolicy, NoCommonCodec, Stream},
    layout::Layout,
    media_end::{MayHear, MediaEnd, MediaEndError},
    webrtc_connection::{Connection, Role, SharedSource},
    webrtc_port::WebrtcPort,
    webrtc_sdp::{self, Remote},
};
use crate::config::SrtpPolicy;
use crate::gateway::media::{Agreed, CallMedia, LegId, PacketSink, Port, Wishes};

/// Longest life of a connection beside the one that takes over: a browser that has not come to it by then has no way to us.
const HANDOVER: Duration = Duration::from_secs(10);

/// [`MediaEnd`] over a WebRTC connection.
///
/// The connection is opened by the first offer or answer, when the codec is known: the stack then
/// knows no other and cannot pick one that the graph does not expect. An offer that restarts ICE
/// (RFC 8445 §9) gets a connection of its own, with credentials, keys and DTLS anew: the browser may be at another address,
/// or be another page that takes the call over.
pub struct WebrtcEnd {
    shared: WebrtcPort,
    port: Port,
    policy: CodecPolicy,
    ssrc: u32,
    /// Gone with the leg.
    pump: Option<(PacketSink, SharedSource)>,
    connection: Option<Connection>,
    /// Our offer waits for its answer.
    offering: bool,
    agreed: Option<Agreed>,
    layout: Layout,
    /// Our DTLS role, which the first exchange fixes for the connection's life (RFC 8842 §5.3).
    setup: Option<Setup>,
    /// `ice-pwd` of the peer's last description.
    ice_password: String,
}

impl WebrtcEnd {
    /// An end of leg `leg` on the shared port; nothing is opened yet.
    #[must_use]
    pub fn open(shared: &WebrtcPort, call: &CallMedia, leg: LegId, policy: CodecPolicy) -> Self {
        let ssrc = call.entropy().number();
        let (port, sink, source) = call.add_packets(leg, ssrc);
        Self {
            shared: shared.clone(),
            port,
            policy,
            ssrc,
            pump: Some((sink, Arc::new(tokio::sync::Mutex::new(source)))),
            connection: None,
            offering: false,
            agreed: None,
            layout: Layout::default(),
            setup: None,
            ice_password: String::new(),
        }
    }

    async fn connection(&mut self, stream: Stream, active: bool) -> Result<&Connection, MediaEndError> {
        if self.connection.is_none() {
            self.connection = Some(self.fresh_connection(stream, active).await?);
        }
        self.connection.as_ref().ok_or(MediaEndError::WrongState)
    }

    fn fresh_connection(
        &self,
        stream: Stream,
        active: bool,
    ) -> impl Future<Output = Result<Connection, MediaEndError>> + Send + use<> {
        let (shared, ssrc, pump) = (self.shared.clone(), self.ssrc, self.pump.clone());
        async move {
            let (sink, source) = pump.ok_or(MediaEndError::WrongState)?;
            Connection::open(&shared, stream, ssrc, active, sink, source).await
        }
    }

    /// Whether the peer's offer restarts ICE, which shows in its password (RFC 8839 §4.4.1.1.1).
    fn is_restart(&self, remote: &Remote) -> bool {
        self.agreed.is_some() && remote.ice_password != self.ice_password
    }

    fn current_policy(&self) -> CodecPolicy {
        self.agreed.map_or_else(|| self.policy.clone(), |agreed| CodecPolicy::fixed(agreed.codec))
    }

    /// What we offer: one codec, because the stack's track is made for one. Every browser has Opus and
    /// both G.711 (RFC 7874 §3), so nothing is lost.
    fn offered(&self) -> Result<Stream, MediaEndError> {
        if let Some(agreed) = self.agreed {
            return Ok(agreed.into());
        }
        let codec = self.policy.preferred().next().ok_or(NoCommonCodec)?;
        let clock = codec.clock_hz();
        let payload_type = codecs::rtpmap(codec).payload_type;
        let dtmf = Some((codecs::dtmf_payload_type(clock), clock));
        Ok(Stream { codec, payload_type, dtmf, wishes: Wishes::default() })
    }

    /// The m-line that carries our audio, once there is one.
    fn in_use(&self) -> Option<usize> {
        self.agreed.map(|_| self.layout.ours())
    }

    async fn describe_offer(&mut self, direction: Direction) -> Result<Bytes, MediaEndError> {
        let stream = self.offered()?;
        let shared = self.shared.public();
        let local = self.connection(stream, true).await?.local(Role::Offer).await?;
        self.offering = true;
        webrtc_sdp::publish(&local, shared, direction, &self.layout, None, None)
    }

    fn agree(&mut self, remote: &Remote) {
        let Stream { codec, payload_type, dtmf, wishes } = remote.stream;
        let agreed = Agreed { codec, payload_type, dtmf, wishes, direction: remote.direction };
        if self.agreed.replace(agreed) != Some(agreed) {
            self.port.configure(agreed);
        }
    }
}

/// Closes a connection when the one that takes over stands: until then it may still carry audio, and its goodbye would be
/// taken for the next one's.
async fn retire(mut former: Connection, established: impl Future<Output = ()>) {
    let _ = tokio::time::timeout(HANDOVER, established).await;
    former.close().await;
}

#[async_trait::async_trait]
impl MediaEnd for WebrtcEnd {
    async fn offer(&mut self) -> Result<Bytes, MediaEndError> {
        self.describe_offer(Direction::SendReceive).await
    }

    async fn repeat(&mut self) -> Result<Bytes, MediaEndError> {
        self.describe_offer(self.agreed.map_or(Direction::SendReceive, |agreed| agreed.direction)).await
    }

    async fn answer(&mut self, offer: &[u8]) -> Result<Bytes, MediaEndError> {
        let offer = sip::sdp::parse(offer)?;
        let remote = webrtc_sdp::read(offer.clone(), &self.current_policy(), self.in_use())?;
        let shared = self.shared.public();
        // We open DTLS wherever we may: a ClientHello can leave with the first check that is answered.
        let active = remote.setup != Setup::Active;
        let local = if self.is_restart(&remote) {
            let next = self.fresh_connection(remote.stream, active).await?;
            next.set_remote(Role::Offer, remote.sdp.clone(), &remote.ice_password).await?;
            let local = next.local(Role::Answer).await?;
            let established = next.established();
            if let Some(former) = self.connection.replace(next) {
                tokio::spawn(retire(former, established));
            }
            self.setup = None;
            local
        } else {
            let connection = self.connection(remote.stream, active).await?;
            connection.set_remote(Role::Offer, remote.sdp.clone(), &remote.ice_password).await?;
            connection.local(Role::Answer).await?
        };
        self.layout = Layout::of_offer(&offer, remote.index);
        self.ice_password.clone_from(&remote.ice_password);
        self.agree(&remote);
        let setup = *self.setup.get_or_insert(if active { Setup::Active } else { Setup::Passive });
        webrtc_sdp::publish(&local, shared, remote.direction, &self.layout, Some(setup), Some(remote.stream))
    }

    async fn apply(&mut self, answer: &[u8]) -> Result<(), MediaEndError> {
        let connection = self.connection.as_ref().ok_or(MediaEndError::WrongState)?;
        let offered = CodecPolicy::fixed(self.offered()?.codec);
        let remote = webrtc_sdp::read(sip::sdp::parse(answer)?, &offered, Some(self.layout.ours()))?;
        if !self.offering {
            // The 200 repeats the answer of the 183. Another one would be of another browser, whose keys we do not have.
            if remote.ice_password != self.ice_password {
                return Err(MediaEndError::WrongState);
            }
            self.agree(&remote);
            return Ok(());
        }
        connection.set_remote(Role::Answer, remote.sdp.clone(), &remote.ice_password).await?;
        self.offering = false;
        self.ice_password.clone_from(&remote.ice_password);
        self.setup.get_or_insert(if remote.setup == Setup::Active { Setup::Passive } else { Setup::Active });
        self.agree(&remote);
        Ok(())
    }

    async fn close(&mut self) {
        self.port.close();
        self.pump = None;
        if let Some(connection) = &mut self.connection {
            connection.close().await;
        }
    }

    fn prefer(&mut self, peer: Codec) {
        self.policy.peer = Some(peer);
    }

    fn allow(&mut self, codecs: Vec<Codec>) {
        self.policy.codecs = codecs;
    }

    fn secure(&mut self, _: SrtpPolicy) {
        // There is no audio without DTLS.
    }

    fn restrict(&mut self, _: MayHear) {
        // Audio goes where ICE has had an answer.
    }

    fn codec(&self) -> Option<Codec> {
        self.agreed.map(|agreed| agreed.codec)
    }

    fn is_held(&self) -> bool {
        self.agreed.is_some_and(|agreed| !agreed.direction.sends())
    }

    fn is_heard(&self) -> bool {
        self.agreed.is_some_and(|agreed| agreed.direction.receives())
    }

    fn port(&self) -> PortId {
        self.port.id()
    }
}
