//! One media thread: sockets, the four steps of a 20 ms tick and the graph.
//!
//! Everything that changes a graph happens on its thread, one thing at a time: orders first, then
//! what arrived, then the ticks that are due. Nothing blocks but the wait for sockets and the rest that gathers packets.
//! A thread without legs sleeps until one comes.

use core::time::Duration;
use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Instant,
};

use media::{Graph, MediaEvent, Output, PortId, STEPS};

use super::{
    clock::Clock,
    legs::Legs,
    link::{Load, Queues, Shared},
    moving::Expected,
    obey::ReportName,
    pacing::Pacing,
    poller::{Poller, Ready, Waker},
    sockets::Heard,
    waiting::Waiting,
};

/// The graph's frame.
const TICK: Duration = Duration::from_millis(media::FRAME_MS as u64);
/// Ticks made up after a delay; beyond it the listener hears a gap instead of a burst that its jitter
/// buffer would throw away.
const CATCH_UP: u32 = 5;
/// Largest datagram read, bytes: an Ethernet frame.
const DATAGRAM: usize = 1_500;

/// Starts thread `index`; the waker makes it look at its queues.
pub(super) fn spawn(
    index: usize,
    origin: Instant,
    queues: Queues,
    load: Arc<Load>,
    shared: Arc<Shared>,
) -> io::Result<Waker> {
    let poller = Poller::new()?;
    let waker = poller.waker();
    let engine = Engine {
        origin,
        queues,
        poller,
        graph: Graph::new(),
        legs: Legs::new(shared.clone()),
        waiting: Waiting::default(),
        expected: Expected::default(),
        report_name: ReportName::new(&shared.entropy),
        load,
        shared,
        stopped: false,
    };
    thread::Builder::new().name(format!("media-{index}")).spawn(move || engine.run())?;
    Ok(waker)
}

/// Where the time of all media threads begins: one origin, so that ports can move between them.
#[expect(clippy::disallowed_methods, reason = "the media threads stamp datagrams as they arrive")]
pub(super) fn origin() -> Instant {
    Instant::now()
}

/// A media thread.
pub(super) struct Engine {
    origin: Instant,
    pub(super) queues: Queues,
    pub(super) poller: Poller,
    pub(super) graph: Graph,
    pub(super) legs: Legs,
    pub(super) waiting: Waiting,
    pub(super) expected: Expected,
    report_name: ReportName,
    pub(super) load: Arc<Load>,
    pub(super) shared: Arc<Shared>,
    pub(super) stopped: bool,
}

impl Engine {
    fn run(mut self) {
        let mut ready = Ready::default();
        let mut buffer = [0; DATAGRAM];
        let mut pacing = Pacing::default();
        let mut clock = Clock::new(self.now());
        while !self.stopped {
            let wait =
                (!self.legs.is_empty()).then(|| clock.due(|step| self.graph.has_step(step)).saturating_sub(self.now()));
            if wait.is_none() {
                // No tick measures a thread that sleeps.
                self.load.measured(0);
            }
            if let Err(error) = self.poller.wait(&mut ready, wait) {
                tracing::error!(%error, "a media thread cannot poll its sockets and ends");
                return;
            }
            let began = self.now();
            self.queues.woken.store(false, Ordering::Release);
            if self.legs.is_empty() {
                clock.begin(began + TICK);
            }
            self.graph.expect_step(clock.next_for(began));
            self.obey();
            let mut packets = self.take_packets(&mut buffer);
            for token in ready.tokens() {
                packets += u32::from(self.read(token, &mut buffer));
            }
            // Before the tick, whose transcoding may take a while.
            self.legs.flush();
            self.tick(&mut clock, &mut pacing);
            self.legs.flush();
            let now = self.now();
            clock.worked(now.saturating_sub(began));
            if let Some(rest) = pacing.after(packets) {
                thread::sleep(rest.min(clock.due(|step| self.graph.has_step(step)).saturating_sub(now)));
            }
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn tick(&mut self, clock: &mut Clock, pacing: &mut Pacing) {
        let now = self.now();
        if self.legs.is_empty() {
            return;
        }
        let mut ticked = false;
        for _ in 0..CATCH_UP * u32::from(STEPS) {
            let Some(step) = clock.take(now) else { break };
            let legs = &mut self.legs;
            self.graph.step(now, step, |output| legs.dispatch(output));
            if step == STEPS - 1 {
                pacing.tick(TICK);
                ticked = true;
            }
        }
        clock.give_up(now);
        if !ticked {
            return;
        }
        self.legs.deliver_backlog();
        if clock.is_round(now) {
            self.round(now);
        }
        if clock.is_measuring(now) {
            self.load.measured(clock.load(now));
            self.watch_legs(now);
        }
    }

    /// Notes how legs sound, once a second.
    fn watch_legs(&mut self, now: Duration) {
        for id in self.legs.agreed() {
            let Some(look) = self.graph.watch(now, id) else { continue };
            if let Some(piece) = look.piece {
                self.legs.note(id, &piece);
            }
            for change in look.changes {
                self.legs.dispatch(Output::Event { port: id, event: MediaEvent::Watched(change) });
            }
        }
    }

    /// What is looked at now and then on every leg.
    fn round(&mut self, now: Duration) {
        for (id, sockets) in self.legs.sockets_mut() {
            sockets.listen_around(now);
            self.shared.unproven.fetch_add(sockets.take_unproven(), Ordering::Relaxed);
            if sockets.report_at.is_some_and(|at| now >= at) {
                // So that carriers see us alive on a leg that is held or silent.
                sockets.send_report(self.report_name.report(&mut self.graph, now, id));
                sockets.report_at = Some(now + ReportName::after(&self.shared.entropy));
            }
        }
        for id in self.legs.take_unheard() {
            // A leg that ended meanwhile has no tap.
            let _ = self.graph.tap(now, id, false);
        }
    }

    /// Takes what WebRTC legs received. While a call is on its way here its packets wait for it.
    fn take_packets(&mut self, buffer: &mut [u8; DATAGRAM]) -> u32 {
        let mut taken = 0;
        while self.expected.is_empty()
            && let Ok((id, packet)) = self.queues.packets.try_recv()
        {
            let Some(bytes) = buffer.get_mut(..packet.len()) else { continue };
            bytes.copy_from_slice(&packet);
            let now = self.now();
            let legs = &mut self.legs;
            self.graph.handle_rtp(now, id, bytes, |output| legs.dispatch(output));
            taken += 1;
        }
        taken
    }

    /// Reads one datagram; true for one of the leg's.
    fn read(&mut self, token: u64, buffer: &mut [u8; DATAGRAM]) -> bool {
        let (id, is_rtcp) = port_of(token);
        let now = self.origin.elapsed();
        let Some(sockets) = self.legs.sockets(id) else { return false };
        let heard = if is_rtcp { sockets.read_rtcp(buffer).map(Heard::Rtcp) } else { sockets.read_rtp(now, buffer) };
        let (length, is_report) = match heard {
            Some(Heard::Rtp(length)) => (length, false),
            Some(Heard::Rtcp(length)) => (length, true),
            None => return false,
        };
        let Some(bytes) = buffer.get_mut(..length) else { return false };
        if is_report {
            self.graph.handle_rtcp(now, id, bytes);
        } else if self.legs.negotiates(id) {
            self.legs.keep_early(now, id, bytes);
        } else {
            let legs = &mut self.legs;
            self.graph.handle_rtp(now, id, bytes, |output| legs.dispatch(output));
        }
        true
    }
}

/// RTCP's half of the tokens.
const RTCP: u64 = 1 << 63;

/// The token of a port's RTP or RTCP socket. The highest bit of an id is its generation's, which would have to be used two
/// billion times in one place.
pub(super) fn token_of(id: PortId, is_rtcp: bool) -> u64 {
    (id.0 & !RTCP) | if is_rtcp { RTCP } else { 0 }
}

fn port_of(token: u64) -> (PortId, bool) {
    (PortId(token & !RTCP), token & RTCP != 0)
}
