//! The seam at which datagrams are looked at before the user agent keeps anything of them.

use std::net::SocketAddr;
use std::time::Duration;

use sip::message::Request;
use sip::ua::Reply;

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict {
    /// The user agent takes it.
    Enter,
    /// It gets no answer.
    Silence,
    /// It is answered and forgotten.
    Answer(Box<Reply>),
}

/// Decides who is talked to. Called on the endpoint's task: it must not wait.
pub trait Door: Send + Sync {
    /// Whether datagrams of this source are read at all.
    fn is_open_to(&self, now: Duration, source: SocketAddr) -> bool;

    /// What becomes of a request of this source.
    fn judge(&self, now: Duration, source: SocketAddr, request: &Request) -> Verdict;
}
