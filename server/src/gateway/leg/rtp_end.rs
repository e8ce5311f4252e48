//! A leg over plain RTP: trunks and SIP devices.

use bytes::Bytes;
use media::{Codec, Direction, PortId};
use sip::sdp::{self, Media, Session};

use super::{
    codecs::{CodecPolicy, Stream},
    layout::Layout,
    media_end::{MayHear, MediaEnd, MediaEndError},
    rtp_sdp::{self, Remote},
};
use crate::gateway::media::{Agreed, CallMedia, LegId, Port};

/// [`MediaEnd`] over a UDP socket pair of the media engine.
#[derive(Debug)]
pub struct RtpEnd {
    port: Port,
    local: std::net::SocketAddr,
    policy: CodecPolicy,
    session_id: u64,
    /// Our latest description: printed again unchanged while nothing changed, because some peers end
    /// a call whose 200 differs from its 183.
    described: Option<Session>,
    layout: Layout,
    agreed: Option<Agreed>,
    may_hear: Option<MayHear>,
}

impl RtpEnd {
    /// Binds the sockets of leg `leg`.
    ///
    /// # Errors
    /// [`MediaEndError::Port`] when no pair is free.
    pub fn open(call: &CallMedia, leg: LegId, policy: CodecPolicy) -> Result<Self, MediaEndError> {
        let port = call.add_rtp(leg)?;
        let local = port.rtp().ok_or(MediaEndError::WrongState)?;
        // 63 bits: some peers read the id into a signed integer.
        let session_id = call.entropy().number::<u64>() >> 1;
        Ok(Self {
            port,
            local,
            policy,
            session_id,
            described: None,
            layout: Layout::default(),
            agreed: None,
            may_hear: None,
        })
    }

    /// Describes us with this audio section. The old description stands when nothing but its version would differ
    /// (RFC 3264 §8).
    fn describe(&mut self, audio: Media) -> Bytes {
        let version = self.described.as_ref().map_or(1, |session| session.origin.version.saturating_add(1));
        let next = rtp_sdp::describe(self.session_id, version, self.local, &self.layout, audio);
        let unchanged = self
            .described
            .as_ref()
            .is_some_and(|described| Session { origin: described.origin.clone(), ..next.clone() } == *described);
        let current = if unchanged { self.described.take().unwrap_or(next) } else { next };
        let bytes = current.to_bytes();
        self.described = Some(current);
        bytes
    }

    fn current_policy(&self) -> CodecPolicy {
        self.agreed.map_or_else(|| self.policy.clone(), |agreed| self.policy.keeping(agreed.codec))
    }

    /// The m-line that carries our audio, once there is one.
    fn in_use(&self) -> Option<usize> {
        self.described.as_ref().map(|_| self.layout.ours())
    }

    fn agree(&mut self, remote: &Remote) {
        let may_hear = |rtp: &std::net::SocketAddr| self.may_hear.is_none_or(|may_hear| may_hear(rtp.ip()));
        if let Some(rtp) = remote.rtp.filter(may_hear) {
            self.port.set_remote(rtp);
        }
        let agreed = Agreed {
            codec: remote.stream.codec,
            payload_type: remote.stream.payload_type,
            dtmf: remote.stream.dtmf,
            direction: remote.direction,
        };
        if self.agreed.replace(agreed) != Some(agreed) {
            self.port.configure(agreed);
        }
    }

    /// Sends nothing from now on, whatever was agreed: a far end as some are. The port stays taken, so that what is sent to it
    /// reaches nobody else.
    pub fn fall_silent(&mut self) {
        if let Some(agreed) = &mut self.agreed {
            agreed.direction = Direction::ReceiveOnly;
            self.port.configure(*agreed);
        }
    }
}

#[async_trait::async_trait]
impl MediaEnd for RtpEnd {
    async fn offer(&mut self) -> Result<Bytes, MediaEndError> {
        let agreed = self.agreed.map(Stream::from);
        let audio = rtp_sdp::offer(self.local, &self.current_policy(), agreed);
        Ok(self.describe(audio))
    }

    async fn repeat(&mut self) -> Result<Bytes, MediaEndError> {
        match &self.described {
            Some(described) => Ok(described.to_bytes()),
            None => self.offer().await,
        }
    }

    async fn answer(&mut self, offer: &[u8]) -> Result<Bytes, MediaEndError> {
        let offer = sdp::parse(offer)?;
        let (index, remote) = rtp_sdp::read(&offer, &self.current_policy(), self.in_use())?;
        self.layout = Layout::of_offer(&offer, index);
        self.agree(&remote);
        Ok(self.describe(rtp_sdp::answer(self.local, &remote)))
    }

    async fn apply(&mut self, answer: &[u8]) -> Result<(), MediaEndError> {
        if self.described.is_none() {
            return Err(MediaEndError::WrongState);
        }
        let (_, remote) = rtp_sdp::read(&sdp::parse(answer)?, &self.current_policy(), self.in_use())?;
        self.agree(&remote);
        Ok(())
    }

    async fn close(&mut self) {
        self.port.close();
    }

    fn prefer(&mut self, peer: Codec) {
        self.policy.peer = Some(peer);
    }

    fn allow(&mut self, codecs: Vec<Codec>) {
        self.policy.codecs = codecs;
    }

    fn restrict(&mut self, may_hear: MayHear) {
        self.may_hear = Some(may_hear);
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
