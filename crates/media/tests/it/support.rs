//! A graph on simulated time, and what it sent.

use core::time::Duration;

use media::{
    Codec, Fill, Graph, MediaEvent, Output, PortId, PortParams, Side, Tapped,
    rtp::{Header, Packet, write},
};

pub(crate) const A: PortId = PortId(1);
pub(crate) const B: PortId = PortId(2);

/// A packet that the graph sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) port: PortId,
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) graph: Graph,
    pub(crate) now: Duration,
    pub(crate) sent: Vec<Sent>,
    pub(crate) events: Vec<(PortId, MediaEvent)>,
    pub(crate) tapped: Vec<Overheard>,
}

/// What a tap heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overheard {
    pub(crate) port: PortId,
    pub(crate) side: Side,
    pub(crate) at: Duration,
    pub(crate) codec: Codec,
    pub(crate) payload: Vec<u8>,
}

fn collect(
    output: Output<'_>,
    sent: &mut Vec<Sent>,
    events: &mut Vec<(PortId, MediaEvent)>,
    tapped: &mut Vec<Overheard>,
) {
    match output {
        Output::Send { port, packet } => {
            let parsed = Packet::parse(packet).expect("the graph sends valid RTP");
            let payload = parsed.payload(packet).to_vec();
            sent.push(Sent { port, header: parsed.header, payload });
        }
        Output::Event { port, event } => events.push((port, event)),
        Output::Tapped(Tapped { port, side, at, codec, payload }) => {
            tapped.push(Overheard { port, side, at, codec, payload: payload.to_vec() });
        }
    }
}

impl World {
    pub(crate) fn with_ports(a: PortParams, b: PortParams) -> Self {
        let mut world = Self::default();
        world.graph.add_port(world.now, A, a).unwrap();
        world.graph.add_port(world.now, B, b).unwrap();
        world
    }

    pub(crate) fn receive(&mut self, port: PortId, header: Header, payload: &[u8]) {
        let mut bytes = Vec::new();
        write(&mut bytes, header, payload);
        self.receive_bytes(port, &mut bytes);
    }

    pub(crate) fn receive_bytes(&mut self, port: PortId, bytes: &mut [u8]) {
        let Self { graph, now, sent, events, tapped } = self;
        graph.handle_rtp(*now, port, bytes, |output| collect(output, sent, events, tapped));
    }

    /// Ticks and moves the time on by 20 ms.
    pub(crate) fn tick(&mut self) {
        let Self { graph, now, sent, events, tapped } = self;
        graph.tick(*now, |output| collect(output, sent, events, tapped));
        self.now += Duration::from_millis(20);
    }

    /// Takes one of a frame's steps; the time moves on with the last of them.
    pub(crate) fn step(&mut self, step: u8) {
        let Self { graph, now, sent, events, tapped } = self;
        graph.step(*now, step, |output| collect(output, sent, events, tapped));
        if step == media::STEPS - 1 {
            self.now += Duration::from_millis(20);
        }
    }

    pub(crate) fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    pub(crate) fn sent_to(&self, port: PortId) -> Vec<Sent> {
        self.sent.iter().filter(|sent| sent.port == port).cloned().collect()
    }

    /// Claims that everything sent to a port was one stream: one SSRC, no sequence number left
    /// out or repeated, timestamps that never step back.
    pub(crate) fn assert_continuous(&self, port: PortId) {
        let sent = self.sent_to(port);
        for pair in sent.windows(2) {
            let [before, after] = pair else { continue };
            assert_eq!(after.header.ssrc, before.header.ssrc);
            assert_eq!(after.header.sequence, before.header.sequence.wrapping_add(1));
            let step = after.header.timestamp.wrapping_sub(before.header.timestamp) as i32;
            assert!((0..48_000 * 10).contains(&step), "timestamp stepped by {step}");
        }
    }
}

pub(crate) fn quiet(codec: Codec, payload_type: u8, ssrc: u32) -> PortParams {
    PortParams { fill: Fill::Never, ..PortParams::new(codec, payload_type, ssrc) }
}

pub(crate) fn with_events(params: PortParams, payload_type: u8, clock_hz: u32) -> PortParams {
    PortParams { dtmf_payload_type: Some((payload_type, clock_hz)), ..params }
}

/// Packet `n` of a leg's own stream.
pub(crate) fn audio(n: u16, payload_type: u8, units: u32) -> Header {
    Header {
        marker: n == 0,
        payload_type,
        sequence: n.wrapping_add(65_000),
        timestamp: (u32::MAX - 10_000).wrapping_add(u32::from(n) * units),
        ssrc: 0xabcd,
    }
}
