//! Settings of `[media]`.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

/// `[media]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// The one UDP port of WebRTC media; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The TCP port of WebRTC media, at the same address.
    pub tcp_port: TcpPort,
    /// The address written into candidates and SDP.
    pub public_ip: IpAddr,
    /// UDP ports of trunk RTP.
    pub rtp_ports: PortRange,
}

/// An inclusive range of UDP ports, written `20000-29999`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port, not below the first.
    pub last: u16,
}

impl TryFrom<String> for PortRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parsed = text.split_once('-').and_then(|(first, last)| {
            Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? })
        });
        match parsed {
            Some(range) if range.first >= 1024 && range.last > range.first => Ok(range),
            _ => Err(format!("`{text}` is not a port range such as \"20000-29999\" above 1023")),
        }
    }
}

/// Where browsers reach their media by TCP (RFC 6544) when their network lets no UDP out; written `same`, `off` or a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TcpPort {
    /// At the number of the UDP port.
    Same,
    /// Nowhere.
    Off,
    /// At this number, above 0.
    At(u16),
}

impl TryFrom<String> for TcpPort {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match (text.as_str(), text.parse()) {
            ("same", _) => Ok(Self::Same),
            ("off", _) => Ok(Self::Off),
            (_, Ok(port)) if port > 0 => Ok(Self::At(port)),
            _ => Err(format!("`{text}` is neither \"same\", \"off\" nor a port such as \"443\"")),
        }
    }
}
