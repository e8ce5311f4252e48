//! ICE, DTLS and multiplexing attributes as typed values (RFC 8839, RFC 8842, RFC 5761).

use core::fmt;

use super::{Media, Session};

/// `a=candidate` (RFC 8839 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub foundation: String,
    /// 1 RTP, 2 RTCP.
    pub component: u16,
    /// `udp` or `tcp`, in the case it came in.
    pub transport: String,
    pub priority: u32,
    /// An address literal, or the `.local` name of a browser that hides it.
    pub address: String,
    pub port: u16,
    /// `host`, `srflx`, `prflx`, `relay`.
    pub kind: String,
    /// `raddr`, `rport`, `tcptype`, `generation`, … as they came.
    pub extensions: Vec<(String, String)>,
}

impl Candidate {
    /// Reads the attribute's value, with or without `candidate:` before it.
    pub fn parse(value: &str) -> Option<Candidate> {
        let value = value.strip_prefix("candidate:").unwrap_or(value);
        let mut parts = value.split_ascii_whitespace();
        let mut candidate = Candidate {
            foundation: parts.next()?.to_owned(),
            component: parts.next()?.parse().ok()?,
            transport: parts.next()?.to_owned(),
            priority: parts.next()?.parse().ok()?,
            address: parts.next()?.to_owned(),
            port: parts.next()?.parse().ok()?,
            kind: String::new(),
            extensions: Vec::new(),
        };
        if parts.next()? != "typ" {
            return None;
        }
        candidate.kind = parts.next()?.to_owned();
        while let Some(name) = parts.next() {
            candidate.extensions.push((name.to_owned(), parts.next()?.to_owned()));
        }
        Some(candidate)
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {} {} typ {}",
            self.foundation, self.component, self.transport, self.priority, self.address, self.port, self.kind
        )?;
        self.extensions.iter().try_for_each(|(name, value)| write!(f, " {name} {value}"))
    }
}

/// `a=fingerprint` (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// `sha-256`, lower case.
    pub hash: String,
    pub digest: Vec<u8>,
}

impl Fingerprint {
    /// Reads `sha-256 AB:CD:…`.
    pub fn parse(value: &str) -> Option<Fingerprint> {
        let (hash, digest) = value.trim().split_once(' ')?;
        let digest =
            digest.split(':').map(|octet| if octet.len() == 2 { u8::from_str_radix(octet, 16).ok() } else { None });
        Some(Fingerprint { hash: hash.to_ascii_lowercase(), digest: digest.collect::<Option<_>>()? })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.hash)?;
        for (index, octet) in self.digest.iter().enumerate() {
            write!(f, "{}{octet:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// `a=setup`: who opens DTLS (RFC 4145 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    Active,
    Passive,
    ActPass,
    HoldConn,
}

impl Setup {
    pub fn parse(value: &str) -> Option<Setup> {
        match value.trim() {
            "active" => Some(Setup::Active),
            "passive" => Some(Setup::Passive),
            "actpass" => Some(Setup::ActPass),
            "holdconn" => Some(Setup::HoldConn),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Setup::Active => "active",
            Setup::Passive => "passive",
            Setup::ActPass => "actpass",
            Setup::HoldConn => "holdconn",
        }
    }
}

impl Session {
    /// User name fragment and password of ICE, from the section or the session.
    pub fn ice_credentials<'a>(&'a self, media: &'a Media) -> Option<(&'a str, &'a str)> {
        Some((self.inherited(media, "ice-ufrag")?, self.inherited(media, "ice-pwd")?))
    }

    /// All fingerprints of the certificate, by one hash each: those of the section or, without any, of the session.
    pub fn fingerprints(&self, media: &Media) -> Vec<Fingerprint> {
        let read = |attributes: &super::Attributes| -> Vec<Fingerprint> {
            attributes.get_all("fingerprint").filter_map(Fingerprint::parse).collect()
        };
        let own = read(&media.attributes);
        if own.is_empty() { read(&self.attributes) } else { own }
    }

    /// The certificate's fingerprint, from the section or the session.
    pub fn fingerprint(&self, media: &Media) -> Option<Fingerprint> {
        Fingerprint::parse(self.inherited(media, "fingerprint")?)
    }

    /// The DTLS role, from the section or the session.
    pub fn setup(&self, media: &Media) -> Option<Setup> {
        Setup::parse(self.inherited(media, "setup")?)
    }
}

impl Media {
    /// The candidates that can be read, in order.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.attributes.get_all("candidate").filter_map(Candidate::parse).collect()
    }

    /// The name of this section in a bundle.
    pub fn mid(&self) -> Option<&str> {
        self.attributes.get("mid")
    }

    /// RTCP comes on the port of RTP.
    pub fn rtcp_mux(&self) -> bool {
        self.attributes.contains("rtcp-mux")
    }

    /// The RTCP port: of `a=rtcp`, else the RTP port when multiplexed, else the next one.
    pub fn rtcp_port(&self) -> Option<u16> {
        if self.rtcp_mux() {
            return Some(self.port);
        }
        match self.attributes.get("rtcp") {
            Some(value) => value.split_ascii_whitespace().next()?.parse().ok(),
            None => self.port.checked_add(1),
        }
    }

    /// Secured by DTLS-SRTP or SDES rather than plain RTP.
    pub fn is_secure(&self) -> bool {
        self.protocol.contains("SAVP")
    }
}
