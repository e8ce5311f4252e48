//! Dialogs: RFC 3261 §12. Identity, route set, remote target and sequence numbers of one.
//!
//! A [`Dialog`] builds the requests that go out inside it and judges the sequence of the ones that come in. It does
//! not know transactions, timers or what a call is; early and confirmed dialogs look the same here, and which of
//! several forks counts is the user agent's decision.

use bytes::Bytes;

use crate::message::{HeaderError, HeaderName, Headers, Method, NameAddr, Request, Response, Uri};

/// Hops that a request of ours may take (RFC 3261 §8.1.1.6).
pub const MAX_FORWARDS: u8 = 70;

/// Longest route set that is kept: more record-routing proxies than this is a loop, not a network.
pub(crate) const MAX_ROUTES: usize = 32;

/// Why a message creates no dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// From, To, Call-ID or CSeq is missing or unreadable.
    #[error("a header that identifies the dialog is missing or unreadable")]
    Identity,
    /// No usable Contact.
    #[error("no usable Contact")]
    Contact,
}

/// A request of the dialog came out of order: answer 500 (RFC 3261 §12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sequence number is not higher than the last one")]
pub struct OutOfOrder;

/// One peer-to-peer relationship.
#[derive(Debug, Clone)]
pub struct Dialog {
    call_id: String,
    local_tag: String,
    remote_tag: String,
    /// From of our requests, tag included.
    local: Bytes,
    /// To of our requests, tag included.
    remote: Bytes,
    remote_target: Uri,
    /// Route values in the order in which they are written.
    routes: Vec<Uri>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// The last RSeq of the peer's (RFC 3262), and the number of the INVITE that it counts for.
    remote_rseq: Option<(u32, u32)>,
}

impl Dialog {
    /// The caller's dialog: our request and a 101–299 to it (§12.1.2).
    pub fn from_response(request: &Request, response: &Response) -> Result<Self, DialogError> {
        let remote_tag = tag(response.headers.to())?;
        let local_tag = tag(request.headers.from())?;
        let mut routes = record_routes(&response.headers);
        routes.reverse();
        Ok(Self {
            call_id: request.headers.call_id().map_err(|_| DialogError::Identity)?.to_owned(),
            local_tag,
            remote_tag,
            local: owned(&request.headers, &HeaderName::From)?,
            remote: owned(&response.headers, &HeaderName::To)?,
            // A provisional response may omit Contact (§12.1.1 only binds the 2xx); then our own target stands.
            remote_target: contact(&response.headers).unwrap_or_else(|| request.uri.clone()),
            routes,
            local_cseq: request.headers.cseq().map_err(|_| DialogError::Identity)?.number,
            remote_cseq: None,
            remote_rseq: None,
        })
    }

    /// The callee's dialog: their request and the tag that our responses carry (§12.1.1).
    pub fn from_request(request: &Request, local_tag: &str) -> Result<Self, DialogError> {
        let remote_tag = tag(request.headers.from())?;
        let to = request.headers.get(&HeaderName::To).ok_or(DialogError::Identity)?;
        let mut local = Vec::with_capacity(to.len() + 5 + local_tag.len());
        local.extend_from_slice(to);
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(local_tag.as_bytes());
        Ok(Self {
            call_id: request.headers.call_id().map_err(|_| DialogError::Identity)?.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag,
            local: local.into(),
            remote: owned(&request.headers, &HeaderName::From)?,
            remote_target: contact(&request.headers).ok_or(DialogError::Contact)?,
            routes: record_routes(&request.headers),
            // Any start below 2³¹ will do (§12.2.1.1); 1 keeps traces readable.
            local_cseq: 0,
            remote_cseq: Some(request.headers.cseq().map_err(|_| DialogError::Identity)?.number),
            remote_rseq: None,
        })
    }

    /// Call-ID.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our tag.
    pub fn local_tag(&self) -> &str {
        &self.local_tag
    }

    /// The peer's tag.
    pub fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Where requests go in the end (before the route set is applied).
    pub fn remote_target(&self) -> &Uri {
        &self.remote_target
    }

    /// Whose address the next request goes to, and whether that is a Route (§12.2.1.1, §8.1.2).
    pub fn next_hop(&self) -> (&Uri, bool) {
        self.routes.first().map_or((&self.remote_target, false), |route| (route, true))
    }

    /// Sequence number of our last request.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Continues numbering after `cseq`, which another dialog of the same INVITE or an authentication retry has used.
    pub fn skip_to_cseq(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// The next request in the dialog, without Via (§12.2.1.1).
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.build(method, self.local_cseq)
    }

    /// The ACK of a 2xx to the INVITE numbered `cseq`, without Via (§13.2.2.4).
    pub fn ack(&self, cseq: u32) -> Request {
        self.build(Method::Ack, cseq)
    }

    /// Judges the number of an incoming request other than ACK and CANCEL, and remembers it (§12.2.2).
    pub fn accept_cseq(&mut self, cseq: u32) -> Result<(), OutOfOrder> {
        if self.remote_cseq.is_some_and(|last| cseq <= last) {
            return Err(OutOfOrder);
        }
        self.remote_cseq = Some(cseq);
        Ok(())
    }

    /// Judges the RSeq of a reliable provisional response to the INVITE numbered `cseq`, and remembers it: the first one may be
    /// any, then each follows the one before (RFC 3262 §4). False: a copy, or one whose predecessor is missing.
    pub fn accept_rseq(&mut self, cseq: u32, rseq: u32) -> bool {
        let last = self.remote_rseq.filter(|(of, _)| *of == cseq).map(|(_, last)| last);
        let is_next = last.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if is_next {
            self.remote_rseq = Some((cseq, rseq));
        }
        is_next
    }

    /// Takes a new remote target from a re-INVITE, an UPDATE or a 2xx to one of ours (§12.2); the route set stays.
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.remote_target = target;
        }
    }

    fn build(&self, method: Method, cseq: u32) -> Request {
        let (uri, routes) = self.route();
        let cseq = format!("{cseq} {method}");
        let mut request = Request::new(method, uri);
        let headers = &mut request.headers;
        for route in routes {
            headers.push(HeaderName::Route, format!("<{route}>"));
        }
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS.to_string());
        headers.push(HeaderName::From, self.local.clone());
        headers.push(HeaderName::To, self.remote.clone());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, cseq);
        request
    }

    /// Request-URI and Route values: loose routing, or the rewriting for a strict router (§12.2.1.1).
    fn route(&self) -> (Uri, Vec<&Uri>) {
        match self.routes.split_first() {
            Some((first, rest)) if !first.is_loose_router() => {
                (first.clone(), rest.iter().chain(core::iter::once(&self.remote_target)).collect())
            }
            _ => (self.remote_target.clone(), self.routes.iter().collect()),
        }
    }
}

/// RFC 2543 peers have no tag, which counts as an empty one (§12.1.1).
fn tag(value: Result<NameAddr, HeaderError>) -> Result<String, DialogError> {
    let address = value.map_err(|_| DialogError::Identity)?;
    Ok(address.tag().unwrap_or_default().to_owned())
}

fn owned(headers: &Headers, name: &HeaderName) -> Result<Bytes, DialogError> {
    headers.get(name).map(Bytes::copy_from_slice).ok_or(DialogError::Identity)
}

/// The first Contact; a dialog has exactly one (§12.1.1).
fn contact(headers: &Headers) -> Option<Uri> {
    headers.contacts().ok()?.into_iter().next().map(|contact| contact.addr.uri)
}

/// Unreadable routes count as none: the peer then gets its requests directly.
fn record_routes(headers: &Headers) -> Vec<Uri> {
    let mut routes: Vec<Uri> = headers.record_routes().unwrap_or_default().into_iter().map(|route| route.uri).collect();
    routes.truncate(MAX_ROUTES);
    routes
}

/// In the BYE to a phone of ours and in the 200 to its own: the started seconds that its call has lasted, as the call's record has
/// them.
pub const LENGTH_HEADER: &str = "X-Sautikit-Duration";

mod record;

pub(crate) use self::record::{SKIPPED_NUMBERS, VERSION};

#[cfg(test)]
mod tests;
