//! RTCP of a port: what the leg's reports say about us, and our reports about the leg.

use core::time::Duration;

use super::{Graph, PortId, port::Port};
use crate::{
    quality,
    rtcp::{self, Packet, Report, ReportBlock, SenderInfo},
};

/// What the leg's reports told.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// Middle of the NTP time of its last sender report, and when that came.
    last_report: Option<(u32, Duration)>,
    pub(super) round_trip: Option<Duration>,
    /// Share of our packets that the leg lost lately, 0.0 to 1.0.
    pub(super) remote_loss: Option<f32>,
}

impl Control {
    /// True: it tells of our stream.
    fn take(&mut self, now: Duration, our_ssrc: u32, packet: &Packet) -> bool {
        let Packet::Report { sender, blocks, .. } = packet else { return false };
        if let Some(sender) = sender {
            self.last_report = Some((rtcp::ntp_middle(sender.ntp), now));
        }
        let mut is_ours = false;
        for block in blocks.iter().filter(|block| block.ssrc == our_ssrc) {
            is_ours = true;
            self.remote_loss = Some(f32::from(block.fraction_lost) / 256.0);
            self.round_trip = rtcp::round_trip(now, block).or(self.round_trip);
        }
        is_ours
    }
}

impl Graph {
    /// Takes a datagram of a port's RTCP flow, without SRTCP. It proves that the leg is alive;
    /// garbage is counted and dropped.
    pub fn handle_rtcp(&mut self, now: Duration, id: PortId, bytes: &[u8]) {
        let Some(port) = self.ports.get_mut(id) else { return };
        let Ok(packets) = rtcp::parse(bytes) else {
            port.inbound.refused += 1;
            return;
        };
        port.inbound.touch(now);
        for packet in &packets {
            if port.control.take(now, port.params.ssrc, packet)
                && let Some(loss) = port.control.remote_loss
            {
                port.outbound.lost(loss);
            }
        }
    }

    /// Appends the report that is due about a port's stream, a compound packet without SRTCP. The
    /// caller sends one about every five seconds (RFC 3550 §6.2) and chooses the `cname`.
    pub fn write_rtcp(&mut self, now: Duration, id: PortId, cname: &str, out: &mut Vec<u8>) {
        if let Some(port) = self.ports.get_mut(id) {
            port.write_rtcp(now, cname, out);
        }
    }
}

impl Port {
    fn write_rtcp(&mut self, now: Duration, cname: &str, out: &mut Vec<u8>) {
        let sender = (self.outbound.packets > 0).then(|| SenderInfo {
            ntp: rtcp::ntp(now),
            rtp_timestamp: self.outbound.timestamp_at(now),
            // Both counts wrap on the wire.
            packets: self.outbound.packets as u32,
            bytes: self.outbound.bytes as u32,
        });
        let (last_report, delay_since) = self.control.last_report.map_or((0, 0), |(middle, came_at)| {
            (middle, (now.saturating_sub(came_at).as_micros() * 65_536 / 1_000_000) as u32)
        });
        let block = self.inbound.reception.report().map(|loss| ReportBlock {
            ssrc: loss.ssrc,
            fraction_lost: loss.fraction,
            total_lost: i32::try_from(loss.total).unwrap_or(i32::MAX),
            highest_sequence: loss.highest_sequence,
            jitter: loss.jitter,
            last_report,
            delay_since,
        });
        rtcp::write_report(out, &Report { ssrc: self.params.ssrc, sender, block, cname });
    }

    /// Opinion score of what we hear from the leg.
    pub(super) fn mos(&self) -> f32 {
        let reception = &self.inbound.reception;
        let expected = reception.received() + reception.lost();
        let loss = if expected == 0 { 0.0 } else { reception.lost() as f32 / expected as f32 };
        let round_trip = self.control.round_trip.unwrap_or_default();
        quality::mos(self.params.codec, round_trip, reception.jitter_ms(), loss)
    }
}
