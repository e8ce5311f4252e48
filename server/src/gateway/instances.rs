//! Browsers that come back: which connection each instance registered over last.
//!
//! A page whose WebSocket dropped registers again over a new one with the same `+sip.instance` (RFC 5626 §4.1), and the calls
//! that it had on the old connection move there. A connection that has closed is remembered for longer than a call waits for
//! its leg; nothing here is walked, whatever registers or closes.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use sip::ua::FlowId;

/// A call waits 30 s for a leg that lost its connection; who is away for longer comes back to nothing.
const REMEMBERED: Duration = Duration::from_secs(60);

/// SIP user and instance.
type Key = (String, String);

/// The last connection of each instance.
#[derive(Default)]
pub struct Instances(Mutex<Known>);

#[derive(Default)]
struct Known {
    flows: HashMap<Key, FlowId>,
    keys: HashMap<FlowId, Key>,
    /// In the order in which they closed.
    closed: VecDeque<(Duration, FlowId)>,
}

impl Instances {
    /// `instance` of `user` has registered over `flow`. Gives the connection that it had before, when that was another one.
    pub fn registered(&self, now: Duration, user: &str, instance: &str, flow: FlowId) -> Option<FlowId> {
        let mut known = self.0.lock();
        known.expire(now);
        let key = (user.to_owned(), instance.to_owned());
        let before = known.flows.insert(key.clone(), flow).filter(|before| *before != flow);
        if let Some(before) = before {
            known.keys.remove(&before);
        }
        known.keys.insert(flow, key);
        before
    }

    /// A connection closed; its instance may come back.
    pub fn closed(&self, now: Duration, flow: FlowId) {
        let mut known = self.0.lock();
        known.expire(now);
        if known.keys.contains_key(&flow) {
            known.closed.push_back((now, flow));
        }
    }
}

impl Known {
    fn expire(&mut self, now: Duration) {
        while let Some((_, flow)) = self.closed.pop_front_if(|(at, _)| *at + REMEMBERED < now) {
            // Not there: the instance has come back, on another connection.
            if let Some(key) = self.keys.remove(&flow) {
                self.flows.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "asha--0190";

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_instance_that_comes_back_is_told_from_where() {
        let instances = Instances::default();
        assert_eq!(instances.registered(seconds(0), USER, "a", FlowId(1)), None);
        assert_eq!(instances.registered(seconds(1), USER, "a", FlowId(1)), None, "a refresh");
        instances.closed(seconds(2), FlowId(1));
        assert_eq!(instances.registered(seconds(3), USER, "a", FlowId(2)), Some(FlowId(1)));
        // Before the old connection is known to be gone.
        assert_eq!(instances.registered(seconds(4), USER, "a", FlowId(3)), Some(FlowId(2)));
        instances.closed(seconds(5), FlowId(2));
        assert_eq!(instances.registered(seconds(6), USER, "a", FlowId(3)), None);
    }

    #[test]
    fn other_instances_and_other_users_are_others() {
        let instances = Instances::default();
        instances.registered(seconds(0), USER, "a", FlowId(1));
        assert_eq!(instances.registered(seconds(0), USER, "b", FlowId(2)), None);
        assert_eq!(instances.registered(seconds(0), "bob--0190", "a", FlowId(3)), None);
    }

    #[test]
    fn who_stays_away_is_forgotten() {
        let instances = Instances::default();
        for flow in 1..=100 {
            instances.registered(seconds(0), USER, &flow.to_string(), FlowId(flow));
            instances.closed(seconds(1), FlowId(flow));
        }
        instances.closed(seconds(1) + REMEMBERED + seconds(1), FlowId(7));
        let known = instances.0.lock();
        assert_eq!((known.flows.len(), known.keys.len(), known.closed.len()), (0, 0, 0));
    }
}
