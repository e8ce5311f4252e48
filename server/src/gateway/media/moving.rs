//! The two ends of a move between media threads; [`super::place`] says how it goes.

use std::sync::mpsc as thread_mpsc;

use media::PortId;

use super::{
    command::{CallKey, Order},
    legs::Leg,
    waiting::Waiting,
};

/// Orders kept for one call that has not arrived yet. It arrives within a turn of its old thread, so this is as much as a
/// whole queue of orders.
const KEPT: usize = 1_024;

/// A call's legs on their way.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) legs: Vec<(PortId, Box<Leg>, Option<Box<media::Port>>)>,
    /// Joins among them.
    pub(super) joins: Vec<(PortId, PortId)>,
    /// Orders of theirs that wait for an agreement.
    pub(super) waiting: Waiting,
}

/// Calls that a thread has been told of and whose legs are still to come.
#[derive(Debug, Default)]
pub(super) struct Expected(Vec<Expectation>);

#[derive(Debug)]
struct Expectation {
    call: CallKey,
    arrival: thread_mpsc::Receiver<Moved>,
    kept: Vec<Order>,
}

impl Expected {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn expect(&mut self, call: CallKey, arrival: thread_mpsc::Receiver<Moved>) {
        self.0.push(Expectation { call, arrival, kept: Vec::new() });
    }

    /// Keeps an order about a call that has not arrived; gives back what can be obeyed now.
    pub(super) fn postpone(&mut self, order: Order) -> Option<Order> {
        let calls = [Some(order.call), order.also];
        // The latest: a call may leave and come again before it ever arrived.
        let Some(expectation) = self.0.iter_mut().rev().find(|expected| calls.contains(&Some(expected.call))) else {
            return Some(order);
        };
        if expectation.kept.len() < KEPT {
            expectation.kept.push(order);
        } else {
            tracing::error!("a call's media did not arrive on their thread; an order is lost");
        }
        None
    }

    /// A call that has arrived, or whose old thread is gone, and the orders that were kept for it.
    pub(super) fn arrived(&mut self) -> Option<(Option<Moved>, Vec<Order>)> {
        for index in 0..self.0.len() {
            let moved = match self.0.get(index)?.arrival.try_recv() {
                Ok(moved) => Some(moved),
                Err(thread_mpsc::TryRecvError::Disconnected) => None,
                Err(thread_mpsc::TryRecvError::Empty) => continue,
            };
            return Some((moved, self.0.remove(index).kept));
        }
        None
    }
}
