//! Host names that carriers write into Route and Contact, looked up by the system's resolver while everything else goes on.

use std::net::IpAddr;

use tokio::net::lookup_host;

use super::{Command, SipHandle};

/// Names that are looked up at a time. Each holds a thread for as long as the system's resolver tries, which may be half a
/// minute; what is beyond is asked for again by a later call.
const AT_A_TIME: usize = 16;

/// The look-ups that run.
pub(super) struct Lookups {
    running: usize,
    /// Our socket speaks IPv4, and so must the address.
    is_v4: bool,
}

impl Lookups {
    pub(super) fn new(is_v4: bool) -> Self {
        Self { running: 0, is_v4 }
    }

    /// Looks a name up; the answer comes as [`Command::Resolved`].
    pub(super) fn begin(&mut self, host: String, sip: SipHandle) {
        if self.running >= AT_A_TIME {
            return;
        }
        self.running += 1;
        let is_v4 = self.is_v4;
        tokio::spawn(async move {
            let address = address_of(&host, is_v4).await;
            sip.send(Command::Resolved { host, address }).await;
        });
    }

    /// One of them has its answer.
    pub(super) fn ended(&mut self) {
        self.running = self.running.saturating_sub(1);
    }
}

async fn address_of(host: &str, is_v4: bool) -> Option<IpAddr> {
    // Nobody's mistake but the carrier's, whose requests go where it was heard.
    let found = lookup_host((host, 0)).await.ok()?;
    found.into_iter().map(|address| address.ip()).find(|ip| ip.is_ipv4() == is_v4)
}
