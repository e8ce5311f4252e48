//! What the configuration fixes about calls by a trunk: the codecs that it speaks and how many calls it takes at a time.

use std::sync::Arc;

use media::Codec;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::gateway::leg::codecs;

/// The terms of one trunk; clones count the same calls. The default has none.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// What it may be offered and may offer, the favourite first; `None`: whatever the transport carries.
    codecs: Option<Arc<[Codec]>>,
    /// Calls that it has room for now; `None`: no limit.
    places: Option<Arc<Semaphore>>,
}

/// One of the calls that a trunk takes at a time, until it is dropped; nothing for a trunk without a limit.
#[derive(Debug, Default)]
pub struct Place(#[expect(dead_code, reason = "held, not read")] Option<OwnedSemaphorePermit>);

/// The trunk has as many calls as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trunk has as many calls as it takes")]
pub struct Full;

impl Terms {
    /// Reads `codecs` (names as in SDP) and `max_calls` of a trunk. The name that is no codec of ours is given back.
    pub fn from_settings(names: &[String], max_calls: Option<u32>) -> Result<Self, &str> {
        let codecs =
            names.iter().map(|name| codecs::named(name).ok_or(name.as_str())).collect::<Result<Vec<_>, _>>()?;
        let places = max_calls.map(|calls| {
            let calls = usize::try_from(calls).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(calls))
        });
        Ok(Self { codecs: (!codecs.is_empty()).then(|| codecs.into()), places })
    }

    /// Those of a carrier that speaks G.711 and takes every call.
    pub fn g711() -> Self {
        Self { codecs: Some(Arc::new([Codec::Pcma, Codec::Pcmu])), places: None }
    }

    /// What it may be offered, the favourite first; `None`: whatever the transport carries.
    pub fn codecs(&self) -> Option<&[Codec]> {
        self.codecs.as_deref()
    }

    /// Takes the place of one call.
    ///
    /// # Errors
    /// [`Full`].
    pub fn enter(&self) -> Result<Place, Full> {
        let permit = self.places.clone().map(Semaphore::try_acquire_owned).transpose();
        permit.map(Place).map_err(|_| Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn codecs_are_named_as_in_sdp() {
        let names = names(&["opus", "PCMU", "pcma"]);
        let terms = Terms::from_settings(&names, None).unwrap();
        assert_eq!(terms.codecs(), Some(&[Codec::Opus, Codec::Pcmu, Codec::Pcma][..]));
    }

    #[test]
    fn an_unknown_codec_is_given_back_and_none_means_all() {
        assert_eq!(Terms::from_settings(&names(&["PCMA", "G729"]), None).err(), Some("G729"));
        assert_eq!(Terms::from_settings(&[], None).unwrap().codecs(), None);
    }

    #[test]
    fn a_place_is_free_again_when_its_call_is_over() {
        let terms = Terms::from_settings(&[], Some(2)).unwrap();
        let same = terms.clone();
        let (first, _second) = (terms.enter().unwrap(), same.enter().unwrap());
        assert_eq!(terms.enter().err(), Some(Full));
        drop(first);
        assert!(same.enter().is_ok());
        assert!(Terms::default().enter().is_ok());
        assert!(Terms::from_settings(&[], Some(0)).unwrap().enter().is_err());
    }
}
