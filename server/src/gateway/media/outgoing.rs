//! What one turn of a media thread sends, kept until the turn's end.
//!
//! A packet that is sent wakes whoever waits for it, here or behind the network card. Sent one by one between reads, each
//! packet is a wake of its own; sent in a row, the later ones find the receiver awake.

use core::ops::Range;

use media::PortId;

/// Packets of a turn, in their order.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    packets: Vec<(PortId, Range<usize>)>,
}

impl Outgoing {
    /// Keeps a packet of the leg.
    pub(super) fn push(&mut self, leg: PortId, packet: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet);
        self.packets.push((leg, start..self.bytes.len()));
    }

    /// Gives `send` every packet, in their order, and forgets them.
    pub(super) fn flush(&mut self, mut send: impl FnMut(PortId, &[u8])) {
        for (leg, place) in self.packets.drain(..) {
            send(leg, self.bytes.get(place).unwrap_or_default());
        }
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_leave_once_and_in_their_order() {
        let mut outgoing = Outgoing::default();
        outgoing.push(PortId(1), b"one");
        outgoing.push(PortId(2), b"");
        outgoing.push(PortId(1), b"two");
        let mut sent = Vec::new();
        outgoing.flush(|leg, packet| sent.push((leg, packet.to_vec())));
        assert_eq!(sent, [(PortId(1), b"one".to_vec()), (PortId(2), Vec::new()), (PortId(1), b"two".to_vec())]);
        outgoing.flush(|_, _| panic!("they are gone"));
    }
}
