//! A leg over RTP of its own, secured or not: trunks and SIP devices.

use std::fmt;

use bytes::Bytes;
use media::{Codec, PortId};
use sip::sdp::{self, Media, Session, Setup};

use super::{
    codecs::{CodecPolicy, Stream},
    layout::Layout,
    media_end::{MayHear, MediaEnd, MediaEndError},
    rtp_sdp::{self, Line, Remote},
    srtp::{self, Dtls, Exchange, Own, Sdes, Secured},
    webrtc_dtls,
};
use crate::config::SrtpPolicy;
use crate::gateway::media::{Agreed, CallMedia, Keys, KeysBy, LegId, MasterKey, Port, Security, Suite};

/// [`MediaEnd`] over a UDP socket pair of the media engine. Its descriptions have keys, so its `Debug` shows none of them.
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
    srtp: SrtpPolicy,
    /// The keys of our latest offer, by their tags.
    offered: Vec<(u32, MasterKey)>,
    secured: Agreement,
    /// RTCP goes where RTP does.
    is_muxed: bool,
    may_hear: Option<MayHear>,
    /// Nothing is sent, whatever is agreed.
    is_silent: bool,
}

/// How both sides agreed to secure what is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Agreement {
    /// Not.
    #[default]
    Plain,
    /// By keys in the descriptions; `send` is ours, and has the tag of the line that was taken.
    Sdes { tag: u32, send: MasterKey, theirs: Sdes },
    /// By a handshake with this peer, in which our part is `setup`.
    Dtls { peer: Dtls, setup: Setup },
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
            srtp: SrtpPolicy::default(),
            offered: Vec::new(),
            secured: Agreement::Plain,
            is_muxed: false,
            may_hear: None,
            is_silent: false,
        })
    }

    /// Before the first description: neither audio nor a report of it is ever sent, as of a far end that is gone (a report
    /// would prove it alive). The port stays taken, so that what is sent to it reaches nobody who answers.
    pub fn fall_silent(&mut self) {
        self.is_silent = true;
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

    /// Draws the keys of an offer, or keeps those that are agreed: a key is not for two peers, and one peer's is not changed
    /// without need.
    fn draw_offered(&mut self) {
        self.offered = match &self.secured {
            Agreement::Sdes { tag, send, .. } => vec![(*tag, send.clone())],
            Agreement::Plain if self.agreed.is_none() && srtp::offers(self.srtp).is_some() => {
                (1..).zip(Suite::ALL.map(|suite| MasterKey::draw(suite, self.port.entropy()))).collect()
            }
            Agreement::Plain | Agreement::Dtls { .. } => Vec::new(),
        };
    }

    /// Our line of an offer.
    fn offered_line(&self) -> Result<Line<'_>, MediaEndError> {
        let security = match &self.secured {
            Agreement::Dtls { setup, .. } => Own::Dtls { fingerprint: webrtc_dtls::fingerprint()?, setup: *setup },
            Agreement::Plain | Agreement::Sdes { .. } if self.offered.is_empty() => Own::Plain,
            Agreement::Plain | Agreement::Sdes { .. } => {
                Own::Sdes { keys: &self.offered, is_optional: srtp::offers(self.srtp).unwrap_or_default() }
            }
        };
        Ok(Line { security, is_muxed: self.is_muxed })
    }

    /// Takes how the peer secures its line, and gives the agreement that comes of it. `ours` is our key of that tag, where we
    /// have offered it.
    fn agree_security(&mut self, secured: &Secured, ours: Option<MasterKey>) -> Result<(), MediaEndError> {
        let next = match secured {
            Secured::Plain => Agreement::Plain,
            Secured::Sdes(theirs) => {
                let suite = theirs.key.suite();
                let kept = match &self.secured {
                    Agreement::Sdes { send, .. } if send.suite() == suite => Some(send.clone()),
                    _ => None,
                };
                // A key that was in use before is not taken up again: the counts of its packets are gone.
                let send = ours.or(kept).unwrap_or_else(|| MasterKey::draw(suite, self.port.entropy()));
                Agreement::Sdes { tag: theirs.tag, send, theirs: theirs.clone() }
            }
            Secured::Dtls(peer) => match &self.secured {
                // The same handshake goes on, in the parts that both have.
                Agreement::Dtls { peer: before, setup } if before.fingerprint == peer.fingerprint => {
                    Agreement::Dtls { peer: peer.clone(), setup: *setup }
                }
                _ => Agreement::Dtls { peer: peer.clone(), setup: srtp::own_part(peer.setup) },
            },
        };
        let security = match (&self.secured, &next) {
            (Agreement::Plain, Agreement::Plain) => None,
            (_, Agreement::Plain) => Some(Security::Plain),
            (Agreement::Sdes { send: before, theirs: had, .. }, Agreement::Sdes { send, theirs, .. })
                if before == send && (&had.key, had.mki_length) == (&theirs.key, theirs.mki_length) =>
            {
                None
            }
            (_, Agreement::Sdes { send, theirs, .. }) => Some(Security::Keyed(Box::new(Keys {
                by: KeysBy::Sdes,
                send: send.clone(),
                receive: theirs.key.clone(),
                mki_length: theirs.mki_length,
            }))),
            (Agreement::Dtls { peer: before, .. }, Agreement::Dtls { peer, .. })
                if before.fingerprint == peer.fingerprint =>
            {
                None
            }
            (_, Agreement::Dtls { peer, setup }) => Some(webrtc_dtls::begin(self.port.handshaker(), peer, *setup)?),
        };
        self.secured = next;
        if let Some(security) = security {
            self.port.secure(security);
        }
        Ok(())
    }

    fn mux(&mut self, is_muxed: bool) {
        if self.is_muxed != is_muxed {
            self.is_muxed = is_muxed;
            self.port.mux(is_muxed);
        }
    }

    /// Sends to where the peer wants it: first of all, because a handshake may begin with us.
    fn turn_to(&self, remote: &Remote) {
        let may_hear = |rtp: &std::net::SocketAddr| self.may_hear.is_none_or(|may_hear| may_hear(rtp.ip()));
        if let Some(rtp) = remote.rtp.filter(may_hear).filter(|_| !self.is_silent) {
            self.port.set_remote(rtp);
        }
    }

    fn agree(&mut self, remote: &Remote) {
        let agreed = Agreed {
            codec: remote.stream.codec,
            payload_type: remote.stream.payload_type,
            dtmf: remote.stream.dtmf,
            wishes: remote.stream.wishes,
            direction: remote.direction,
        };
        if self.agreed.replace(agreed) != Some(agreed) && !self.is_silent {
            self.port.configure(agreed);
        }
    }
}

impl fmt::Debug for RtpEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpEnd").field("local", &self.local).field("agreed", &self.agreed).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MediaEnd for RtpEnd {
    async fn offer(&mut self) -> Result<Bytes, MediaEndError> {
        self.draw_offered();
        let agreed = self.agreed.map(Stream::from);
        let audio = rtp_sdp::offer(self.local, &self.current_policy(), agreed, &self.offered_line()?);
        Ok(self.describe(audio))
    }

    async fn repeat(&mut self) -> Result<Bytes, MediaEndError> {
        let Some(described) = &self.described else { return self.offer().await };
        let bytes = described.to_bytes();
        self.draw_offered();
        Ok(bytes)
    }

    async fn answer(&mut self, offer: &[u8]) -> Result<Bytes, MediaEndError> {
        let offer = sdp::parse(offer)?;
        let policy = self.current_policy();
        let (index, remote) = rtp_sdp::read(&offer, &policy, self.srtp, Exchange::Offer, self.in_use())?;
        self.turn_to(&remote);
        self.agree_security(&remote.secured, None)?;
        self.layout = Layout::of_offer(&offer, index);
        self.mux(remote.is_muxed);
        self.agree(&remote);
        let keys: Vec<_> = match &self.secured {
            Agreement::Sdes { tag, send, .. } => vec![(*tag, send.clone())],
            Agreement::Plain | Agreement::Dtls { .. } => Vec::new(),
        };
        let security = match &self.secured {
            Agreement::Plain => Own::Plain,
            // The transport is the offer's.
            Agreement::Sdes { .. } => Own::Sdes { keys: &keys, is_optional: false },
            Agreement::Dtls { setup, .. } => Own::Dtls { fingerprint: webrtc_dtls::fingerprint()?, setup: *setup },
        };
        let audio = rtp_sdp::answer(self.local, &remote, &Line { security, is_muxed: self.is_muxed });
        Ok(self.describe(audio))
    }

    async fn apply(&mut self, answer: &[u8]) -> Result<(), MediaEndError> {
        if self.described.is_none() {
            return Err(MediaEndError::WrongState);
        }
        let has_fingerprint = matches!(self.secured, Agreement::Dtls { .. });
        let exchange = Exchange::Answer { keys: &self.offered, has_fingerprint };
        let answer = sdp::parse(answer)?;
        let (_, remote) = rtp_sdp::read(&answer, &self.current_policy(), self.srtp, exchange, self.in_use())?;
        let ours = match &remote.secured {
            Secured::Sdes(theirs) => {
                self.offered.iter().find(|(tag, _)| *tag == theirs.tag).map(|(_, key)| key.clone())
            }
            Secured::Plain | Secured::Dtls(_) => None,
        };
        self.turn_to(&remote);
        self.agree_security(&remote.secured, ours)?;
        self.mux(self.is_muxed && remote.is_muxed);
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

    fn secure(&mut self, policy: SrtpPolicy) {
        self.srtp = policy;
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
