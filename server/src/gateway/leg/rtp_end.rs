//! A leg over plain RTP: trunks and SIP devices.

use bytes::Bytes;
use media::{Codec, PortId};
use sip::sdp::{self, Session};

use super::{
    codecs::CodecPolicy,
    media_end::{MediaEnd, MediaEndError},
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
    agreed: Option<Agreed>,
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
        let session_id = rand::random::<u64>() >> 1;
        Ok(Self { port, local, policy, session_id, described: None, agreed: None })
    }

    /// Next version of our description; starts at 1.
    fn version(&self) -> u64 {
        self.described.as_ref().map_or(1, |session| session.origin.version.saturating_add(1))
    }

    /// Keeps the old description when the new one differs in version only (RFC 3264 §8).
    fn describe(&mut self, next: Session) -> Bytes {
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
        self.agreed.map_or_else(|| self.policy.clone(), |agreed| CodecPolicy::fixed(agreed.codec))
    }

    fn agree(&mut self, remote: &Remote) {
        if let Some(rtp) = remote.rtp {
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
}

#[async_trait::async_trait]
impl MediaEnd for RtpEnd {
    async fn offer(&mut self) -> Result<Bytes, MediaEndError> {
        let offer = rtp_sdp::offer(self.session_id, self.version(), self.local, &self.current_policy());
        Ok(self.describe(offer))
    }

    async fn answer(&mut self, offer: &[u8]) -> Result<Bytes, MediaEndError> {
        let offer = sdp::parse(offer)?;
        let remote = rtp_sdp::read(&offer, &self.current_policy())?;
        self.agree(&remote);
        let answer = rtp_sdp::answer(self.session_id, self.version(), self.local, &offer, &remote);
        Ok(self.describe(answer))
    }

    async fn apply(&mut self, answer: &[u8]) -> Result<(), MediaEndError> {
        if self.described.is_none() {
            return Err(MediaEndError::WrongState);
        }
        let remote = rtp_sdp::read(&sdp::parse(answer)?, &self.current_policy())?;
        self.agree(&remote);
        Ok(())
    }

    async fn close(&mut self) {
        self.port.close();
    }

    fn prefer(&mut self, peer: Codec) {
        self.policy.peer = Some(peer);
    }

    fn codec(&self) -> Option<Codec> {
        self.agreed.map(|agreed| agreed.codec)
    }

    fn port(&self) -> PortId {
        self.port.id()
    }
}
