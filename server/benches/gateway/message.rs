//! SIP messages of the generator, as text: what measures shares no code with what is measured.

use std::net::SocketAddr;

/// A message that was received, its lines as they came.
pub(super) struct Message(pub(super) String);

impl Message {
    /// Every line of a header, whole.
    pub(super) fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.split("\r\n").filter(move |line| {
            line.split_once(':').is_some_and(|(header, _)| header.trim().eq_ignore_ascii_case(name))
        })
    }

    pub(super) fn value<'a>(&'a self, name: &'a str) -> &'a str {
        self.lines(name).next().and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }

    /// The status, or nothing for a request.
    pub(super) fn status(&self) -> Option<u16> {
        self.0.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }

    /// Whether it is a request of that method.
    pub(super) fn asks(&self, method: &str) -> bool {
        self.0.strip_prefix(method).is_some_and(|rest| rest.starts_with(' '))
    }

    /// Whether it answers a request of that method.
    pub(super) fn answers(&self, method: &str) -> bool {
        self.status().is_some() && self.value("CSeq").ends_with(method)
    }

    /// Where the SDP wants audio.
    pub(super) fn audio(&self) -> Option<SocketAddr> {
        let host = self.0.split("\r\n").find_map(|line| line.strip_prefix("c=IN IP4 "))?;
        let port = self.0.split("\r\n").find_map(|line| line.strip_prefix("m=audio "))?.split(' ').next()?;
        Some(SocketAddr::new(host.trim().parse().ok()?, port.parse().ok()?))
    }

    /// A 200 to this request from who is at `local`; with a description it is the answer to an INVITE.
    pub(super) fn accept(&self, local: SocketAddr, description: &str) -> String {
        let mut reply = String::from("SIP/2.0 200 OK\r\n");
        for line in ["Via", "Record-Route", "From", "Call-ID", "CSeq"].iter().flat_map(|name| self.lines(name)) {
            reply.push_str(line);
            reply.push_str("\r\n");
        }
        let to = self.value("To");
        let tag = if to.contains("tag=") { "" } else { ";tag=callee" };
        reply.push_str(&format!("To: {to}{tag}\r\nContact: <sip:callee@{local}>\r\n"));
        if !description.is_empty() {
            reply.push_str("Content-Type: application/sdp\r\n");
        }
        reply.push_str(&format!("Content-Length: {}\r\n\r\n{description}", description.len()));
        reply
    }
}

/// An offer or answer of A-law and telephone-events at `rtp`.
pub(super) fn description(rtp: SocketAddr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n",
        ip = rtp.ip(),
        port = rtp.port()
    )
}
