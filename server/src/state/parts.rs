//! What rooms share between their requests and tasks, kept without knowing the rooms.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;

use super::AppState;

/// Something that lives as long as the server and of which there is one. Its own room implements this and gives access to
/// it; `serve::parts` puts it in.
pub trait Part: Any + Send + Sync {}

/// The parts, one of a type. They are a dozen, so that looking through them costs less than hashing.
#[derive(Clone, Default)]
pub struct Parts(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl Parts {
    /// With this one too.
    #[must_use]
    pub fn with<P: Part>(mut self, part: P) -> Self {
        self.put(part);
        self
    }

    /// Puts a part in, in place of the one of its type.
    pub fn put<P: Part>(&mut self, part: P) {
        let id = TypeId::of::<P>();
        self.0.retain(|(other, _)| *other != id);
        self.0.push((id, Arc::new(part)));
    }

    /// The part of that type.
    pub fn get<P: Part>(&self) -> Option<&P> {
        let id = TypeId::of::<P>();
        self.0.iter().find(|(other, _)| *other == id).and_then(|(_, part)| part.downcast_ref())
    }
}

impl AppState {
    /// The part of that type.
    ///
    /// # Panics
    /// When it was not put in: a fault of ours that no input leads to, and that `every_part_is_put_in_at_the_start` finds.
    pub fn part<P: Part>(&self) -> &P {
        match self.parts.get() {
            Some(part) => part,
            None => panic!("{} was not put into the state at the start", type_name::<P>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(u8);
    impl Part for One {}
    struct Other;
    impl Part for Other {}

    #[test]
    fn a_part_is_found_by_its_type_and_the_last_one_put_in_counts() {
        let mut parts = Parts::default().with(One(1)).with(Other);
        let before = parts.clone();
        parts.put(One(2));
        assert_eq!(parts.get::<One>().map(|one| one.0), Some(2));
        assert_eq!(before.get::<One>().map(|one| one.0), Some(1));
        assert!(Parts::default().get::<Other>().is_none());
    }
}
