//! What is known about a call before it begins; admission is over by then.

use std::sync::Arc;

use sautikit_api::{
    actions::{Action, Channels, MachineDetection},
    calls::Direction,
    ids::{CallId, WorkspaceId},
    numbers::Compat,
};

use crate::target::Target;

/// The unchanging facts of a call. Has no `Debug`: nearly all of it is somebody's number.
#[derive(Clone)]
pub struct Facts {
    /// The call's row; its `HD_…` spelling is derived.
    pub call_id: CallId,
    /// Whose call it is.
    pub workspace_id: WorkspaceId,
    /// Which way it goes.
    pub direction: Direction,
    /// Who calls: E.164, identity or SIP URI.
    pub from: String,
    /// Who is called; of several targets the winner takes this place.
    pub to: String,
    /// The workspace's own number that the call is made from or arrived at; what telephones see by default.
    pub number: String,
    /// Every active number of the workspace: what `dial`'s `callerId` may name.
    pub own_numbers: Arc<[String]>,
    /// Who steers the call, if anybody.
    pub voice_callback_url: Option<String>,
    /// Who steers it when the first one fails.
    pub fallback_url: Option<String>,
    /// In whose words callbacks are.
    pub compat: Compat,
    /// When the call began, in microseconds UTC.
    pub began_at_us: i64,
    /// How long the first targets ring, in seconds.
    pub ring_timeout_s: u32,
    /// Longest answered time, in seconds.
    pub max_duration_s: u32,
    /// Whether the whole call is recorded from its answer on.
    pub record: Option<Channels>,
    /// Whether whoever answers is judged to be a person or a machine first; only of calls that the API places.
    pub machine_detection: Option<MachineDetection>,
    /// What the URLs of its recordings begin with; no slash at the end.
    pub recordings_url: Arc<str>,
}

/// How the call begins.
#[derive(Debug, Clone)]
pub enum Origin {
    /// By the REST API: we call `to` (all at once, the first to answer wins), then the actions run; without actions
    /// the callback is asked, and without either a notice is spoken.
    Api {
        /// At least one.
        to: Vec<Target>,
        /// Given with the request instead of a callback.
        actions: Option<Vec<Action>>,
    },
    /// Somebody called one of our numbers; their leg is [`crate::LegId::FIRST`].
    Inbound {
        /// Whose leg it is.
        caller: Target,
        /// Who rings when the number has no callback; nobody means 480.
        ring: Vec<Target>,
    },
    /// A browser or device calls out; its leg is [`crate::LegId::FIRST`].
    Client {
        /// Whose leg it is.
        caller: Target,
        /// Whom it wants.
        to: Target,
    },
}
