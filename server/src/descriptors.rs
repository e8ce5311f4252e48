//! Open files and sockets of the process: as many as the system lets us have, and who may take how many.
//!
//! Most systems start programs with a soft limit of 1,024 descriptors, which a few hundred browsers and their calls use
//! up; then the API accepts nobody. The limit is raised as far as its owner may, and what strangers can open is held to a
//! share of it, so that calls and the API always find some.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than this is of no use to one node, and tables by descriptor would grow with it.
const MOST: u64 = 1 << 20;
/// Where the system says nothing.
const USUAL: u64 = 1_024;

/// Raises the soft limit to the hard one. A refusal leaves things as they are.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let maximum = limit.maximum.unwrap_or(MOST).min(MOST);
    if limit.current.is_some_and(|current| current < maximum)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(maximum), maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// Connections that the web port may hold beside WebSockets: a quarter.
pub fn for_connections() -> usize {
    share(4)
}

/// WebSockets that may be open: a quarter too, so that they never take the API's.
pub fn for_web_sockets() -> usize {
    share(4)
}

/// TCP and TLS connections of SIP: an eighth.
pub fn for_sip_connections() -> usize {
    share(8)
}

/// Browsers' media over TCP: an eighth too, which leaves calls, the database and files two.
pub fn for_media_connections() -> usize {
    share(8)
}

/// Connections of one address beside WebSockets: a quarter of those, and no fewer than a browser's few tabs.
pub fn for_one_address() -> usize {
    (for_connections() / 4).max(32)
}

fn share(part: u64) -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(USUAL).min(MOST);
    usize::try_from(limit / part).unwrap_or(usize::MAX)
}
