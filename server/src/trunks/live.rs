//! The seam to the gateway: it learns of changes here, and says here how each trunk stands on this node.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::state::{AppState, Part};

/// How a trunk stands on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What its name resolved to; none while it does not.
    pub address: Option<SocketAddr>,
    /// Calls that it has now.
    pub calls: u32,
    /// Whether it is well, as far as it is asked.
    pub health: Health,
    /// What came of our INVITEs to it since this node was started.
    pub figures: Figures,
}

/// What came of INVITEs to a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// They were answered.
    pub answered: u64,
    /// They came to nothing, and their calls with them: busy, declined, canceled, no answer.
    pub ended: u64,
    /// The trunk failed before anything rang.
    pub failed: u64,
    /// From an INVITE to its first ringing, in milliseconds: the mean of all, where any rang.
    pub post_dial_mean_ms: Option<u32>,
    /// What of these 95 in a hundred are not above.
    pub post_dial_p95_ms: Option<u32>,
}

/// What came of our last question whether a trunk is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// When it was answered, or was not: microseconds UTC.
    pub at: i64,
    /// The answer's status of SIP; none for silence.
    pub status: Option<u16>,
}

/// Whether a trunk is well. The default knows nothing against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// How our registration with it stands, where we register.
    pub registration: Option<Registration>,
    /// Whether it answers OPTIONS, where it is asked.
    pub is_reachable: Option<bool>,
    /// What came of the last ones.
    pub asked: Option<Asked>,
}

/// How a registration of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// It is being asked for.
    Asking,
    /// The trunk knows where we are.
    Held {
        /// Until when if it is not refreshed, microseconds UTC.
        until: i64,
    },
    /// It does not.
    Failed {
        /// The last status of SIP; 408 for silence, 503 where no connection could be opened.
        status: u16,
        /// When it is asked again, microseconds UTC.
        next_attempt_at: i64,
    },
}

impl Health {
    /// Whether calls by it are likely to succeed.
    pub fn is_well(&self) -> bool {
        self.is_reachable != Some(false) && !matches!(self.registration, Some(Registration::Failed { .. }))
    }
}

impl Registration {
    /// Every status by its name.
    pub const STATUSES: [&str; 3] = ["registering", "registered", "failed"];

    /// The name of its status.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Asking => Self::STATUSES[0],
            Self::Held { .. } => Self::STATUSES[1],
            Self::Failed { .. } => Self::STATUSES[2],
        }
    }
}

impl Standing {
    /// The same without moments: equal while nothing happens but that a question is answered as before or a registration renewed.
    fn lasting(&self) -> Self {
        let registration = self.health.registration.map(|registration| match registration {
            Registration::Asking => Registration::Asking,
            Registration::Held { .. } => Registration::Held { until: 0 },
            Registration::Failed { status, .. } => Registration::Failed { status, next_attempt_at: 0 },
        });
        Self { health: Health { registration, asked: None, ..self.health }, ..self.clone() }
    }
}

/// What the gateway knows of trunks.
pub trait LiveTrunks: Send + Sync + 'static {
    /// How the trunk of that name stands; none where it takes no calls.
    fn standing(&self, name: &str) -> Option<Standing>;

    /// How those stand that take calls, each by its name, always in the same order.
    fn standings(&self) -> Vec<(String, Standing)>;

    /// The INVITE that the trunk of that name would see of a call to `number` from `caller_id`, both E.164; none where it takes
    /// no calls.
    fn preview(&self, name: &str, number: &str, caller_id: &str) -> Option<String>;
}

/// The handle in the server's state.
#[derive(Default)]
pub struct Trunks {
    live: OnceLock<Arc<dyn LiveTrunks>>,
    bell: Arc<Notify>,
}

impl Part for Trunks {}

impl Trunks {
    /// The handle.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// Connects this node's gateway. It listens to the bell that comes back.
    pub fn connect(&self, live: Arc<dyn LiveTrunks>) -> Arc<Notify> {
        // One gateway a server; another would be a fault of ours, and the first one stays.
        let _ = self.live.set(live);
        self.bell.clone()
    }

    /// To be called after the commit of a change.
    pub(super) fn changed(&self) {
        self.bell.notify_one();
    }

    /// The INVITE that the trunk of that name would see from this node.
    pub(super) fn preview(&self, name: &str, number: &str, caller_id: &str) -> Option<String> {
        self.live.get()?.preview(name, number, caller_id)
    }

    /// How the trunk of that name stands on this node.
    pub(super) fn standing(&self, name: &str) -> Option<Standing> {
        self.live.get()?.standing(name)
    }

    /// How those stand on this node: what lasts of it, and all of it.
    pub(super) fn standing_marks(&self) -> (String, String) {
        let standings = self.live.get().map(|live| live.standings()).unwrap_or_default();
        let lasting: Vec<_> = standings.iter().map(|(name, standing)| (name, standing.lasting())).collect();
        (format!("{lasting:?}"), format!("{standings:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_of_a_trunk_has_no_moments() {
        let held = |until, at, status, calls| Standing {
            address: None,
            calls,
            health: Health {
                registration: Some(Registration::Held { until }),
                is_reachable: Some(status == 200),
                asked: Some(Asked { at, status: Some(status) }),
            },
            figures: Figures::default(),
        };
        let before = held(60, 1, 200, 0);
        let renewed = held(120, 31, 200, 0);
        assert_ne!(before, renewed);
        assert_eq!(before.lasting(), renewed.lasting());
        assert_ne!(before.lasting(), held(120, 31, 200, 1).lasting(), "a call");
        assert_ne!(before.lasting(), held(120, 31, 503, 0).lasting(), "it is not well");
        let refused =
            Health { registration: Some(Registration::Failed { status: 403, next_attempt_at: 9 }), ..before.health };
        assert_ne!(before.lasting(), Standing { health: refused, ..before.clone() }.lasting());
    }
}
