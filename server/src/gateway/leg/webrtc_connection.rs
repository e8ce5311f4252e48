//! One connection of the `webrtc` crate on the shared port, pumping packets to and from a media port.
//!
//! The crate's callbacks run on its driver task, so they only hand things on. RTP headers are written
//! anew on the way in: no extension of one leg reaches another.

use core::time::Duration;
use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use media::Codec;
use rtc::{
    ice::mdns::MulticastDnsMode,
    media_stream::MediaStreamTrack,
    peer_connection::transport::RTCDtlsRole,
    rtp,
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
    },
    shared::marshal::Unmarshal,
};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use webrtc::{
    media_stream::{
        track_local::{TrackLocal, TrackLocalEvent, static_rtp::TrackLocalStaticRTP},
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
        RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder, configure_rtcp_reports,
    },
};

use super::{
    codecs::{self, Stream},
    media_end::MediaEndError,
    mux::MuxEntry,
    webrtc_lite::LiteChecks,
    webrtc_port::WebrtcPort,
    webrtc_rtcp,
    webrtc_runtime::MuxRuntime,
};
use crate::gateway::media::{PacketSink, PacketSource};

/// Gathering is one local socket; only a starved runtime takes longer than a few milliseconds.
const GATHERING: Duration = Duration::from_secs(3);
/// Pause between connectivity checks, which we send only to a peer that is lite as well (RFC 8445 §14.2 asks for at least
/// 5 ms; the stack's own 200 ms would be heard as a late first word).
const ICE_CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// How long a packet is of the present: the next one comes after 20 ms.
const PRESENT: Duration = Duration::from_millis(40);
/// Checks per candidate pair: two seconds of them, so that a slow peer has the time that the stack's own pause gives.
const ICE_MAX_CHECKS: u16 = 100;

/// A running connection. Dropping it closes it in the background; [`Self::close`] waits.
pub(super) struct Connection {
    open: Option<Open>,
    gathered: watch::Receiver<bool>,
    connected: watch::Receiver<bool>,
    checks: Arc<LiteChecks>,
}

/// What the leg shall send, held by whichever of its connections speaks.
pub(super) type SharedSource = Arc<tokio::sync::Mutex<PacketSource>>;

struct Open {
    stack: Arc<dyn PeerConnection>,
    /// Lets go of the source, for the connection that takes over.
    speaking: DropGuard,
    /// Leaves the shared port after the stack has said goodbye through it.
    entry: MuxEntry,
}

/// Which of the stack's two constructors a description takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Offer,
    Answer,
}

impl Connection {
    /// A connection that can carry `stream` and nothing else; `ssrc` is what we send under, `active` that we open DTLS
    /// when we answer.
    pub(super) async fn open(
        shared: &WebrtcPort,
        stream: Stream,
        ssrc: u32,
        active: bool,
        sink: PacketSink,
        source: SharedSource,
    ) -> Result<Self, MediaEndError> {
        // 32 and 128 random bits (RFC 8839 §5.4 wants 24 and 128).
        let ufrag = format!("{:08x}", shared.entropy().number::<u32>());
        let password = format!("{:032x}", shared.entropy().number::<u128>());
        let (entry, datagrams, links) = shared.mux().enter(&ufrag);
        let formats = formats(stream);
        let mut engine = MediaEngine::default();
        for format in &formats {
            engine.register_codec(format.clone(), RtpCodecKind::Audio).map_err(refused)?;
        }
        let crypto = rtc::crypto::default_provider().map_err(|error| MediaEndError::WebRtc(Box::new(error)))?;
        let [own @ .., _, _, _, _] = shared.entropy().number::<u128>().to_be_bytes();
        let checks = Arc::new(LiteChecks::new(crypto.clone(), password.clone(), own));
        let settings = SettingEngineBuilder::new()
            .with_crypto_provider(crypto)
            .with_ice_credentials(ufrag.clone(), password)
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_lite(true)
            .with_answering_dtls_role(if active { RTCDtlsRole::Client } else { RTCDtlsRole::Server })
            .with_ice_connection_attempts(Some(ICE_CHECK_INTERVAL), Some(ICE_MAX_CHECKS))
            .build();
        let registry =
            configure_rtcp_reports(Registry::new()).with(webrtc_rtcp::slot(), webrtc_rtcp::DeliverRtcp::default());
        let (gathering, gathered) = watch::channel(false);
        let (connecting, connected) = watch::channel(false);
        // The throw-away socket needs an address that exists; what the browser sees is `publish`ed.
        let local = shared.local().ip();
        let local = if local.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { local };
        let runtime = MuxRuntime::new(shared.mux().clone(), datagrams, links, checks.clone(), ufrag.clone());
        let stack = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler { gathering, connecting, sink: sink.clone() }))
            .with_runtime(Arc::new(runtime))
            .with_udp_addrs(vec![format!("{}:0", bracketed(local))])
            .build()
            .await
            .map_err(refused)?;
        let speaking = CancellationToken::new();
        let silenced = speaking.clone();
        let open = Open { stack: Arc::new(stack), speaking: speaking.drop_guard(), entry };
        let connection = Self { open: Some(open), gathered, connected: connected.clone(), checks };
        let track = Arc::new(TrackLocalStaticRTP::new(track(ssrc, &formats)));
        let stack = connection.stack()?;
        stack.add_track(track.clone()).await.map_err(refused)?;
        for transceiver in stack.get_transceivers().await {
            transceiver.set_codec_preferences(formats.clone()).await.map_err(refused)?;
        }
        let sending = track.clone();
        tokio::spawn(async move {
            // Behind the connection before this one, if there was any.
            silenced.run_until_cancelled(async { send(&mut *source.lock().await, sending, connected).await }).await;
        });
        tokio::spawn(hear_reports(track, sink));
        Ok(connection)
    }

    /// Applies the peer's description; `ice_password` is the one in it.
    pub(super) async fn set_remote(&self, role: Role, sdp: String, ice_password: &str) -> Result<(), MediaEndError> {
        self.checks.expect(ice_password);
        let description = match role {
            Role::Offer => RTCSessionDescription::offer(sdp),
            Role::Answer => RTCSessionDescription::answer(sdp),
        };
        self.stack()?.set_remote_description(description.map_err(refused)?).await.map_err(refused)?;
        self.checks.repeat_check();
        Ok(())
    }

    /// Makes and applies our description; candidates are in it.
    pub(super) async fn local(&self, role: Role) -> Result<String, MediaEndError> {
        let stack = self.stack()?;
        let description = match role {
            Role::Offer => stack.create_offer(None).await,
            Role::Answer => stack.create_answer(None).await,
        };
        stack.set_local_description(description.map_err(refused)?).await.map_err(refused)?;
        let mut gathered = self.gathered.clone();
        // An error means that the stack is gone, which the description below finds out.
        let _ =
            timeout(GATHERING, gathered.wait_for(|done| *done)).await.map_err(|_| MediaEndError::GatheringTimeout)?;
        Ok(stack.local_description().await.ok_or(MediaEndError::WrongState)?.sdp)
    }

    /// Resolves once it carries audio, or will never do.
    pub(super) fn established(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut connected = self.connected.clone();
        async move {
            // An error means that the stack is gone.
            let _ = connected.wait_for(|open| *open).await;
        }
    }

    /// Says goodbye and leaves the shared port.
    pub(super) async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            close(open).await;
        }
    }

    fn stack(&self) -> Result<&Arc<dyn PeerConnection>, MediaEndError> {
        self.open.as_ref().map(|open| &open.stack).ok_or(MediaEndError::WrongState)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The stack's driver outlives its handle unless it is closed. Without a runtime nothing runs.
        if let Some(open) = self.open.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(close(open));
        }
    }
}

async fn close(open: Open) {
    let Open { stack, entry, speaking } = open;
    drop(speaking);
    if let Err(error) = stack.close().await {
        tracing::debug!(%error, "a WebRTC connection did not close cleanly");
    }
    drop(entry);
}

struct Handler {
    gathering: watch::Sender<bool>,
    connecting: watch::Sender<bool>,
    sink: PacketSink,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathering.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Connected {
            self.connecting.send_replace(true);
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        tokio::spawn(receive(track, self.sink.clone()));
    }
}

/// Peer to graph, until the track ends.
async fn receive(track: Arc<dyn TrackRemote>, sink: PacketSink) {
    while let Some(event) = track.poll().await {
        match event {
            TrackRemoteEvent::OnRtpPacket(packet) => sink.deliver(plain(&packet)),
            TrackRemoteEvent::OnRtcpPacket(_) => sink.touch(),
            TrackRemoteEvent::OnEnded => return,
            _ => {}
        }
    }
}

/// Graph to peer, until the port is gone. There are no keys before DTLS is through; of what should have left until then only
/// what is being said at that moment does.
async fn send(source: &mut PacketSource, track: Arc<TrackLocalStaticRTP>, mut connected: watch::Receiver<bool>) {
    let mut said = None;
    while !*connected.borrow_and_update() {
        tokio::select! {
            packet = source.next() => match packet {
                Some(packet) => said = Some(packet),
                None => return,
            },
            () = tokio::time::sleep(PRESENT), if said.is_some() => said = None,
            open = connected.changed() => if open.is_err() { return },
        }
    }
    while let Some(mut bytes) = match said.take() {
        Some(said) => Some(said),
        None => source.next().await,
    } {
        if let Ok(packet) = rtp::Packet::unmarshal(&mut bytes) {
            // Fails before the track is bound and after it is closed; both lose audio nobody could hear.
            let _ = track.write_rtp(packet).await;
        }
    }
}

/// The peer's reports on what we send prove that it is there.
async fn hear_reports(track: Arc<TrackLocalStaticRTP>, sink: PacketSink) {
    while let Some(TrackLocalEvent::OnRtcpPacket(_)) = track.poll().await {
        sink.touch();
    }
}

/// The packet under a header without extensions and sources.
fn plain(packet: &rtp::Packet) -> Bytes {
    let header = media::rtp::Header {
        marker: packet.header.marker,
        payload_type: packet.header.payload_type,
        sequence: packet.header.sequence_number,
        timestamp: packet.header.timestamp,
        ssrc: packet.header.ssrc,
    };
    [&header.to_bytes()[..], &packet.payload].concat().into()
}

fn formats(stream: Stream) -> Vec<RTCRtpCodecParameters> {
    let audio = codecs::rtpmap(stream.codec);
    // The stack counts no channels where the rtpmap has none.
    let channels = if stream.codec == Codec::Opus { 2 } else { 0 };
    let parameters = codecs::parameters(stream.codec).unwrap_or_default();
    let audio = format(&audio.encoding, audio.clock_rate_hz, channels, parameters, stream.payload_type);
    let dtmf = stream
        .dtmf
        .map(|(payload_type, clock)| format("telephone-event", clock, 0, codecs::DTMF_PARAMETERS, payload_type));
    core::iter::once(audio).chain(dtmf).collect()
}

fn format(encoding: &str, clock_rate: u32, channels: u16, fmtp: &str, payload_type: u8) -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec {
        mime_type: format!("audio/{encoding}"),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    };
    RTCRtpCodecParameters { rtp_codec, payload_type }
}

fn track(ssrc: u32, formats: &[RTCRtpCodecParameters]) -> MediaStreamTrack {
    let codec = formats.first().map(|format| format.rtp_codec.clone()).unwrap_or_default();
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec,
        ..Default::default()
    };
    let [stream, track, label] = ["sautikit", "audio", "audio"].map(str::to_owned);
    MediaStreamTrack::new(stream, track, label, RtpCodecKind::Audio, vec![encoding])
}

fn bracketed(ip: std::net::IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

fn refused(error: webrtc::error::Error) -> MediaEndError {
    MediaEndError::WebRtc(Box::new(error))
}
