//! Where a leg goes: the addresses of one attempt to reach a target.

use sip::message::{Headers, Uri};
use sip::ua::{Body, Credentials, Invite, Path};

/// One attempt.
#[derive(Debug, Clone)]
pub struct Way {
    /// The trunk's name, for the timeline; none for browsers and devices.
    pub trunk: Option<String>,
    /// Where the INVITE goes.
    pub path: Path,
    /// Request-URI.
    pub target: Uri,
    /// From, without tag.
    pub from: String,
    /// To.
    pub to: String,
    /// Further headers.
    pub headers: Headers,
    /// For a trunk that challenges.
    pub auth: Option<Credentials>,
}

impl Way {
    /// The INVITE with this offer.
    pub(super) fn invite(&self, offer: Body) -> Invite {
        let mut invite = Invite::new(self.path, self.target.clone(), self.from.clone(), self.to.clone(), Some(offer));
        invite.headers = self.headers.clone();
        invite.auth = self.auth.clone();
        invite
    }
}
