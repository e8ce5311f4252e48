//! `sautikit migrate-check URL` and `POST /v1/actions/check`: calls a handler as calls would, and says what of its answers would not do.
//!
//! A real call of the voice crate runs against the handler's real answers; what it would do to the world is played: speech is
//! heard at once, keys are pressed, targets answer or do not. Files that would be played are fetched and read. Nobody is
//! called and nothing costs. Deliberately absent: what the answers mean for the business, which the reader sees.

pub mod http;
mod report;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use sautikit_api::numbers::Compat;

use super::files::Files;
use crate::clock::Clock;
use crate::entropy::Entropy;

pub use report::{Asked, Finding, Severity, Walked};

/// What is checked.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The voice callback's URL.
    pub url: String,
    /// Whose words it is asked in.
    pub compat: Compat,
    /// What the requests are signed with.
    pub secret: String,
    /// Who calls, E.164.
    pub from: String,
    /// The number that is called, E.164.
    pub to: String,
}

/// What checking needs of the world.
pub struct World {
    /// The client for customers' URLs.
    pub http: reqwest::Client,
    /// For signatures.
    pub clock: Arc<dyn Clock>,
    /// For the calls' ids.
    pub entropy: Arc<Entropy>,
    /// http to loopback is allowed.
    pub development: bool,
    /// On the monotonic clock: nothing is asked after it.
    pub until: Option<Duration>,
}

/// What the people of a call do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// In words, for the report.
    pub name: &'static str,
    /// Pressed at each menu, in order and over again.
    pub keys: &'static str,
    /// How long who is dialled talks; none: nobody answers.
    pub talks_for: Option<Duration>,
}

/// The calls that are played: every state that a handler is asked in comes up in one of them.
pub const MANNERS: [Manners; 3] = [
    Manners { name: "A caller who presses nothing; nobody answers a dial", keys: "", talks_for: None },
    Manners {
        name: "A caller who presses 1 at every menu; who is dialled talks for 20 s",
        keys: "1",
        talks_for: Some(Duration::from_secs(20)),
    },
    Manners {
        name: "A caller who presses 9 at every menu; who is dialled talks for 20 s",
        keys: "9",
        talks_for: Some(Duration::from_secs(20)),
    },
];

/// Plays every call, all at once.
pub async fn check(world: &World, handler: &Handler) -> Vec<Walked> {
    let files = Files::new(world.http.clone(), world.clock.clone(), world.development);
    join_all(MANNERS.map(|manners| walk::walk(world, &files, handler, manners))).await
}
