//! Which transaction a request belongs to: RFC 3261 §17.2.3, and which requests are the same one twice (§8.2.2.2).

use crate::message::header::Via;
use crate::message::{HeaderName, Method, Request};

/// Identity of a server transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerKey {
    /// Branch, or what RFC 2543 peers have instead.
    branch: String,
    sent_by: String,
    /// An ACK belongs to its INVITE.
    method: Method,
}

impl ServerKey {
    /// The transaction that `request` starts, repeats or acknowledges. `None`: Via, CSeq or Call-ID is unreadable.
    pub fn of(request: &Request) -> Option<Self> {
        let method = match &request.method {
            Method::Ack => Method::Invite,
            other => other.clone(),
        };
        Self::with_method(request, method)
    }

    /// The INVITE that this CANCEL wants to stop (§9.2).
    pub fn cancelled_by(cancel: &Request) -> Option<Self> {
        Self::with_method(cancel, Method::Invite)
    }

    fn with_method(request: &Request, method: Method) -> Option<Self> {
        let via = request.headers.via_top().ok()?;
        let branch = match via.branch() {
            Some(branch) if via.has_rfc3261_branch() => branch.to_owned(),
            // RFC 2543: the request identifies itself. The To tag is left out, because the ACK adds one.
            branch => {
                let from = request.headers.get(&HeaderName::From)?;
                let call_id = request.headers.call_id().ok()?;
                let number = request.headers.cseq().ok()?.number;
                let from = String::from_utf8_lossy(from);
                format!("{}|{call_id}|{number}|{from}|{}", branch.unwrap_or_default(), request.uri)
            }
        };
        Some(Self { branch, sent_by: sent_by(&via), method })
    }
}

fn sent_by(via: &Via) -> String {
    let host = via.host.to_string().to_ascii_lowercase();
    via.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

/// Identity of a request whatever way it took: From tag, Call-ID and CSeq. Only for requests without a To tag;
/// leaving any part out makes legitimate calls fail (a peer that cancels and calls again keeps its Call-ID and tag).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MergeKey {
    from_tag: String,
    call_id: String,
    cseq: u32,
    method: Method,
}

impl MergeKey {
    /// `None` when the request has a To tag, or no readable identity.
    pub fn of(request: &Request) -> Option<Self> {
        if request.headers.to().ok()?.tag().is_some() {
            return None;
        }
        let cseq = request.headers.cseq().ok()?;
        Some(Self {
            from_tag: request.headers.from().ok()?.tag().unwrap_or_default().to_owned(),
            call_id: request.headers.call_id().ok()?.to_owned(),
            cseq: cseq.number,
            method: cseq.method,
        })
    }
}
