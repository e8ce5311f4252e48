//! Which requests share a connection with others: those of an HTTP/2 connection wait for each other where the other end lets
//! no more of them run, whosever they are. Pure.

use std::collections::{HashMap, HashSet};

use sautikit_api::ids::WebhookEndpointId;

use super::circuit::SLOW_US;

/// Requests to one origin that share connections, of all workspaces: servers let a hundred run (RFC 9113 §6.5.2 advises against
/// fewer).
const MOST_TOGETHER: u32 = 50;

/// What is on its way by shared connections, and who is slow.
#[derive(Default)]
pub(super) struct Together {
    running: HashMap<String, u32>,
    slow: HashSet<WebhookEndpointId>,
}

impl Together {
    /// Whether a request that begins now shares a connection; then it is to be ended.
    pub(super) fn begin(&mut self, endpoint: WebhookEndpointId, origin: &str) -> bool {
        if self.slow.contains(&endpoint) {
            return false;
        }
        let running = self.running.get(origin).copied().unwrap_or(0);
        if running >= MOST_TOGETHER {
            return false;
        }
        self.running.insert(origin.to_owned(), running + 1);
        true
    }

    /// A request that shared one is over.
    pub(super) fn end(&mut self, origin: &str) {
        if let Some(running) = self.running.get_mut(origin) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                self.running.remove(origin);
            }
        }
    }

    /// The endpoint's last answer took so long.
    pub(super) fn took(&mut self, endpoint: WebhookEndpointId, took_us: i64) {
        if took_us > SLOW_US {
            self.slow.insert(endpoint)
        } else {
            self.slow.remove(&endpoint)
        };
    }

    /// The endpoint is gone.
    pub(super) fn forget(&mut self, endpoint: WebhookEndpointId) {
        self.slow.remove(&endpoint);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn endpoint(number: u128) -> WebhookEndpointId {
        WebhookEndpointId(Uuid::from_u128(number))
    }

    #[test]
    fn so_many_of_an_origin_share_connections_and_no_more() {
        let mut together = Together::default();
        let shared = (0..80).filter(|number| together.begin(endpoint(*number), "https://shop.example")).count();
        assert_eq!(shared, MOST_TOGETHER as usize);
        assert!(together.begin(endpoint(1), "https://other.example"));
        together.end("https://shop.example");
        assert!(together.begin(endpoint(2), "https://shop.example"));
        (0..50).for_each(|_| together.end("https://shop.example"));
        together.end("https://other.example");
        assert!(together.running.is_empty());
    }

    #[test]
    fn who_is_slow_has_connections_of_its_own_until_it_is_quick() {
        let mut together = Together::default();
        together.took(endpoint(1), SLOW_US + 1);
        assert!(!together.begin(endpoint(1), "https://shop.example"));
        assert!(together.begin(endpoint(2), "https://shop.example"));
        together.took(endpoint(1), SLOW_US);
        assert!(together.begin(endpoint(1), "https://shop.example"));
        together.took(endpoint(2), SLOW_US + 1);
        together.forget(endpoint(2));
        assert!(together.slow.is_empty());
    }
}
