//! What a port says in the moment before somebody hears it.
//!
//! A leg's first words come with its answer, and who is to hear them is told a moment later. So the newest packet of a port
//! that nobody hears is kept, and heard by whoever is joined to the port within [`EARLY_FOR`].

use core::time::Duration;

use super::{
    Graph, Output, PortId,
    inbound::{Arrival, Kind},
    port::Port,
};
use crate::{FRAME_MS, rtp::Packet};

/// How long what was said is the present: two frames. What is older was said to nobody.
pub const EARLY_FOR: Duration = Duration::from_millis(2 * FRAME_MS as u64);

/// A packet that nobody has heard.
#[derive(Debug)]
pub(super) struct Early {
    at: Duration,
    bytes: Vec<u8>,
}

impl Port {
    /// Keeps a packet instead of the one before.
    pub(super) fn keep_early(&mut self, now: Duration, bytes: &[u8]) {
        let early = self.early.get_or_insert_with(|| Box::new(Early { at: now, bytes: Vec::new() }));
        early.at = now;
        early.bytes.clear();
        early.bytes.extend_from_slice(bytes);
    }
}

impl Graph {
    /// Somebody hears the port from now on.
    pub(super) fn is_heard(&mut self, id: PortId) {
        if self.ports.get(id).is_some_and(|port| port.early.is_some()) {
            self.early.push(id);
        }
    }

    /// Lets be heard what was said just before.
    pub(super) fn say_early(&mut self, now: Duration, mut sink: impl FnMut(Output<'_>)) {
        for id in core::mem::take(&mut self.early) {
            let Some(early) = self.ports.get_mut(id).and_then(|port| port.early.take()) else { continue };
            let Early { at, mut bytes } = *early;
            if now.saturating_sub(at) > EARLY_FOR {
                continue;
            }
            if let Ok(packet) = Packet::parse(&bytes) {
                let arrival = Arrival { packet, kind: Kind::Audio, restarted: false };
                self.pass_on(at, id, arrival, &mut bytes, &mut sink);
            }
        }
    }
}
