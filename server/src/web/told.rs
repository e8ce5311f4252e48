//! What the layers around a request are told by whoever reads its credential further inside.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::Extensions;
use axum::http::request::Parts;
use sautikit_api::ids::{ApiKeyId, UserId, WorkspaceId};

use super::rate_limit::Standing;

/// For whom a request was authenticated.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) user_id: UserId,
    pub(crate) api_key_id: Option<ApiKeyId>,
}

/// Travels with the request; filled once its credential is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    who: OnceLock<Who>,
    of_key: OnceLock<Standing>,
    body: OnceLock<Bytes>,
}

impl Told {
    /// Who asks, if anybody was recognised.
    pub(crate) fn who(&self) -> Option<&Who> {
        self.0.who.get()
    }

    /// What the key has left, if one asked.
    pub(crate) fn of_key(&self) -> Option<Standing> {
        self.0.of_key.get().copied()
    }

    /// The request's body, if it was read whole.
    pub(crate) fn body(&self) -> Bytes {
        self.0.body.get().cloned().unwrap_or_default()
    }

    /// What is told by whoever reads the body of a request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }

    /// Tells the request's body.
    pub(crate) fn tell_body(&self, body: &Bytes) {
        // A body is read once.
        let _ = self.0.body.set(body.clone());
    }
}

/// Tells who asks.
pub(crate) fn tell_who(parts: &Parts, who: Who) {
    if let Some(Told(facts)) = parts.extensions.get() {
        // A handler that reads its caller twice finds the same.
        let _ = facts.who.set(who);
    }
}

/// Tells what the key has left.
pub(crate) fn tell_standing(parts: &Parts, standing: Standing) {
    if let Some(Told(facts)) = parts.extensions.get() {
        // A handler that asks for its caller twice is told the first standing.
        let _ = facts.of_key.set(standing);
    }
}
