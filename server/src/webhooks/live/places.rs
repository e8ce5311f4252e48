//! How many read live: each holds a connection, a task and what waits for it, and whoever has a `stream_url` can open them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, WorkspaceId};

/// Streams of a workspace on a node: a call centre of which each has the console and a page of their own open.
const MOST_OF_WORKSPACE: usize = 2_000;
/// Streams of one call on a node: its `stream_url` may be in the hands of strangers.
const MOST_OF_CALL: usize = 100;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Workspace(WorkspaceId),
    Call(CallId),
}

impl Of {
    const fn most(self) -> usize {
        match self {
            Self::Workspace(_) => MOST_OF_WORKSPACE,
            Self::Call(_) => MOST_OF_CALL,
        }
    }
}

/// The count.
#[derive(Default)]
pub(super) struct Places(Arc<Mutex<HashMap<Of, usize>>>);

/// There are as many streams as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Of one call, and not of its whole workspace.
    pub is_of_call: bool,
    /// How many those are.
    pub most: usize,
}

/// The place of one stream; dropping it frees the place.
pub struct Place {
    taken: Arc<Mutex<HashMap<Of, usize>>>,
    of: Vec<Of>,
}

impl Places {
    /// A place for a stream of the workspace, of one call where it is one's.
    pub(super) fn take(&self, workspace: WorkspaceId, call: Option<CallId>) -> Result<Place, Full> {
        let of: Vec<_> = std::iter::once(Of::Workspace(workspace)).chain(call.map(Of::Call)).collect();
        let mut taken = self.0.lock();
        if let Some(full) = of.iter().find(|one| taken.get(one).is_some_and(|count| *count >= one.most())) {
            return Err(Full { is_of_call: matches!(full, Of::Call(_)), most: full.most() });
        }
        for one in &of {
            *taken.entry(*one).or_default() += 1;
        }
        Ok(Place { taken: self.0.clone(), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        for one in &self.of {
            if let Some(count) = taken.get_mut(one) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    taken.remove(one);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_call_and_a_workspace_have_so_many_streams_and_no_more() {
        let places = Places::default();
        let workspace = |number| WorkspaceId(Uuid::from_u128(number));
        let call = |number| Some(CallId(Uuid::from_u128(number)));
        let mut held: Vec<_> = (0..MOST_OF_CALL).filter_map(|_| places.take(workspace(1), call(1)).ok()).collect();
        assert_eq!(held.len(), MOST_OF_CALL);
        let refused = places.take(workspace(1), call(1)).err().expect("one too many");
        assert_eq!(refused, Full { is_of_call: true, most: MOST_OF_CALL });
        held.pop();
        held.push(places.take(workspace(1), call(1)).expect("the place that was given back"));
        held.extend((0..MOST_OF_WORKSPACE).filter_map(|_| places.take(workspace(1), None).ok()));
        assert_eq!(held.len(), MOST_OF_WORKSPACE);
        assert!(places.take(workspace(1), call(2)).is_err() && places.take(workspace(2), call(2)).is_ok());
        drop(held);
        assert!(places.0.lock().is_empty(), "nothing is kept of who has gone");
    }
}
