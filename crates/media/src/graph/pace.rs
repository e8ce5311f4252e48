//! When in a frame a port is moved on: a frame has four steps, and each port its own.
//!
//! With one step for all, what is said waits for it, 10 ms on average. So a pair that begins to be transcoded gets the step
//! that comes next, unless one of them has been sent something before: its frames would come closer together once, and it
//! keeps its step. Mixes and what else a port sends need no particular one; mixes are summed in the first.

use core::time::Duration;

use super::{Graph, PortId, port::Link};
use crate::FRAME_MS;

/// Steps of a frame.
pub const STEPS: u8 = 4;

/// From one step to the next.
pub const STEP: Duration = Duration::from_millis((FRAME_MS / STEPS as u32) as u64);

/// Ports by their step.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The step that new pairs get.
    pub(super) next: u8,
    ports: [usize; STEPS as usize],
}

impl Pace {
    pub(super) fn enter(&mut self, step: u8) {
        if let Some(ports) = self.ports.get_mut(usize::from(step)) {
            *ports += 1;
        }
    }

    pub(super) fn leave(&mut self, step: u8) {
        if let Some(ports) = self.ports.get_mut(usize::from(step)) {
            *ports -= 1;
        }
    }
}

impl Graph {
    /// The step that will be the first to come, 0 to 3: pairs that are joined from now on begin with it.
    pub fn expect_step(&mut self, step: u8) {
        self.pace.next = step % STEPS;
    }

    /// Whether anything happens in this step; something always may in the first.
    pub fn has_step(&self, step: u8) -> bool {
        step == 0 || self.pace.ports.get(usize::from(step)).is_some_and(|ports| *ports > 0)
    }

    /// Chooses the step of a pair that has been linked.
    pub(super) fn pace_pair(&mut self, a: PortId, b: PortId) {
        let of = |id: PortId| {
            let port = self.ports.get(id).filter(|port| matches!(port.link, Link::Transcode(_)))?;
            Some((port.step, port.outbound.packets > 0))
        };
        let step = match (of(a), of(b)) {
            (Some((step, true)), Some(_)) | (Some(_), Some((step, true))) => step,
            (Some(_), Some(_)) => self.pace.next,
            _ => return,
        };
        self.pace_port(a, step);
        self.pace_port(b, step);
    }

    pub(super) fn pace_port(&mut self, id: PortId, step: u8) {
        if let Some(port) = self.ports.get_mut(id) {
            self.pace.leave(port.step);
            self.pace.enter(step);
            port.step = step;
        }
    }
}
