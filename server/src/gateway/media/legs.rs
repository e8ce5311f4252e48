//! The legs of one media thread: where their packets go, whom their events are told, who listens in.

use core::time::Duration;
use std::{collections::VecDeque, sync::Arc, sync::atomic::Ordering};

use bytes::Bytes;
use media::{Fill, MediaEvent, Output, Piece, PortId, PortTable, Tapped};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::calls::trace::{Quality, Sample};

use super::{
    LegId, LegMediaEvent, TapPacket,
    command::{CallKey, OwnStream},
    link::Shared,
    outgoing::Outgoing,
    sockets::Sockets,
    srtp::SecuredBy,
};

/// Events of one leg kept while the call task does not read: every digit of a key masher for 6 s.
const BACKLOG: usize = 64;

/// A leg of this thread.
#[derive(Debug)]
pub(super) struct Leg {
    /// The call that it belongs to: all its legs are on one thread.
    pub(super) call: CallKey,
    pub(super) tag: LegId,
    pub(super) events: mpsc::Sender<LegMediaEvent>,
    pub(super) backlog: VecDeque<LegMediaEvent>,
    pub(super) stream: OwnStream,
    /// In the graph, which takes a port only once its codec is known.
    pub(super) configured: bool,
    /// What it said last while it had no codec: its first words come along with its answer, or before.
    pub(super) early: Option<Box<Early>>,
    pub(super) wire: Wire,
    /// What was last told of how it is secured.
    pub(super) secured: Option<SecuredBy>,
    pub(super) listeners: Vec<Listener>,
    /// Where it is noted how the leg sounds.
    pub(super) quality: Arc<Quality>,
}

/// A packet and when it came.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) at: Duration,
    pub(super) packet: Vec<u8>,
    /// It came by keys that were known already.
    pub(super) is_open: bool,
}

/// How a leg's packets travel.
#[derive(Debug)]
pub(super) enum Wire {
    Udp(Box<Sockets>),
    Packets(mpsc::Sender<Bytes>),
    /// Only taps hear what would be sent.
    Nowhere,
}

impl Wire {
    /// When the leg is sent silence. A browser's way is kept open by ICE, and its jitter buffer should not be filled before
    /// there is something to hear.
    pub(super) fn fill(&self) -> Fill {
        match self {
            Self::Udp(_) => Fill::Always,
            Self::Packets(_) => Fill::OnceHeard,
            Self::Nowhere => Fill::Never,
        }
    }
}

/// Somebody who listens in on a leg.
#[derive(Debug)]
pub(super) struct Listener {
    ring: mpsc::Sender<TapPacket>,
    /// Media time of the leg's tap when this one began to listen.
    since: Duration,
    /// Packets that found the ring full since the last that went in.
    missed: u64,
}

/// All legs of a thread.
#[derive(Debug)]
pub(super) struct Legs {
    table: PortTable<Box<Leg>>,
    count: usize,
    /// Legs with a backlog of events.
    undelivered: Vec<PortId>,
    /// Legs whose last listener has gone.
    unheard: Vec<PortId>,
    outgoing: Outgoing,
    shared: Arc<Shared>,
}

impl Legs {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            table: PortTable::default(),
            count: 0,
            undelivered: Vec::new(),
            unheard: Vec::new(),
            outgoing: Outgoing::default(),
            shared,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn get(&self, id: PortId) -> Option<&Leg> {
        self.table.get(id).map(|leg| &**leg)
    }

    pub(super) fn get_mut(&mut self, id: PortId) -> Option<&mut Leg> {
        self.table.get_mut(id).map(|leg| &mut **leg)
    }

    pub(super) fn insert(&mut self, id: PortId, leg: Box<Leg>) {
        if !leg.backlog.is_empty() {
            self.undelivered.push(id);
        }
        // Ids are unique among all threads, so nothing is displaced.
        self.table.insert(id, leg);
        self.count += 1;
    }

    pub(super) fn remove(&mut self, id: PortId) -> Option<Box<Leg>> {
        let leg = self.table.remove(id)?;
        self.count -= 1;
        Some(leg)
    }

    /// The legs of one call.
    pub(super) fn of(&self, call: CallKey) -> Vec<PortId> {
        self.table.iter().filter(|(_, leg)| leg.call == call).map(|(id, _)| id).collect()
    }

    /// The sockets of all legs that have some.
    pub(super) fn sockets_mut(&mut self) -> impl Iterator<Item = (PortId, &mut Sockets)> {
        self.table.iter_mut().filter_map(|(id, leg)| match &mut leg.wire {
            Wire::Udp(sockets) => Some((id, &mut **sockets)),
            Wire::Packets(_) | Wire::Nowhere => None,
        })
    }

    pub(super) fn sockets(&mut self, id: PortId) -> Option<&mut Sockets> {
        match &mut self.get_mut(id)?.wire {
            Wire::Udp(sockets) => Some(sockets),
            Wire::Packets(_) | Wire::Nowhere => None,
        }
    }

    /// The legs that have a codec.
    pub(super) fn agreed(&self) -> Vec<PortId> {
        self.table.iter().filter(|(_, leg)| leg.configured).map(|(id, _)| id).collect()
    }

    /// Notes how a leg sounded until now.
    pub(super) fn note(&self, id: PortId, piece: &Piece) {
        let Some(leg) = self.get(id) else { return };
        self.shared.sound.piece(piece.received, piece.lost, piece.mos);
        let count = |packets: u64| u32::try_from(packets).unwrap_or(u32::MAX);
        leg.quality.push(leg.tag.0, |at_us| Sample {
            at_us,
            span_ms: u32::try_from(piece.span.as_millis()).unwrap_or(u32::MAX),
            received: count(piece.received),
            lost: count(piece.lost),
            sent: count(piece.sent),
            jitter_ms: piece.jitter_ms,
            round_trip_ms: piece.round_trip_ms,
            remote_loss: piece.remote_loss,
            level_dbov: piece.level_dbov,
            mos: piece.mos,
        });
    }

    /// Tells how a leg that has a codec is secured, where that is new.
    pub(super) fn tell_security(&mut self, id: PortId) {
        let Some(leg) = self.table.get_mut(id).filter(|leg| leg.configured) else { return };
        let secured = match &leg.wire {
            Wire::Udp(sockets) => sockets.secured_by(),
            // A browser's, which the WebRTC stack secures.
            Wire::Packets(_) => Some(SecuredBy::Stack),
            Wire::Nowhere => None,
        };
        let Some(secured) = secured.filter(|secured| leg.secured != Some(*secured)) else { return };
        if leg.secured.replace(secured).is_none_or(|before| before.method() != secured.method()) {
            self.shared.security.count(secured.method());
        }
        leg.quality.secured(leg.tag.0, secured.method(), secured.suite());
    }

    /// Whether a leg is there and has no codec yet.
    pub(super) fn negotiates(&self, id: PortId) -> bool {
        self.get(id).is_some_and(|leg| !leg.configured)
    }

    /// Keeps a packet of a leg that has no codec yet instead of the one before.
    pub(super) fn keep_early(&mut self, at: Duration, id: PortId, packet: &[u8]) {
        if let Some(leg) = self.get_mut(id) {
            let is_open = matches!(&leg.wire, Wire::Udp(sockets) if sockets.is_keyed());
            leg.early = Some(Box::new(Early { at, packet: packet.to_vec(), is_open }));
        }
    }

    /// Adds a listener to a leg whose tap has reached `since`.
    pub(super) fn listen(&mut self, id: PortId, since: Duration, ring: mpsc::Sender<TapPacket>) {
        if let Some(leg) = self.get_mut(id) {
            leg.listeners.push(Listener { ring, since, missed: 0 });
        }
    }

    /// Legs that nobody listens in on any more.
    pub(super) fn take_unheard(&mut self) -> Vec<PortId> {
        let mut unheard = core::mem::take(&mut self.unheard);
        unheard.retain(|id| self.get(*id).is_some_and(|leg| leg.listeners.is_empty()));
        unheard
    }

    pub(super) fn dispatch(&mut self, output: Output<'_>) {
        match output {
            Output::Send { port, packet } => self.send(port, packet),
            Output::Event { port, event } => self.report(port, event),
            Output::Tapped(tapped) => self.overhear(tapped),
        }
    }

    /// Sends what the turn has left for sockets.
    pub(super) fn flush(&mut self) {
        let (table, shared) = (&mut self.table, &self.shared);
        self.outgoing.flush(|id, packet| {
            if let Some(Leg { wire: Wire::Udp(sockets), .. }) = table.get_mut(id).map(|leg| &mut **leg)
                && !sockets.send(packet)
            {
                shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    fn send(&mut self, id: PortId, packet: &[u8]) {
        match self.table.get(id).map(|leg| &leg.wire) {
            Some(Wire::Udp(_)) => self.outgoing.push(id, packet),
            Some(Wire::Packets(outgoing)) if outgoing.try_send(Bytes::copy_from_slice(packet)).is_err() => {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Some(Wire::Packets(_) | Wire::Nowhere) | None => {}
        }
    }

    fn report(&mut self, id: PortId, event: MediaEvent) {
        let Some(leg) = self.table.get_mut(id) else { return };
        let event = LegMediaEvent { leg: leg.tag, event };
        if leg.backlog.is_empty() {
            match leg.events.try_send(event) {
                Err(TrySendError::Full(event)) => {
                    leg.backlog.push_back(event);
                    self.undelivered.push(id);
                }
                // A call task that is gone needs no events.
                Ok(()) | Err(TrySendError::Closed(_)) => {}
            }
        } else if leg.backlog.len() < BACKLOG {
            leg.backlog.push_back(event);
        } else {
            tracing::warn!("a call does not read its media events; one is lost");
        }
    }

    pub(super) fn deliver_backlog(&mut self) {
        let table = &mut self.table;
        self.undelivered.retain(|id| {
            let Some(leg) = table.get_mut(*id) else { return false };
            while let Some(event) = leg.backlog.front() {
                match leg.events.try_send(*event) {
                    Err(TrySendError::Full(_)) => return true,
                    Ok(()) | Err(TrySendError::Closed(_)) => leg.backlog.pop_front(),
                };
            }
            false
        });
    }

    fn overhear(&mut self, Tapped { port, side, at, codec, payload }: Tapped<'_>) {
        let Some(leg) = self.table.get_mut(port) else { return };
        let payload = Bytes::copy_from_slice(payload);
        leg.listeners.retain_mut(|listener| {
            let at = at.saturating_sub(listener.since);
            let packet = TapPacket { side, at, codec, payload: payload.clone(), missed: listener.missed };
            match listener.ring.try_send(packet) {
                Ok(()) => listener.missed = 0,
                Err(TrySendError::Full(_)) => listener.missed += 1,
                Err(TrySendError::Closed(_)) => return false,
            }
            true
        });
        if leg.listeners.is_empty() {
            self.unheard.push(port);
        }
    }
}
