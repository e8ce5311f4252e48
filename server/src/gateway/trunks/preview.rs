//! The INVITE that a carrier will see, made as a call makes it and sent to nobody.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sip::ua::{Body, Config, FlowId, Output, Path, Ua};

use super::Trunk;
use crate::gateway::leg::sample_offer;
use crate::gateway::leg::way::Way;
use crate::gateway::sip::{Hop, StreamTransport, TCP, TLS, datagram_path};

/// What our INVITEs begin with.
pub struct Previewer {
    config: Config,
    domain: String,
    media_ip: IpAddr,
}

/// The port of audio in a preview; a call has one of `media.rtp_ports`.
const MEDIA_PORT: u16 = 20_000;

impl Trunk {
    /// The ways of a call to `number` from `caller_id`, both E.164, in the order of trying: one for each address that the trunk
    /// has.
    pub fn ways(&self, number: &str, caller_id: &str, own_domain: &str) -> Vec<Way> {
        self.places()
            .map(|(address, hop)| Self { address, hop, ..self.clone() }.way(number, caller_id, own_domain))
            .collect()
    }

    /// Where the trunk is, in the order of trying (RFC 3263 §4.3), and the connection by which it is reached there; none: datagrams.
    pub fn places(&self) -> impl Iterator<Item = (SocketAddr, Option<Hop>)> {
        let all = std::iter::once(self.address).chain(self.others.iter().copied());
        all.map(|remote| (remote, self.hop.clone().map(|hop| Hop { remote, ..hop })))
    }

    /// The first way of a call to `number` from `caller_id`, both E.164.
    pub fn way(&self, number: &str, caller_id: &str, own_domain: &str) -> Way {
        let shaped = self.shape_call(number, caller_id, own_domain);
        Way {
            trunk: Some(self.name.clone()),
            path: datagram_path(self.address),
            hop: self.hop.clone().map(Box::new),
            borrowing: None,
            target: shaped.target,
            from: shaped.from,
            to: shaped.to,
            headers: shaped.headers,
            auth: self.auth.clone(),
            srtp: self.terms.srtp(),
            rights: None,
        }
    }
}

impl Previewer {
    /// `config` is the endpoint's, `domain` ours, `media_ip` what descriptions name.
    pub fn new(config: Config, domain: String, media_ip: IpAddr) -> Self {
        // Its tokens must not be those of calls, which nobody shall foretell.
        Self { config: Config { seed: [0; 32], ..config }, domain, media_ip }
    }

    /// The first INVITE of a call by this trunk, before it asks for credentials.
    pub fn invite(&self, trunk: &Trunk, number: &str, caller_id: &str) -> Option<String> {
        let way = trunk.way(number, caller_id, &self.domain);
        let offer = sample_offer(SocketAddr::new(self.media_ip, MEDIA_PORT), trunk.terms.codecs(), trunk.terms.srtp());
        let mut invite = way.invite(Body::sdp(offer));
        if let Some(hop) = &way.hop {
            let local = match hop.transport {
                StreamTransport::Tcp => TCP,
                StreamTransport::Tls => TLS,
            };
            invite.path = Path { flow: FlowId(u64::MAX), local, remote: hop.remote };
        }
        let mut ua = Ua::new(self.config.clone());
        ua.invite(Duration::ZERO, invite);
        while let Some(output) = ua.poll() {
            if let Output::Send { bytes, .. } = output {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        None
    }
}
